"""The weekly job: every source observed, every file verified, the catalog fresh; or a list of what is wrong."""

from collections.abc import Iterator
from dataclasses import replace

import dagster as dg
import pytest

from dmicc_assets.lake.workspace import Workspace, open_workspace
from dmicc_assets.orchestration.build import build_defs
from dmicc_assets.orchestration.keys import CATALOG, SERIES
from dmicc_assets.study.settings import Settings
from dmicc_assets_tests.unit.lake.test_lake import GENES, ORIGIN


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as instance:
        yield instance


def weekly(workspace: Workspace, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = build_defs(workspace).resolve_job_def("observe_and_verify")
    return job.execute_in_process(instance=instance, raise_on_error=False)


def only_small(settings: Settings) -> Workspace:
    """The workspace without the built-in studies, whose sources no test reaches."""
    workspace = open_workspace(settings)
    return replace(workspace, studies={"small": workspace.studies["small"]})


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = (event for event in result.all_events if event.is_step_failure)
    data = event.step_failure_data.user_failure_data
    assert data is not None
    return str(data.description)


def test_it_observes_every_source_and_keeps_the_catalog_fresh(home: Settings, instance: dg.DagsterInstance) -> None:
    assert weekly(only_small(home), instance).success
    seen = instance.fetch_observations(SERIES, limit=10).records
    assert {record.partition_key for record in seen} == {"SIM101", "SIM102", "SIM201", "small.SIM-EXT"}
    assert home.warehouse.exists()
    assert instance.get_latest_materialization_event(CATALOG) is not None


def test_a_damaged_file_is_named_and_the_catalog_is_left(home: Settings, instance: dg.DagsterInstance) -> None:
    workspace = only_small(home)
    workspace.lake.write("differential/genes", "small.disease_a", GENES, ORIGIN)
    path = workspace.lake.path("differential/genes", "small.disease_a")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    result = weekly(workspace, instance)
    assert not result.success
    assert failure(result) == f"{path}: was changed after it was written; `dmicc run small --verify` computes it again"
    assert instance.get_latest_materialization_event(CATALOG) is None


def test_a_source_that_does_not_answer_is_named(home: Settings, instance: dg.DagsterInstance) -> None:
    workspace = open_workspace(home)
    assert weekly(workspace, instance).success, "a study that was never run misses nothing"
    workspace.lake.write("differential/genes", "dm_icc.dm", GENES, ORIGIN)
    result = weekly(workspace, instance)
    assert not result.success
    assert "GSE46239" in failure(result)
    assert instance.fetch_observations(SERIES, limit=10).records, "the others were observed"
