"""What M5 says of a validation dataset: only intervals below 0.5 show that a model or a gene goes the other way."""

import polars as pl

from dmicc_assets.checks.finding import Finding
from dmicc_assets.checks.reproducibility import directions
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets_tests.worlds.sound_study import sound, with_frame

Area = tuple[float, float | None, float | None]


def with_areas(areas: dict[str, Area]) -> StudyEvidence:
    """The sound study with other areas and intervals in SIM3, by predictor."""
    rows = sound().rows("validation/roc").to_dicts()
    for row in rows:
        if row["subject"] == "SIM3" and row["predictor"] in areas:
            row["auc"], row["ci_low"], row["ci_high"] = areas[row["predictor"]]
    return with_frame(sound(), "validation/roc", pl.DataFrame(rows, infer_schema_length=None))


def in_sim3(areas: dict[str, Area]) -> list[Finding]:
    return [each for each in directions(with_areas(areas)) if each.subject == "SIM3"]


def test_an_area_without_interval_does_not_show_that_the_model_ranks_cases_below_controls() -> None:
    assert in_sim3({"model": (0.49, None, None)}) == []
    assert in_sim3({"model": (0.49, 0.3, 0.68)}) == []


def test_a_gene_goes_the_other_way_outside_only_if_its_interval_is_below_one_half() -> None:
    (unsure,) = in_sim3({"model": (0.2, 0.1, 0.3), "G1": (0.45, 0.3, 0.6)})
    assert unsure.message == "the AUC of the model is 0.200: it ranks the cases below the controls"
    (sure,) = in_sim3({"model": (0.2, 0.1, 0.3), "G1": (0.3, 0.2, 0.4)})
    assert sure.message.endswith(", since G1 moves the other way than in b")
