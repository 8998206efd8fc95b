"""The lines at the end of a run say what the tables say, with the reason of an area that surprises."""

from pathlib import Path

import pytest

from dmicc_assets.assets import STEPS
from dmicc_assets.checks.registry import findings_table, run_checks
from dmicc_assets.cli.stale_lines import stale_lines
from dmicc_assets.cli.summary import study_summary
from dmicc_assets.lake.currency import Currency
from dmicc_assets.lake.store import Lake
from dmicc_assets.results.reader import Results
from dmicc_assets.types import PartitionKey
from dmicc_assets_tests.worlds.sound_study import sound, with_frame
from dmicc_assets_tests.worlds.spoilt_studies import shared_controls, turned


def test_an_area_of_zero_in_the_other_disease_is_explained() -> None:
    evidence = turned(sound())
    lines = dict(study_summary(with_frame(evidence, "rigor/findings", findings_table(run_checks(evidence)))))
    assert lines["AUC of the model in a"] == (
        "0.000 (95 % interval not estimable), external, though its samples chose the genes; it ranks the cases below "
        "the controls, since G1 moves the other way than in b (doubted by M5)"
    )
    assert lines["AUC of the model in SIM3"] == "0.900 (95 % interval 0.870 to 0.930), external"


def test_cohorts_that_share_samples_have_no_p_value_of_sharing() -> None:
    assert ", p " in dict(study_summary(sound()))["signature"]
    said = dict(study_summary(shared_controls(sound())))["signature"]
    assert "the cohorts share samples, so that they must share genes" in said
    assert ", p " not in said


def test_a_model_is_shown_before_it_is_tested_without_an_area() -> None:
    evidence = sound()
    tested = dict(study_summary(evidence))["model"]
    assert tested.startswith("log-odds ")
    assert tested.endswith(f" (log2), fitted in {evidence.study.model_cohort}")
    assert all(gene in tested for gene in evidence.biomarkers)
    lines = study_summary(evidence, {("validation/roc", PartitionKey(evidence.name))})
    assert dict(lines)["model"] == f"{tested}; not tested yet: its area under the curve (AUC) comes with its validation"


def test_shared_genes_are_shown_before_they_are_compared_with_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = with_frame(sound(), "signature/overlap", sound().rows("signature/overlap").head(0))
    monkeypatch.setattr(Results, "is_made", lambda _self, table, _part=None: table == "signature/genes")
    not_made = {("signature/overlap", PartitionKey(evidence.name))}
    assert dict(study_summary(evidence, not_made))["signature"] == "3 genes (not yet compared with chance): G1, G2, G3"
    old = {("signature/genes", PartitionKey(evidence.name))}
    assert dict(study_summary(evidence, old))["signature"].startswith("out of date: 3 genes")


def test_shared_genes_are_shown_while_they_are_compared_with_chance_again(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = sound()
    monkeypatch.setattr(Results, "is_made", lambda _self, _table, _part=None: True)
    again = {("signature/overlap", PartitionKey(evidence.name))}
    assert dict(study_summary(evidence, again))["signature"] == "3 genes (not yet compared with chance): G1, G2, G3"


def test_what_is_old_together_is_shown_together() -> None:
    evidence = sound()
    whole, key = dict(study_summary(evidence)), PartitionKey(evidence.name)
    tables = ("signature/genes", "signature/overlap", "model/coefficients", "validation/roc")
    old = dict(study_summary(evidence, {(table, key) for table in tables}))
    for what in ("signature", "model"):
        assert old[what] == f"out of date: {whole[what]}"


@pytest.mark.parametrize(
    ("n_written", "said"),
    [
        (0, "6 of 15 tables are not made"),
        (1, "1 of 15 tables is out of date, 5 not made"),
        (6, "6 of 15 tables are out of date"),
    ],
)
def test_only_a_table_that_was_made_can_be_out_of_date(tmp_path: Path, n_written: int, said: str) -> None:
    """A first run that failed said that tables were out of date which had never been made, and its message again."""
    lake, key = Lake(tmp_path, tmp_path), PartitionKey("local")
    steps = [next(step for step in STEPS if len(step.outputs) == n) for n in (1, 2, 3, 9)]
    cause = "dataset of local.B failed: B: 8 samples are sick, the study expects 99"
    states = [Currency(step, key, "old", cause, failed=True) for step in steps[:3]] + [Currency(steps[3], key)]
    tables = [table for state in states[:3] for table in state.step.outputs]
    for table in tables[:n_written]:
        lake.path(table, key).parent.mkdir(parents=True, exist_ok=True)
        lake.path(table, key).touch()
    first, second = stale_lines(lake, states)
    assert first == f"{said} (warehouse.partitions has each):"
    assert second.startswith(f"  {cause} ({tables[0]} of local, ")
    assert stale_lines(lake, states, ["dataset of local.B"])[1].startswith(f"  dataset of local.B failed ({tables[0]} ")
    assert stale_lines(lake, states, ["dataset of local.BB"])[1] == second
