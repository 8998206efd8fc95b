"""A finding: what one rigor check says of one subject. Made by the checks of this folder, judged by nobody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from dmicc_assets.checks.codes import CITATIONS
from dmicc_assets.checks.measures import MEASURES
from dmicc_assets.tables import TABLES

Severity = Literal["error", "warning", "info", "ok"]

# The gravest first.
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info", "ok")

# Statistic, threshold, and which of the check's measures they are.
Measured = tuple[float, float, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a check.

    Attributes:
        code: which check, `D1` to `R15`.
        severity: "ok" when the check is silent; "error" is of integrity, the others never block.
        subject: cohort, dataset, `cohort/dataset`, or the study.
        statistic: what was measured, if it is a number.
        threshold: the value beyond which the check fires.
        message: what it means here, with its numbers.
        citation: where the check comes from.
        measure: name in `MEASURES` of what the statistic is.
    """

    code: str
    severity: Severity
    subject: str
    statistic: float | None
    threshold: float | None
    message: str
    citation: str
    measure: str

    @property
    def is_beyond(self) -> bool | None:
        """Whether the statistic is on the side of the threshold on which the check fires; None without both."""
        if self.statistic is None or self.threshold is None:
            return None
        if self.statistic == self.threshold:
            return MEASURES[self.measure].fires.startswith("at or")
        return (self.statistic > self.threshold) == MEASURES[self.measure].fires.endswith("above")


def finding(
    code: str,
    subject: str,
    severity: Severity,
    message: str,
    statistic: float | None = None,
    threshold: float | None = None,
    of: str = "",
) -> Finding:
    """A finding with its check's citation.

    Args:
        code: which check.
        subject: cohort, dataset, `cohort/dataset`, or the study.
        severity: what it comes to.
        message: what it means here.
        statistic: what was measured.
        threshold: the value beyond which the check fires.
        of: which of its measures, where a check has several: the name behind the code in `MEASURES`.

    Raises:
        KeyError: no such code or measure.
    """
    measure = f"{code} {of}" if of else code
    if measure not in MEASURES:
        raise KeyError(measure)
    return Finding(
        code=code,
        severity=severity,
        subject=subject,
        statistic=None if statistic is None else float(statistic),
        threshold=None if threshold is None else float(threshold),
        message=message,
        citation=CITATIONS[code],
        measure=measure,
    )


def not_applicable(code: str, subject: str, why: str) -> list[Finding]:
    """The one row of a check that has nothing to judge in this study."""
    return [finding(code, subject, "ok", f"not applicable: {why}")]


def counted(n: int, noun: str) -> str:
    """A number with its noun, in the plural where it is not one."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def findings_table(findings: Sequence[Finding]) -> pl.DataFrame:
    """The findings as rows of `rigor.findings`, without the column study.

    Raises:
        ValueError: two findings are of the same subject and code.
    """
    rows = [
        {
            "subject": each.subject,
            "code": each.code,
            "severity": each.severity,
            "statistic": each.statistic,
            "threshold": each.threshold,
            "measure": None if each.statistic is None else MEASURES[each.measure].what,
            "fires": None if each.threshold is None else MEASURES[each.measure].fires,
            "message": each.message,
            "citation": each.citation,
        }
        for each in findings
    ]
    table = TABLES["rigor/findings"].frame(rows)
    twice = table.filter(pl.struct("subject", "code").is_duplicated())
    if len(twice):
        raise ValueError(f"two findings of {twice['code'][0]} on {twice['subject'][0]}")
    return table
