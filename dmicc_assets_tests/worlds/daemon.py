"""Dagster's own daemons: iterations of sensors, assets, backfills and run queue in turn, the runs in this process.

What `dagster-daemon run` adds is waiting between the iterations and a process for each run. These are internals of
the pinned Dagster version: their signatures may change with it.
"""

import datetime
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import dagster as dg
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import create_test_daemon_workspace_context, freeze_time
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.asset_daemon import AssetDaemon
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._daemon.sensor import execute_sensor_iteration

# In place of a process for each run, which takes seconds to start, and of a database for each run, which is made anew.
QUICK = """\
run_launcher:
  module: dagster._core.launcher.sync_in_memory_run_launcher
  class: SyncInMemoryRunLauncher
event_log_storage:
  module: dagster._core.storage.event_log
  class: ConsolidatedSqliteEventLogStorage
  config: {{base_dir: {folder}}}
"""
Ran = set[tuple[str, str | None]]


def _behind_the_next_retry() -> datetime.datetime:
    """Half an hour behind the next full six hours, at which failed downloads are tried again: no test begins at one."""
    now = datetime.datetime.now(datetime.UTC)
    six_hours = now.replace(hour=now.hour // 6 * 6, minute=0, second=0, microsecond=0) + datetime.timedelta(hours=6)
    return six_hours + datetime.timedelta(minutes=30)


class Daemon:
    """The daemons over one instance, with the revision sensor and the automation switched on."""

    def __init__(
        self, instance: dg.DagsterInstance, context: WorkspaceProcessContext, now: datetime.datetime | None = None
    ) -> None:
        self._instance = instance
        self._context = context
        self._assets = AssetDaemon(settings={"use_threads": False}, pre_sensor_interval_seconds=0)
        self._queue = QueuedRunCoordinatorDaemon(interval_seconds=0)
        self._now = now or _behind_the_next_retry()
        (entry,) = context.create_request_context().get_code_location_entries().values()
        assert entry.code_location is not None, entry.load_error
        (repository,) = entry.code_location.get_repositories().values()
        self.sensors = {sensor.name: sensor for sensor in repository.get_sensors()}
        for sensor in self.sensors.values():
            instance.start_sensor(sensor)

    def tick_sensor(self, *, may_request: bool = False) -> list[str | None]:
        """One tick of `source_revisions`, six hours after the last: the partitions that it observes.

        Args:
            may_request: whether something may be overdue, of which it requests a run itself.
        """
        before = self._last_event()
        with self._later(hours=7):
            list(execute_sensor_iteration(self._context, logging.getLogger("sensor"), None, None))
        self._check_tick("source_revisions", may_request=may_request)
        return [event.partition for event in self._events(before, "ASSET_OBSERVATION")]

    def end_killed_runs(self) -> None:
        """One look of the monitoring at the processes of runs that are in progress."""
        with self._later(minutes=5):
            for error in execute_run_monitoring_iteration(self._context, logging.getLogger("monitoring")):
                assert error is None, error

    def follow(self, *, hours: int = 0, n_failed: int | None = 0) -> Ran:
        """Iterations of the daemons until two in a row ask for no run: what the runs materialised.

        One may ask for none and the next for some: a step waits an iteration for what was just made upstream.

        Args:
            hours: passed since the last iteration.
            n_failed: runs that may have failed, of all so far; None for any number.
        """
        before = self._last_event()
        self._now += datetime.timedelta(hours=hours)
        n_idle = 0
        while n_idle < 2:
            n_runs = self._instance.get_runs_count()
            with self._later(minutes=2):
                self._assets._run_iteration_impl(self._context, None, {}, {})
            self._check_tick("default_automation_condition_sensor")
            self._run_what_is_requested()
            n_idle = n_idle + 1 if self._instance.get_runs_count() == n_runs else 0
        failed = self._instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
        assert n_failed is None or len(failed) == n_failed, failed
        return {(e.asset_key.to_user_string(), e.partition) for e in self._events(before, "ASSET_MATERIALIZATION")}

    def all_metadata(self, asset: str, partition: str) -> list[dict[str, object]]:
        """Metadata of every materialisation of a partition, as the UI shows it, the latest first."""
        filters = dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset.split("/")), asset_partitions=[partition])
        records = self._instance.fetch_materializations(filters, limit=100).records
        events = [record.asset_materialization for record in records]
        return [{name: value.value for name, value in event.metadata.items()} for event in events if event is not None]

    def metadata(self, asset: str, partition: str) -> dict[str, object]:
        """Metadata of the latest materialisation of a partition."""
        return self.all_metadata(asset, partition)[0]

    def _run_what_is_requested(self) -> None:
        """Runs, and the backfills that several partitions of one asset are requested as."""
        while True:
            for error in execute_backfill_iteration(self._context, logging.getLogger("backfill")):
                assert error is None, error
            if not self._instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])):
                return
            list(self._queue.run_iteration(self._context))

    def _check_tick(self, name: str, *, may_request: bool = True) -> None:
        sensor = self.sensors[name]
        (tick,) = self._instance.get_ticks(sensor.get_remote_origin_id(), sensor.selector_id, limit=1)
        assert tick.error is None, tick.error
        assert may_request or not tick.run_ids, "the sensor only observes"

    @contextmanager
    def _later(self, **passed: int) -> Iterator[None]:
        self._now += datetime.timedelta(**passed)
        seconds = self._now.timestamp()
        with freeze_time(self._now), patch("dagster._time._mockable_get_current_timestamp", new=lambda: seconds):
            yield  # the mock of `freeze_time` keeps every call: a tenth of the time of a tick

    def _last_event(self) -> int:
        return self._instance.event_log_storage.get_maximum_record_id() or 0

    def _events(self, after: int, kind: str) -> Iterator[dg.AssetMaterialization | dg.AssetObservation]:
        """Events of assets since a record, in order."""
        filters = dg.EventRecordsFilter(dg.DagsterEventType(kind), after_cursor=after)
        for record in self._instance.event_log_storage.get_event_records(filters, ascending=True):
            event = record.asset_materialization or record.asset_observation
            assert event is not None
            yield event


@contextmanager
def daemon_over(module: str, now: datetime.datetime | None = None) -> Iterator[Daemon]:
    """The daemons over the definitions of a module, with DAGSTER_HOME's instance; `now` is the time of their clocks."""
    target = LoadableTargetOrigin(executable_path=sys.executable, module_name=module)
    origin = InProcessWorkspaceLoadTarget([InProcessCodeLocationOrigin(target)])
    with dg.DagsterInstance.get() as instance, create_test_daemon_workspace_context(origin, instance) as context:
        yield Daemon(instance, context, now)
