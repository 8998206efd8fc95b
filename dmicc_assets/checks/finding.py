"""A finding: the result of one rigor check for one subject. `check.py` defines checks."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info", "ok"]

# The most severe first.
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info", "ok")
# Severities of a check that fires; "info" is worth knowing, "ok" that the check is silent
# or does not apply.
FIRED: frozenset[Severity] = frozenset({"error", "warning"})

# Statistic, threshold, and the name of the check's measure.
Measured = tuple[float, float, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a check.

    Attributes:
        code: which check, as in `registry.CHECKS`: `D1`, `R16`.
        severity: "ok" when the check is silent or does not apply; "error" for violated integrity.
        subject: cohort, dataset, `cohort/dataset`, or the study.
        statistic: what was measured, if it is a number.
        threshold: the value beyond which the check fires.
        message: what it means here, with its numbers.
        of: which of the check's measures the statistic is; "" for its first.
    """

    code: str
    severity: Severity
    subject: str
    statistic: float | None
    threshold: float | None
    message: str
    of: str


def finding(
    code: str,
    subject: str,
    severity: Severity,
    message: str,
    statistic: float | None = None,
    threshold: float | None = None,
    of: str = "",
) -> Finding:
    """A finding whose numbers are plain floats.

    Args:
        code: which check.
        subject: cohort, dataset, `cohort/dataset`, or the study.
        severity: its severity.
        message: what it means here.
        statistic: what was measured.
        threshold: the value beyond which the check fires.
        of: which of its measures, where a check has several.
    """
    return Finding(
        code=code,
        severity=severity,
        subject=subject,
        statistic=None if statistic is None else float(statistic),
        threshold=None if threshold is None else float(threshold),
        message=message,
        of=of,
    )


def not_applicable(code: str, subject: str, why: str) -> list[Finding]:
    """The finding of a check that does not apply to this study."""
    return [finding(code, subject, "ok", f"not applicable: {why}")]
