"""Trivial models: one gene chosen in each fold without its test samples, age and sex, beside the model's nested AUC."""

from dataclasses import replace

import numpy as np
import polars as pl

from dmicc_assets.resampling.nested import FoldWork, fold_tests, nested_cv
from dmicc_assets.resampling.selection import BiomarkerChoice, StudyData
from dmicc_assets.resampling.trivial import BEST_GENE, best_gene_fold, known_covariates, trivial_models
from dmicc_assets_tests.worlds.noise_study import cohort_of, data_of, fold_values, study_of

NOTHING = pl.DataFrame(schema={"sample": pl.String, "characteristics": pl.List(pl.Struct({"key": pl.String}))})


def planted(shift: float, planted: int = 3) -> StudyData:
    study = study_of("a", differential={"log_fc": 0.5, "p_value": 0.05, "adjust": "BH"}, ranking={"top": 3, "folds": 4})
    return data_of(study, [cohort_of("a", 24, 20, 120, 3, planted=planted, shift=shift)], ("G00000", "G00001"))


def described(data: StudyData, **of_case: tuple[str, str]) -> pl.DataFrame:
    """Characteristics of the samples: what cases and what controls have in each field."""
    subject = data.merged["a"]
    told = [
        [{"key": key, "value": values[0] if case else values[1]} for key, values in of_case.items()]
        for case in subject.is_case
    ]
    return pl.DataFrame({"sample": subject.matrix.samples, "characteristics": told})


def test_the_best_gene_of_a_fold_is_that_of_its_training_samples() -> None:
    data = planted(2.0)
    subject = data.merged["a"]
    test = fold_tests(subject, 4, 1, 1)[0]
    values = subject.matrix.values.copy()
    values[50, test] = np.where(subject.is_case[test], 90.0, -90.0)
    told = replace(subject, matrix=replace(subject.matrix, values=values))
    spoilt = replace(data, merged={"a": told}, adjusted={"a": told})
    for each in (data, spoilt):
        work = FoldWork(BiomarkerChoice(each, "a"), fold_values(each), (~test).astype(np.int64), test)
        assert best_gene_fold(work).biomarkers in {("G00000",), ("G00001",), ("G00002",)}


def test_three_genes_are_better_than_the_best_and_one_gene_is_not() -> None:
    several, single = planted(1.6, planted=3), planted(3.0, planted=1)
    rows = {}
    for name, data in (("several", several), ("single", single)):
        nested = nested_cv(data, fold_values(data))
        rows[name] = trivial_models(data, fold_values(data), nested, NOTHING).row(0, named=True)
    assert rows["several"]["predictor"] == BEST_GENE
    assert rows["several"]["difference"] > 0.03
    assert rows["single"]["genes"] == ["G00000"]
    assert rows["single"]["difference_low"] <= 0 <= rows["single"]["difference_high"] + 1e-9


def test_age_and_sex_are_compared_where_most_samples_tell_them() -> None:
    data = planted(2.0)
    samples = described(data, **{"Age (years)": ("71 y", "40"), "gender": ("F", "male"), "stage": ("4", "1")})
    names = data.merged["a"].matrix.samples
    known = known_covariates(samples, names)
    assert {name: set(values) for name, values in known.items()} == {"age": {71.0, 40.0}, "sex": {1.0, 0.0}}
    halves = pl.DataFrame({"sample": names, "sex": ["f", "m"] * (len(names) // 2)})
    told = [[{"key": "sex", "value": sex}, {"key": "age", "value": str(i)}] for i, sex in enumerate(halves["sex"])]
    samples = pl.DataFrame({"sample": names, "characteristics": told})
    rows = trivial_models(data, fold_values(data), nested_cv(data, fold_values(data)), samples)
    clinical = rows.filter(predictor="age and sex").row(0, named=True)
    assert clinical["auc"] > 0.95
    assert clinical["difference"] <= 0


def test_a_field_that_few_tell_or_that_is_the_same_for_all_is_not_known() -> None:
    data = planted(2.0)
    names = data.merged["a"].matrix.samples
    assert known_covariates(described(data, age=("60", "unknown"), sex=("f", "f")), names) == {}


def test_without_folds_there_are_no_rows() -> None:
    data = planted(2.0)
    nested = nested_cv(data, fold_values(data))
    empty = replace(nested, scores=np.full_like(nested.scores, np.nan))
    assert trivial_models(data, fold_values(data), empty, NOTHING).is_empty()
