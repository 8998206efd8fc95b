"""*Materialize* in the UI on what is up to date, and `dmicc run` beside it: one decision, the same for both."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path
from time import time
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from filelock import FileLock

from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.locks import hold_study
from dmicc_assets.lake.store import Lake
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.orchestration.build import build_defs
from dmicc_assets.orchestration.keys import CATALOG, RUN_TAG, STUDY_TAG, asset_key
from dmicc_assets.orchestration.launch import Launcher
from dmicc_assets.orchestration.origin import MODULE
from dmicc_assets.orchestration.recorded_run import RecordedRun
from dmicc_assets.orchestration.resources import workspace_resource
from dmicc_assets.orchestration.run import StudyRun
from dmicc_assets.orchestration.task import Answer
from dmicc_assets.orchestration.told import TOLD_AGAIN_AFTER, begin_telling, last_told
from dmicc_assets.study.settings import Settings, load_settings
from dmicc_assets.tables import TABLES
from dmicc_assets.types import PartitionKey
from dmicc_assets.warehouse.build import open_warehouse
from dmicc_assets_tests.worlds import made_study as made

PLANNED = dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED


@pytest.fixture
def settings(made_study: Settings) -> Settings:
    return made_study


@pytest.fixture
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.get() as instance:
        yield instance


def materialize(
    settings: Settings, instance: dg.DagsterInstance, key: str, *tables: str, **config: bool
) -> dg.ExecuteInProcessResult:
    """One run of assets of a partition, as the UI launches it."""
    steps = {step.name for step in made.STEPS if set(step.outputs) & set(tables)}
    return (
        build_defs(open_workspace(settings))
        .resolve_implicit_global_asset_job_def()
        .execute_in_process(
            instance=instance,
            asset_selection=[asset_key(table) for table in tables],
            partition_key=key,
            run_config={"ops": {step: {"config": config} for step in steps}},
            raise_on_error=False,
        )
    )


def outputs(*steps: str) -> list[str]:
    return [table for step in steps for table in made.step_named(step).outputs]


def versions(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """The data version of each table that a run materialised."""
    found: dict[str, str] = {}
    for event in result.get_asset_materialization_events():
        materialization = event.step_materialization_data.materialization
        found["/".join(materialization.asset_key.path)] = (materialization.tags or {})["dagster/data_version"]
    return found


def test_the_runs_of_one_command_are_one_a_partition_key_and_one_for_the_report_and_stand_together(
    instance: dg.DagsterInstance,
) -> None:
    runs = instance.get_runs()
    keys = [run.tags.get("dagster/partition") for run in reversed(runs)]
    assert keys == ["local.A", "local.B", "local.V", "local.a", "local.b", "local", "local", None]
    assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
    assert {run.tags[STUDY_TAG] for run in runs} == {"local"}
    (name,) = {run.tags[RUN_TAG] for run in runs}
    assert name.startswith("local, 20")


def test_nothing_to_do_starts_no_run(settings: Settings, instance: dg.DagsterInstance) -> None:
    before = instance.get_runs_count()
    assert set(made.states(made.run_local(settings))) == {"current"}
    assert instance.get_runs_count() == before


def test_a_step_that_is_up_to_date_says_again_what_is_there(settings: Settings, instance: dg.DagsterInstance) -> None:
    lake, tables = Lake(settings.lake, settings.locks), outputs("ranking", "findings")
    before = {table: lake.manifest(table, "local") for table in tables}
    result = materialize(settings, instance, "local", *tables)
    assert result.success
    assert {table: lake.manifest(table, "local") for table in tables} == before, "nothing was computed"
    assert versions(result) == {table: manifest.content for table, manifest in before.items() if manifest}
    events = [record.dagster_event for record in instance.all_logs(result.run_id, of_type=PLANNED)]
    planned = {event.asset_check_planned_data.asset_check_key for event in events if event is not None}
    evaluated = {check.asset_check_key for check in result.get_asset_check_evaluations()}
    assert planned == evaluated
    assert len(evaluated) > 40
    made_events = result.get_asset_materialization_events()
    metadata = [event.step_materialization_data.materialization.metadata for event in made_events]
    assert {str(each["what_changed"].value) for each in metadata} == {
        "nothing: it was up to date and not computed again"
    }
    assert all("first_rows" in each for each in metadata if each["dagster/row_count"].value)


def test_it_requests_nothing_downstream(settings: Settings, instance: dg.DagsterInstance) -> None:
    defs = build_defs(open_workspace(settings))
    chosen = dg.AssetSelection.assets(*(asset_key(table) for table in TABLES), CATALOG)
    first = dg.evaluate_automation_conditions(defs, instance, asset_selection=chosen)
    materialize(settings, instance, "local.a", *outputs("cohort", "differential"))
    again = dg.evaluate_automation_conditions(defs, instance, asset_selection=chosen, cursor=first.cursor)
    assert again.total_requested == 0
    made.edit_study(settings, differential={"log_fc": 0.3, "p_value": 0.3})
    materialize(settings, instance, "local.a", *outputs("differential"))
    then = dg.evaluate_automation_conditions(
        build_defs(open_workspace(settings)), instance, asset_selection=chosen, cursor=again.cursor
    )
    assert then.get_requested_partitions(asset_key("signature/genes")) == {"local"}, "new content does request"


def test_what_is_missing_downstream_in_the_same_run_is_made(settings: Settings, instance: dg.DagsterInstance) -> None:
    lake = Lake(settings.lake, settings.locks)
    for table in outputs("ranking"):
        lake.path(table, "local").unlink()
    before = lake.manifest("signature/genes", "local")
    result = materialize(settings, instance, "local", *outputs("signature", "ranking"))
    assert result.success
    assert lake.manifest("signature/genes", "local") == before
    ranking = lake.manifest("signature/ranking", "local")
    assert ranking is not None
    assert ranking.run_id == result.run_id


def test_force_computes_again(settings: Settings, instance: dg.DagsterInstance) -> None:
    lake = Lake(settings.lake, settings.locks)
    before = lake.manifest("signature/genes", "local")
    result = materialize(settings, instance, "local", *outputs("signature"), force=True)
    after = lake.manifest("signature/genes", "local")
    assert before is not None
    assert after is not None
    assert (after.run_id, after.content) == (result.run_id, before.content)


def test_verify_makes_what_is_damaged_again(settings: Settings, instance: dg.DagsterInstance) -> None:
    lake = Lake(settings.lake, settings.locks)
    path = lake.path("signature/genes", "local")
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
    assert materialize(settings, instance, "local", *outputs("signature")).success
    assert not lake.verify("signature/genes", "local"), "the size alone does not show it"
    assert materialize(settings, instance, "local", *outputs("signature"), verify=True).success
    assert lake.verify("signature/genes", "local")


def test_a_failure_in_the_ui_is_in_the_warehouse_and_on_the_assets_at_once(
    settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("the forest does not grow")

    with monkeypatch.context() as patch:
        patch.setattr("dmicc_assets.assets.signature.rank_signature", fails)
        assert not materialize(settings, instance, "local", *outputs("ranking"), force=True).success
    cause = "ranking of local failed: ranking of local: the forest does not grow"
    with open_warehouse(settings) as connection:
        query = "SELECT DISTINCT root_cause FROM warehouse.partitions WHERE NOT is_current"
        assert connection.execute(query).fetchall() == [(cause,)]
    assert out_of_date(instance, "rigor/findings") == [f"blocked: {cause}"]
    assert materialize(settings, instance, "local", *outputs("ranking"), force=True).success
    assert out_of_date(instance, "rigor/findings") == ["no longer: it is up to date", f"blocked: {cause}"]


def out_of_date(instance: dg.DagsterInstance, table: str) -> list[str]:
    """What Dagster was told of an asset being out of date, the latest first."""
    observations = [record.asset_observation for record in instance.fetch_observations(asset_key(table), 10).records]
    return [str(each.metadata["out_of_date"].value) for each in observations if each is not None]


def test_a_run_of_the_ui_waits_for_a_command_that_has_the_study_for_itself(
    settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, said = FileLock(settings.locks / "run.local.lock"), list[str]()
    command.acquire()

    def hold(*of: Any, report_waiting: object, **how: Any) -> AbstractContextManager[None]:
        def report(text: str) -> None:
            said.append(text)
            command.release()

        return hold_study(*of, report_waiting=report, **how)

    monkeypatch.setattr("dmicc_assets.lake.workspace.hold_study", hold)
    assert materialize(settings, instance, "local", *outputs("signature")).success
    assert said == ["another run of local is in progress (in the Dagster UI); waiting for it to end"]


def test_the_settings_are_a_resource_that_can_lead_elsewhere(tmp_path: Path) -> None:
    workspace = open_workspace(load_settings(home=tmp_path / "here", studies=str(tmp_path)))
    resource = workspace_resource(workspace)
    assert resource.opened() is workspace
    elsewhere = type(resource)(**resource.model_dump() | {"home": str(tmp_path / "there")})
    assert elsewhere.opened().settings == load_settings(home=tmp_path / "there", studies=str(tmp_path))


def test_a_step_is_told_as_it_begins_and_as_it_ends(settings: Settings) -> None:
    made.edit_study(settings, differential={"log_fc": 0.3, "p_value": 0.3})
    run, said = StudyRun(open_workspace(settings), "local"), list[str]()
    run.materialise(
        run.plan("differential"),
        lambda step, key: said.append(f"{step} of {key} begins"),
        lambda outcome: said.append(f"{outcome.step.name} of {outcome.key}: {outcome.state}"),
    )
    first, second = ("local.a", "local.b") if "local.a" in said[0] else ("local.b", "local.a")
    assert said == [
        line for key in (first, second) for line in (f"differential of {key} begins", f"differential of {key}: made")
    ], "which of two cohorts is first depends on the time that they took before"


def test_the_ui_starts_a_whole_study(settings: Settings, instance: dg.DagsterInstance) -> None:
    made.edit_study(settings, differential={"log_fc": 0.3, "p_value": 0.3})
    job = build_defs(open_workspace(settings)).resolve_job_def("run_study")
    result = job.execute_in_process(instance=instance, partition_key="local", raise_on_error=False)
    assert result.success
    assert set(made.states(made.run_local(settings))) == {"current"}
    of_it = [run for run in instance.get_runs() if run.tags.get(RUN_TAG, "").startswith("local, ")]
    assert len({run.tags[RUN_TAG] for run in of_it}) == 2, "the first run's, and this one's"
    whole = instance.get_run_by_id(result.run_id)
    assert whole is not None
    assert (whole.status, whole.tags[STUDY_TAG]) == (dg.DagsterRunStatus.SUCCESS, "local")
    its_own = [run for run in of_it if run.tags[RUN_TAG] == whole.tags[RUN_TAG] and run.run_id != whole.run_id]
    assert len(its_own) >= 4
    # the first page of the UI shows runs with an origin only
    labels = {run.remote_job_origin.repository_origin.get_label() for run in its_own if run.remote_job_origin}
    assert labels == {f"__repository__@{MODULE}"}


def test_nothing_to_do_loads_no_dagster(settings: Settings) -> None:
    code = (
        "import sys; from dmicc_assets.cli.main import main; sys.argv = ['dmicc', 'run', 'local']\n"
        "try: main()\nfinally: print([name for name in sys.modules if name.startswith('dagster')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "0 made, 0 computed without a change, " in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_after_a_run_without_an_end_or_a_week_dagster_is_told_again(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    before, told = instance.get_runs_count(), last_told(settings, "local")
    begin_telling(settings, "local", told)
    made.run_local(settings)
    assert instance.get_runs_count() == before + 1, "the catalog alone"
    assert last_told(settings, "local").is_recent
    assert told.at is not None
    assert not replace(told, at=told.at - TOLD_AGAIN_AFTER).is_recent


# Dagster notes no observation of a series with partitions: its version of one is the hash of nothing.
_OF_THE_MOMENT = ("input_event_pointer", "input_data_version/source/series")


def test_a_report_that_is_made_again_is_the_same(settings: Settings) -> None:
    assert made.states(made.run_local(settings, only="report", force=True))["unchanged"] >= {"report local"}


def told(instance: dg.DagsterInstance, run_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a run told of its tables and of its checks, without times, ids of events, and the words on changes."""
    tables, checks = dict[str, Any](), dict[str, Any]()
    for record in instance.all_logs(run_id):
        event = record.dagster_event
        if event is None:
            continue
        if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
            of = event.step_materialization_data.materialization
            tags = {name: text for name, text in (of.tags or {}).items() if not any(map(name.count, _OF_THE_MOMENT))}
            metadata = {name: value for name, value in of.metadata.items() if name not in ("what_changed", "seconds")}
            tables[of.asset_key.to_user_string()] = (event.step_key, of.partition, tags, metadata)
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            target = check.target_materialization_data
            assert target is not None
            assert target.run_id == run_id
            said = (check.passed, check.severity, check.description, check.metadata, check.partition, check.blocking)
            checks[f"{check.asset_key.to_user_string()}: {check.check_name}"] = (event.step_key, *said)
    return tables, checks


@pytest.mark.parametrize(
    ("key", "table"),
    [
        ("local.A", "source/files"),
        ("local.a", "differential/genes"),
        ("local", "signature/genes"),
        ("local", "report/study"),
    ],
)
def test_dmicc_run_tells_what_a_run_of_dagster_tells(
    settings: Settings, instance: dg.DagsterInstance, key: str, table: str
) -> None:
    of_key = instance.get_runs(dg.RunsFilter(tags={"dagster/partition": key}))
    (recorded,) = [run for run in of_key if asset_key(table) in (run.asset_selection or ())]
    tables, checks = told(instance, recorded.run_id)
    assert set(tables) == {each.to_user_string() for each in recorded.asset_selection or ()}
    result = materialize(settings, instance, key, *tables)
    assert result.success
    executed = instance.get_run_by_id(result.run_id)
    assert executed is not None
    of_dagster = told(instance, result.run_id)
    for name, said in (tables | checks).items():
        assert said == (of_dagster[0] | of_dagster[1])[name], name
    assert (set(tables), set(checks)) == (set(of_dagster[0]), set(of_dagster[1]))
    assert (recorded.job_name, recorded.asset_selection) == (executed.job_name, executed.asset_selection)
    assert set(recorded.tags) >= {"dagster/partition"}
    stats, by_dagster = instance.get_run_stats(recorded.run_id), instance.get_run_stats(result.run_id)
    assert stats.steps_succeeded == by_dagster.steps_succeeded
    assert stats.start_time
    assert stats.end_time
    assert stats.end_time >= stats.start_time


def test_others_can_write_to_dagster_while_the_warehouse_is_built(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    workspace = open_workspace(settings)
    events = Path(instance.root_directory) / "history" / "runs" / "index.db"
    built: list[Path] = []

    def build() -> Path:
        with closing(sqlite3.connect(events, timeout=0)) as connection:
            connection.execute("DELETE FROM event_logs WHERE id < 0")
        built.append(events)
        return events

    failed = {made.step_named("ranking"): Answer(failure=DmiccError("no"), began=time())}
    launcher = Launcher(workspace, workspace.studies["local"], "local, now")
    assert launcher.report(PartitionKey("local"), failed, {}, str(uuid4()), build) == {}
    assert built == [events]


def test_a_step_is_told_with_its_checks_or_not_at_all(
    settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C between tables and checks: told tables would never be told again, and their checks be lost."""
    tell, n_told = RecordedRun._of_checks, list[str]()

    def interrupted(self: RecordedRun, step: str, *given: Any) -> None:
        if step == "findings" and not n_told:
            n_told.append(step)
            raise KeyboardInterrupt
        tell(self, step, *given)

    monkeypatch.setattr(RecordedRun, "_of_checks", interrupted)
    with pytest.raises(KeyboardInterrupt):
        made.run_local(settings, only="rigor", force=True)
    (run, *_) = instance.get_runs()
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert "rigor/findings" not in told(instance, run.run_id)[0]
    made.edit_study(settings, differential={"log_fc": 0.3, "p_value": 0.3})
    made.run_local(settings)
    key = dg.AssetCheckKey(asset_key("rigor/findings"), "R14_provenance")
    (latest,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    assert latest.status == AssetCheckExecutionRecordStatus.SUCCEEDED
