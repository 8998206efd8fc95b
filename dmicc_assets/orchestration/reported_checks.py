"""Reports to Dagster of the results of a step's checks that it does not have of the latest materialisation.

What a check finds is in `checks.py`; which tables Dagster never heard of, in `reconcile.py`.
"""

from collections.abc import Sequence

import dagster as dg
from dagster import _check as check
from dagster._core.event_api import PartitionKeyFilter
from dagster._core.instance import RUNLESS_RUN_ID
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
)
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

from dmicc_assets.lake.steps import StepContext
from dmicc_assets.orchestration.checks import Target, evaluation, finding_results, passed_checks
from dmicc_assets.types import ALL_STUDIES


def report_checks(instance: dg.DagsterInstance, context: StepContext) -> bool:
    """Report the checks of an up-to-date partition that Dagster does not have of its latest materialisation.

    The integrity checks passed, or there would be no result. Dagster has the tables already.

    Returns: whether there were any.
    """
    partition = None if context.key == ALL_STUDIES else context.key
    results = [*passed_checks(context.step), *finding_results(context.step, context)]
    is_reported = False
    for key in {check.not_none(each.asset_key) for each in results}:
        of_asset = [each for each in results if each.asset_key == key]
        made = instance.get_latest_data_version_record(key, is_source=False, partition_key=partition)
        if made is None or _are_known(instance, of_asset, partition, made):
            continue
        is_reported = True
        for result in of_asset:
            told = evaluation(
                result, partition, Target(storage_id=made.storage_id, run_id=made.run_id, timestamp=made.timestamp)
            )
            _forget_earlier(instance, told)
            instance.report_runless_asset_event(told)
    return is_reported


def _are_known(
    instance: dg.DagsterInstance,
    results: Sequence[dg.AssetCheckResult],
    partition: str | None,
    made: dg.EventLogRecord,
) -> bool:
    """Whether Dagster has each of these results of this materialisation, or a run at work will give it one."""
    of = {dg.AssetCheckKey(check.not_none(r.asset_key), check.not_none(r.check_name)): r.passed for r in results}
    filtered = PartitionKeyFilter(key=partition)
    found = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(of), filtered)
    return all(key in found and _is_of(instance, found[key], made, passed) for key, passed in of.items())


def _is_of(
    instance: dg.DagsterInstance, execution: AssetCheckExecutionRecord, made: dg.EventLogRecord, passed: bool
) -> bool:
    if execution.status == AssetCheckExecutionRecordStatus.PLANNED:
        run = instance.get_run_by_id(execution.run_id)
        return run is not None and not run.is_finished
    if (execution.status == AssetCheckExecutionRecordStatus.SUCCEEDED) != passed:  # of a later attempt that failed
        return False
    if made.run_id != RUNLESS_RUN_ID and execution.run_id == made.run_id:
        return True
    target = None if execution.evaluation is None else execution.evaluation.target_materialization_data
    return target is not None and target.storage_id == made.storage_id


def _forget_earlier(instance: dg.DagsterInstance, told: dg.AssetCheckEvaluation) -> None:
    """Delete the result of a check of a partition that is of no run: Dagster holds one, and refuses another."""
    rows = AssetCheckExecutionsTable
    of_check = (rows.c.asset_key == told.asset_key.to_string()) & (rows.c.check_name == told.check_name)
    earlier = (rows.c.run_id == RUNLESS_RUN_ID) & (rows.c.partition == told.partition)
    with check.inst(instance.event_log_storage, SqlEventLogStorage).index_connection() as connection:
        connection.execute(rows.delete().where(of_check & earlier))
