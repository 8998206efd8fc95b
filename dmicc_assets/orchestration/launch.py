"""The part of `dmicc run` that uses Dagster: a run for each partition key and for the report, of what was computed.

`reports.py` loads this module only when there is something to tell.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from time import time

import dagster as dg

from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.currency import Currency
from dmicc_assets.lake.steps import Step
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.build import build_defs
from dmicc_assets.orchestration.catalog import catalog_metadata
from dmicc_assets.orchestration.checks import failed_check, finding_results, passed_checks
from dmicc_assets.orchestration.events import materialization, shown_of, tell_stale
from dmicc_assets.orchestration.held_databases import HeldDatabases
from dmicc_assets.orchestration.instance import open_instance
from dmicc_assets.orchestration.keys import CATALOG, GENE_SETS, RUN_TAG, SERIES, STUDY_TAG, asset_key, tags_of_run
from dmicc_assets.orchestration.observed import libraries_now, observation, served_now
from dmicc_assets.orchestration.partitions import accession_partition
from dmicc_assets.orchestration.pictures import Picture
from dmicc_assets.orchestration.provenance import provenance
from dmicc_assets.orchestration.reconcile import reconcile
from dmicc_assets.orchestration.recorded_run import RecordedRun
from dmicc_assets.orchestration.task import Answer
from dmicc_assets.orchestration.told import Stale
from dmicc_assets.study.schema import Study
from dmicc_assets.types import PartitionKey

_CATALOG_OP = "catalog"
_GOING_ON = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


class Launcher:
    """The Dagster runs of one `dmicc run`."""

    def __init__(self, workspace: Workspace, study: Study, name: str) -> None:
        """End runs of killed processes, and observe the gene sets in use.

        Args:
            workspace: settings, studies and lake.
            study: the study.
            name: common name of the runs in the UI.
        """
        self._workspace = workspace
        self._study = study
        self._tags = tags_of_run(study.study, name)
        self._instance = open_instance(workspace.settings)
        self._databases = HeldDatabases(self._instance)
        self._end_killed_runs()
        self._instance.report_runless_asset_event(observation(GENE_SETS, libraries_now(workspace, study.study), None))

    @cached_property
    def _job(self) -> dg.JobDefinition:
        """The assets with the partitions of this study alone: those of a thousand others take seconds."""
        alone = replace(self._workspace, studies={self._study.study: self._study})
        return build_defs(alone).resolve_implicit_global_asset_job_def()

    def report(
        self,
        key: PartitionKey,
        answers: Mapping[Step, Answer],
        pictures: Mapping[str, Picture],
        run_id: str,
        build: Callable[[], Path] | None = None,
    ) -> dict[str, str]:
        """Report steps of one partition as one run.

        Args:
            key: the partition.
            answers: of the steps that were computed or failed, in order of dependence.
            pictures: of tables.
            run_id: id of the run.
            build: builds the warehouse, which the run reports last.

        Returns: why steps that were computed could not be reported, by step.

        Raises:
            DmiccError: the warehouse could not be built.
        """
        unreported: dict[str, str] = {}
        with self._databases.held(run_id) as transactions:
            assets = [asset_key(table) for step in answers for table in step.outputs]
            begun = min((answer.began for answer in answers.values()), default=time())
            run = RecordedRun(
                self._instance, self._job, [*assets, *([CATALOG] if build else [])], key, run_id, self._tags, begun
            )
            transactions.commit()  # by the event of its begin Dagster finds out that this process was killed
            with run:
                for step, answer in answers.items():
                    with transactions.whole():  # a step is told with its checks, or will be told again
                        problem = self._tell(run, step, key, answer, pictures)
                    if problem:
                        unreported[step.name] = problem
                if build is not None:
                    self._tell_catalog(run, build)
        return unreported

    def _tell(
        self, run: RecordedRun, step: Step, key: PartitionKey, answer: Answer, pictures: Mapping[str, Picture]
    ) -> str:
        """Report one step; why that failed, if it did."""
        times = answer.began, answer.seconds
        if answer.made is None:
            error = answer.failure or DmiccError(answer.defect)
            run.fail(step.name, *times, error, failed_check(step, error))
            return ""
        of = self._workspace.context(step, key, run.run_id)
        try:
            inputs = provenance(self._instance, of)
            shown = [
                shown_of(self._instance, of, answer.made, each.manifest, lambda t=each.manifest.table: pictures.get(t))
                for each in answer.made.written
            ]
            checks = [*passed_checks(step), *finding_results(step, of)]
        except DmiccError as error:  # another process damaged a file since
            run.fail(step.name, *times, error)
            return str(error)
        made = [materialization(each, seen, inputs) for each, seen in zip(answer.made.written, shown, strict=True)]
        run.succeed(step.name, *times, made, checks)
        return ""

    def _tell_catalog(self, run: RecordedRun, build: Callable[[], Path]) -> None:
        """Build the warehouse, and report it.

        Raises:
            DmiccError: it could not be built.
        """
        began = time()
        try:
            metadata = catalog_metadata(build())
        except DmiccError as error:
            run.fail(_CATALOG_OP, began, time() - began, error)
            raise
        run.succeed(_CATALOG_OP, began, time() - began, [dg.AssetMaterialization(CATALOG, metadata=metadata)])

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
        with self._databases.held() as transactions, transactions.whole():
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
