"""An interval without width is said to be not estimable, wherever it is printed."""

import polars as pl
import pytest

from dmicc_assets.report.data_tables import in_one_column
from dmicc_assets.results.intervals import estimate_text, interval_text


@pytest.mark.parametrize(
    ("limits", "said"),
    [((0.87, 0.93), "0.870 to 0.930"), ((1.0, 1.0), "not estimable"), ((None, None), ""), ((0.5, None), "")],
)
def test_intervals(limits: tuple[float | None, float | None], said: str) -> None:
    assert interval_text(*limits) == said


def test_estimates() -> None:
    assert estimate_text(0.9, 0.87, 0.93) == "0.900 (95 % interval 0.870 to 0.930)"
    assert estimate_text(0.0, 0.0, 0.0) == "0.000 (95 % interval not estimable)"
    assert estimate_text(0.9, None, None, 2) == "0.90"
    assert estimate_text(None, None, None) == "not estimable"


def test_tables_of_the_report_have_the_interval_in_the_place_of_its_lower_limit() -> None:
    rows = pl.DataFrame({"auc": [0.9, 1.0, 0.8], "ci_low": [0.8, 1.0, None], "ci_high": [1.0, 1.0, None], "n": 3})
    shown = in_one_column(rows)
    assert shown.columns == ["auc", "interval_95", "n"]
    assert shown["interval_95"].to_list() == ["0.800 to 1.000", "not estimable", ""]
    assert in_one_column(rows.select("auc")).columns == ["auc"]
