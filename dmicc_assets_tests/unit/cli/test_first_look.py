"""What the first look of a run promises of the rest, before and after a source failed."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from dmicc_assets.assets import STEPS
from dmicc_assets.cli.first_look import what_follows
from dmicc_assets.cli.summary import study_summary
from dmicc_assets.lake.making import Outcome
from dmicc_assets.lake.steps import Step, partition_keys
from dmicc_assets.lake.untried import untried, untried_after
from dmicc_assets.lake.workspace import Workspace, open_workspace
from dmicc_assets.types import PartitionKey
from dmicc_assets_tests.worlds.local_study import local_study, values_of
from dmicc_assets_tests.worlds.sound_study import sound

STUDY = PartitionKey("local")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(local_study(tmp_path, {name: values_of(name, 6, 6, 1) for name in "AB"}))


def plan_of(workspace: Workspace, steps: Sequence[Step] = STEPS) -> list[tuple[Step, PartitionKey]]:
    study = workspace.studies["local"]
    return [(step, key) for step in steps for key in partition_keys(step.partition, study)]


def outcome_of(name: str, key: str) -> Outcome:
    return Outcome(next(step for step in STEPS if step.name == name), PartitionKey(key), "failed", message="gone")


def test_a_failed_source_leaves_all_untried_that_needs_it(workspace: Workspace) -> None:
    plan = plan_of(workspace)
    assert untried(workspace, plan, []) == {}
    found = untried(workspace, plan, [outcome_of("files", "local.A")])
    assert set(found.values()) == {"files of local.A"}
    assert {("source/files", "local.A"), ("signature/genes", STUDY), ("report/study", STUDY)} <= found.keys()
    assert ("source/files", "local.B") not in found
    rest = [Outcome(step, key, "made") for step, key in plan if (step.name, key) != ("roc", STUDY)]
    assert untried_after(workspace, [*rest, outcome_of("roc", "local")])["validation/roc", STUDY] == "roc of local"


def test_no_more_is_promised_than_can_follow(workspace: Workspace) -> None:
    plan = plan_of(workspace)
    assert what_follows("local", plan, {}) == "; validation, checks, figures and report follow"
    unmade = untried(workspace, plan, [outcome_of("roc", "local")])
    said = what_follows("local", plan, unmade)
    assert said == "; validation, checks, figures and report do not follow, because roc of local failed"
    only_report = {each: why for each, why in unmade.items() if each[0] == "report/study"}
    assert what_follows("local", plan, only_report) == (
        "; validation, checks follow; figures and report do not follow, because roc of local failed"
    )
    of_signature = [step for step in STEPS if "signature/genes" in step.outputs]
    assert what_follows("local", plan_of(workspace, of_signature), {}) == ""


def test_the_table_says_why_a_model_was_not_tested() -> None:
    evidence = sound()
    roc = ("validation/roc", PartitionKey(evidence.name))
    model = dict(study_summary(evidence, {roc}, {roc: "files of sound.SIM3"}))["model"]
    assert model.endswith("; not tested, because files of sound.SIM3 failed")
    assert "not tested" not in dict(study_summary(evidence, {}, {roc: "files of sound.SIM3"}))["model"]
