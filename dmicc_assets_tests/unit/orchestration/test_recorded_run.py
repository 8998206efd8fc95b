"""The end of a run that `dmicc run` writes to Dagster: what it says of steps that failed, and of a report cut short."""

from collections.abc import Iterator
from contextlib import suppress
from time import time
from uuid import uuid4

import dagster as dg
import pytest

from dmicc_assets.errors import DmiccError
from dmicc_assets.orchestration.recorded_run import RecordedRun
from dmicc_assets.types import PartitionKey

FAILURE, SUCCESS = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["s"]))
def table() -> None:
    """An asset that is never executed."""


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


@pytest.mark.parametrize(
    ("fails", "ended_by", "status", "said"),
    [
        (False, None, SUCCESS, "Everything was made."),
        (True, None, FAILURE, "A step failed."),
        (False, KeyboardInterrupt, FAILURE, "Not everything was told."),
        (False, RuntimeError, FAILURE, "Not everything was told."),
        (True, KeyboardInterrupt, FAILURE, "A step failed."),
    ],
)
def test_a_run_succeeds_only_if_all_of_it_was_made_and_told(
    instance: dg.DagsterInstance,
    fails: bool,
    ended_by: type[BaseException] | None,
    status: dg.DagsterRunStatus,
    said: str,
) -> None:
    job, run_id = dg.Definitions([table]).resolve_implicit_global_asset_job_def(), str(uuid4())
    run = RecordedRun(instance, job, [table.key], PartitionKey("s"), run_id, {}, time())
    with suppress(KeyboardInterrupt, RuntimeError), run:
        if fails:
            run.fail("table", time(), 0.5, DmiccError("no"))
        if ended_by is not None:
            raise ended_by
    told = instance.get_run_by_id(run_id)
    assert told is not None
    assert told.status == status
    last = instance.all_logs(run_id)[-1].dagster_event
    assert last is not None
    assert last.message == said
