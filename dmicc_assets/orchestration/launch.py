"""The part of `dmicc run` that uses Dagster: runs of one partition key, which report what was computed before.

`reports.py` loads this module only when there is something to tell.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from uuid import uuid4

import dagster as dg
from dagster._core.execution.plan.objects import ErrorSource

from dmicc_assets.errors import DataError, DmiccError
from dmicc_assets.lake.currency import Currency
from dmicc_assets.lake.steps import Step
from dmicc_assets.orchestration.build import build_defs
from dmicc_assets.orchestration.events import tell_stale
from dmicc_assets.orchestration.held_databases import held_databases
from dmicc_assets.orchestration.instance import open_instance
from dmicc_assets.orchestration.keys import CATALOG, GENE_SETS, RUN_TAG, SERIES, STUDY_TAG, asset_key, tags_of_run
from dmicc_assets.orchestration.observed import libraries_now, observation, served_now
from dmicc_assets.orchestration.origin import with_origin
from dmicc_assets.orchestration.partitions import accession_partition
from dmicc_assets.orchestration.reconcile import reconcile
from dmicc_assets.orchestration.run import DefectError
from dmicc_assets.orchestration.session import Session
from dmicc_assets.orchestration.told import Stale
from dmicc_assets.study.schema import Study
from dmicc_assets.types import ALL_STUDIES, PartitionKey

_CATALOG_OP = "catalog"
_QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}
_GOING_ON = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


class Launcher:
    """The Dagster runs of one `dmicc run`."""

    def __init__(self, session: Session, study: Study, name: str) -> None:
        """End runs of killed processes, and observe the gene sets in use.

        Args:
            session: state shared by the assets of all runs.
            study: the study.
            name: common name of the runs in the UI.
        """
        self._workspace = session.workspace
        self._study = study
        self._tags = tags_of_run(study.study, name)
        self._instance = with_origin(open_instance(session.workspace.settings))
        self._session = session
        self._end_killed_runs()
        self._instance.report_runless_asset_event(
            observation(GENE_SETS, libraries_now(self._workspace, study.study), None)
        )

    @cached_property
    def _job(self) -> dg.JobDefinition:
        """The assets with the partitions of this study alone: those of a thousand others take seconds."""
        alone = replace(self._workspace, studies={self._study.study: self._study})
        return build_defs(alone, session=self._session).resolve_implicit_global_asset_job_def()

    @cached_property
    def _job_of_all(self) -> dg.JobDefinition:
        """The assets with the partitions of all studies, which what all studies share is made from."""
        if len(self._workspace.studies) == 1:
            return self._job
        return build_defs(session=self._session).resolve_implicit_global_asset_job_def()

    def execute(
        self, key: PartitionKey, steps: Sequence[Step], run_id: str, *, with_catalog: bool = False
    ) -> dict[str, str]:
        """Report steps of one partition as one run; returns the message of each failed step.

        Steps downstream of a failed one are not begun.

        Raises:
            KeyboardInterrupt: the run was interrupted.
            DefectError: a step failed by a defect of this package.
            DataError: the run failed before its first step.
        """
        assets = [asset_key(table) for step in steps for table in step.outputs]
        with held_databases():
            job = self._job_of_all if key == ALL_STUDIES else self._job
            result = job.execute_in_process(
                run_config={"loggers": _QUIET},
                instance=self._instance,
                asset_selection=[*assets, *([CATALOG] if with_catalog else [])],
                partition_key=None if key == ALL_STUDIES else key,
                tags=self._tags,
                raise_on_error=False,
                run_id=run_id,
            )
        failures = _failures(result)
        if not result.success and not failures:
            raise DataError(f"the run of {key} failed before its first step")
        if (message := failures.pop(_CATALOG_OP, None)) is not None:
            raise DataError(message)
        if with_catalog and failures:  # Dagster does not start steps that read a failed table
            self.execute(key, [], str(uuid4()), with_catalog=True)
        return failures

    def tell_served(self, key: PartitionKey, observed: str) -> str | None:
        """Observe the series of a dataset as just served; a warning when another study's files cannot be observed."""
        accession = accession_partition(self._study, key.part)
        try:
            text = served_now(self._workspace, accession, seen={key: observed})
        except DmiccError as error:  # another study needs other files of the same series
            return str(error)
        self._instance.report_runless_asset_event(observation(SERIES, text, accession))
        return None

    def reconcile(self, states: Sequence[Currency]) -> None:
        """Report up-to-date results that Dagster never heard of."""
        with held_databases():
            reconcile(self._instance, self._workspace, states)

    def tell_stale(self, before: Stale, now: Stale) -> None:
        """Report on the assets why they are out of date, or that they are current again."""
        tell_stale(self._instance, before, now)

    def _end_killed_runs(self) -> None:
        """Mark runs of killed processes as failed; Dagster would show them as in progress for ever.

        Automation waits for runs in progress, and the queue counts them.
        """
        begun = dg.RunsFilter(tags={STUDY_TAG: self._study.study}, statuses=_GOING_ON)
        for run in self._instance.get_runs(begun):
            if run.tags.get(RUN_TAG) == self._tags[RUN_TAG]:  # `run_study`, in which this one runs
                continue
            self._instance.report_run_failed(run, "the process that made this run was killed")


def _failures(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """The user's message of each failed step.

    Raises:
        KeyboardInterrupt: the run was interrupted.
        DefectError: a step failed for another reason.
    """
    failures: dict[str, str] = {}
    defect: str | None = None
    for event in result.all_events if not result.success else ():
        if event.is_step_failure:
            data = event.step_failure_data
            if data.error_source == ErrorSource.INTERRUPT:
                raise KeyboardInterrupt
            if data.user_failure_data is not None and data.user_failure_data.description:
                failures[str(event.step_key)] = data.user_failure_data.description
            else:
                defect = defect or (data.error.to_string() if data.error else "no reason was recorded")
        elif "interrupted" in (event.message or ""):  # between two steps
            raise KeyboardInterrupt
    if defect is not None:
        raise DefectError(defect)
    return failures
