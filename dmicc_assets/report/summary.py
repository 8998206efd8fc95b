"""The findings that matter most, for the first pages: what is in doubt, why, and what to do.

All findings are in the appendix (`appendix.py`); their order here is that of the verdict's rules.
"""

from dataclasses import dataclass
from typing import Any

import polars as pl

from dmicc_assets.checks.finding import FIRED, SEVERITIES
from dmicc_assets.checks.registry import CHECKS
from dmicc_assets.checks.verdict_rules import RULES
from dmicc_assets.report.cells import subject_in_words
from dmicc_assets.results.reader import Results
from dmicc_assets.wording import listed

N_FINDINGS = 5


@dataclass(frozen=True)
class MainFinding:
    """One check that warns.

    Attributes:
        code: of the check.
        severity: "error" or "warning".
        doubt: what it puts in doubt.
        why: what it found, with where else it warns.
        remedy: what to do.
    """

    code: str
    severity: str
    doubt: str
    why: str
    remedy: str


def main_findings(results: Results, most: int = N_FINDINGS) -> list[MainFinding]:
    """The checks that doubt the result most, the gravest first; one entry a check, which tells its worst subject."""
    rows = results.rows("rigor/findings").filter(pl.col("severity").is_in(FIRED), pl.col("code").is_in(list(CHECKS)))
    of_verdict = list(dict.fromkeys(rule.code for rule in RULES if rule.code))
    registered = list(CHECKS)

    def weight(row: dict[str, Any]) -> tuple[int, int, int, tuple[int, float], str]:
        code = row["code"]
        place = of_verdict.index(code) if code in of_verdict else len(of_verdict)
        gravity = CHECKS[code].gravity(row["measure"], row["statistic"], row["threshold"])
        return SEVERITIES.index(row["severity"]), place, registered.index(code), gravity, row["subject"]

    by_code: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows.iter_rows(named=True), key=weight):
        by_code.setdefault(row["code"], []).append(row)
    return [_main(results, code, found) for code, found in list(by_code.items())[:most]]


def _main(results: Results, code: str, found: list[dict[str, Any]]) -> MainFinding:
    titles = {name: cohort.title for name, cohort in results.study.cohorts.items()}
    first = found[0]
    where = "" if first["subject"] == results.study.study else f"{subject_in_words(first['subject'], titles)}: "
    also = [subject_in_words(row["subject"], titles) for row in found[1:]]
    why = f"{where}{first['message']}" + (f" (also in {listed(also)})" if also else "")
    remedy = CHECKS[code].remedy.replace("`", "")
    doubt = CHECKS[code].in_doubt(first["severity"], first["measure"])
    return MainFinding(code, first["severity"], f"{doubt[:1].upper()}{doubt[1:]}", why, remedy)
