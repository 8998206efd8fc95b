"""Which samples two cohorts of a study share: by name in one dataset, or by a name that is of one sample everywhere."""

import polars as pl
import pytest

from dmicc_assets_tests.worlds.sound_study import sound, with_frame


@pytest.mark.parametrize(
    ("dataset", "sample", "shared"),
    [("y", "S1", []), ("x", "S1", ["S1"]), ("y", "GSM7", ["GSM7"]), ("y", "TCGA-W5-AA2G-01", ["TCGA-W5-AA2G-01"])],
)
def test_samples_of_two_local_files_are_not_the_same_for_their_names(
    dataset: str, sample: str, shared: list[str]
) -> None:
    rows = pl.DataFrame({"cohort": ["a", "b"], "dataset": ["x", dataset], "sample": [sample] * 2})
    assert with_frame(sound(), "cohort/samples", rows).samples_of_two_cohorts == shared
