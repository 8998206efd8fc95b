"""A revision at GEO, noticed by the sensor and followed by automation to just what it touches."""

import dagster as dg
import pytest

from dmicc_assets.definitions import build_defs
from dmicc_assets.run import QUIET
from dmicc_assets.settings import Settings
from dmicc_assets.workspace import Workspace, open_workspace
from dmicc_assets_tests.orchestration.conftest import RunSmall
from dmicc_assets_tests.orchestration.test_run import rewrite, series_matrix

Ran = set[tuple[str, str | None]]


class Automation:
    """The daemon's loop, one turn after the other: the sensor, the conditions, the runs that they request."""

    def __init__(self, workspace: Workspace) -> None:
        self.instance = dg.DagsterInstance.get()
        self.defs = build_defs(workspace)
        self.sensor = self.defs.resolve_sensor_def("source_revisions")
        self.job = self.defs.resolve_implicit_global_asset_job_def()
        self.sensor_cursor: str | None = None
        self.cursor = None

    def tick_sensor(self) -> list[str | None]:
        """The accessions that the sensor observes in one tick; it requests no run."""
        context = dg.build_sensor_context(self.instance, cursor=self.sensor_cursor, definitions=self.defs)
        result = self.sensor.evaluate_tick(context)
        assert not result.run_requests
        self.sensor_cursor = result.cursor
        for event in result.asset_events:
            self.instance.report_runless_asset_event(event)
        return [event.partition for event in result.asset_events]

    def follow(self) -> Ran:
        """Evaluate the conditions and run what they ask for, until they ask for nothing."""
        ran: Ran = set()
        while True:
            result = dg.evaluate_automation_conditions(self.defs, self.instance, cursor=self.cursor)
            self.cursor = result.cursor
            if not result.total_requested:
                return ran
            wanted: dict[str | None, list[dg.AssetKey]] = {}
            for each in result.results:
                if isinstance(each.key, dg.AssetKey):
                    for partition in each.true_subset.expensively_compute_asset_partitions():
                        wanted.setdefault(partition.partition_key, []).append(each.key)
            for partition, keys in wanted.items():
                ran |= {(key.to_user_string(), partition) for key in keys}
                done = self.job.execute_in_process(
                    run_config=QUIET, instance=self.instance, asset_selection=keys, partition_key=partition
                )
                assert done.success


@pytest.mark.slow
def test_a_revision_runs_what_it_touches_and_nothing_else(run_small: RunSmall, home: Settings) -> None:
    run_small()
    automation = Automation(open_workspace(home))
    automation.tick_sensor()
    automation.follow()
    assert automation.tick_sensor() == [], "the second tick sees nothing new"
    assert automation.follow() == set()

    # only a header: the dataset is read again, its tables are as before, and nothing follows
    rewrite(series_matrix(home, "SIM101"), (r'(!Series_summary\t)"', r'\1"Revised. '))
    assert automation.tick_sensor() == ["SIM101"]
    ran = automation.follow()
    assert {partition for _, partition in ran} <= {"small.SIM101", "demo.SIM101", None}
    assert ("source/files", "small.SIM101") in ran

    # values of one series: its dataset, its cohort and the study follow; another study of other series does not
    rewrite(series_matrix(home, "SIM201"), (r'(\n"?[^\t"]+"?\t)-?\d+\.\d+', r"\g<1>3.25"), count=60)
    assert automation.tick_sensor() == ["SIM201"]
    ran = automation.follow()
    partitions = {partition for _, partition in ran if partition and partition.startswith("small")}
    assert partitions == {"small.SIM201", "small.disease_b", "small"}
    assert ("differential/statistics", "small.disease_b") in ran
    assert not [key for key, partition in ran if partition and partition.startswith("dm_icc")]
    assert ("warehouse/catalog", None) in ran
    assert automation.tick_sensor() == []
    assert automation.follow() == set()
