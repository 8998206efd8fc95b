"""Instability of individual risks: small where the genes are plain, wide in noise; bootstraps predict every sample."""

from dataclasses import replace

import numpy as np

from dmicc_assets.model.risk_model import fit_risk_model
from dmicc_assets.resampling.instability import risk_instability
from dmicc_assets.resampling.nested import bootstrap_cv
from dmicc_assets.stats.probability import expit
from dmicc_assets_tests.worlds.noise_study import cohort_of, data_of, fold_values, study_of


def test_risks_are_of_models_developed_anew_and_wider_in_noise() -> None:
    widths = {}
    for name, planted in (("noise", 0), ("planted", 3)):
        study = study_of("a", ranking={"top": 3}, rigor={"bootstraps": 20, "repeats": 1})
        subject = cohort_of("a", 22, 20, 80, 4, planted=planted, shift=2.0)
        data = data_of(study, [subject])
        model = fit_risk_model(subject, data.biomarkers, study.model)
        again = bootstrap_cv(data, fold_values(data))
        rows = risk_instability(model, subject, again)
        assert rows["sample"].to_list() == list(subject.matrix.samples)
        assert rows["n_bootstraps"].to_list() == [20] * 42
        np.testing.assert_allclose(
            rows["probability"], expit(model.linear_predictor(subject.matrix.take_features(model.genes).values))
        )
        first = expit(np.array([fold.scores[0] + np.log(22 / 20) - fold.log_odds for fold in again.folds]))
        assert (rows["low"][0], rows["high"][0]) == tuple(np.quantile(first, [0.025, 0.975]))
        widths[name] = float((rows["high"] - rows["low"]).to_numpy().mean())
    assert widths["noise"] > widths["planted"] + 0.2


def test_without_a_model_or_bootstraps_there_are_no_rows() -> None:
    study = study_of("a", rigor={"bootstraps": 0, "repeats": 1})
    data = data_of(study, [cohort_of("a", 12, 12, 40, 1, planted=3)], ())
    again = bootstrap_cv(data, fold_values(data))
    assert not again.folds
    assert risk_instability(None, data.merged["a"], again).is_empty()


def test_a_bootstrap_without_a_model_counts_and_gives_the_share_of_cases() -> None:
    study = study_of("a", ranking={"top": 3}, rigor={"bootstraps": 8, "repeats": 1})
    subject = cohort_of("a", 22, 20, 80, 4, planted=3, shift=2.0)
    data = data_of(study, [subject])
    model = fit_risk_model(subject, data.biomarkers, study.model)
    again = bootstrap_cv(data, fold_values(data))
    empty = [replace(fold, scores=np.full(42, fold.log_odds), biomarkers=(), cut_off=None) for fold in again.folds]
    rows = risk_instability(model, subject, replace(again, folds=tuple(empty)))
    np.testing.assert_allclose(rows["low"], 22 / 42)
    np.testing.assert_allclose(rows["high"], 22 / 42)
    assert rows["n_bootstraps"].to_list() == [8] * 42
