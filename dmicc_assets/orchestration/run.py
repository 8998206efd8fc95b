"""`dmicc run`: computes what is out of date of a study, and has it reported to Dagster.

It decides what must be computed and what became of it. The order is `schedule.py`'s, the processes are `crew.py`'s,
Dagster is `reports.py`'s; `cli/` prints, the steps compute.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from dmicc_assets.assets import STEPS
from dmicc_assets.errors import DataError, DmiccError, SourceError
from dmicc_assets.geo.http.memory import Memory
from dmicc_assets.lake.chosen_steps import Chosen
from dmicc_assets.lake.currency import Currency, currency, inputs_read, recorded, served, study_currency
from dmicc_assets.lake.making import Outcome
from dmicc_assets.lake.steps import Step, StepContext, partition_keys
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.crew import Crew
from dmicc_assets.orchestration.free_memory import needed_memory
from dmicc_assets.orchestration.judged_study import judge_study
from dmicc_assets.orchestration.pictures import Picture
from dmicc_assets.orchestration.reports import Reports, has_own_run
from dmicc_assets.orchestration.schedule import REPORT, Node, Schedule, partitions_beside, schedule_of
from dmicc_assets.orchestration.task import Answer, Task
from dmicc_assets.orchestration.work import work_off
from dmicc_assets.types import ALL_STUDIES, PartitionKey, PartitionKind
from dmicc_assets.warehouse.build import build_warehouse, left_out

__all__ = ["DefectError", "Outcome", "StudyRun"]

Plan = Iterable[tuple[Step, PartitionKey]]
_ORDER: tuple[PartitionKind, ...] = ("dataset", "cohort", "study", "all_studies")
_COMPUTED = ("made", "unchanged")
# A first look is worth its lines if the rest takes so many seconds.
_WORTH_A_LOOK = 5.0


class DefectError(Exception):
    """A defect of this package inside a run; the text is the traceback."""


class StudyRun:
    """One run of one study.

    Attributes:
        study: name of the study.
        name: common name of its Dagster runs.
        warnings: messages for the user that are not failures.
        judged: state of each partition after the run.
    """

    def __init__(self, workspace: Workspace, study: str, *, force: bool = False, verify: bool = False) -> None:
        self._workspace = replace(workspace, memory=Memory())
        self.study = study
        self._study = workspace.study(study)
        self._force = force
        self._verify = verify
        self._steps = dict[str, Step]()
        self._schedule: Schedule
        self._plan = list[tuple[Step, PartitionKey]]()
        self._begun: Callable[[str, PartitionKey], None] = lambda _step, _key: None
        self._ended: Callable[[Outcome], None] = lambda _: None
        self._looked: Callable[[], None] = lambda: None
        self._observed = dict[tuple[str, PartitionKey], str]()
        self._of_sources = dict[PartitionKey, str]()
        self._answers = dict[tuple[str, PartitionKey], Answer]()
        self._pictures = dict[tuple[str, PartitionKey], Picture]()
        self._outcomes: dict[tuple[str, PartitionKey], Outcome] = {}
        self._failed: set[tuple[str, PartitionKey]] = set()
        self._untold = list[tuple[PartitionKey, list[Step]]]()
        self.name = f"{study}, {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
        self.warnings: list[str] = []
        self.judged: list[Currency] = []
        self._reports = Reports(
            self._workspace,
            self._answers,
            self._pictures,
            self._study,
            self.name,
            self._of_sources,
            self.warnings.append,
        )

    def plan(
        self, only: str | None = None, until: str | None = None, skip: Sequence[str] = ()
    ) -> list[tuple[Step, PartitionKey]]:
        """Every partition of the steps that are asked for, in order of dependence; `Chosen` has the arguments.

        Raises:
            RequestError: there is no such group, or no step is left.
        """
        wanted = Chosen(only, until, tuple(skip)).of(STEPS)
        return [(step, key) for step in wanted for key in partition_keys(step.partition, self._study)]

    def materialise(
        self,
        plan: Plan,
        started: Callable[[str, PartitionKey], None] = lambda _step, _key: None,
        ended: Callable[[Outcome], None] = lambda _: None,
        looked: Callable[[], None] = lambda: None,
    ) -> list[Outcome]:
        """Compute outdated partitions, side by side where that helps; report them to Dagster; then the warehouse.

        The caller holds the study's lock, so that no other process runs the same study.

        Args:
            plan: steps and their partitions, in order of dependence.
            started: called with a step and its partition when it begins.
            ended: called with the outcome of each partition, also of skipped and blocked ones.
            looked: called once when statistics, signature and biomarkers are there and longer work is left; the
                warehouse has them.

        Returns: the outcomes, in the order of the plan.

        Raises:
            DataError: a file of the study is damaged, so that it can be in no view.
            DefectError: a step failed by a defect of this package.
        """
        self._plan, self._begun, self._ended, self._looked = list(plan), started, ended, looked
        self._steps = {step.name: step for step, _ in self._plan}
        self._untold = _by_run(self._plan)
        self._workspace.lake.refresh(self.study)  # it may have waited for the study's lock
        self._retire()
        self._reports.reconcile(lambda: study_currency(self._workspace, self.study, STEPS))
        self._schedule = schedule_of(self._workspace, self._plan)
        try:
            with Crew(self._workspace, self._workspace.settings.workers) as crew:
                work_off(self._schedule, crew, self)
                crew.dismiss()  # its processes end meanwhile
                self._report_rest()
                self._reports.report_shared(self._answered(self._shared(), ALL_STUDIES))
        except DefectError:
            self._report_rest()
            raise
        finally:  # also after an interrupted run
            self.judged = judge_study(self._workspace, self._study.study)
        self._reports.reconcile(lambda: self.judged)
        self._reports.tell_stale(self.judged)
        self._warn_of_damage()
        return [self._outcomes[step.name, key] for step, key in self._plan]

    def needs(self, node: Node) -> int:
        """Bytes of memory that a piece of work may take."""
        return needed_memory(self._context(node))

    def begin(self, node: Node) -> Task | None:
        """The task of a piece of work; None if nothing needs to be done, which is an outcome."""
        if node.draws:
            outcome = self._outcomes[node.name, node.key]
            return self._task(node) if outcome.state in _COMPUTED else None
        if not self._must_be_computed(self._context(node)):
            return None
        self._begun(node.name, node.key)
        return self._task(node)

    def end(self, task: Task, answer: Answer) -> None:
        """Keep an answer, and tell the outcome.

        Raises:
            DefectError: the step failed by a defect of this package.
        """
        if task.draws:
            self._pictures |= {(table, task.key): drawn for table, drawn in answer.pictures.items()}
            if answer.failure or answer.defect:
                self.warnings.append(f"{task.name}: {answer.failure or answer.defect.strip().splitlines()[-1]}")
            return
        self._answers[task.step, task.key] = answer
        if answer.defect:
            raise DefectError(answer.defect)
        state, message = ("failed", str(answer.failure)) if answer.made is None else (answer.made.state, "")
        self._note(Outcome(self._steps[task.step], task.key, state, answer.seconds, message))

    def look(self) -> None:
        """Have the first look shown, if anything is new and the rest takes long."""
        is_new = any(outcome.state in _COMPUTED for outcome in self._outcomes.values())
        if is_new and self._schedule.seconds_left > _WORTH_A_LOOK:
            build_warehouse(self._workspace.settings)
            self._looked()
            self._reports.get_ready()

    def report(self) -> bool:
        """Report the next run, in their order, if its work has ended; whether one was reported."""
        if not self._answers or not self._reports.get_ready():
            return False
        while self._untold:
            key, steps = self._untold[0]
            if not self._schedule.has_ended(key, steps):
                return False
            if self._report_next():
                return True
        return False

    def _report_next(self) -> bool:
        """Report what was computed in the next run, once; whether there was anything."""
        key, steps = self._untold.pop(0)
        answered = self._answered(steps, key)
        if answered:
            self._reports.report(key, answered)
        return bool(answered)

    def _report_rest(self) -> None:
        """Report all runs that were not reported."""
        while self._untold:
            self._report_next()

    def _shared(self) -> list[Step]:
        """The steps of all studies."""
        return [step for step, key in self._plan if key == ALL_STUDIES]

    def _answered(self, steps: Sequence[Step], key: PartitionKey) -> list[Step]:
        """Those of the steps of a partition key that were computed, or failed."""
        return [step for step in steps if (step.name, key) in self._answers]

    def _context(self, node: Node) -> StepContext:
        return self._workspace.context(self._steps[node.name], node.key)

    def _task(self, node: Node) -> Task:
        memory = self._workspace.memory
        asks = not node.draws and self._steps[node.name].observe is not None
        return Task(
            node.name,
            node.key,
            self._reports.run_id(node.key, [self._steps[node.name]]),
            self._observed.get((node.name, node.key), ""),
            self._force,
            self._verify,
            node.draws,
            any(REPORT in step.outputs for step in self._steps.values()),
            self._beside(node) if node.draws else (),
            dict(memory.answers) if memory is not None and asks else {},
        )

    def _beside(self, node: Node) -> tuple[str, ...]:
        """Tables beside those upstream that pictures show, those that this run made or found up to date."""
        of_pictures = partitions_beside(self._workspace, self._steps[node.name], node.key)
        done = {
            (table, key)
            for (_, key), outcome in self._outcomes.items()
            if outcome.state in (*_COMPUTED, "current")
            for table in outcome.step.outputs
        }
        missing = {table for table, key in of_pictures if (table, key) not in done}
        return tuple(dict.fromkeys(table for table, _ in of_pictures if table not in missing))

    def _must_be_computed(self, context: StepContext) -> bool:
        """Whether a partition is out of date and can be computed; otherwise its outcome is told."""
        step, key = context.step, context.key
        if blocked := self._blocked_by(context):
            self._note(Outcome(step, key, "blocked", message=f"needs {blocked}, which failed"))
            return False
        try:
            state = currency(context, self._observe, self._workspace.lake.verify if self._verify else None)
        except DmiccError as error:
            self._note(Outcome(step, key, "failed", message=str(error)))
            return False
        if state.is_current and not self._force:
            self._note(Outcome(step, key, "current"))
            return False
        if state.now is None:
            self._note(Outcome(step, key, "failed", message=state.because))
            return False
        return True

    def _observe(self, context: StepContext) -> str:
        """The step's current observation, or the last one when the source cannot be reached."""
        step, key = context.step, context.key
        try:
            observed = served(context)
        except SourceError as error:
            manifest = self._workspace.lake.manifest(step.outputs[0], key)
            if manifest is None or not step.asks_source:
                raise
            self.warnings.append(f"{error}; going on with what was fetched on {manifest.written_at}")
            observed = recorded(context)
        else:
            if step.asks_source:
                self._of_sources[key] = observed
        self._observed[step.name, key] = observed
        return observed

    def _warn_of_damage(self) -> None:
        """Warn of other studies that the warehouse leaves out; of this one it is an error."""
        damaged = left_out(self._workspace.settings)
        own = [line for line in damaged if line.startswith(f"{self.study} ")]
        self.warnings += [line for line in damaged if line not in own]
        if own:
            raise DataError(own[0])

    def _note(self, outcome: Outcome) -> None:
        self._outcomes[outcome.step.name, outcome.key] = outcome
        if outcome.state in ("failed", "blocked"):
            self._failed |= {(table, outcome.key) for table in outcome.step.outputs}
        self._ended(outcome)

    def _blocked_by(self, context: StepContext) -> str | None:
        """The failed or blocked input of a partition, if any."""
        return next((f"{table} of {key}" for table, key in inputs_read(context) if (table, key) in self._failed), None)

    def _retire(self) -> None:
        """Delete results of cohorts and datasets that the study file no longer names, so that no query returns them."""
        kinds: tuple[PartitionKind, ...] = ("dataset", "cohort")
        named = {key for kind in kinds for key in partition_keys(kind, self._study)}
        for key in self._workspace.lake.retire(self._study.study, named):
            self.warnings.append(f"{key}: the study file no longer names it; its results are deleted")


def _by_run(plan: Plan) -> list[tuple[PartitionKey, list[Step]]]:
    """The steps that Dagster is told of in one run, in order of dependence: of a dataset, a cohort, and the study.

    The report has a run of its own, so that all others are told while it is made.
    """
    found: dict[tuple[PartitionKey, bool], list[Step]] = {}
    for step, key in sorted(plan, key=lambda one: _ORDER.index(one[0].partition)):
        if key != ALL_STUDIES:
            found.setdefault((PartitionKey(key), has_own_run(step)), []).append(step)
    return [(key, steps) for (key, _), steps in found.items()]
