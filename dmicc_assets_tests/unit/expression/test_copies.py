"""Duplicate arrays: detected and undetected ones, and the units that samples form."""

from dataclasses import replace
from typing import Literal

import numpy as np
import polars as pl
import pytest

from dmicc_assets.expression.cohort import MergedCohort, merge_cohort
from dmicc_assets.expression.copies import alike_arrays, copy_of, joined, sample_units, without_copies
from dmicc_assets.study.schema import Cohort
from dmicc_assets.types import CaseControl, ExpressionMatrix


def _matrix(n: int, n_genes: int = 400, seed: int = 1, prefix: str = "s") -> ExpressionMatrix:
    rng = np.random.default_rng(seed)
    values = rng.normal(8, 2, (n_genes, 1)) + rng.normal(0, 1, (n_genes, n))
    return ExpressionMatrix(values, tuple(f"g{i}" for i in range(n_genes)), tuple(f"{prefix}{i}" for i in range(n)))


def _with_copies(matrix: ExpressionMatrix, decimals: int, name: str = "_again") -> ExpressionMatrix:
    values = np.hstack([matrix.values, matrix.values.round(decimals)])
    return ExpressionMatrix(values, matrix.features, (*matrix.samples, *(f"{s}{name}" for s in matrix.samples)))


@pytest.mark.parametrize("n", [1, 2, 3, 8, 700])
@pytest.mark.parametrize("decimals", [2, 12])
def test_every_copy_is_found_and_nothing_else(n: int, decimals: int) -> None:
    matrix = _matrix(n, 100 if n > 100 else 400)
    twice = _with_copies(matrix, decimals)
    found = {(pair.first, pair.second) for pair in alike_arrays(twice, 0.999)}
    assert found == ({(s, f"{s}_again") for s in matrix.samples} if n > 1 else set())
    assert alike_arrays(matrix) == []


def test_a_hidden_factor_and_missing_values_make_no_copies() -> None:
    matrix = _matrix(30)
    rng = np.random.default_rng(2)
    factor = 3 * rng.normal(size=(400, 1)) * (np.arange(30) < 3)
    noisy = replace(matrix, values=matrix.values + factor)
    assert alike_arrays(noisy) == []
    holes = np.where(rng.random(noisy.values.shape) < 0.1, np.nan, noisy.values)
    holes[7] = np.nan
    assert [pair[:2] for pair in alike_arrays(_with_copies(replace(noisy, values=holes), 3), 0.999)] == [
        (s, f"{s}_again") for s in matrix.samples
    ]


def test_replicates_are_alike_and_not_the_same() -> None:
    matrix = _matrix(12)
    values = matrix.values.copy()
    values[:, 5] = values[:, 2] + np.random.default_rng(3).normal(0, 0.1, 400)
    found = alike_arrays(replace(matrix, values=values))
    assert [(pair.first, pair.second) for pair in found] == [("s2", "s5")]
    assert 0.99 < found[0].correlation < 0.999
    assert copy_of(replace(matrix, values=values)) == [None] * 12


def test_few_genes_tell_nothing() -> None:
    assert alike_arrays(_with_copies(_matrix(8, 49), 12)) == []


def test_copies_of_copies_are_one_unit() -> None:
    matrix = _with_copies(_with_copies(_matrix(4), 12), 3, "_third")
    same = copy_of(matrix)
    assert same[:4] == [None] * 4
    assert same[4:] == ["s0", "s1", "s2", "s3"] * 3
    samples = pl.DataFrame({"sample": matrix.samples, "same_as": same}).with_columns(
        dataset=pl.lit("D"), patient=pl.lit(None, pl.String)
    )
    assert sample_units(samples) == ["D//s0", "D//s1", "D//s2", "D//s3"] * 4
    named = samples.with_columns(patient=pl.Series([f"p{i // 2}" for i in range(16)]))
    # Two names of one person are joined through the arrays that they share.
    assert len(set(sample_units(named))) == 2


def test_ties_are_followed_in_chains() -> None:
    assert joined([("b", "c"), ("a", "b"), ("x", "y")]) == {"a": "a", "b": "a", "c": "a", "x": "x", "y": "x"}


def test_a_copy_in_another_dataset_of_the_cohort_is_the_same_patient() -> None:
    first = _matrix(6, prefix="a")
    second = ExpressionMatrix(np.hstack([_matrix(5, seed=9).values, first.values[:, :1]]), first.features,
                              tuple(f"b{i}" for i in range(6)))  # fmt: skip
    samples = {
        name: pl.DataFrame({"sample": matrix.samples, "label": ["case", "control"] * 3}).with_columns(
            patient=pl.lit(None, pl.String)
        )
        for name, matrix in (("A", first), ("B", second))
    }
    cohort = Cohort(title="x", datasets=["A", "B"], case="case", control="control")
    merged = merge_cohort("x", cohort, {"A": first, "B": second}, samples)
    unit = dict(zip(merged.samples["sample"], merged.samples["unit"], strict=True))
    assert unit["b5"] == unit["a0"] == "A//a0"
    assert len(set(unit.values())) == 11
    assert merged.samples.filter(sample="b5")["same_as"].to_list() == ["a0"]
    subject = CaseControl("x", "cohort", merged.value, merged.samples["is_case"].to_numpy(), ("A",) * 12, (None,) * 12)
    assert len(set(subject.unit)) == 12


def test_only_one_of_copies_in_a_group_is_analysed() -> None:
    samples = pl.DataFrame(
        {
            "sample": ["a", "b", "c", "d", "e"],
            "is_case": [True, True, False, False, True],
            "same_as": [None, "a", "a", None, "elsewhere"],
        }
    )
    assert without_copies(samples)["sample"].to_list() == ["a", "c", "d", "e"]
    assert without_copies(samples.drop("same_as")).height == 5


def test_copies_of_a_sample_that_was_left_out_are_copies_of_each_other() -> None:
    samples = pl.DataFrame(
        {
            "dataset": ["d"] * 4,
            "sample": ["B", "C", "D", "E"],
            "patient": pl.Series([None] * 4, dtype=pl.String),
            "same_as": ["A", "A", None, "A"],
            "is_case": [True, True, True, False],
        }
    )
    units = sample_units(samples)
    assert units[0] == units[1] == units[3] != units[2]
    assert without_copies(samples)["sample"].to_list() == ["B", "D", "E"]


@pytest.mark.parametrize("batch", ["covariate", "combat"])
def test_copies_do_not_weigh_on_the_batch(batch: Literal["covariate", "combat"]) -> None:
    first, second = _matrix(8, prefix="a"), _matrix(8, seed=2, prefix="b")
    again = ExpressionMatrix(
        np.hstack([second.values, second.values[:, [5, 5, 5]]]), second.features, (*second.samples, "b8", "b9", "c0")
    )

    def merged(matrix: ExpressionMatrix) -> MergedCohort:
        matrices = {"D": first, "E": matrix}
        same = {name: copy_of(each) for name, each in matrices.items()}
        rows = {
            name: pl.DataFrame({"sample": each.samples, "same_as": same[name]}, schema_overrides={"same_as": pl.String})
            .with_columns(
                label=pl.when(pl.col("sample").str.tail(1).str.to_integer() % 2 == 0)
                .then(pl.lit("n"))
                .otherwise(pl.lit("c")),
                patient=pl.lit(None, pl.String),
            )
            .with_columns(label=pl.when(pl.col("same_as") == "b5").then(pl.lit("c")).otherwise("label"))
            for name, each in matrices.items()
        }
        cohort = Cohort(title="t", datasets=["D", "E"], case="c", control="n", batch=batch)
        return merge_cohort("x", cohort, matrices, rows)

    plain, copied = merged(second), merged(again)
    np.testing.assert_allclose(copied.adjusted.take_samples(plain.adjusted.samples).values, plain.adjusted.values)
    np.testing.assert_allclose(copied.adjusted.take_samples(["c0"]).values, copied.adjusted.take_samples(["b5"]).values)
