"""The permanent lesson: the design of such studies finds an excellent AUC in pure noise; the nested estimate does not.

One seed proves nothing: the nested AUC of a single data set has a standard deviation of 0.15 with six controls.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from dmicc_assets.checks.leakage import selection_bias
from dmicc_assets.resampling.nulls import empirical_p, permuted_label_null
from dmicc_assets.resampling.resampled_roc import resampled_roc
from dmicc_assets.resampling.selection import StudyData
from dmicc_assets.stats.resampled_logistic import fit_models
from dmicc_assets.stats.roc import roc
from dmicc_assets_tests.worlds.noise_study import cohort_of, data_of, fold_values, study_of
from dmicc_assets_tests.worlds.sound_study import sound, with_frame

SEEDS = range(1, 11)
pytestmark = pytest.mark.slow


class Lesson(NamedTuple):
    """What one data set of pure noise gives."""

    apparent: float
    leaky: float
    nested: float
    p_leaky: float
    p_size: float


@cache
def lessons() -> list[Lesson]:
    """149 cases and 6 controls of 10,000 genes of noise, the top five chosen, for each seed."""
    study = study_of(
        "a",
        differential={"log_fc": 0.0, "p_value": 0.001},
        rigor={"permutations": 19, "bootstraps": 0, "random_signatures": 0, "repeats": 2},
    )
    found: list[Lesson] = []
    for seed in SEEDS:
        data = data_of(study, [cohort_of("a", 149, 6, 10_000, seed)])
        rows = resampled_roc(data, fold_values(data)).roc
        auc = dict(rows.select("kind", "auc").iter_rows())
        null = permuted_label_null(data)
        p = {name: empirical_p(null.filter(pl.col("statistic") == name)) for name in ("leaky_cv_auc", "signature_size")}
        found.append(
            Lesson(
                apparent_auc(data),
                auc["leaky_cv"],
                auc["nested_cv"],
                p["leaky_cv_auc"] or 1.0,
                p["signature_size"] or 1.0,
            )
        )
    return found


def apparent_auc(data: StudyData) -> float:
    """The model's AUC on the samples that chose its genes and fitted it."""
    subject = data.adjusted[data.target]
    values = subject.matrix.take_features(data.biomarkers).values
    model = fit_models(values[None], subject.is_case).coefficients[0]
    return roc(model[1:] @ values, subject.is_case).auc


def test_leaky_cross_validation_is_excellent_in_noise() -> None:
    assert min(each.leaky for each in lessons()) > 0.85


def test_nested_cross_validation_finds_nothing_in_noise() -> None:
    assert 0.40 < np.mean([each.nested for each in lessons()]) < 0.60


def test_r1_fires_in_all() -> None:
    """Also where nothing is known of the difference's interval and of a result outside."""
    columns, without = sound().rows("validation/roc").clear(), sound().rows("model/performance").clear()
    evidence = with_frame(sound(), "model/performance", without)
    for each in lessons():
        rows = [
            {"subject": "b", "predictor": "model", "kind": "apparent", "auc": each.apparent},
            {"subject": "b", "predictor": "model", "kind": "nested_cv", "auc": each.nested},
        ]
        roc_of_it = pl.concat([columns, pl.DataFrame(rows)], how="diagonal_relaxed")
        assert selection_bias(with_frame(evidence, "validation/roc", roc_of_it))[0].severity == "warning"


def test_permutations_rarely_call_noise_a_finding() -> None:
    # Binomial(10, 0.05): more than 3 have a probability of 0.001.
    assert sum(each.p_leaky <= 0.05 for each in lessons()) <= 3
    assert sum(each.p_size <= 0.05 for each in lessons()) <= 3


def test_nested_stays_with_apparent_when_genes_are_planted() -> None:
    study = study_of("a", "b", differential={"log_fc": 1.0, "p_value": 0.05, "adjust": "BH"}, model={"cohort": "b"})
    subjects = [cohort_of("a", 30, 30, 1000, 1, planted=8), cohort_of("b", 40, 12, 1000, 2, planted=8)]
    data = data_of(study, subjects)
    auc = dict(resampled_roc(data, fold_values(data)).roc.select("kind", "auc").iter_rows())
    assert auc["nested_cv"] > 0.95
    assert abs(auc["leaky_cv"] - auc["nested_cv"]) <= 0.05
    assert auc["bootstrap_632plus"] > 0.95


def test_the_nested_interval_holds_the_truth_nearly_as_often_as_it_says() -> None:
    # Resampled under the mean over the repeats, it held 0.5 in three of four data sets of noise.
    study = study_of(
        "a",
        differential={"log_fc": 0.0, "p_value": 0.01},
        ranking={"top": 3, "folds": 5},
        rigor={"bootstraps": 0, "repeats": 5},
    )
    n_known, n_held = 0, 0
    for seed in range(1, 41):
        data = data_of(study, [cohort_of("a", 40, 12, 300, seed)])
        rows = resampled_roc(data, fold_values(data)).roc.filter(kind="nested_cv")
        n_known += len(rows)
        n_held += len(rows.filter(pl.col("ci_low") <= 0.5, pl.col("ci_high") >= 0.5))
    assert n_known > 33
    assert n_held / n_known > 0.88
