"""Batches that a dataset names: found in its descriptions, and removed in its cohort."""

import numpy as np
import polars as pl
import pytest

from dmicc_assets.errors import DataError
from dmicc_assets.expression.cohort import merge_cohort
from dmicc_assets.expression.labels import assign_batches
from dmicc_assets.study.dataset_parts import Batch
from dmicc_assets.study.schema import Cohort
from dmicc_assets.types import ExpressionMatrix

TITLES = [f"{centre}-{i}" for i, centre in enumerate(["Milan", "Barcelona", "New_York"] * 6)]
SAMPLES = pl.DataFrame({"sample": [f"s{i:02}" for i in range(18)], "title": TITLES}).with_columns(
    source_name=pl.lit("liver"),
    characteristics=pl.lit(None, pl.List(pl.Struct({"key": pl.String, "value": pl.String}))),
)


def test_centres_are_found_in_titles() -> None:
    found = assign_batches("GSE32225", SAMPLES, Batch(field="title", pattern=r"^(\w+)-"))
    assert found == ["Milan", "Barcelona", "New_York"] * 6
    assert assign_batches("GSE32225", SAMPLES, None) == [None] * 18
    with pytest.raises(DataError, match=r"misses sample s01 \(title: 'Barcelona-1'\)"):
        assign_batches("GSE32225", SAMPLES, Batch(field="title", pattern="^(Milan)"))
    for without_text in (r"^Milan-\d*(.*)$", r"^(?:(Milan)|.*)", r"^(\s*)"):
        with pytest.raises(DataError, match=r"misses sample s0[01]"):
            assign_batches("GSE32225", SAMPLES, Batch(field="title", pattern=without_text))
    with pytest.raises(DataError, match="batch: unknown field 'centre'; there are sample, source_name, title"):
        assign_batches("GSE32225", SAMPLES, Batch(field="centre", pattern="(.*)"))


@pytest.mark.parametrize("batch", ["covariate", "combat"])
def test_a_cohort_of_one_dataset_is_adjusted_for_its_centres(batch: str) -> None:
    rng = np.random.default_rng(1)
    is_case = np.arange(18) % 2 == 0
    centre = np.arange(18) % 3
    shift = rng.normal(0, 3, (200, 3))
    values = 8 + shift[:, centre] + 2.0 * (np.arange(200) < 20)[:, None] * is_case + rng.normal(0, 0.3, (200, 18))
    matrix = ExpressionMatrix(values, tuple(f"g{i:03}" for i in range(200)), tuple(SAMPLES["sample"]))
    samples = SAMPLES.with_columns(
        label=pl.Series(np.where(is_case, "case", "control")),
        patient=pl.lit(None, pl.String),
        batch=pl.Series(["Milan", "Barcelona", "New_York"] * 6),
    )
    cohort = Cohort.model_validate(
        {"title": "x", "datasets": ["D"], "case": "case", "control": "control", "batch": batch}
    )
    merged = merge_cohort("x", cohort, {"D": matrix}, {"D": samples})
    assert merged.samples["batch"].unique().sort().to_list() == ["D/Barcelona", "D/Milan", "D/New_York"]
    adjusted = merged.adjusted.values
    means = np.array([adjusted[20:, centre == k].mean(axis=1) for k in range(3)])
    assert np.ptp(means, axis=0).max() < 0.5
    assert np.ptp([values[20:, centre == k].mean(axis=1) for k in range(3)], axis=0).max() > 2
    effect = adjusted[:20, is_case].mean(axis=1) - adjusted[:20, ~is_case].mean(axis=1)
    np.testing.assert_allclose(effect, 2.0, atol=0.5)


def test_a_centre_of_one_group_only_is_allowed_and_confounding_is_not() -> None:
    matrix = ExpressionMatrix(np.random.default_rng(2).normal(size=(60, 18)), tuple(f"g{i}" for i in range(60)),
                              tuple(SAMPLES["sample"]))  # fmt: skip
    base = SAMPLES.with_columns(patient=pl.lit(None, pl.String), batch=pl.Series(["A"] * 12 + ["B"] * 6))
    cohort = Cohort(title="x", datasets=["D"], case="case", control="control")
    mixed = base.with_columns(label=pl.Series(["case", "control"] * 6 + ["case"] * 6))
    assert merge_cohort("x", cohort, {"D": matrix}, {"D": mixed}).samples.height == 18
    confounded = base.with_columns(label=pl.Series(["control"] * 12 + ["case"] * 6))
    with pytest.raises(DataError, match=r"dataset and group are confounded \(D/A 0 cases and 12 controls, D/B 6 cases"):
        merge_cohort("x", cohort, {"D": matrix}, {"D": confounded})
