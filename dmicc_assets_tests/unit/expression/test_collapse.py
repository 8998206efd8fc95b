"""From probes to genes as limma's avereps, the median and the probe with the highest mean."""

import numpy as np
import polars as pl
import pytest

from dmicc_assets.expression.collapse import collapse_probes
from dmicc_assets.types import ExpressionMatrix
from dmicc_assets_tests.oracle import MADE_UP, Answers
from dmicc_assets_tests.oracle.linear import assert_equal_to_r, expression, golden, numbers

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


@pytest.mark.parametrize("cells", [1, 100])
def test_means_do_not_depend_on_the_size_of_a_block(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = collapse_probes(MATRIX, MAP, "mean").matrix.values
    monkeypatch.setattr("dmicc_assets.expression.collapse._CELLS_PER_BLOCK", cells)
    np.testing.assert_array_equal(collapse_probes(MATRIX, MAP, "mean").matrix.values, whole)


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
    with pytest.raises(ValueError, match="duplicate probe 'p1'"):
        collapse_probes(TINY, twice, "mean")
    with pytest.raises(ValueError, match="expected mean, median or max_mean"):
        collapse_probes(TINY, _tiny(["A"] * 4, [1] * 4), "max")  # pyright: ignore[reportArgumentType]  # a mistake


def test_probes_of_several_symbols_are_dropped_and_the_rest_equal_avereps() -> None:
    assert_collapsed(MADE_UP, "arrays")


def assert_collapsed(answers: Answers, case: str) -> None:
    """Means, medians and chosen probes of a platform whose probes have one symbol, several or none."""
    probes, values, samples = answers.expression(case)
    annotation = answers.case(case, "probe_map").with_columns(pl.col("symbol").replace("", None))
    matrix = ExpressionMatrix(values, tuple(probes), tuple(samples))
    several = pl.col("symbol").str.contains("///", literal=True)
    mapped = annotation.select("probe", gene="symbol", n_symbols=pl.when(several).then(2).otherwise(1).cast(pl.Int64))
    mapped = mapped.filter(pl.col("gene").is_not_null())
    for method, file in (("mean", "avereps"), ("median", "median_per_sample"), ("max_mean", "max_mean")):
        collapsed = collapse_probes(matrix, mapped, method)
        theirs = answers.table("collapse", f"{case}__drop__{file}")
        rows = [collapsed.matrix.features.index(gene) for gene in theirs["symbol"]]
        assert_equal_to_r(collapsed.matrix.values[rows], numbers(theirs[:, 1:]))
    chosen = answers.table("collapse", f"{case}__drop__chosen_probe")
    assert collapsed.chosen_probe == dict(chosen.select("symbol", "probe_max_mean").iter_rows())
    # The first of several symbols, which the project does not take, leads to other genes' probes.
    first = mapped.with_columns(gene=pl.col("gene").str.replace(" ///.*", ""), n_symbols=pl.lit(1, pl.Int64))
    theirs = dict(answers.table("collapse", f"{case}__first__chosen_probe").select("symbol", "probe_max_mean").rows())
    assert collapse_probes(matrix, first, "max_mean").chosen_probe == theirs


def test_ties_and_missing_values_are_collapsed_as_in_r() -> None:
    nan = np.nan
    values = np.array([[1.0, 2, nan], [3, 4, 5], [3, 4, 5], [nan, nan, nan], [9, nan, 1]])
    matrix = ExpressionMatrix(values, ("p1", "p2", "p3", "p4", "p5"), ("a", "b", "c"))
    mapped = pl.DataFrame({"probe": matrix.features, "gene": list("AAABB"), "n_symbols": [1] * 5})
    theirs = MADE_UP.summary("collapse", "tiny_na_ties")
    expected = [[nan if v == "NaN" else float(v) for v in theirs["avereps"][gene]] for gene in "AB"]
    assert_equal_to_r(collapse_probes(matrix, mapped, "mean").matrix.values, np.array(expected))
    assert collapse_probes(matrix, mapped, "max_mean").chosen_probe == theirs["max_mean_probe"]
