"""The lake and Dagster agree again after a process was killed between the two, or after Dagster's records were lost."""

import shutil

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CODE_VERSION_TAG, DATA_VERSION_TAG

from dmicc_assets.assets import STEPS
from dmicc_assets.checks.registry import CHECKS
from dmicc_assets.lake.currency import study_currency
from dmicc_assets.lake.locks import hold_study
from dmicc_assets.lake.recipes import origin, run_step
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.orchestration.build import build_defs
from dmicc_assets.orchestration.keys import asset_key
from dmicc_assets.orchestration.reconcile import agree
from dmicc_assets.orchestration.resources import workspace_resource
from dmicc_assets.orchestration.run import StudyRun
from dmicc_assets.orchestration.session import Session
from dmicc_assets.study.settings import Settings
from dmicc_assets.types import ALL_STUDIES
from dmicc_assets_tests.worlds import made_study as made

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
    assert agree(dg.DagsterInstance.get(), open_workspace(settings), "local", STEPS) == []
    assert n_events("differential/genes") == n_before


def test_the_sensor_reports_what_no_run_is_writing(settings: Settings) -> None:
    made.edit_study(settings, differential=NEW)
    make_unheard(settings, "differential", "local.a")
    instance, workspace = dg.DagsterInstance.get(), open_workspace(settings)
    with hold_study(settings.locks, "local", is_shared=True):
        assert agree(instance, workspace, "local", STEPS) == []
    definitions = build_defs(workspace)
    resources = {"workspace": workspace_resource(Session(workspace))}
    context = dg.build_sensor_context(instance=instance, definitions=definitions, resources=resources)
    definitions.resolve_sensor_def("source_revisions").evaluate_tick(context)
    assert differing(settings) == set()
    assert agree(instance, workspace, "local", STEPS) == []


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
