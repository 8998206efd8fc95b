"""The lake and Dagster agree again after a process was killed between the two, or after Dagster's records were lost."""

import asyncio
import json
import shutil
import sqlite3
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CODE_VERSION_TAG, DATA_VERSION_TAG
from dagster._core.event_api import PartitionKeyFilter
from dagster._core.loader import LoadingContextForTest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from dmicc_assets.assets import STEPS
from dmicc_assets.checks.registry import CHECKS
from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.currency import Currency, study_currency
from dmicc_assets.lake.failures import note_failure
from dmicc_assets.lake.locks import hold_study
from dmicc_assets.lake.recipes import origin, run_step
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.orchestration.build import build_defs
from dmicc_assets.orchestration.checks import finding_checks, integrity_checks
from dmicc_assets.orchestration.keys import asset_key
from dmicc_assets.orchestration.observed import accessions
from dmicc_assets.orchestration.overdue import made_from
from dmicc_assets.orchestration.reconcile import Agreement, agree, agree_on_shared
from dmicc_assets.orchestration.resources import workspace_resource
from dmicc_assets.orchestration.run import StudyRun
from dmicc_assets.study.settings import Settings
from dmicc_assets.types import ALL_STUDIES, PartitionKey
from dmicc_assets_tests.worlds import made_study as made
from dmicc_assets_tests.worlds.local_study import values_of

pytestmark = pytest.mark.apart
NEW = {"log_fc": 0.3, "p_value": 0.3}


@pytest.fixture
def settings(made_study: Settings) -> Settings:
    return made_study


def differing(settings: Settings) -> set[str]:
    """Up-to-date tables and partitions whose content is not the data version, or whose code is not the version."""
    instance, workspace, found = dg.DagsterInstance.get(), open_workspace(settings), set[str]()
    for state in (each for each in study_currency(workspace, "local", STEPS) if each.is_current):
        for table in state.step.outputs:
            manifest = workspace.lake.manifest(table, state.key)
            assert manifest is not None
            partition = None if state.key == ALL_STUDIES else state.key
            record = instance.get_latest_data_version_record(asset_key(table), partition_key=partition)
            tags = {} if record is None else record.event_log_entry.tags or {}
            if (tags.get(DATA_VERSION_TAG), tags.get(CODE_VERSION_TAG)) != (manifest.content, state.step.version):
                found.add(f"{table} of {state.key}")
    return found


def unchecked(settings: Settings) -> set[str]:
    """Up-to-date steps and partitions with a check that has no result of the latest materialisation, by Dagster."""
    instance, workspace, found = dg.DagsterInstance.get(), open_workspace(settings), set[str]()
    loading = LoadingContextForTest(instance)
    for state in (each for each in study_currency(workspace, "local", STEPS) if each.is_current):
        specs = [*integrity_checks(state.step, None), *finding_checks(state.step, None)]
        partition = PartitionKeyFilter(key=None if state.key == ALL_STUDIES else state.key)
        keys = [spec.key for spec in specs]
        latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys, partition)
        ended = [each for each in latest.values() if each.status != AssetCheckExecutionRecordStatus.PLANNED]
        if sum(asyncio.run(each.targets_latest_materialization(loading)) for each in ended) < len(keys):
            found.add(f"{state.step.name} of {state.key}")
    return found


def n_events(table: str) -> int:
    records = dg.DagsterInstance.get().fetch_materializations(asset_key(table), limit=100).records
    return len(records)


def make_unheard(settings: Settings, name: str, key: str) -> None:
    """Compute a step as a process does that is killed before it can report the result."""
    context = open_workspace(settings).context(made.step_named(name), key)
    run_step(context, origin(context))


def test_a_result_that_dagster_never_heard_of_is_reported_once(settings: Settings) -> None:
    assert differing(settings) == set()
    made.edit_study(settings, differential=NEW)
    make_unheard(settings, "differential", "local.a")
    assert differing(settings) == {"differential/genes of local.a"}, "the statistics are as before"
    n_before = n_events("signature/genes")
    run = StudyRun(open_workspace(settings), "local")
    run.materialise(run.plan("differential"))
    assert differing(settings) == set()
    assert n_events("signature/genes") == n_before, "outdated, and so not reported"
    n_before = n_events("differential/genes")
    assert made.states(made.run_local(settings))["made"] >= {"signature local"}
    assert agree(dg.DagsterInstance.get(), open_workspace(settings), "local", STEPS).reported == []
    assert n_events("differential/genes") == n_before


def test_a_result_that_dagster_never_heard_of_is_reported_again_after_another_kill(settings: Settings) -> None:
    """Dagster refuses a second result of a check of a partition that is of no run."""
    for p_value in (0.3, 0.6):
        made.edit_study(settings, differential={"log_fc": 0.3, "p_value": p_value})
        make_unheard(settings, "differential", "local.a")
        run = StudyRun(open_workspace(settings), "local")
        assert {outcome.state for outcome in run.materialise(run.plan("differential"))} <= {
            "made",
            "current",
            "unchanged",
        }
        assert differing(settings) == set()


def test_a_reconciliation_that_is_interrupted_is_made_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables that are told without their checks would not be told again."""
    made.edit_study(settings, differential=NEW)
    make_unheard(settings, "differential", "local.a")
    unheard = differing(settings)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    run = StudyRun(open_workspace(settings), "local")
    with monkeypatch.context() as patch:
        patch.setattr("dmicc_assets.orchestration.reconcile.report_checks", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run.materialise(run.plan("differential"))
    assert differing(settings) == unheard
    again = StudyRun(open_workspace(settings), "local")
    again.materialise(again.plan("differential"))
    assert differing(settings) == set()


def test_checks_that_a_kill_kept_from_dagster_are_reported_at_the_next_look(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sensor tells without a transaction, as every process does where Dagster's database is a server's."""
    values_of("A", 8, 8, 77).write_csv(settings.study_folders[0] / "A.tsv", separator="\t")
    make_unheard(settings, "files", "local.A")
    instance, workspace = dg.DagsterInstance.get(), open_workspace(settings)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("dmicc_assets.orchestration.reported_checks._forget_earlier", killed)
        with pytest.raises(KeyboardInterrupt):
            agree(instance, workspace, "local", STEPS)
    assert differing(settings) == set(), "the tables were told"
    assert unchecked(settings) == {"files of local.A"}
    assert agree(instance, workspace, "local", STEPS).reported == ["the checks of files of local.A"]
    assert unchecked(settings) == set()
    assert agree(instance, workspace, "local", STEPS).reported == []


def test_checks_of_a_run_that_was_killed_after_its_tables_are_reported(settings: Settings) -> None:
    """Of every step with checks: neither none at all nor those that a dead run had planned are results."""
    instance, workspace = dg.DagsterInstance.get(), open_workspace(settings)
    assert unchecked(settings) == set()
    with sqlite3.connect(settings.dagster_home / "history" / "runs" / "index.db") as events:
        events.execute("DELETE FROM asset_check_executions WHERE partition LIKE '%.a'")
        events.execute("UPDATE asset_check_executions SET execution_status = 'PLANNED', evaluation_event = NULL")
    lost = unchecked(settings)
    assert {"differential of local.a", "findings of local"} <= lost
    reported = agree(instance, workspace, "local", STEPS).reported
    assert {f"the checks of {each}" for each in lost} == {*reported}
    assert unchecked(settings) == set()


def test_a_check_that_failed_in_a_later_attempt_is_told_to_have_passed(settings: Settings) -> None:
    """An edit made a step fail, and was taken back: the result of before is up to date again, and so is its check."""
    instance, workspace = dg.DagsterInstance.get(), open_workspace(settings)
    with sqlite3.connect(settings.dagster_home / "history" / "runs" / "index.db") as events:
        check = "check_name LIKE 'D05%' AND partition = 'local.a'"
        events.execute(f"UPDATE asset_check_executions SET execution_status = 'FAILED' WHERE {check}")
    assert agree(instance, workspace, "local", STEPS).reported == ["the checks of differential of local.a"]
    state_file = settings.dagster_home / "dmicc_told" / "local.json"
    state_file.unlink()
    assert agree(instance, workspace, "local", STEPS).reported == []


def test_the_sensor_reports_what_no_run_is_writing(settings: Settings) -> None:
    made.edit_study(settings, differential=NEW)
    make_unheard(settings, "differential", "local.a")
    instance, workspace = dg.DagsterInstance.get(), open_workspace(settings)
    with hold_study(settings.locks, "local", is_shared=True):
        assert agree(instance, workspace, "local", STEPS) == Agreement()
    definitions = build_defs(workspace)
    resources = {"workspace": workspace_resource(workspace)}
    context = dg.build_sensor_context(instance=instance, definitions=definitions, resources=resources)
    definitions.resolve_sensor_def("source_revisions").evaluate_tick(context)
    assert differing(settings) == set()
    assert agree(instance, workspace, "local", STEPS).reported == []


def test_lost_records_of_dagster_are_filled_again(settings: Settings) -> None:
    n_made = n_events("signature/genes")
    assert n_made == 1
    shutil.rmtree(settings.dagster_home)
    settings.prepare_home()
    outcomes = made.run_local(settings)
    assert set(made.states(outcomes)) == {"current"}
    assert differing(settings) == set()
    instance = dg.DagsterInstance.get()
    checks = instance.event_log_storage.get_latest_asset_check_execution_by_key(
        [dg.AssetCheckKey(asset_key("rigor/findings"), check.asset_check) for check in CHECKS.values()]
    )
    assert len(checks) == len(CHECKS)
    n_runs = instance.get_runs_count()
    made.run_local(settings)
    assert (n_events("signature/genes"), instance.get_runs_count()) == (1, n_runs)


def test_a_study_is_looked_at_again_only_after_a_change(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sensor asks at each tick; to decide what is up to date takes seconds in a large study."""
    looked: list[str] = []

    def counted(*arguments: Any) -> list[Currency]:
        looked.append("looked")
        return study_currency(*arguments)

    monkeypatch.setattr("dmicc_assets.orchestration.reconcile.study_currency", counted)
    instance = dg.DagsterInstance.get()

    def agreed() -> Agreement:
        return agree(instance, open_workspace(settings), "local", STEPS)

    assert [agreed(), agreed(), agreed()] == [Agreement([], [])] + [Agreement()] * 2
    assert len(looked) == 1
    made.edit_study(settings, title="Another title")
    assert agreed().overdue
    assert len(looked) == 2
    made.run_local(settings, only="report")
    assert [agreed().overdue, agreed().overdue] == [[], ()]
    assert len(looked) == 3


class Tick:
    """Ticks of the sensor."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cursor: str | None = None

    def __call__(self) -> dict[str | None, set[str]]:
        """Assets that it requests, by partition."""
        workspace = open_workspace(self._settings)
        definitions = build_defs(workspace)
        resources = {"workspace": workspace_resource(workspace)}
        instance = dg.DagsterInstance.get()
        context = dg.build_sensor_context(
            instance=instance, definitions=definitions, resources=resources, cursor=self._cursor
        )
        found = definitions.resolve_sensor_def("source_revisions").evaluate_tick(context)
        self._cursor = json.dumps(json.loads(found.cursor or "{}") | {"begun": 0.0})  # six hours pass
        return {
            request.partition_key: {key.to_user_string() for key in request.asset_selection or ()}
            for request in found.run_requests or ()
        }


def test_what_is_out_of_date_with_nothing_at_work_is_requested(settings: Settings) -> None:
    """A killed run, or a change that came while its results were made, left a report out of date for ever."""
    tick = Tick(settings)
    assert [tick(), tick()] == [{}, {}]
    made.edit_study(settings, differential=NEW)
    make_unheard(settings, "differential", "local.a")
    late = tick()
    assert "differential/genes" in late["local.b"]
    assert "differential/genes" not in late["local.a"]
    assert "local" not in late, "the study waits for them"
    assert tick() == late, "as long as nobody computes it"
    with hold_study(settings.locks, "local", is_shared=True):
        assert not {"local.a", "local.b", "local"} & tick().keys(), "a run is at work"
    make_unheard(settings, "differential", "local.b")
    assert "signature/genes" in tick()["local"], "what follows, once its inputs are up to date"
    made.run_local(settings)
    assert tick() == {}


def test_a_revision_that_was_reported_and_not_taken_up_is_requested(settings: Settings) -> None:
    """Automation takes up nothing of what was there when it was switched on."""
    tick = Tick(settings)
    assert [tick(), tick()] == [{}, {}]
    values_of("A", 8, 8, 77).write_csv(settings.study_folders[0] / "A.tsv", separator="\t")
    assert tick() == {}, "it is reported, and left to automation"
    assert tick() == {"local.A": {"source/files"}}
    make_unheard(settings, "files", "local.A")
    assert "source/files" not in tick().get("local.A", set())


def test_every_step_that_asks_a_source_is_looked_at(settings: Settings) -> None:
    """The scores of a dataset read gene sets, as the terms of a cohort do."""
    workspace = open_workspace(settings)
    datasets = [f"local.{name}" for name in workspace.study("local").datasets]
    of_sets = {(step.name, key) for step, key in made_from(workspace, None) if key.study == "local"}
    expected = {(step, f"local.{cohort}") for step in ("terms", "gsea", "camera") for cohort in "ab"}
    assert of_sets == expected | {("scores", key) for key in datasets}
    of_series = [pair for each in accessions(workspace) for pair in made_from(workspace, each)]
    assert {(step.name, key) for step, key in of_series if key.study == "local"} == {("files", key) for key in datasets}


def test_what_failed_is_not_requested_again_and_again(settings: Settings) -> None:
    tick = Tick(settings)
    tick()
    made.edit_study(settings, differential=NEW)
    workspace = open_workspace(settings)
    for key in ("local.a", "local.b"):
        context = workspace.context(made.step_named("differential"), key)
        note_failure(workspace.lake, "differential", PartitionKey(key), origin(context).recipe, DmiccError("no"))
    assert tick() == {}


def test_what_all_studies_share_is_reported_too(settings: Settings) -> None:
    instance, workspace = dg.DagsterInstance.get(), open_workspace(settings)
    (table,) = (step.outputs[0] for step in STEPS if step.partition == "all_studies")
    assert agree_on_shared(instance, workspace, STEPS) == Agreement([], [])
    instance.report_runless_asset_event(
        dg.AssetMaterialization(asset_key(table), tags={DATA_VERSION_TAG: "of before a process was killed"})
    )
    assert agree_on_shared(instance, workspace, STEPS).reported == [f"{table} of all"]
    assert agree_on_shared(instance, workspace, STEPS).reported == []
