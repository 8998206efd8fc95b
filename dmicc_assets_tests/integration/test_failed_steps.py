"""A step that fails in `dmicc run` is told to Dagster as a run of Dagster tells it: check, failure, end of the run."""

from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.storage.tags import PARTITION_NAME_TAG

from dmicc_assets.orchestration.keys import asset_key
from dmicc_assets.study.settings import Settings
from dmicc_assets_tests.integration.test_materialize import materialize
from dmicc_assets_tests.worlds import made_study as made

pytestmark = pytest.mark.apart
FAILURES = (dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE)


@pytest.fixture
def instance(made_study: Settings) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.get() as instance:
        yield instance


def expects_another_count(settings: Settings, _: pytest.MonkeyPatch) -> None:
    datasets = yaml.safe_load((settings.study_folders[0] / "local.yaml").read_text())["datasets"]
    datasets["A"]["labels"][0]["expect"] = 99
    made.edit_study(settings, datasets=datasets)


def ranks_nothing(settings: Settings, patch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ValueError("the forest does not grow")

    patch.setattr("dmicc_assets.assets.signature.rank_signature", fails)
    made.edit_study(settings, ranking={"trees": 30})


def told(instance: dg.DagsterInstance, run_id: str) -> list[tuple[Any, ...]]:
    """What a run told of results, checks and failures, in its order, with the level of each."""
    found: list[tuple[Any, ...]] = []
    for record in instance.all_logs(run_id):
        event = record.dagster_event
        if event is None:
            continue
        said: tuple[Any, ...] = ()
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            said = (check.asset_check_key, check.passed, check.severity, check.description, check.partition)
            said += (check.blocking, check.metadata)  # Dagster names a target: the asset's last one, of any partition
        elif event.event_type == dg.DagsterEventType.STEP_FAILURE:
            data = event.step_failure_data
            assert data.error is not None
            said = (data.error.cls_name, data.user_failure_data, data.error_source)
        elif event.event_type == dg.DagsterEventType.RUN_FAILURE:
            ended = event.job_failure_data
            first = ended.first_step_failure_event
            error = None if ended.error is None else ended.error.cls_name
            said = (ended.failure_reason, error, None if first is None else first.step_key)
        elif event.event_type != dg.DagsterEventType.ASSET_MATERIALIZATION:
            continue
        found.append((event.event_type, event.step_key, record.level, *said))
    return found


@pytest.mark.parametrize(
    ("spoil", "key", "step"), [(expects_another_count, "local.A", "dataset"), (ranks_nothing, "local", "ranking")]
)
def test_dmicc_run_tells_of_a_failed_step_what_a_run_of_dagster_tells(
    made_study: Settings,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Settings, pytest.MonkeyPatch], None],
    key: str,
    step: str,
) -> None:
    monkeypatch.setenv("DMICC_WORKERS", "1")
    spoil(made_study, monkeypatch)
    assert f"{step} {key}" in made.states(made.run_local(made_study))["failed"]
    recorded = next(run for run in instance.get_runs(dg.RunsFilter(tags={PARTITION_NAME_TAG: key})))
    assets = {asset_key(table) for table in made.step_named(step).outputs}
    assert set(recorded.asset_selection or ()) == assets
    executed = materialize(made_study, instance, key, *made.step_named(step).outputs)
    assert not executed.success
    by_dagster = told(instance, executed.run_id)
    assert told(instance, recorded.run_id) == by_dagster
    assert [kind for kind, *_ in by_dagster if kind in FAILURES] == list(FAILURES)
    run = instance.get_run_by_id(executed.run_id)
    assert run is not None
    assert (recorded.status, recorded.asset_selection) == (run.status, run.asset_selection)
    assert instance.get_run_stats(recorded.run_id).steps_failed == instance.get_run_stats(run.run_id).steps_failed == 1
