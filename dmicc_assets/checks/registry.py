"""The registry: every check of the theme modules, by code. It runs them and makes the table of findings."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from types import ModuleType

import polars as pl

from dmicc_assets.checks import (
    chance,
    confounding,
    data,
    design,
    gene_sets,
    identity,
    independence,
    leakage,
    multiplicity,
    origins,
    prediction,
    reproducibility,
    symbols,
)
from dmicc_assets.checks.check import Check
from dmicc_assets.checks.finding import SEVERITIES, Finding, not_applicable
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.tables import TABLES

THEMES = (
    chance,
    confounding,
    data,
    design,
    gene_sets,
    identity,
    independence,
    leakage,
    multiplicity,
    origins,
    prediction,
    reproducibility,
    symbols,
)


def by_code(themes: Iterable[ModuleType]) -> dict[str, Check]:
    """The checks that the modules declare, in the order of their codes.

    Raises:
        ValueError: two checks have the same code or the same slug.
    """
    found = [
        each
        for theme in themes
        for each in vars(theme).values()
        if isinstance(each, Check) and each.judge.__module__ == theme.__name__
    ]
    for what in ("code", "slug"):
        names: list[str] = [getattr(each, what) for each in found]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two checks have the {what} {twice[0]}")
    return {each.code: each for each in sorted(found, key=lambda each: each.order)}


CHECKS = by_code(THEMES)


def stopping(tables: Collection[str]) -> list[Check]:
    """The integrity checks that stop the step with these tables."""
    return [each for each in CHECKS.values() if each.stops is not None and set(each.stops.tables) & set(tables)]


def in_order(codes: Collection[str]) -> list[str]:
    """Codes in the order of the registry, without those of checks that no longer exist."""
    return [code for code in CHECKS if code in codes]


def run_checks(evidence: StudyEvidence) -> list[Finding]:
    """Findings of every check, in the order of the codes; a check that does not apply gives one that says so."""
    findings: list[Finding] = []
    for code, each in CHECKS.items():
        found = _one_a_subject(each(evidence))
        findings += found or not_applicable(code, evidence.name, "the study has nothing that this check judges")
    return findings


def _one_a_subject(found: Sequence[Finding]) -> list[Finding]:
    """One finding for each subject, the most severe with all messages; a cohort may have the same name as the study."""
    merged: dict[str, Finding] = {}
    for each in found:
        other = merged.get(each.subject)
        if other is None:
            merged[each.subject] = each
            continue
        graver, milder = sorted((other, each), key=lambda one: SEVERITIES.index(one.severity))
        merged[each.subject] = replace(graver, message=f"{graver.message}; {milder.message}")
    return list(merged.values())


def findings_table(findings: Sequence[Finding]) -> pl.DataFrame:
    """The findings as rows of `rigor.findings`, without the column study.

    Raises:
        ValueError: two findings have the same subject and code.
    """
    rows = [
        {
            "subject": each.subject,
            "code": each.code,
            "severity": each.severity,
            "statistic": each.statistic,
            "threshold": each.threshold,
            "measure": None if each.statistic is None else CHECKS[each.code].measures[each.of].what,
            "fires": None if each.threshold is None else CHECKS[each.code].measures[each.of].fires,
            "message": each.message,
            "citation": CHECKS[each.code].citation,
        }
        for each in findings
    ]
    table = TABLES["rigor/findings"].frame(rows)
    twice = table.filter(pl.struct("subject", "code").is_duplicated())
    if len(twice):
        raise ValueError(f"two findings of {twice['code'][0]} on {twice['subject'][0]}")
    return table
