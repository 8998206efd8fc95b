"""Nothing leaks: what a fold chooses and fits does not depend on the samples that it scores."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from dmicc_assets.expression.counts import log2_counts
from dmicc_assets.resampling.arrays import CountedArrays, FoldValues, LogArrays, log_arrays
from dmicc_assets.resampling.fold_models import Fold
from dmicc_assets.resampling.nested import FoldWork, bootstrap_cv, fold_tests, nested_cv, run_work
from dmicc_assets.resampling.other_cohorts import choice_without
from dmicc_assets.resampling.resampled_roc import combine_632plus, mean_curve, resampled_roc
from dmicc_assets.resampling.resamples import bootstrap_counts, patient_index
from dmicc_assets.resampling.selection import BiomarkerChoice, StudyData
from dmicc_assets.resampling.stability import selection_stability
from dmicc_assets.stats.quantile_normalisation import quantile_normalise
from dmicc_assets.study.schema import Dataset
from dmicc_assets.types import CaseControl, ExpressionMatrix
from dmicc_assets_tests.worlds.noise_study import cohort_of, data_of, fold_values, study_of


def two_cohorts(batch: str = "covariate", n_genes: int = 300) -> StudyData:
    """Cohort b merges two datasets that differ by a shift in every gene; six genes are planted in both cohorts."""
    study = study_of(
        "a",
        "b",
        differential={"log_fc": 0.5, "p_value": 0.05, "adjust": "BH"},
        ranking={"top": 3},
        model={"cohort": "b"},
    )
    cohort = study.cohorts["b"].model_copy(update={"datasets": ["B1", "B2"], "batch": batch})
    study = study.model_copy(update={"cohorts": {**study.cohorts, "b": cohort}})
    a = cohort_of("a", 15, 15, n_genes, 1, planted=6)
    b = cohort_of("b", 20, 16, n_genes, 2, planted=6)
    dataset = tuple("B1" if i % 3 else "B2" for i in range(36))
    shift = np.random.default_rng(3).normal(0, 2, size=(n_genes, 1)) * (np.array(dataset) == "B2")
    merged = replace(b, dataset=dataset, matrix=replace(b.matrix, values=b.matrix.values + shift))
    genes = tuple(f"G{i:05d}" for i in range(3))
    plain = data_of(study_of("a", "b", model={"cohort": "b"}), [a, b], genes)
    return replace(plain, study=study, merged={"a": a, "b": merged}, adjusted={"a": a, "b": b})


def fold_of(data: StudyData, source: FoldValues, test: np.ndarray) -> Fold:
    return run_work(FoldWork(BiomarkerChoice(data, data.target), source, (~test).astype(np.int64), test))


@pytest.mark.parametrize("batch", ["covariate", "combat", "none"])
@pytest.mark.parametrize("poison", [1e6, -40.0])
def test_a_poisoned_test_fold_changes_nothing_that_was_chosen(batch: str, poison: float) -> None:
    data = two_cohorts(batch)
    subject = data.merged["b"]
    test = fold_tests(subject, 5, 1, 1)[0]
    values = subject.matrix.values.copy()
    values[:, test] = poison
    poisoned = replace(subject, matrix=replace(subject.matrix, values=values))
    clean = fold_of(data, fold_values(data), test)
    spoilt = fold_of(data, replace(fold_values(data), subject=poisoned), test)
    assert clean.biomarkers
    assert (spoilt.signature, spoilt.biomarkers, spoilt.cut_off) == (clean.signature, clean.biomarkers, clean.cut_off)
    assert not np.allclose(spoilt.scores, clean.scores)


def test_labels_of_the_test_fold_change_nothing_at_all() -> None:
    data = two_cohorts()
    subject = data.merged["b"]
    test = fold_tests(subject, 5, 1, 1)[0]
    flipped = replace(subject, is_case=np.where(test, ~subject.is_case, subject.is_case))
    clean, other = (
        fold_of(data, fold_values(data), test),
        fold_of(data, replace(fold_values(data), subject=flipped), test),
    )
    np.testing.assert_array_equal(clean.scores, other.scores)


def test_a_sentinel_is_chosen_on_all_samples_and_not_inside_the_fold() -> None:
    # Labels are permuted, then one gene is made to know the labels of the samples of one fold only.
    study = study_of("a", differential={"log_fc": 0.0, "p_value": 0.01}, ranking={"folds": 5})
    subject = cohort_of("a", 30, 30, 500, 7)
    is_case = np.random.default_rng(8).permutation(subject.is_case)
    subject = replace(subject, is_case=is_case)
    data = data_of(study, [subject])
    test = fold_tests(subject, 5, 2, study.rigor.seed)[0]
    values = subject.matrix.values.copy()
    values[0, test] = np.where(is_case[test], 60.0, -60.0)
    told = replace(subject, matrix=replace(subject.matrix, values=values))
    assert "G00000" in set(data_of(study, [told]).genes["a"]["gene"])
    assert "G00000" not in set(data.genes["a"]["gene"])
    assert "G00000" not in fold_of(data, replace(fold_values(data), subject=told), test).signature


def with_shared_controls() -> StudyData:
    """Noise in which cohort a has the controls of the target b."""
    study = study_of("a", "b", model={"cohort": "b"}, ranking={"top": 3}, rigor={"bootstraps": 4, "repeats": 1})
    b = cohort_of("b", 20, 12, 500, 2)
    a = cohort_of("a", 20, 12, 500, 1)
    controls = np.flatnonzero(~b.is_case)
    values = np.hstack([a.matrix.values[:, :20], b.matrix.values[:, controls]])
    names = a.matrix.samples[:20] + tuple(b.matrix.samples[i] for i in controls)
    return data_of(study, [replace(a, matrix=ExpressionMatrix(values, a.matrix.features, names)), b], ("G00000",))


def test_other_cohorts_choose_without_the_controls_that_a_fold_holds_out() -> None:
    data = with_shared_controls()
    test = fold_tests(data.merged["b"], 4, 1, 1)[0]
    held = {name for name, out in zip(data.merged["b"].matrix.samples, test, strict=True) if out}
    clean = fold_of(data, fold_values(data), test)
    poisoned: dict[str, CaseControl] = {}
    for name, subject in data.merged.items():
        values = subject.matrix.values.copy()
        values[:, [sample in held for sample in subject.matrix.samples]] += 5.0
        poisoned[name] = replace(subject, matrix=replace(subject.matrix, values=values))
    spoilt = data_of(data.study, list(poisoned.values()), data.biomarkers)
    fold = fold_of(spoilt, fold_values(spoilt), test)
    assert clean.biomarkers
    assert (fold.signature, fold.biomarkers, fold.cut_off) == (clean.signature, clean.biomarkers, clean.cut_off)


def test_a_held_out_patient_is_known_by_its_dataset_in_another_cohort() -> None:
    data = with_shared_controls()
    renamed = {
        name: replace(each, patient=tuple(f"p{i}" for i in range(32)), dataset=("X",) * 32)
        for name, each in data.merged.items()
    }
    renamed["a"] = replace(
        renamed["a"], matrix=replace(renamed["a"].matrix, samples=tuple(f"other{i}" for i in range(32)))
    )
    choice = BiomarkerChoice(replace(data, merged=renamed, adjusted=renamed), "b")
    without = choice_without(choice, np.arange(32) == 30)
    assert without.data.merged["a"].patient == tuple(f"p{i}" for i in range(32) if i != 30)
    elsewhere = {**renamed, "a": replace(renamed["a"], dataset=("Y",) * 32)}
    choice = BiomarkerChoice(replace(data, merged=elsewhere, adjusted=elsewhere), "b")
    assert choice_without(choice, np.arange(32) == 30) is choice


def measured(values: np.ndarray, is_counted: bool) -> FoldValues:
    """A cohort of one dataset, 12 cases and 12 controls, as it was before normalisation over its samples."""
    names = tuple(f"s{i:02d}" for i in range(24))
    genes = tuple(f"G{i:05d}" for i in range(len(values)))
    matrix = ExpressionMatrix(values, genes, names)
    rule = [{"label": "sick", "where": {"any": "sick"}}, {"label": "well", "where": {"any": "well"}}]
    spec = Dataset.model_validate({"source": "file", "matrix": "m", "labels": rule, "scale": "log2"})
    arrays = CountedArrays(matrix) if is_counted else log_arrays(matrix, None, spec)
    labels = ["sick"] * 12 + ["well"] * 12
    samples = pl.DataFrame({"sample": names, "label": labels}).with_columns(patient=pl.lit(None, dtype=pl.String))
    subject = CaseControl("a", "cohort", arrays.genes(), np.arange(24) < 12, ("A",) * 24, (None,) * 24)
    return FoldValues("a", study_of("a").cohorts["a"], subject, {"A": arrays}, {"A": arrays.genes()}, {"A": samples})


@pytest.mark.parametrize("is_counted", [False, True])
def test_a_poisoned_test_fold_shapes_no_normalisation(is_counted: bool) -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(8, 1, (80, 24)) + np.where(np.arange(80)[:, None] < 4, np.where(np.arange(24) < 12, 2.5, 0), 0)
    values = rng.poisson(2.0**values) if is_counted else values
    clean = measured(values.astype(float), is_counted)
    test = fold_tests(clean.subject, 4, 1, 1)[0]
    spoilt = values.astype(float)
    spoilt[:, test] = rng.integers(0, 5000, (80, int(test.sum())))
    data = data_of(study_of("a", ranking={"top": 3}), [clean.subject])
    found, other = (fold_of(data, source, test) for source in (clean, measured(spoilt, is_counted)))
    assert found.biomarkers
    assert (other.signature, other.biomarkers, other.cut_off) == (found.signature, found.biomarkers, found.cut_off)
    assert not np.allclose(found.scores, other.scores)


def test_samples_that_are_not_held_out_are_as_the_study_has_them() -> None:
    counts = np.random.default_rng(7).poisson(40, (50, 24)).astype(float)
    source = measured(counts, is_counted=True)
    expected = log2_counts(ExpressionMatrix(counts, source.subject.matrix.features, source.subject.matrix.samples))
    np.testing.assert_array_equal(source.values([]).values, expected.values)


@pytest.mark.parametrize("collapse", ["mean", "median", "max_mean"])
def test_held_out_arrays_shape_no_normalisation_and_no_probe(collapse: str) -> None:
    rng = np.random.default_rng(4)
    values = np.round(rng.gamma(2, 3, size=(60, 12)), 1) * np.linspace(0.8, 1.3, 12)
    values[3, 5] = np.nan
    arrays = arrays_of(values, collapse)
    held_out = ["s02", "s07"]
    poisoned = values.copy()
    poisoned[:, [2, 7]] = rng.gamma(9, 30, size=(60, 2))
    kept = [name for name in arrays.matrix.samples if name not in held_out]
    clean = arrays.genes(held_out).take_samples(kept)
    np.testing.assert_array_equal(clean.values, arrays_of(poisoned, collapse).genes(held_out).take_samples(kept).values)


def test_without_held_out_arrays_values_are_the_study_s() -> None:
    values = np.round(np.random.default_rng(5).normal(8, 2, size=(60, 9)), 1)
    values[7, 2] = np.nan
    arrays = arrays_of(values, "mean")
    expected = quantile_normalise(values).reshape(20, 3, 9)
    np.testing.assert_allclose(arrays.genes().values, np.nanmean(expected, axis=1), rtol=1e-12)


def arrays_of(values: np.ndarray, collapse: str) -> LogArrays:
    """Three probes a gene."""
    probes = tuple(f"p{i:02d}" for i in range(60))
    table = pl.DataFrame({"probe": probes, "gene": [f"g{i // 3:02d}" for i in range(60)], "n_symbols": [1] * 60})
    rule = [{"label": "all", "where": {"any": "."}}]
    spec = Dataset.model_validate(
        {"source": "file", "matrix": "m.tsv", "labels": rule, "scale": "log2", "collapse": collapse}
    )
    matrix = ExpressionMatrix(values, probes, tuple(f"s{j:02d}" for j in range(values.shape[1])))
    return log_arrays(matrix, table, spec)


def test_numbers_do_not_depend_on_the_number_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dmicc_assets.resampling.parallel._WORTH_STARTING", 0.0)
    data = two_cohorts()
    study = data.study.model_copy(
        update={"rigor": data.study.rigor.model_copy(update={"bootstraps": 16, "repeats": 1})}
    )
    data = replace(data, study=study)
    one, two = (resampled_roc(data, fold_values(data), n_jobs) for n_jobs in (1, 2))
    assert one.roc.equals(two.roc)
    assert one.roc_curve.equals(two.roc_curve)
    assert one.roc["kind"].to_list() == ["nested_cv", "leaky_cv", "bootstrap_632plus"]
    assert one.roc["interval"].to_list() == ["patient_bootstrap", "patient_bootstrap", None]


def test_the_mean_curve_has_the_mean_area() -> None:
    data = two_cohorts()
    predicted = nested_cv(data, fold_values(data))
    noisy = predicted.scores + np.random.default_rng(1).normal(0, 8, predicted.scores.shape).round()
    is_case = data.merged["b"].is_case
    fpr, tpr = mean_curve(noisy, is_case)
    areas = []
    for score in noisy:
        cases, controls = score[is_case][:, None], score[~is_case][None]
        areas.append(((cases > controls) + 0.5 * (cases == controls)).mean())
    assert np.trapezoid(tpr, fpr) == pytest.approx(np.mean(areas), abs=1e-12)
    assert (np.diff(fpr) >= 0).all()
    assert (fpr[0], tpr[0]) == (0, 0)
    assert (fpr[-1], tpr[-1]) == (1, 1)


def test_a_fold_that_chooses_nothing_predicts_the_training_log_odds() -> None:
    study = study_of("a", differential={"log_fc": 9.0, "p_value": 0.05})
    data = data_of(study, [cohort_of("a", 20, 10, 50, 1)], ("G00000",))
    test = fold_tests(data.merged["a"], 5, 1, 1)[0]
    fold = fold_of(data, fold_values(data), test)
    assert fold.signature == fold.biomarkers == ()
    share = data.merged["a"].is_case[~test].mean()
    np.testing.assert_allclose(fold.scores, np.log(share / (1 - share)))


@pytest.mark.parametrize(("n_case", "n_control"), [(12, 12), (30, 13), (48, 14), (149, 6)])
def test_folds_that_choose_nothing_are_no_better_and_no_worse_than_chance(n_case: int, n_control: int) -> None:
    # Pooled at each fold's own share of cases the area was 0.375 with 12 and 12: who is held out lacks in training.
    study = study_of("a", differential={"log_fc": 9.0, "p_value": 0.05}, rigor={"bootstraps": 0, "repeats": 2})
    data = data_of(study, [cohort_of("a", n_case, n_control, 50, 1)], ("G00000",))
    nested = resampled_roc(data, fold_values(data)).roc.filter(kind="nested_cv")
    assert nested.select("auc", "ci_low", "ci_high").row(0) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize("batch", ["covariate", "combat"])
def test_training_samples_that_cannot_tell_the_groups_choose_nothing(batch: str) -> None:
    # One control stands between a dataset of cases and one of controls: without it the batch would be the disease.
    subject = cohort_of("a", 12, 12, 200, 1)
    dataset = tuple("B2" if case or i == 23 else "B1" for i, case in enumerate(subject.is_case))
    values = subject.matrix.values + 4.0 * (np.array(dataset) == "B1")
    subject = replace(subject, dataset=dataset, matrix=replace(subject.matrix, values=values))
    study = study_of("a", differential={"log_fc": 1.0, "p_value": 0.05, "adjust": "BH"})
    cohort = study.cohorts["a"].model_copy(update={"batch": batch, "datasets": ["B1", "B2"]})
    study = study.model_copy(update={"cohorts": {"a": cohort}})
    genes = pl.DataFrame({"gene": ["G00000"]})
    data = StudyData(study, {"a": subject}, {"a": subject}, {"a": genes}, ("G00000",))
    test = np.arange(24) == 23
    fold = fold_of(data, FoldValues("a", cohort, subject, {}, {}, {}), test)
    assert fold.signature == ()
    np.testing.assert_allclose(fold.scores, np.log(12 / 11))
    stability = selection_stability(data).filter(method="leave_one_control_out:a")
    # Never in the draw that lacks that control; ComBat makes groups differ in the others (D6 warns of it).
    assert max(stability["frequency"].to_list(), default=0.0) < 1


def test_patients_stay_together_and_bootstraps_score_only_the_patients_left_out() -> None:
    subject = cohort_of("a", 12, 12, 40, 1, planted=3)
    patients = tuple(f"p{i % 12}" for i in range(24))
    subject = replace(subject, patient=patients)
    for test in fold_tests(subject, 6, 3, 1):
        assert {p for p, t in zip(patients, test, strict=True) if t}.isdisjoint(
            p for p, t in zip(patients, test, strict=True) if not t
        )
    data = data_of(study_of("a"), [subject])
    predicted = bootstrap_cv(data, fold_values(data))
    settings = data.study.rigor
    drawn = bootstrap_counts(subject, settings.bootstraps, np.random.default_rng([settings.seed, 632]))
    np.testing.assert_array_equal(np.isfinite(predicted.scores), drawn == 0)
    for row in np.isfinite(predicted.scores):
        index = patient_index(subject)
        assert all(len(set(row[index == p].tolist())) == 1 for p in range(12))


@pytest.mark.parametrize(
    ("apparent", "out_of_bag", "expected"),
    [
        (1.0, 1.0, 1.0),
        (1.0, 0.5, 0.5),
        (0.9, 0.7, 0.368 * 0 + 0.9 - (0.9 - 0.7) * 0.632 / (1 - 0.368 * 0.5)),
        (1.0, 0.3, 0.5),
    ],
)
def test_632plus(apparent: float, out_of_bag: float, expected: float) -> None:
    got = combine_632plus(np.array([apparent]), np.array([out_of_bag]))[0]
    assert got == pytest.approx(expected)


def bad(subject: CaseControl, **changes: object) -> StudyData:
    return data_of(study_of("a", **changes), [subject], ("G00000",))


def test_fewer_controls_than_folds_are_fewer_folds() -> None:
    data = bad(cohort_of("a", 20, 3, 60, 1, planted=4))
    assert len(fold_tests(data.merged["a"], 10, 2, 1)) == 2 * 3
    assert resampled_roc(data, fold_values(data)).roc.height == 3


def test_one_control_cannot_be_cross_validated() -> None:
    data = bad(cohort_of("a", 20, 1, 60, 1, planted=4), rigor={"bootstraps": 0})
    assert resampled_roc(data, fold_values(data)).roc.is_empty()


def test_without_biomarkers_there_are_no_rows() -> None:
    data = data_of(study_of("a", differential={"log_fc": 9.0}), [cohort_of("a", 20, 10, 50, 1)], ())
    found = resampled_roc(data, fold_values(data))
    assert found.roc.is_empty()
    assert found.roc_curve.is_empty()


def test_identical_classes_have_an_area_of_one_half() -> None:
    subject = cohort_of("a", 20, 20, 30, 1)
    values = subject.matrix.values.copy()
    values[:, 20:] = values[:, :20]
    data = bad(
        replace(subject, matrix=replace(subject.matrix, values=values)), differential={"log_fc": 0.0, "p_value": 1.0}
    )
    auc = resampled_roc(data, fold_values(data)).roc.filter(kind="leaky_cv")["auc"][0]
    assert 0.2 < auc <= 0.5
