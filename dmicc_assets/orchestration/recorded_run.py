"""A run of one partition key in Dagster, of what `dmicc run` computed: its events are written, nothing is executed.

A run that Dagster executes asks and writes as much again for each step. What is reported, `launch.py` decides.
"""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import dagster as dg
from dagster._core.definitions.dependency import NodeHandle
from dagster._core.events import (
    DagsterEvent,
    DagsterEventType,
    JobFailureData,
    RunFailureReason,
    StepMaterializationData,
)
from dagster._core.execution.plan.handle import StepHandle
from dagster._core.execution.plan.objects import ErrorSource, StepFailureData, StepSuccessData, UserFailureData
from dagster._core.execution.plan.step import StepKind
from dagster._core.storage.tags import PARTITION_NAME_TAG
from dagster_shared.error import SerializableErrorInfo

from dmicc_assets.errors import DmiccError
from dmicc_assets.orchestration.checks import Target, evaluation
from dmicc_assets.orchestration.origin import origin_of
from dmicc_assets.orchestration.provenance import latest_events
from dmicc_assets.types import ALL_STUDIES, PartitionKey


class RecordedRun:
    """The events of one run; a context that ends it.

    Attributes:
        run_id: id of the run.

    Args:
        instance: Dagster's.
        job: the assets.
        assets: those of the run.
        key: their partition.
        run_id: id of the run.
        tags: of the run, besides its partition.
        begun: when its first step began, in seconds since the epoch.
    """

    def __init__(
        self,
        instance: dg.DagsterInstance,
        job: dg.JobDefinition,
        assets: Iterable[dg.AssetKey],
        key: PartitionKey,
        run_id: str,
        tags: Mapping[str, str],
        begun: float,
    ) -> None:
        self._instance, self.run_id = instance, run_id
        self._partition = None if key == ALL_STUDIES else key
        self._first_failure: DagsterEvent | None = None
        self._ended = begun
        selected = frozenset(assets)
        run = instance.create_run_for_job(
            job.get_subset(asset_selection=selected),
            run_id=run_id,
            tags={**tags, **({PARTITION_NAME_TAG: key} if self._partition else {})},
            asset_selection=selected,
            remote_job_origin=origin_of(job.name),
        )
        self._job = run.job_name
        self._tell(DagsterEventType.RUN_START, begun, message=f"{key}: made by dmicc run")

    def succeed(
        self,
        step: str,
        began: float,
        seconds: float,
        made: Sequence[dg.AssetMaterialization],
        checks: Iterable[dg.AssetCheckResult] = (),
    ) -> None:
        """Report a step that was computed.

        Args:
            step: its name.
            began: when it began, in seconds since the epoch.
            seconds: that it took.
            made: its tables, in their order; the checks are of the first.
            checks: results of its checks.
        """
        ended = began + seconds
        self._of_step(step, DagsterEventType.STEP_START, began, f"Began {step}.")
        for each in made:
            data = StepMaterializationData(each)
            self._of_step(step, DagsterEventType.ASSET_MATERIALIZATION, ended, f"Made {each.label}.", data)
        results = list(checks)
        target: Target | None = None
        if results:
            storage_id = latest_events(self._instance, [made[0].asset_key])[made[0].asset_key]
            target = Target(storage_id=storage_id, run_id=self.run_id, timestamp=ended)
        self._of_checks(step, ended, results, target)
        self._of_step(step, DagsterEventType.STEP_SUCCESS, ended, f"Made {step}.", StepSuccessData(seconds * 1000))

    def fail(
        self, step: str, began: float, seconds: float, error: DmiccError, checks: Iterable[dg.AssetCheckResult] = ()
    ) -> None:
        """Report a step that failed, and `checks` that it did not pass, as if it had raised Dagster's `Failure`."""
        ended, message = began + seconds, str(error)
        self._of_step(step, DagsterEventType.STEP_START, began, f"Began {step}.")
        self._of_checks(step, ended, list(checks), None)
        data = StepFailureData(
            SerializableErrorInfo(message, [], "Failure"),
            UserFailureData("intentional-failure", message, {"exit_status": dg.MetadataValue.int(error.exit_status)}),
            ErrorSource.FRAMEWORK_ERROR,
        )
        failure = self._of_step(step, DagsterEventType.STEP_FAILURE, ended, message, data)
        self._first_failure = self._first_failure or failure

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Report the end of the run with its last step: it failed if a step did, or if something ended the report."""
        if kind is None and self._first_failure is None:
            self._tell(DagsterEventType.RUN_SUCCESS, self._ended, message="Everything was made.")
            return
        if self._first_failure is not None:
            error = self._first_failure.step_failure_data.error
            message, data = "A step failed.", JobFailureData(error, RunFailureReason.STEP_FAILURE, self._first_failure)
        else:
            message, data = "Not everything was told.", JobFailureData(None, RunFailureReason.RUN_EXCEPTION)
        self._tell(DagsterEventType.RUN_FAILURE, self._ended, message=message, event_specific_data=data)

    def _of_checks(self, step: str, at: float, results: Sequence[dg.AssetCheckResult], target: Target | None) -> None:
        for each in results:
            told = evaluation(each, self._partition, target)
            words = "passed" if told.passed else "did not pass"
            message = f"{told.check_name} of {told.asset_key.to_user_string()} {words}: {told.description or ''}"
            self._of_step(step, DagsterEventType.ASSET_CHECK_EVALUATION, at, message, told)

    def _of_step(self, step: str, kind: DagsterEventType, at: float, message: str, data: Any = None) -> DagsterEvent:
        node = NodeHandle(step, None)
        return self._tell(
            kind,
            at,
            message=message,
            step_handle=StepHandle(node),
            node_handle=node,
            step_kind_value=StepKind.COMPUTE.value,
            event_specific_data=data,
        )

    def _tell(self, kind: DagsterEventType, at: float, **given: Any) -> DagsterEvent:
        event = DagsterEvent(kind.value, self._job, pid=os.getpid(), **given)
        level = logging.ERROR if event.is_failure else logging.DEBUG  # as Dagster does
        self._instance.report_dagster_event(event, self.run_id, level, timestamp=at)
        self._ended = max(self._ended, at)
        return event
