"""A finding: what one rigor check says of one subject. What a check is stands in `check.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info", "ok"]

# The gravest first.
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info", "ok")
# Severities of a check that fires; "info" is worth knowing, "ok" is silence.
FIRED: frozenset[Severity] = frozenset({"error", "warning"})

# Statistic, threshold, and which of the check's measures they are.
Measured = tuple[float, float, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a check.

    Attributes:
        code: which check, `D1` to `R15`.
        severity: "ok" when the check is silent; "error" is of integrity.
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
        severity: what it comes to.
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
    """The one row of a check that has nothing to judge in this study."""
    return [finding(code, subject, "ok", f"not applicable: {why}")]


def listed(texts: Sequence[str]) -> str:
    """Texts as a list in a sentence: a, b and c."""
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else list(texts))


def counted(n: int, noun: str) -> str:
    """A number with its noun, in the plural where it is not one."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
