"""Folds, bootstraps, permutations, pairs, and the moderated t of many resamples against one at a time."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmicc_assets.differential.statistics import (
    cohort_model,
    differential_design,
    differential_genes,
    model_statistics,
)
from dmicc_assets.differential.within_patients import consensus_of
from dmicc_assets.resampling.nulls import empirical_p, null_distributions, permuted_label_null, random_signature_null
from dmicc_assets.resampling.pairwise_auc import (
    pair_matrix,
    patient_draws,
    percentile_interval,
    repeats_in_turn,
    resampled_auc,
)
from dmicc_assets.resampling.resamples import (
    bootstrap_counts,
    left_out_controls,
    patient_index,
    permuted_labels,
    repeated_samples,
    stratified_folds,
    usable_folds,
)
from dmicc_assets.resampling.reweighted import chosen_genes, chosen_under_labels
from dmicc_assets.resampling.selection import BiomarkerChoice
from dmicc_assets.stats.resampled_logistic import fit_models, fit_training_parts
from dmicc_assets.stats.roc import roc
from dmicc_assets.stats.sample_size import maximal_r_squared, required_samples
from dmicc_assets.study.schema import Differential
from dmicc_assets_tests.worlds.noise_study import cohort_of, data_of, study_of


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=6, max_size=40),
    st.integers(2, 8),
    st.integers(0, 99),
    st.integers(1, 5),
)
def test_folds_keep_patients_and_strata(samples: list[tuple[int, int]], asked: int, seed: int, n_datasets: int) -> None:
    # A patient has so many case and control samples; at least one each, so that both classes are there.
    patients = np.array(
        [p for p, (case, control) in enumerate(samples) for _ in range(case + control)] + [len(samples)] * 2
    )
    is_case = np.array(
        [group for case, control in samples for group in [True] * case + [False] * control] + [True, False]
    )
    _, patients = np.unique(patients, return_inverse=True)
    n_folds = usable_folds(asked, patients, is_case)
    if n_folds == 0:
        assert min(len(set(patients[is_case])), len(set(patients[~is_case]))) < 2 or asked < 2
        return
    dataset = [f"D{p % n_datasets}" for p in patients]
    fold = stratified_folds(patients, is_case, dataset, n_folds, np.random.default_rng(seed))
    assert all(len(set(fold[patients == p])) == 1 for p in set(patients))
    sizes = [len(set(patients[fold == k])) for k in range(n_folds)]
    assert max(sizes) - min(sizes) <= 1
    for group in (True, False):
        own = [
            set(patients[is_case == group].tolist()) - set(patients[(fold == k) & (is_case == group)].tolist())
            for k in range(n_folds)
        ]
        assert all(own), "a fold trains without one of the classes"


@pytest.mark.parametrize("seed", range(5))
def test_no_fold_holds_out_every_control_of_several_datasets(seed: int) -> None:
    # Strata of one patient each, dealt by size alone, put both controls of two datasets into one of two folds.
    dataset = ["A", "A", "B"] + ["B"] * 20
    is_case = np.array([False, True, False] + [True] * 20)
    fold = stratified_folds(np.arange(23), is_case, dataset, 2, np.random.default_rng(seed))
    assert sorted(fold[~is_case]) == [0, 1]


def test_single_sample_patients_are_spread_evenly_over_folds() -> None:
    subject = cohort_of("a", 149, 6, 3, 1)
    fold = stratified_folds(patient_index(subject), subject.is_case, subject.dataset, 6, np.random.default_rng(1))
    assert np.bincount(fold[~subject.is_case]).tolist() == [1] * 6
    assert set(np.bincount(fold[subject.is_case])) <= {24, 25}


def test_bootstraps_keep_the_size_of_every_class_and_dataset() -> None:
    subject = replace(cohort_of("a", 10, 8, 3, 1), dataset=("A", "B") * 9)
    counts = bootstrap_counts(subject, 50, np.random.default_rng(1))
    for case in (True, False):
        for dataset in ("A", "B"):
            members = (subject.is_case == case) & (np.array(subject.dataset) == dataset)
            assert (counts[:, members].sum(axis=1) == members.sum()).all()
    assert counts.max() > 1


def test_every_control_is_left_out_once_with_its_patient() -> None:
    subject = replace(cohort_of("a", 3, 5, 3, 1), patient=("p", "q", None, "p", "r", "r", None, None))
    counts = left_out_controls(subject)
    assert counts[:, :3].all()
    assert sorted(row[3:].tolist() for row in counts) == sorted(
        [[0, 1, 1, 1, 1], [1, 0, 0, 1, 1], [1, 1, 1, 0, 1], [1, 1, 1, 1, 0]]
    )


def test_labels_are_permuted_within_dataset_and_within_patients_of_both_classes() -> None:
    patient = (*(f"p{i}" for i in range(6)), *(f"p{i}" for i in range(6)), *(None,) * 8)
    dataset = ("A", "B") * 6 + ("A",) * 8
    subject = replace(cohort_of("a", 10, 10, 3, 1), patient=patient, dataset=dataset)
    is_case = np.array([True] * 6 + [False] * 6 + [True] * 4 + [False] * 4)
    subject = replace(subject, is_case=is_case)
    drawn = permuted_labels(subject, 200, np.random.default_rng(1))
    for p in range(6):
        own = [i for i, name in enumerate(patient) if name == f"p{p}"]
        assert (drawn[:, own].sum(axis=1) == 1).all()
    for dataset in ("A", "B"):
        members = np.array(subject.dataset) == dataset
        assert (drawn[:, members].sum(axis=1) == is_case[members].sum()).all()
    # Every sample that can change its label does so in about half of the draws.
    assert (np.abs(drawn.mean(axis=0) - 0.5) < 0.15).all()


@pytest.mark.parametrize(
    ("changes", "batch"),
    [
        ({}, "covariate"),
        ({"adjust": "BH"}, "covariate"),
        ({"trend": True}, "none"),
        ({"robust": True}, "covariate"),
        ({"limma": "3.54"}, "covariate"),
        ({}, "combat"),
        ({"block": "fixed"}, "none"),
        ({"block": "duplicate_correlation"}, "none"),
    ],
)
def test_many_resamples_equal_one_at_a_time(changes: dict[str, object], batch: str) -> None:
    subject = cohort_of("a", 14, 12, 400, 3, planted=30, shift=0.8)
    values = subject.matrix.values.copy()
    values[5, 3] = values[9, 20] = values[9, 21] = np.nan
    if batch == "combat":
        values = subject.matrix.values
    subject = replace(
        subject,
        matrix=replace(subject.matrix, values=values),
        dataset=("A",) * 26 if "block" in changes else ("A", "B") * 13,
        patient=tuple(f"p{i % 13}" for i in range(26)) if "block" in changes else (None,) * 26,
    )
    spec = Differential.model_validate({"log_fc": 0.3, "p_value": 0.05, "adjust": "none"} | changes)
    counts = bootstrap_counts(subject, 4, np.random.default_rng(1))
    if "block" in changes:
        counts = np.vstack([counts, left_out_controls(subject)[:4]])
    consensus = None
    if spec.block == "duplicate_correlation":
        consensus = consensus_of(subject, differential_design(subject, spec, batch)[0])  # type: ignore[arg-type]
    found = chosen_genes(subject, counts, spec, batch)  # type: ignore[arg-type]  # a literal
    for b, row in enumerate(counts):
        repeated = repeated_samples(subject, subject.matrix, row)
        if batch == "combat":
            from dmicc_assets.resampling.selection import adjust_batch

            adjusted = adjust_batch(repeated, repeated.matrix, repeated.dataset, batch).training
            repeated = replace(repeated, matrix=replace(repeated.matrix, values=adjusted))
        model = cohort_model(repeated, spec, batch, consensus=consensus)  # type: ignore[arg-type]
        expected = differential_genes(model_statistics(repeated, model, spec), spec)["gene"].to_list()
        assert [gene for gene, yes in zip(subject.matrix.features, found[:, b], strict=True) if yes] == expected
        assert expected


@pytest.mark.parametrize("block", ["none", "duplicate_correlation"])
def test_many_labels_equal_one_at_a_time(block: str) -> None:
    subject = replace(cohort_of("a", 14, 12, 300, 3, planted=30), dataset=("A", "B") * 13)
    values = subject.matrix.values.copy()
    values[5, 3] = np.nan
    patient = tuple(f"p{i % 10}" for i in range(26)) if block != "none" else (None,) * 26
    subject = replace(subject, matrix=replace(subject.matrix, values=values), patient=patient)
    spec = Differential.model_validate({"log_fc": 0.5, "p_value": 0.05, "adjust": "none", "block": block})
    consensus = None if block == "none" else consensus_of(subject, differential_design(subject, spec, "covariate")[0])
    labels = np.vstack([subject.is_case[None], permuted_labels(subject, 40, np.random.default_rng(1))])
    found = chosen_under_labels(subject, labels, spec, "covariate")
    for row, column in zip(labels, found.T, strict=True):
        relabelled = replace(subject, is_case=row)
        model = cohort_model(relabelled, spec, "covariate", consensus=consensus)
        expected = differential_genes(model_statistics(relabelled, model, spec), spec)["gene"].to_list()
        assert [gene for gene, yes in zip(subject.matrix.features, column, strict=True) if yes] == expected


def test_a_resample_without_controls_chooses_nothing() -> None:
    subject = cohort_of("a", 5, 5, 50, 1, planted=10)
    counts = np.array([[1] * 5 + [0] * 5, [1] * 10])
    found = chosen_genes(subject, counts, Differential(), "none")
    assert found[:, 0].sum() == 0
    assert found[:, 1].sum() >= 5


def test_training_parts_are_fitted_as_single_models() -> None:
    rng = np.random.default_rng(2)
    is_case = np.arange(40) < 22
    x = rng.normal(size=(40, 2)) + 1.2 * is_case[:, None]
    training = rng.random((6, 40)) < 0.8
    found = fit_training_parts(x, is_case, training)
    for row, part in zip(found, training, strict=True):
        np.testing.assert_allclose(row, fit_models(x[part].T[None], is_case[part]).coefficients[0], rtol=1e-6)
    far = fit_training_parts(x + 9.0 * is_case[:, None], is_case, training)
    expected = fit_models((x + 9.0 * is_case[:, None])[training[0]].T[None], is_case[training[0]])
    assert expected.is_firth[0]
    np.testing.assert_allclose(far[0], expected.coefficients[0], rtol=1e-5)


def test_pairs_give_the_area_and_its_resamples() -> None:
    rng = np.random.default_rng(1)
    score, is_case = rng.normal(size=30).round(1), np.arange(30) < 12
    pairs = pair_matrix(score[None], is_case, np.arange(30))
    assert pairs.auc == pytest.approx(roc(score, is_case).auc, abs=1e-12)
    draws = patient_draws(np.arange(30), 20, rng)
    for row, auc in zip(draws, resampled_auc(pairs, draws), strict=True):
        index = np.repeat(np.arange(30), row)
        assert auc == pytest.approx(roc(score[index], is_case[index]).auc, abs=1e-12)


def test_each_resample_is_scored_by_one_repeat_in_turn() -> None:
    rng = np.random.default_rng(1)
    scores, is_case, patients = rng.normal(size=(3, 30)).round(1), np.arange(30) < 12, np.arange(30)
    draws = patient_draws(patients, 20, rng)
    for i, auc in enumerate(repeats_in_turn(scores, is_case, patients, draws)):
        index = np.repeat(patients, draws[i])
        assert auc == pytest.approx(roc(scores[i % 3][index], is_case[index]).auc, abs=1e-12)
    pairs = pair_matrix(scores[:1], is_case, patients)
    np.testing.assert_array_equal(repeats_in_turn(scores[:1], is_case, patients, draws), resampled_auc(pairs, draws))


@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("shift", [0.0, 0.7, 3.0, 50.0])
@pytest.mark.parametrize("seed", range(5))
def test_the_interval_over_repeats_holds_the_estimate_and_is_the_wider_one(
    seed: int, shift: float, noise: float
) -> None:
    # A repeat is the same patients with other mistakes; without mistakes, all repeats are one and the intervals meet.
    rng = np.random.default_rng(seed)
    is_case, patients = np.arange(50) < 28, np.arange(50)
    scores = shift * is_case + rng.normal(size=50) + noise * rng.normal(size=(5, 50))
    draws = patient_draws(patients, 1000, np.random.default_rng([1, 1000]))
    pairs = pair_matrix(scores, is_case, patients)
    low, high = percentile_interval(repeats_in_turn(scores, is_case, patients, draws))
    assert (low, high) == percentile_interval(repeats_in_turn(scores, is_case, patients, draws))
    assert 0 <= low <= pairs.auc <= high <= 1
    narrow_low, narrow_high = percentile_interval(resampled_auc(pairs, draws))
    if noise == 0.0:
        assert (low, high) == pytest.approx((narrow_low, narrow_high), abs=1e-12)
    elif pairs.auc < 1:
        assert high - low > narrow_high - narrow_low


def test_nulls_of_noise_and_of_planted_genes() -> None:
    study = study_of("a", "b", differential={"log_fc": 1.0, "p_value": 0.05, "adjust": "BH"}, ranking={"top": 3})
    subjects = [cohort_of("a", 12, 12, 300, 1, planted=6), cohort_of("b", 12, 12, 300, 2, planted=6)]
    data = data_of(study, subjects)
    other = replace(cohort_of("v", 8, 8, 300, 3, planted=6), kind="dataset")
    table = null_distributions(data, {"v": other})
    assert table.select("null", "subject", "statistic").unique().height == 3 + 3 + 3
    for _, rows in table.group_by("null", "subject", "statistic"):
        assert rows["draw"].min() == 0
    assert empirical_p(permuted_label_null(data).filter(pl.col("statistic") == "overlap")) == pytest.approx(1 / 20)
    observed = table.filter(pl.col("draw") == 0)
    assert observed["empirical_p"].null_count() == 0
    assert table.filter(pl.col("draw") > 0)["empirical_p"].null_count() == len(table) - len(observed)
    stored = observed.filter(null="permuted_labels", statistic="overlap")["empirical_p"].to_list()
    assert stored == [pytest.approx(1 / 20)]
    random = random_signature_null(data, {**data.adjusted, "v": other}).filter(null="random_signatures")
    assert (empirical_p(random.filter(pl.col("subject") == "v")) or 1) < 0.05
    assert table.equals(null_distributions(data, {"v": other}, n_jobs=2))


def test_permuted_labels_choose_genes_anew() -> None:
    # On labels that mean nothing the genes chosen for them still look excellent; the true biomarkers do not.
    study = study_of("a", differential={"log_fc": 0.0, "p_value": 0.01}, ranking={"top": 5})
    data = data_of(study, [cohort_of("a", 20, 20, 1500, 4, planted=6)])
    draws = permuted_label_null(data).filter(pl.col("statistic") == "leaky_cv_auc", pl.col("draw") > 0)["value"]
    assert min(draws.to_list()) > 0.7


def test_without_a_biomarker_under_the_true_labels_no_area_is_compared() -> None:
    # The first of the two rankings differ, so nothing is predicted: an observed 0.5 would tie with every empty draw.
    study = study_of("a", "b", differential={"log_fc": 0.0, "p_value": 0.001}, ranking={"top": 1})
    cohorts = [cohort_of(name, 14, 14, 200, seed, planted=6) for name, seed in (("a", 3), ("b", 53))]
    null = permuted_label_null(data_of(study, cohorts))
    areas = null.filter(pl.col("statistic") == "leaky_cv_auc").sort("draw")
    assert areas["value"].to_list()[:2] == [None, 0.5]
    assert areas["empirical_p"].to_list()[0] is None
    sizes = null.filter(pl.col("statistic") == "signature_size", pl.col("draw") == 0)
    assert sizes["empirical_p"].to_list() == [pytest.approx(1 / (len(areas)))]


def test_a_frozen_random_model_is_the_fitted_one_on_the_same_samples() -> None:
    data = data_of(study_of("a", ranking={"top": 3}), [cohort_of("a", 12, 12, 100, 1, planted=6, shift=0.8)])
    copy = replace(data.adjusted["a"], name="v", kind="dataset")
    table = random_signature_null(data, {**data.adjusted, "v": copy}).filter(null="random_signatures")
    own, frozen = (table.filter(subject=name).sort("draw")["value"].to_numpy() for name in ("a", "v"))
    np.testing.assert_allclose(frozen, own, atol=1e-12)
    turned = replace(copy, is_case=~copy.is_case)
    against = random_signature_null(data, {**data.adjusted, "v": turned})
    against = against.filter(subject="v", null="random_signatures").sort("draw")["value"]
    np.testing.assert_allclose(against.to_numpy(), 1 - own, atol=1e-12)


def test_random_genes_are_expressed_ones_and_a_second_set_is_of_differential_ones() -> None:
    # Cases and controls differ in 10 of 50 expressed genes and in none of 50 that are not expressed.
    subject = cohort_of("a", 14, 14, 100, 1, planted=10)
    values = subject.matrix.values - 6.0 * (np.arange(100)[:, None] >= 50)
    data = data_of(study_of("a", differential={"log_fc": 1.0, "p_value": 0.001}), [
        replace(subject, matrix=replace(subject.matrix, values=values))
    ])  # fmt: skip
    draws = random_signature_null(data, dict(data.adjusted)).filter(pl.col("draw") > 0)
    mean = dict(draws.group_by("null").agg(pl.col("value").mean()).iter_rows())
    # With five genes of 50, of which ten tell the groups apart, two draws of three hold at least one.
    assert mean["random_degs"] > 0.99
    assert 0.85 < mean["random_signatures"] < 0.99


def test_a_dataset_without_a_biomarker_has_no_observed_value() -> None:
    data = data_of(study_of("a"), [cohort_of("a", 12, 12, 100, 1, planted=6)])
    small = cohort_of("v", 8, 8, 100, 3)
    kept = [gene for gene in small.matrix.features if gene != data.biomarkers[0]]
    small = replace(small, matrix=small.matrix.take_features(kept), kind="dataset")
    rows = random_signature_null(data, {**data.adjusted, "v": small}).filter(subject="v", null="random_signatures")
    assert rows.filter(pl.col("draw") == 0)["value"].to_list() == [None]
    assert empirical_p(rows) is None


def test_no_draws_are_asked_for() -> None:
    study = study_of("a", rigor={"permutations": 0, "random_signatures": 0})
    assert null_distributions(data_of(study, [cohort_of("a", 9, 9, 50, 1, planted=3)]), {}).is_empty()


def test_required_samples_of_riley() -> None:
    # Riley 2019 (doi:10.1002/sim.7992): R squared 0.288 of Cox and Snell, 24 parameters, prevalence 0.174.
    found = required_samples(24, 0.174, 0.288)
    assert (found.shrinkage, found.optimism, found.intercept) == (623, 662, 221)
    assert maximal_r_squared(0.5) == pytest.approx(0.75)
    with pytest.raises(ValueError, match="prevalence"):
        required_samples(3, 1.0)


def test_the_target_is_ranked_in_its_training_samples_alone() -> None:
    """The forest of all of its samples, in which another gene comes first, has no say."""
    subject = cohort_of("a", 20, 20, 2, 1, planted=1)
    first, second = subject.matrix.features
    data = data_of(study_of("a", ranking={"top": 1}), [subject])
    assert data.biomarkers == (first,)
    in_training = subject.matrix.values[::-1].copy()
    assert BiomarkerChoice(data, "a").choose((first, second), in_training, subject.is_case) == (second,)


def test_folds_are_counted_in_patients_of_the_smaller_class() -> None:
    patients = np.repeat(np.arange(8), 4)
    is_case = patients < 3
    assert [usable_folds(asked, patients, is_case) for asked in (2, 3, 10)] == [2, 3, 3]
    assert usable_folds(10, patients, patients < 1) == 0
