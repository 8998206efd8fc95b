from typing import Literal

import numpy as np
import polars as pl
import pytest

from dmicc_assets.errors import DataError
from dmicc_assets.expression.cohort import merge_cohort
from dmicc_assets.study.schema import Cohort
from dmicc_assets.types import ExpressionMatrix


def dataset(name: str, labels: str, genes: str = "ABC", shift: float = 0.0) -> tuple[ExpressionMatrix, pl.DataFrame]:
    """A dataset with a sample a letter of `labels`: c case, n control, o other."""
    rng = np.random.default_rng(len(labels))
    samples = tuple(f"{name}{i}" for i in range(len(labels)))
    words = {"c": "case", "n": "normal", "o": "other"}
    frame = pl.DataFrame(
        {"sample": samples, "label": [words[letter] for letter in labels], "patient": [None] * len(labels)}
    )
    values = rng.normal(size=(len(genes), len(labels))) + shift
    return ExpressionMatrix(values, tuple(genes), samples), frame.with_columns(pl.col("patient").cast(pl.String))


def merge(batch: Literal["covariate", "combat"] = "covariate", **datasets: tuple[ExpressionMatrix, pl.DataFrame]):
    cohort = Cohort(title="t", datasets=list(datasets), case="case", control="normal", batch=batch)
    return merge_cohort("c", cohort, {k: v[0] for k, v in datasets.items()}, {k: v[1] for k, v in datasets.items()})


def test_common_genes_and_only_case_and_control_samples() -> None:
    merged = merge(D=dataset("D", "ccno"), E=dataset("E", "ncc", genes="DCB", shift=3))
    assert merged.value.features == ("B", "C")
    assert merged.samples["sample"].to_list() == ["D0", "D1", "D2", "E0", "E1", "E2"]
    assert merged.samples["is_case"].to_list() == [True, True, False, False, True, True]
    assert merged.notes["n_genes_by_dataset"] == {"D": 3, "E": 3}


@pytest.mark.parametrize("batch", ["covariate", "combat"])
def test_the_batch_difference_goes_and_the_group_difference_stays(batch: Literal["covariate", "combat"]) -> None:
    rng = np.random.default_rng(1)
    genes, letters = "".join(chr(65 + i) for i in range(26)), "c" * 10 + "n" * 10
    parts = {}
    for name, shift in (("D", 0.0), ("E", 4.0)):
        matrix, frame = dataset(name, letters, genes)
        group = np.array([letter == "c" for letter in letters]) * 2.0
        parts[name] = (
            ExpressionMatrix(rng.normal(size=(26, 20)) + group + shift, matrix.features, matrix.samples),
            frame,
        )
    merged = merge(batch, **parts)
    is_case, is_d = merged.samples["is_case"].to_numpy(), (merged.samples["dataset"] == "D").to_numpy()
    adjusted = merged.adjusted.values
    assert abs(adjusted[:, is_d].mean() - adjusted[:, ~is_d].mean()) < 0.05
    assert abs(merged.value.values[:, is_d].mean() - merged.value.values[:, ~is_d].mean()) > 3
    assert adjusted[:, is_case].mean() - adjusted[:, ~is_case].mean() == pytest.approx(2, abs=0.2)


def test_one_dataset_has_nothing_to_adjust() -> None:
    merged = merge(D=dataset("D", "ccnn"))
    np.testing.assert_array_equal(merged.adjusted.values, merged.value.values)


@pytest.mark.parametrize(
    ("datasets", "said"),
    [
        (
            {"D": dataset("D", "cc"), "E": dataset("E", "nn")},
            "confounded .D 2 cases and 0 controls, E 0 cases and 2 controls",
        ),
        ({"D": dataset("D", "ccoo")}, "no sample is labelled normal in D"),
        ({"D": dataset("D", "cn", "AB"), "E": dataset("E", "cn", "CD")}, "no gene is measured in all"),
        ({"D": dataset("D", "cn"), "E": dataset("D", "cn")}, "sample D0 is in two"),
    ],
)
def test_what_cannot_be_merged_is_refused(datasets: dict, said: str) -> None:
    with pytest.raises(DataError, match=said):
        merge(**datasets)


def test_a_cohort_whose_genes_are_all_counted_too_seldom_is_refused() -> None:
    matrix, samples = dataset("D", "ccnn")
    counts = ExpressionMatrix(np.ones(matrix.values.shape), matrix.features, matrix.samples)
    cohort = Cohort(title="t", datasets=["D"], case="case", control="normal")
    with pytest.raises(DataError, match="none of 3 genes is counted often enough"):
        merge_cohort("c", cohort, {"D": matrix}, {"D": samples}, {"D": counts})


def test_a_dataset_of_one_class_is_fine_beside_one_of_both() -> None:
    assert merge(D=dataset("D", "ccnn"), E=dataset("E", "cc")).notes["n_case"] == 4


@pytest.mark.parametrize(
    ("name", "advice"), [("S", "if they are two samples, rename one"), ("GSM", "leave one of them")]
)
def test_a_sample_name_of_two_datasets_is_told_with_both(name: str, advice: str) -> None:
    with pytest.raises(DataError, match=rf"sample {name}0 is in two of its datasets \(D, E\); {advice}"):
        merge(D=dataset(name, "ccnn"), E=dataset(name, "cnn"))
