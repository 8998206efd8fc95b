"""Wrong or empty input to the Python interface: one line that names it, never a raw error or a number from nothing."""

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import dmicc_assets as dm
from dmicc_assets_tests.worlds.labelled_cohort import GENES, cohort

GIVEN = cohort()
STATISTICS = dm.limma(GIVEN)
EMPTY = STATISTICS.head(0)


def without(column: str, value: object = None) -> pl.DataFrame:
    """The samples with this value, instead of a name, in the column of sample s3."""
    own = pl.when(pl.col("sample") == "s3").then(pl.lit(value, pl.String)).otherwise(column)
    return GIVEN.samples.with_columns(own.alias(column))


def library(folder: Path) -> Path:
    path = folder / "SETS.gmt"
    path.write_text("first\t-\t" + "\t".join(GENES[:20]) + "\n")
    return path


@pytest.mark.parametrize("value", [None, "", " "])
def test_a_sample_without_batch_is_refused_and_not_a_batch_of_its_own(value: str | None) -> None:
    samples = without("centre", value)
    said = "sample 's3' has no centre: name it"
    with pytest.raises(ValueError, match=said):
        dm.Cohort(GIVEN.expression, samples, case="case", control="control", batch="centre")
    with pytest.raises(ValueError, match=said):
        dm.contrasts(GIVEN.expression, samples, "label", {"x": ("case", "control")}, batch="centre")
    with pytest.raises(ValueError, match=said):
        dm.combat(GIVEN.expression, samples, "centre")
    with pytest.raises(ValueError, match="sample 's3' has no label"):
        dm.combat(GIVEN.expression, without("label", value), "centre", keep=["label"])


def test_a_sample_of_no_group_needs_no_batch() -> None:
    samples = without("centre").with_columns(label=without("label", "other")["label"])
    subject = dm.Cohort(GIVEN.expression, samples, case="case", control="control", batch="centre").subject("c")
    assert len(subject.dataset) == 23
    assert set(subject.dataset) == {"c0", "c1", "c2"}


def test_samples_of_unknown_patients_are_not_one_patient() -> None:
    numbers = pl.Series([float("nan") if i < 4 else float(i // 2) for i in range(24)])
    for known in (numbers, numbers.fill_nan(None), numbers.cast(pl.String).replace("NaN", "")):
        samples = GIVEN.samples.with_columns(patient=known)
        given = dm.Cohort(GIVEN.expression, samples, case="case", control="control", patient="patient")
        assert given.subject("c").patient[:4] == (None,) * 4
        assert len(set(given.subject("c").unit)) == 4 + 10


@pytest.mark.parametrize("name", ["gene", "ave_expr", "f", "p_value", "adj_p_value"])
def test_a_contrast_does_not_take_the_place_of_a_column(name: str) -> None:
    with pytest.raises(ValueError, match=f"contrast '{name}': the result has a column of that name"):
        dm.contrasts(GIVEN.expression, GIVEN.samples, "label", {name: ("case", "control")})


def test_a_contrast_is_of_two_groups() -> None:
    for pair in ("case", ("case", "control", "other")):
        with pytest.raises(ValueError, match="contrast 'x': expected two groups"):
            dm.contrasts(GIVEN.expression, GIVEN.samples, "label", {"x": pair})  # pyright: ignore[reportArgumentType]


def test_genes_without_an_order_have_no_enriched_sets(tmp_path: Path) -> None:
    sets = library(tmp_path)
    for t in (0.0, 1.0):
        with pytest.raises(ValueError, match=f"all 200 genes have the t {t:g}: they have no order"):
            dm.gsea(STATISTICS.with_columns(t=pl.lit(t)), sets)
    with pytest.raises(ValueError, match="no gene has a t"):
        dm.gsea(STATISTICS.with_columns(t=pl.lit(None)), sets)
    with pytest.warns(UserWarning, match="200 genes share their t with another gene and are ordered by name"):
        dm.gsea(STATISTICS.with_columns(t=(pl.col("t") > 0).cast(pl.Float64)), sets, permutations=20)


@pytest.mark.parametrize("name", ["A", "SLE (skin)", "1", ""])
def test_cohorts_have_any_name(name: str) -> None:
    a, b = cohort(1, moved=4), cohort(2, moved=4)
    usual, given = (dm.nested_cv({n: a, "b": b}, "b", top=4, folds=3, repeats=1) for n in ("a", name))
    assert (given.auc, given.ci_low, given.n_folds) == (usual.auc, usual.ci_low, usual.n_folds)


WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: dm.treat(EMPTY), "the statistics: no gene"),
    (lambda: dm.differential_genes(EMPTY), "the statistics: no gene"),
    (lambda: dm.treat(pl.DataFrame()), "expected a column 'gene', as `limma` gives it; there are none"),
    (lambda: dm.differential_genes(STATISTICS.drop("p_value")), "expected a column 'p_value'"),
    (lambda: dm.shared_genes({"a": STATISTICS, "b": EMPTY}), "cohort 'b': no gene"),
    (lambda: dm.shared_genes({"a": pl.DataFrame(), "b": EMPTY}), "cohort 'a': expected a column 'gene'"),
    (lambda: dm.shared_genes({}), "no cohort: expected the statistics of one or more"),
    (lambda: dm.differential_genes(STATISTICS, adjust="FDR"), "adjust: expected 'none' or 'BH', got 'FDR'"),
    (lambda: dm.limma(GIVEN, block="pairs"), "block: expected 'auto', 'none', 'fixed' or 'duplicate_correlation'"),
    (lambda: dm.nested_cv({"a": GIVEN}, "a", folds=1), "folds: expected greater than or equal to 2, got 1"),
    (lambda: dm.nested_cv({"a": GIVEN}, "a", repeats=0), "repeats: expected 1 or more, got 0"),
    (lambda: dm.gsea(STATISTICS.with_columns(t=pl.lit("high")), "none.gmt"), "expected numbers in column 't'"),
    (
        lambda: dm.Cohort(GIVEN.expression, GIVEN.samples, case="case", control="case"),
        "cases and controls are both 'case'",
    ),
]


@pytest.mark.parametrize(("call", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_is_wrong_is_said_in_one_line(call: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as told:
        call()
    assert "\n" not in str(told.value)
