import numpy as np
import polars as pl
import pytest

from dmicc_assets.differential.statistics import cohort_statistics
from dmicc_assets.expression.cohort import merge_cohort
from dmicc_assets.expression.counts import has_counts, log2_counts, no_counts, sum_counts
from dmicc_assets.study.schema import Cohort, Differential
from dmicc_assets.types import CaseControl, ExpressionMatrix
from dmicc_assets_tests.oracle import MADE_UP

COHORT = Cohort(title="t", datasets=["D"], case="b", control="a")


def test_counts_are_summed_over_the_rows_of_a_gene() -> None:
    matrix = ExpressionMatrix(np.array([[1.0, 2], [3, 4], [5, 6], [7, 8]]), ("1", "2", "3", "4"), ("s", "t"))
    genes = pl.DataFrame({"probe": ["1", "2", "3", "4"], "gene": ["B", "A", "B", None], "n_symbols": [1, 1, 1, 2]})
    summed = sum_counts(matrix, genes)
    assert summed.features == ("A", "B")
    np.testing.assert_array_equal(summed.values, [[3, 4], [6, 8]])
    by_gene = sum_counts(ExpressionMatrix(matrix.values[:2], ("TP53", "EGFR"), ("s", "t")), None)
    assert by_gene.features == ("EGFR", "TP53")
    np.testing.assert_array_equal(by_gene.values, [[3, 4], [1, 2]])


def test_a_counted_cohort_is_tested_by_voom_as_limma_does() -> None:
    genes, values, names = MADE_UP.expression("counts", "counts")
    samples = MADE_UP.case("counts", "samples")
    counts = ExpressionMatrix(values, tuple(genes), tuple(names))
    labelled = samples.select("sample", label=pl.col("group").str.to_lowercase(), patient=pl.lit(None, dtype=pl.String))
    merged = merge_cohort("c", COHORT, {"D": log2_counts(counts)}, {"D": labelled}, {"D": counts})
    n = len(merged.samples)
    subject = CaseControl("c", "cohort", merged.value, merged.samples["is_case"].to_numpy(), ("D",) * n, (None,) * n)
    ours = cohort_statistics(subject, merged.counts, Differential(), "covariate").sort("gene")
    expected = MADE_UP.table("limma", "counts__voom_tmm_default").sort("id")
    assert len(ours) == 1525
    ours = ours.filter(pl.col("gene").is_in(expected["id"].to_list()))
    assert ours["gene"].to_list() == expected["id"].to_list()
    for column, theirs in (("log_fc", "logFC"), ("ave_expr", "AveExpr"), ("t", "t"), ("b", "B")):
        np.testing.assert_allclose(ours[column], expected[theirs], rtol=1e-8, atol=1e-9, err_msg=column)
    np.testing.assert_allclose(ours["p_value"], expected["P.Value"], rtol=1e-7)


def test_a_cohort_of_counts_and_intensities_is_not_weighted() -> None:
    rng = np.random.default_rng(1)
    counts = ExpressionMatrix(rng.poisson(50, (20, 6)).astype(float), tuple(map(str, range(20))), tuple("abcdef"))
    arrays = ExpressionMatrix(rng.normal(6, 1, (20, 6)), counts.features, tuple("ghijkl"))
    labels = pl.DataFrame({"label": ["a", "b"] * 3, "patient": pl.Series([None] * 6, dtype=pl.String)})
    merged = merge_cohort(
        "c",
        COHORT.model_copy(update={"datasets": ["D", "E"]}),
        {"D": log2_counts(counts), "E": arrays},
        {
            "D": labels.with_columns(sample=pl.Series(counts.samples)),
            "E": labels.with_columns(sample=pl.Series(arrays.samples)),
        },
        {"D": counts, "E": no_counts(arrays)},
    )
    assert not merged.notes["is_counted"]
    assert not has_counts(merged.counts)
    with pytest.raises(ValueError, match=r"infinite|finite"):
        cohort_statistics(
            CaseControl(
                "c",
                "cohort",
                ExpressionMatrix(np.full((20, 12), np.inf), merged.value.features, merged.value.samples),
                merged.samples["is_case"].to_numpy(),
                tuple(merged.samples["dataset"]),
                (None,) * 12,
            ),
            merged.counts,
            Differential(),
            "none",
        )
