"""Discrimination in subgroups: which fields split people, areas of the subgroup alone, too few samples."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from dmicc_assets.model.risk_model import fit_risk_model
from dmicc_assets.resampling.nested import OutOfFold
from dmicc_assets.resampling.subgroups import FEWEST, NOT_STATED, subgroup_fields, subgroup_performance
from dmicc_assets.stats.roc import delong_interval, roc
from dmicc_assets.study.schema import Model
from dmicc_assets.types import CaseControl
from dmicc_assets_tests.worlds.simulated_cohort import cohort

OWN, OTHER = cohort(30, 25, seed=1, name="icc"), cohort(30, 30, seed=2, name="GSE2", kind="dataset")
MODEL = fit_risk_model(OWN, ["MT1M", "PARP12"], Model())


def described(subject: CaseControl, **columns: Sequence[str | None]) -> pl.DataFrame:
    """Rows of `source.samples` with characteristics of these names (a blank for a space)."""
    rows: list[dict[str, Any]] = [
        {
            "dataset": dataset.partition("/")[0],
            "sample": sample,
            "batch": None,
            "characteristics": [
                {"key": name.replace("_", " "), "value": values[i]} for name, values in columns.items() if values[i]
            ],
        }
        for i, (dataset, sample) in enumerate(zip(subject.dataset, subject.matrix.samples, strict=True))
    ]
    return pl.DataFrame(rows, schema_overrides={"batch": pl.String})


def out_of_fold(subject: CaseControl, repeats: int = 3) -> OutOfFold:
    """Predictions that tell the groups in samples of an even number, and nothing in the others."""
    rng = np.random.default_rng(5)
    n = len(subject.is_case)
    scores = rng.normal(size=(repeats, n)) + 2.5 * subject.is_case * (np.arange(n) % 2 == 0)
    return OutOfFold(scores, np.ones((repeats, n), dtype=bool), np.zeros((repeats, n)), ())


def performance(samples: pl.DataFrame, others: list[CaseControl], nested: OutOfFold | None = None) -> pl.DataFrame:
    predicted = out_of_fold(OWN) if nested is None else nested
    return subgroup_performance(MODEL, OWN, predicted, others, samples, {}, seed=1)


def row(table: pl.DataFrame, **wanted: str) -> dict[str, Any]:
    return table.filter(*(pl.col(name) == value for name, value in wanted.items())).row(0, named=True)


def test_areas_are_those_of_the_subgroup_alone() -> None:
    sex = [("Female", "m")[i % 2] for i in range(60)]
    samples = pl.concat([described(OWN, gender=sex), described(OTHER, Sex=sex)])
    table = performance(samples, [OTHER])
    assert table.select("subject", "value").rows() == [
        ("icc", "female"), ("icc", "male"), ("GSE2", "female"), ("GSE2", "male"),
    ]  # fmt: skip
    female, male = (row(table, subject="icc", value=value) for value in ("female", "male"))
    even = np.arange(55) % 2 == 0
    areas = [roc(scores[even], OWN.is_case[even]).auc for scores in out_of_fold(OWN).scores]
    assert female["auc"] == pytest.approx(np.mean(areas))
    assert female["ci_low"] < female["auc"] < female["ci_high"]
    assert female["auc"] > 0.85
    assert 0.3 < male["auc"] < 0.7
    assert (female["kind"], female["interval"]) == ("nested_cv", "patient_bootstrap")
    outside = row(table, subject="GSE2", value="male")
    z = OTHER.matrix.take_features(["MT1M", "PARP12"]).values
    z = (z - z.mean(axis=1, keepdims=True)) / z.std(axis=1, ddof=1, keepdims=True)
    odd = np.arange(60) % 2 == 1
    curve = roc(MODEL.linear_predictor_of_z(z)[odd], OTHER.is_case[odd])
    assert (outside["auc"], outside["n_case"], outside["n_control"]) == (pytest.approx(curve.auc), 15, 15)
    assert (outside["ci_low"], outside["ci_high"]) == pytest.approx(delong_interval(curve))
    assert (outside["kind"], outside["interval"]) == ("external", "delong")


def test_a_subgroup_with_too_few_has_its_numbers_and_no_area() -> None:
    few = range(FEWEST - 1)
    site = ["B" if i in few or i >= 45 else "A" for i in range(60)]
    table = performance(described(OWN, **{"study_center": site}), [])
    small = row(table, value="B")
    assert (small["field"], small["n_case"], small["n_control"]) == ("centre", FEWEST - 1, 10)
    assert [small[name] for name in ("auc", "ci_low", "ci_high", "interval")] == [None] * 4
    assert row(table, value="A")["auc"] is not None


def test_samples_without_a_prediction_are_not_counted() -> None:
    nested = out_of_fold(OWN)
    nested.scores[:, :5] = np.nan
    table = performance(described(OWN, sex=[("f", "m")[i % 2] for i in range(60)]), [], nested)
    assert table["n_case"].sum() == 25


def test_patients_with_several_samples_have_their_interval() -> None:
    pairs = replace(OTHER, patient=tuple(f"p{i // 2}" for i in range(60)))
    table = performance(described(pairs, sex=[("f", "m")[(i // 2) % 2] for i in range(60)]), [pairs])
    assert table.filter(subject="GSE2")["interval"].to_list() == ["obuchowski"] * 2


def test_fields_are_those_that_split_people() -> None:
    n = len(OWN.is_case)
    merged = replace(OWN, dataset=tuple(f"D{i % 2}/c{i % 3}" for i in range(n)))
    samples = described(merged, tissue=["skin"] * n, sex=[("f", None, "?")[i % 3] for i in range(n)])
    samples = samples.with_columns(batch=pl.Series([f"c{i % 3}" for i in range(n)]))
    fields = subgroup_fields(merged, samples, {"D0": "muscle"})
    assert {name: sorted(set(values)) for name, values in fields.items()} == {
        "dataset": ["D0", "D1"], "centre": ["c0", "c1", "c2"],
    }  # fmt: skip
    without = samples.with_columns(characteristics=samples["characteristics"].clear(n))
    assert set(subgroup_fields(merged, without, {"D0": "muscle", "D1": "skin"})["tissue"]) == {"muscle", "skin"}
    persons = described(OWN, site=[f"h{i}" for i in range(n)])
    assert "centre" not in subgroup_fields(OWN, persons, {})
    some = described(OWN, sex=["f"] * 10 + ["male"] * 10 + [None] * (n - 20))
    assert subgroup_fields(OWN, some, {})["sex"].count(NOT_STATED) == n - 20


def test_a_field_that_says_the_diagnosis_is_no_subgroup() -> None:
    tissue = ["tumor tissue" if case else "non-tumor tissue" for case in OWN.is_case]
    assert "tissue" not in subgroup_fields(OWN, described(OWN, tissue=tissue), {})


def test_an_area_of_one_has_no_limits() -> None:
    known = replace(out_of_fold(OWN), scores=np.tile(2.0 * OWN.is_case, (3, 1)))
    table = performance(described(OWN, sex=[("f", "m")[i % 2] for i in range(60)]), [], known)
    assert table.select("auc", "ci_low", "ci_high", "interval").rows() == [(1.0, None, None, None)] * 2


def test_no_model_no_rows() -> None:
    table = subgroup_performance(None, OWN, out_of_fold(OWN), [OTHER], described(OWN), {}, 1)
    assert table.is_empty()
    assert "auc" in table.columns
