"""The lines at the end of a run say what the tables say, with the reason of an area that surprises."""

import pytest

from dmicc_assets.checks.registry import findings_table, run_checks
from dmicc_assets.cli.summary import study_summary
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
