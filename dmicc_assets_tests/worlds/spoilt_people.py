"""Further ways in which checks of who the samples are can fire or stay silent; the others are `spoilt_studies.py`."""

import polars as pl

from dmicc_assets_tests.worlds.spoilt_studies import NUMBER, REPEATED_PATIENT, Spoil, in_cohort

PATIENTS_OF_TWO_SERIES = in_cohort(
    "b",
    dataset=pl.when(NUMBER % 2 == 0).then(pl.lit("X")).otherwise(pl.lit("Y")),
    patient=pl.format("p{}", NUMBER // 2),
)

WAYS_OF_PEOPLE: list[tuple[str, Spoil, str, str, str]] = [
    ("R15", REPEATED_PATIENT, "info", "b", "the model's errors do not"),
    ("R15", PATIENTS_OF_TWO_SERIES, "ok", "b", "every patient has one sample"),
    ("R15", in_cohort("a", patient=pl.lit(None, pl.String)), "info", "a", "cannot be judged"),
]
