"""What to doubt first: of each check the worst of the subjects of which it warns."""

from functools import cache

import polars as pl
import pytest

from dmicc_assets.checks.finding import Finding, finding
from dmicc_assets.checks.registry import CHECKS, findings_table
from dmicc_assets.report.summary import MainFinding, main_findings
from dmicc_assets.results.reader import Results
from dmicc_assets_tests.worlds.simulated_study import simulated_tables


@cache
def _simulated() -> Results:
    return simulated_tables()


def _first(*found: Finding) -> MainFinding:
    rows = findings_table(found).with_columns(study=pl.lit("simulated"))
    return main_findings(_simulated().with_frames({"rigor/findings": rows}))[0]


def _of(code: str, subject: str, statistic: float, threshold: float, of: str = "") -> Finding:
    return finding(code, subject, "warning", f"of {subject}", statistic, threshold, of)


@pytest.mark.parametrize(
    ("code", "of_a", "of_b"),
    [
        ("R5", (-1.0, 0.0), (-7.0, 0.0)),  # fires at or below
        ("R9", (60.0, 100.0), (19.0, 100.0)),  # below
        ("R2", (0.06, 0.05), (0.9, 0.05)),  # above
        ("R7", (900.0, 1000.0), (950.0, 5000.0)),  # of thresholds that differ, the share counts
    ],
)
def test_the_worst_cohort_is_shown_whichever_comes_first(
    code: str, of_a: tuple[float, float], of_b: tuple[float, float]
) -> None:
    for found in ((_of(code, "a", *of_a), _of(code, "b", *of_b)), (_of(code, "b", *of_b), _of(code, "a", *of_a))):
        assert "of b (also in" in _first(*found).why
    assert "of a (also in" in _first(_of(code, "a", *of_b), _of(code, "b", *of_a)).why


def test_a_seed_that_decides_a_biomarker_is_worse_than_one_that_decides_none() -> None:
    found = _first(_of("R5", "a", -20.0, 0.0, "no biomarker"), _of("R5", "b", -1.0, 0.0))
    assert "of b (also in" in found.why


def test_a_finding_without_a_number_is_shown_too() -> None:
    assert "of a" in _first(finding("R10", "a", "warning", "of a", 0.5)).why
    assert CHECKS["R10"].gravity(None, None, None)[1] == 0
