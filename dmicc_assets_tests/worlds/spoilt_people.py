"""Further ways in which checks of who the samples are can fire or stay silent; the others are `spoilt_studies.py`."""

import numpy as np
import polars as pl

from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets_tests.worlds.sound_study import with_matrix
from dmicc_assets_tests.worlds.spoilt_studies import (
    NUMBER,
    REPEATED_PATIENT,
    Spoil,
    change,
    in_cohort,
    relation,
    with_values,
)

NUMBER_OF_DATASET = pl.int_range(pl.len()).over("dataset")

PATIENTS_OF_TWO_SERIES = in_cohort(
    "b",
    dataset=pl.when(NUMBER % 2 == 0).then(pl.lit("X")).otherwise(pl.lit("Y")),
    patient=pl.format("p{}", NUMBER // 2),
)


ONE_REPEAT = pl.format("p{}", pl.when(NUMBER == 1).then(0).otherwise(NUMBER))


def stands_twice(values: np.ndarray) -> np.ndarray:
    values[:, 9] = values[:, 4].round(3)
    return values


def on_two_platforms(evidence: StudyEvidence, first: str, second: str) -> StudyEvidence:
    """The second dataset measures the people of the first again, and the titles say so."""
    rng = np.random.default_rng(8)
    own = evidence.matrices[first].values

    def measured_again(values: np.ndarray) -> np.ndarray:
        n = min(values.shape[1], own.shape[1])
        values[:, :n] = 0.8 * own[:, :n] + rng.normal(0, 0.3, own[:, :n].shape)
        return values

    title = pl.format("C{} chip {}", pl.int_range(pl.len()).over("dataset"), "dataset")
    return with_values(second, measured_again)(change("source/samples", title=title)(evidence))


def with_errors(interval: str) -> Spoil:
    """Patients of the model's cohort have two samples, and the model's errors are made in this way."""
    return lambda evidence: change("model/coefficients", interval=pl.lit(interval))(REPEATED_PATIENT(evidence))


def titled_alike(relations: str) -> Spoil:
    """Samples of all datasets have the same titles, and too few genes to compare profiles; SIM3 has these relations."""
    title = pl.format("C{} chip {}", NUMBER_OF_DATASET, "dataset")

    def spoilt(evidence: StudyEvidence) -> StudyEvidence:
        matrix = evidence.matrices["SIM3"]
        few = with_matrix(evidence, "SIM3", matrix.take_features(matrix.features[:40]))
        return relation(relations)(change("source/samples", title=title)(few))

    return spoilt


def titled(control: str, case: str) -> Spoil:
    """Titles whose second word says the group, but for one sample of each."""
    word = pl.when((pl.col("label") == "sick") == (NUMBER_OF_DATASET > 0)).then(pl.lit(case)).otherwise(pl.lit(control))
    return change("source/samples", title=pl.format("Biopsy_{}{}", word, NUMBER_OF_DATASET))


WAYS_OF_PEOPLE: list[tuple[str, Spoil, str, str, str]] = [
    ("D5", titled("barcelona", "milan"), "warning", "a", "word 2 of the title (barcelona, milan)"),
    ("D5", titled("normal", "tumour"), "ok", "a", "strongest"),
    ("I6", with_values("SIM1", stands_twice), "warning", "sound", "1 pair of arrays of SIM1 are the same"),
    ("I6", with_values("SIM3", stands_twice), "warning", "SIM3", "1 pair of arrays of SIM3 are the same"),
    ("I6", lambda e: on_two_platforms(e, "SIM1", "SIM2"), "warning", "sound", "SIM1 and SIM2 are the same people"),
    ("I6", lambda e: on_two_platforms(e, "SIM1", "SIM3"), "error", "SIM3", "SIM1 and SIM3 are the same people"),
    ("I6", titled_alike("SubSeries of: SIM1"), "error", "SIM3", "SIM1 and SIM3 are the same people"),
    ("I6", titled_alike("SubSeries of: SIM12"), "ok", "SIM3", "no sample of it"),
    ("R15", with_errors("clustered"), "info", "b", "resampling account for it, the model's standard errors too"),
    ("R15", with_errors("not estimable"), "info", "b", "the model's standard errors are not estimable"),
    ("R15", in_cohort("a", patient=pl.format("p{}", NUMBER // 2)), "info", "a", "and resampling account for it"),
    ("R15", in_cohort("b", patient=ONE_REPEAT), "info", "b", "too few to estimate a correlation"),
    ("R15", PATIENTS_OF_TWO_SERIES, "ok", "b", "every patient has one sample"),
    ("R15", in_cohort("a", patient=pl.lit(None, pl.String)), "info", "a", "cannot be judged"),
]
