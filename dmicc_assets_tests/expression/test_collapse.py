"""From probes to genes as limma's avereps, the median and the probe with the highest mean."""

import numpy as np
import polars as pl
import pytest

from dmicc_assets.expression.collapse import collapse_probes
from dmicc_assets.expression.matrix import ExpressionMatrix
from dmicc_assets_tests.golden.linear import assert_equal_to_r, expression, golden, numbers

PROBES, VALUES = expression("missing")
MATRIX = ExpressionMatrix(VALUES, tuple(PROBES), tuple(f"S{i}" for i in range(VALUES.shape[1])))
MAP = golden("probe_genes").with_columns(n_symbols=pl.lit(1, pl.Int64))


@pytest.mark.parametrize("method", ["mean", "median"])
def test_means_and_medians_equal_r(method: str) -> None:
    collapsed = collapse_probes(MATRIX, MAP, "mean" if method == "mean" else "median")
    theirs = golden("collapse")
    assert list(collapsed.matrix.features) == theirs["gene"].to_list()
    columns = [c for c in theirs.columns if c.startswith(f"{method}.")]
    assert_equal_to_r(collapsed.matrix.values[:, :12], numbers(theirs, *columns))
    assert collapsed.chosen_probe is None


def test_the_probe_with_the_highest_mean_stands_for_its_gene() -> None:
    collapsed = collapse_probes(MATRIX, MAP, "max_mean")
    theirs = golden("collapse")
    assert collapsed.chosen_probe == dict(zip(theirs["gene"], theirs["max_mean"], strict=True))
    rows = [PROBES.index(probe) for probe in collapsed.chosen_probe.values()]
    np.testing.assert_array_equal(collapsed.matrix.values, VALUES[rows])


def _tiny(genes: list[str | None], n_symbols: list[int]) -> pl.DataFrame:
    return pl.DataFrame({"probe": ["p1", "p2", "p3", "p4"], "gene": genes, "n_symbols": n_symbols})


TINY = ExpressionMatrix(
    np.array([[1.0, 2.0], [3.0, np.nan], [3.0, np.nan], [np.nan, np.nan]]), ("p1", "p2", "p3", "p4"), ("a", "b")
)


def test_probes_without_exactly_one_symbol_are_dropped() -> None:
    collapsed = collapse_probes(TINY, _tiny(["B", "A", None, "A"], [1, 2, 0, 1]), "mean")
    assert collapsed.matrix.features == ("A", "B")
    np.testing.assert_array_equal(collapsed.matrix.values, [[np.nan, np.nan], [1.0, 2.0]])


def test_equal_means_choose_the_first_probe_and_an_empty_one_last() -> None:
    chosen = collapse_probes(TINY, _tiny(["B", "A", "A", "A"], [1, 1, 1, 1]), "max_mean").chosen_probe
    assert chosen == {"A": "p2", "B": "p1"}


def test_an_annotation_of_another_platform_is_refused() -> None:
    with pytest.raises(ValueError, match="none of the 4 probes"):
        collapse_probes(TINY, _tiny([None] * 4, [0] * 4), "mean")


def test_a_probe_twice_and_an_unknown_method_are_refused() -> None:
    twice = pl.DataFrame({"probe": ["p1", "p1"], "gene": ["A", "B"], "n_symbols": [1, 1]})
    with pytest.raises(ValueError, match="probe 'p1' stands more than once"):
        collapse_probes(TINY, twice, "mean")
    with pytest.raises(ValueError, match="expected mean, median or max_mean"):
        collapse_probes(TINY, _tiny(["A"] * 4, [1] * 4), "max")  # pyright: ignore[reportArgumentType]  # a mistake
