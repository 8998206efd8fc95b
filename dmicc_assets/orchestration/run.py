"""`dmicc run`: a whole study through Dagster, in process, skipping what the lake says is up to date.

Decides what to materialise and in which order; the terminal is in `cli/`, the computing in the steps.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

import dagster as dg
from dagster._core.execution.plan.objects import ErrorSource

from dmicc_assets.assets import STEPS
from dmicc_assets.errors import DataError, DmiccError, RequestError, SourceError
from dmicc_assets.lake.currency import currency
from dmicc_assets.lake.steps import Step, StepContext, partition_keys, related
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.build import build_defs
from dmicc_assets.orchestration.keys import CATALOG, GENE_SETS, SERIES, asset_key
from dmicc_assets.orchestration.observed import libraries_now, observation, served_now
from dmicc_assets.orchestration.partitions import accession_partition
from dmicc_assets.tables import TABLES
from dmicc_assets.types import ALL_STUDIES, PartitionKey, PartitionKind

State = Literal["current", "unchanged", "made", "failed", "blocked"]

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
STUDY_TAG = "dmicc/study"
_GOING_ON = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass(frozen=True)
class Outcome:
    """What became of one partition of one step.

    Attributes:
        state: `current`: nothing to do; `made`: computed, with new content; `unchanged`: computed, the content is as
            before; `failed`; `blocked`: not tried, since something that it reads failed.
    """

    step: Step
    key: PartitionKey
    state: State
    seconds: float = 0.0
    message: str = ""


class StudyRun:
    """One run of one study."""

    def __init__(self, workspace: Workspace, study: str, *, force: bool = False, verify: bool = False) -> None:
        self._workspace = workspace
        self._study = workspace.study(study)
        self._force = force
        self._verify = verify
        self._instance = dg.DagsterInstance.get()
        self._job = build_defs(workspace).resolve_implicit_global_asset_job_def()
        self._failed: set[tuple[str, str]] = set()
        self.warnings: list[str] = []

    def plan(self, only: str | None = None) -> list[tuple[Step, PartitionKey]]:
        """Every partition of every step, in an order in which each can be made.

        Raises:
            RequestError: there is no such group.
        """
        groups = {TABLES[table].group for step in STEPS for table in step.outputs}
        if only is not None and only not in groups:
            raise RequestError(f"no group {only!r}: the groups are {', '.join(sorted(groups))}")
        wanted = [s for s in STEPS if only is None or only in {TABLES[table].group for table in s.outputs}]
        return [(step, key) for step in wanted for key in partition_keys(step.partition, self._study)]

    def materialise(
        self, plan: Iterable[tuple[Step, PartitionKey]], started: Callable[[str, str], None]
    ) -> list[Outcome]:
        """Make what is not up to date, one Dagster run a partition, then the warehouse.

        Whoever calls this holds the study's lock: no other process runs the same study.
        """
        self._end_killed_runs()
        self._retire()
        self._observe_libraries()
        outcomes: list[Outcome] = []
        for step, key in plan:
            started(step.name, key)
            outcome = self._one(step, key)
            if outcome.state in ("failed", "blocked"):
                self._failed |= {(table, key) for table in step.outputs}
            outcomes.append(outcome)
        if (message := self._execute([CATALOG], None)) is not None:
            raise DataError(message)
        return outcomes

    def _one(self, step: Step, key: PartitionKey) -> Outcome:
        context = self._workspace.context(step, key)
        if blocked_by := self._blocked_by(context):
            return Outcome(step, key, "blocked", message=f"needs {blocked_by}, which failed")
        try:
            state = currency(context, self._observed, self._workspace.lake.verify if self._verify else None)
            if state.now is None:
                return Outcome(step, key, "failed", message=state.because)
            if state.is_current and not self._force:
                return Outcome(step, key, "current")
        except DmiccError as error:
            return Outcome(step, key, "failed", message=str(error))
        before = [self._content(table, key) for table in step.outputs]
        begun = perf_counter()
        message = self._execute([asset_key(table) for table in step.outputs], key)
        seconds = perf_counter() - begun
        if message is not None:
            return Outcome(step, key, "failed", seconds, message)
        after = [self._content(table, key) for table in step.outputs]
        return Outcome(step, key, "unchanged" if before == after else "made", seconds)

    def _blocked_by(self, context: StepContext) -> str | None:
        for each in (each for each in context.step.inputs if each.is_read):
            for key in related(context.study, context.key, each.through, each.table, context.studies):
                if (each.table, key) in self._failed:
                    return f"{each.table} of {key}"
        return None

    def _observed(self, context: StepContext) -> str:
        """What the step observes now; what it was made from last time when the source cannot be reached."""
        assert context.step.observe is not None
        try:
            observed = context.step.observe(context)
        except SourceError as error:
            manifest = self._workspace.lake.manifest(context.step.outputs[0], context.key)
            if manifest is None:
                raise
            self.warnings.append(f"{error}; going on with what was fetched on {manifest.written_at}")
            return next(content for table, _, content in manifest.inputs if table == "observed")
        if "source/files" in context.step.outputs:
            accession = accession_partition(context.study, context.part)
            try:
                text = served_now(self._workspace, accession, seen={context.key: observed})
                self._report_observation(SERIES, text, accession)
            except DmiccError as error:  # another study asks something else of the same series
                self.warnings.append(str(error))
        return observed

    def _end_killed_runs(self) -> None:
        """Say that runs have failed which a killed process began: Dagster would take them to go on for ever.

        Automation waits for what is in progress, and the queue counts every run that goes on.
        """
        begun = dg.RunsFilter(tags={STUDY_TAG: self._study.study}, statuses=_GOING_ON)
        for run in self._instance.get_runs(begun):
            self._instance.report_run_failed(run, "the process that made this run was killed")

    def _retire(self) -> None:
        """Results of a cohort or dataset that left the study file must not stand in answers to queries."""
        kinds: tuple[PartitionKind, ...] = ("dataset", "cohort")
        named = {key for kind in kinds for key in partition_keys(kind, self._study)}
        for key in self._workspace.lake.retire(self._study.study, named):
            self.warnings.append(f"{key}: the study file no longer names it; its results are deleted")

    def _observe_libraries(self) -> None:
        self._report_observation(GENE_SETS, libraries_now(self._workspace), None)

    def _report_observation(self, key: dg.AssetKey, text: str, partition: str | None) -> None:
        self._instance.report_runless_asset_event(observation(key, text, partition))

    def _content(self, table: str, key: PartitionKey) -> str | None:
        manifest = self._workspace.lake.manifest(table, key)
        return manifest.content if manifest else None

    def _execute(self, assets: list[dg.AssetKey], key: str | None) -> str | None:
        """Run a selection of the graph in this process; the message of its failure, if it fails."""
        result = self._job.execute_in_process(
            run_config=QUIET,
            instance=self._instance,
            asset_selection=assets,
            partition_key=None if key == ALL_STUDIES else key,
            tags={STUDY_TAG: self._study.study},
            raise_on_error=False,
        )
        if result.success:
            return None
        for event in result.all_events:
            if event.is_step_failure:
                data = event.step_failure_data
                if data.error_source == ErrorSource.INTERRUPT:
                    raise KeyboardInterrupt
                if data.user_failure_data is not None and data.user_failure_data.description:
                    return data.user_failure_data.description
                raise DefectError(data.error.to_string() if data.error else "no reason was recorded")
        if any("interrupted" in (event.message or "") for event in result.all_events):  # between two steps
            raise KeyboardInterrupt
        raise DataError(f"the run of {key} failed before its first step")


class DefectError(Exception):
    """A defect of this package met inside a run: the text is the traceback."""
