"""Checks of multiple testing: raw p-values, their histogram, the fold-change filter, the gene sets (M1-M3, M8)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from dmicc_assets.checks.check import Doubt, Lack, Measure, Stops, check
from dmicc_assets.checks.finding import Finding, Measured, finding, not_applicable
from dmicc_assets.differential.statistics import treat_statistics
from dmicc_assets.enrichment.libraries import why_missing
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.stats.multiplicity import adjust_p_values, storey_pi0
from dmicc_assets.wording import counted, listed

FDR = 0.10
EXCESS_NEAR_ONE = 1.5
# As `_bundled` says it; the verdict is made of findings, and reads no notes of enrichment.
_USED = re.compile(r"the bundled GO of .+? was used for .+?(?=, because none could be had)")
MISSING = Measure("gene-set libraries that could not be had", "above", "a gene-set library could not be had")


def _p_values(evidence: StudyEvidence, cohort: str) -> np.ndarray:
    """The p-values of the genes that vary: a gene that is constant has p = 1 exactly, and was not tested."""
    p = evidence.rows("differential/statistics", cohort=cohort)["p_value"].drop_nulls().to_numpy()
    return p[p < 1]


def _false_ones(evidence: StudyEvidence) -> str:
    """M1's reason with how many of the differentially expressed genes survive adjustment: its rate is not theirs."""
    text = f"many of the genes with raw p < {evidence.study.differential.p_value:g} are false"
    if evidence.rows("differential/statistics").is_empty():
        return text
    warned = evidence.rows("rigor/findings", code="M1", severity="warning")["subject"].sort()
    kept = [(cohort, *after_adjustment(evidence, cohort)) for cohort in warned]
    left = [f"{n_kept:,} of {n_found:,} in {cohort}" for cohort, _, n_kept, n_found in kept]
    return f"{text}, though of those found {listed(left)} have BH-adjusted p < {evidence.study.differential.p_value:g}"


@check(
    "M1",
    slug="raw_p_values",
    title="Of the genes with raw p below the threshold at most 10 % are false, where p-values are not adjusted",
    meaning=(
        "Without adjustment, more than a tenth of the genes with a raw p below the threshold are there by chance. The "
        "rate is that of all genes with such a p, before the fold-change filter. The message also states how many "
        "genes, and how many of the differentially expressed ones, are below the threshold after adjustment."
    ),
    measures="estimated share of false positives among the genes with raw p below the threshold",
    fires="above",
    remedy="Set `adjust: BH`.",
    citation="Storey 2002, 10.1111/1467-9868.00346",
    doubts=Doubt(
        "a hypothesis", 3, "many of the genes with raw p-values below the threshold are false", tells=_false_ones
    ),
)
def raw_p_values(evidence: StudyEvidence) -> list[Finding]:
    """With raw p-values, the estimated false discovery rate (pi0 m alpha / R) exceeds 10 %."""
    findings: list[Finding] = []
    settings = evidence.study.differential
    for name in evidence.study.cohorts:
        if settings.adjust != "none":
            findings += not_applicable("M1", name, f"p-values are adjusted ({settings.adjust})")
            continue
        p = _p_values(evidence, name)
        rejected = int((p < settings.p_value).sum())
        if not rejected:
            why = f"none of {counted(len(p), 'gene')} has raw p < {settings.p_value:g}: there is no share of false ones"
            findings += not_applicable("M1", name, why)
            continue
        n_null = storey_pi0(p) * len(p) * settings.p_value
        rate = min(1.0, n_null / rejected)
        text = (
            f"{rejected:,} of {len(p):,} genes have raw p < {settings.p_value:g}, about {n_null:,.0f} are expected by "
            f"chance: an estimated {rate:.0%} of those {rejected:,} are false"
        )
        fires = rate > FDR
        if fires:
            n_genes, n_kept, n_found = after_adjustment(evidence, name)
            text += f"; after BH adjustment {n_genes:,} have p < {settings.p_value:g}, and of the {n_found:,} "
            text += f"differentially expressed genes {n_kept:,}"
        findings.append(finding("M1", name, "warning" if fires else "ok", text, rate, FDR))
    return findings


def after_adjustment(evidence: StudyEvidence, cohort: str) -> tuple[int, int, int]:
    """Numbers of genes with BH-adjusted p below the threshold, of the DEGs among these, and of all DEGs."""
    tested = evidence.rows("differential/statistics", cohort=cohort).drop_nulls("p_value")
    adjusted = adjust_p_values(tested["p_value"].to_numpy())
    significant = set(tested["gene"].filter(pl.Series(adjusted < evidence.study.differential.p_value)))
    found = set(evidence.rows("differential/genes", cohort=cohort)["gene"])
    return len(significant), len(significant & found), len(found)


@check(
    "M2",
    slug="p_value_histogram",
    title="The p-values have no excess near 1",
    meaning="Too many p-values are near 1: the residuals contain a batch or another hidden factor.",
    measures="number of p-values above 0.95, divided by an average bin between 0.5 and 0.95",
    fires="above",
    doubted="there are too many p-values near 1",
    remedy="Find the hidden factor and put it into the model (a dataset as batch, a patient as block).",
    citation="Storey 2003, 10.1073/pnas.1530509100",
)
def p_value_histogram(evidence: StudyEvidence) -> list[Finding]:
    """P-values above 0.95 are over 1.5 times as many as in an average bin between 0.5 and 0.95."""
    findings: list[Finding] = []
    for name in evidence.study.cohorts:
        p = _p_values(evidence, name)
        middle = ((p > 0.5) & (p <= 0.95)).sum() / 9
        if not middle:
            findings += not_applicable("M2", name, "no p-value lies between 0.5 and 0.95")
            continue
        ratio = float((p > 0.95).sum() / middle)
        fires = ratio > EXCESS_NEAR_ONE
        text = f"{ratio:.2f} times as many p-values above 0.95 as in a bin between 0.5 and 0.95"
        if fires:
            text += ": the residuals contain a batch or another hidden factor, and p-values are too large"
        findings.append(finding("M2", name, "warning" if fires else "ok", text, ratio, EXCESS_NEAR_ONE))
    return findings


@check(
    "M3",
    slug="fold_change_filter",
    title="Every gene remains when the fold change itself is tested",
    meaning=(
        "Filtering by fold change after the test does not test the fold change: a gene with an estimate of "
        "1.2 ± 0.6 passes. The message says how many genes remain when the fold change is tested against the "
        "threshold (TREAT)."
    ),
    measures="genes whose fold change itself passes the threshold (TREAT), against genes found",
    fires="below",
    severities=("info",),
    remedy="Claim a fold change of this size only for the genes that remain.",
    citation="McCarthy & Smyth 2009, 10.1093/bioinformatics/btp053",
)
def fold_change_filter(evidence: StudyEvidence) -> list[Finding]:
    """Fewer genes remain when the fold change itself is tested against the threshold (TREAT)."""
    findings: list[Finding] = []
    settings = evidence.study.differential
    for name in evidence.study.cohorts:
        if settings.log_fc == 0:
            findings += not_applicable("M3", name, "there is no fold-change filter")
            continue
        statistics = evidence.rows("differential/statistics", cohort=name)
        tested = treat_statistics(statistics, settings.log_fc)
        judged = tested["p_value" if settings.adjust == "none" else "adj_p_value"]
        remain = int((judged < settings.p_value).sum())
        n_deg = len(evidence.rows("differential/genes", cohort=name))
        text = (
            f"of {n_deg:,} differentially expressed genes {remain:,} remain when abs(log2 fold change) > "
            f"{settings.log_fc:g} is itself tested (TREAT, {'raw p' if settings.adjust == 'none' else 'BH-adjusted p'} "
            f"< {settings.p_value:g})"
        )
        if remain < n_deg:
            text += "; the others differ, but a difference above the threshold is not shown"
        findings.append(finding("M3", name, "info" if remain < n_deg else "ok", text, remain, n_deg))
    return findings


def _lacks_libraries(evidence: StudyEvidence) -> str:
    """That enrichment was not made in all of the study's libraries, or with an old one that comes with the package."""
    texts = evidence.rows("rigor/findings", code="M8", severity="warning").sort("subject")["message"]
    bundled = dict.fromkeys(found[0] for text in texts if (found := _USED.search(text)))
    lacks = [_lacks_some(evidence), *(f"gene sets of today ({used})" for used in bundled)]
    return "; ".join(text for text in lacks if text)


def _lacks_some(evidence: StudyEvidence) -> str:
    """That some libraries could not be had; M8 counts them."""
    said = evidence.rows("rigor/findings", code="M8", severity="warning", measure=MISSING.what).sort("subject")
    if said.is_empty():
        return ""
    n = len(evidence.study.enrichment.libraries)
    if len(said) == len(evidence.study.cohorts) and min(said["statistic"].to_list()) >= n:
        return "gene sets (enrichment was not made, because none could be had)"
    where = listed(said["subject"].to_list())
    return f"gene sets (enrichment in {where} was not made in every library, because some could not be had)"


@check(
    "M8",
    slug="gene_set_background",
    title="Enrichment is against the measured genes, with libraries whose version and date are stored",
    meaning=(
        "Enrichment must be tested against the genes that were measured, with libraries whose version is known. A "
        "wrong background or a missing checksum is an error. A library without a version is identified by "
        "checksum and date of its file. A library that could not be had is a warning: nothing was tested in it "
        "or, for GO of human genes, the older Gene Ontology that comes with the package was used. The message "
        "says which null each p-value has. Over-representation and GSEA draw genes as if they were independent, "
        "so sets of correlated genes come out too often; camera and permuted labels do not have this fault."
    ),
    measures="gene-set libraries without date or checksum, and wrong backgrounds",
    fires="above",
    doubted="enrichment has a wrong background, or a library without date or checksum",
    also_measures={
        "unstated": Measure("gene-set libraries without a version", "above"),
        "missing": MISSING,
        "bundled": Measure(
            "gene-set libraries that came with the package because none could be had",
            "above",
            "older gene sets stand in for a library that could not be had",
        ),
    },
    severities=("error", "warning", "info"),
    remedy=(
        "Run again when the provider can be reached. Put a `<LIBRARY>.json` with version and date beside the file of a "
        "library of your own."
    ),
    citation="Wijesooriya 2022, 10.1371/journal.pcbi.1009935",
    stops=Stops(
        "The date and checksum of every gene-set library are known",
        ("enrichment/camera", "enrichment/terms", "enrichment/gsea"),
    ),
    lacks=Lack(7, _lacks_libraries),
)
def gene_set_background(evidence: StudyEvidence) -> list[Finding]:
    """A wrong background or no checksum (error), a library that could not be had (warning), no version (info)."""
    findings: list[Finding] = []
    for name, subject in evidence.cohorts().items():
        terms = evidence.rows("enrichment/terms", cohort=name)
        notes = evidence.library_notes.get(name, {})
        used = sorted(set(terms["library"]) | set(notes))
        missing = evidence.missing_libraries[name]
        why = why_missing(missing)
        if not used and missing:
            text = f"enrichment was not made: no gene sets could be had ({why})"
            findings.append(finding("M8", name, "warning", text, len(missing), 0, "missing"))
            continue
        if not used:
            findings += not_applicable("M8", name, "the study asks for no gene-set library")
            continue
        n_genes = len(subject.matrix.features)
        problems = _problems(used, notes, terms, n_genes)
        if problems:
            findings.append(finding("M8", name, "error", "; ".join(problems), len(problems), 0))
            continue
        text = ", ".join(
            f"{library} {notes[library].get('version') or notes[library]['sha256'][:8]} ({notes[library]['date']})"
            for library in used
        )
        unstated = sum(not notes[library].get("version") for library in used)
        text = f"against the {n_genes:,} measured genes: {text}"
        if unstated:
            text += f"; {unstated} of them state no version and are identified by checksum and date of the file"
        text += f"; {_nulls(evidence, name)}"
        bundled = evidence.bundled_libraries[name]
        text += _bundled(bundled, notes)
        for library in used:
            if n_left_out := notes[library].get("n_left_out", 0):
                first = notes[library]["first_left_out"]
                text += f"; {counted(n_left_out, 'line')} of {library} are no sets and were left out ({first})"
        if missing:
            text += f"; enrichment was not made in {listed(list(missing))}, which could not be had ({why})"
        if missing or bundled:
            lack: Measured = (len(missing), 0, "missing") if missing else (len(bundled), 0, "bundled")
            findings.append(finding("M8", name, "warning", text, *lack))
            continue
        measured: Measured = (unstated, 0, "unstated") if unstated else (0, 0, "")
        findings.append(finding("M8", name, "info" if unstated else "ok", text, *measured))
    return findings


def _problems(used: Sequence[str], notes: Mapping[str, Any], terms: pl.DataFrame, n_genes: int) -> list[str]:
    """Libraries without date or checksum, and backgrounds that are not the measured genes."""
    problems = [
        f"{library} has no {what}"
        for library in used
        for what in ("date", "sha256")
        if not notes.get(library, {}).get(what)
    ]
    too_large = terms.filter(pl.col("n_background") > n_genes)["library"].unique().sort().to_list()
    problems += [f"the background of {library} is larger than the {n_genes:,} measured genes" for library in too_large]
    several = terms.group_by("library").agg(pl.col("n_background").n_unique()).filter(pl.col("n_background") > 1)
    problems += [f"{library} has several backgrounds" for library in several["library"].sort()]
    return problems


def _bundled(bundled: Mapping[str, str], notes: Mapping[str, Mapping[str, Any]]) -> str:
    """For which libraries the one that comes with the package was used, of which date, and why."""
    if not bundled:
        return ""
    dates = sorted({str(notes[library]["date"]) for library in bundled})
    reasons = "; ".join(dict.fromkeys(bundled.values()))
    used = listed(list(bundled))
    return f"; the bundled GO of {listed(dates)} was used for {used}, because none could be had ({reasons})"


def _nulls(evidence: StudyEvidence, cohort: str) -> str:
    """Under which null the p-values of a cohort's gene sets are, and how far two of them agree."""
    said = evidence.null_notes.get(cohort, {})
    left = [
        f"{counted(int(n), 'gene')} {why}"
        for n, why in (
            (said.get("n_missing"), "with a missing value"),
            (said.get("n_without_variance"), "that do not vary"),
        )
        if n
    ]
    text = "camera estimates how correlated the genes of a set are"
    text += f" ({listed(left)} left out)" if left else ""
    text += "; over-representation and GSEA draw genes as if they were independent"
    if not said.get("labellings"):
        return f"{text}, and no labels were permuted"
    terms = evidence.rows("enrichment/terms", cohort=cohort)
    found = terms.filter(pl.col("adj_p_value") < evidence.study.enrichment.adj_p_value)
    kept = found.filter(pl.col("label_p_value") < 0.05)
    text += f", {said['labellings']} permutations of the labels keep them correlated"
    return f"{text}: by these, {len(kept)} of {counted(len(found), 'over-represented set')} have p < 0.05"
