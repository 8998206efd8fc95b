"""`dmicc run`: runs a whole study through Dagster, in this process, and skips up-to-date partitions.

It decides what to compute and in which order, and loads Dagster (`launch.py`) only if there is something to compute.
`cli/` prints, the steps compute.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dmicc_assets.assets import STEPS
from dmicc_assets.errors import DataError, DmiccError, SourceError
from dmicc_assets.geo.http.memory import Memory
from dmicc_assets.lake.chosen_steps import Chosen
from dmicc_assets.lake.currency import Currency, currency, inputs_read, recorded, served, study_currency
from dmicc_assets.lake.making import Outcome
from dmicc_assets.lake.steps import Step, StepContext, partition_keys
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.judged_study import judge_study
from dmicc_assets.orchestration.session import Listener, Session
from dmicc_assets.orchestration.told import begin_telling, contents_of, end_telling, last_told, to_be_told
from dmicc_assets.types import ALL_STUDIES, PartitionKey, PartitionKind
from dmicc_assets.warehouse.build import build_warehouse, left_out

if TYPE_CHECKING:
    from dmicc_assets.orchestration.launch import Launcher

__all__ = ["DefectError", "Outcome", "StudyRun"]

Plan = Iterable[tuple[Step, PartitionKey]]
_ORDER: tuple[PartitionKind, ...] = ("dataset", "cohort", "study", "all_studies")


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
        self._launcher: Launcher | None = None
        self._listener = Listener()
        self._told = last_told(workspace.settings, study)
        self._heard = dict(self._told.contents)
        self._told_of = set[PartitionKey]()
        self._observed: dict[tuple[str, PartitionKey], str] = {}
        self._outcomes: dict[tuple[str, PartitionKey], Outcome] = {}
        self._failed: set[tuple[str, PartitionKey]] = set()
        self.name = f"{study}, {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
        self.warnings: list[str] = []
        self.judged: list[Currency] = []

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
    ) -> list[Outcome]:
        """Compute outdated partitions, in one Dagster run for each partition key, then the warehouse.

        The caller holds the study's lock, so that no other process runs the same study.

        Args:
            plan: steps and their partitions, in order of dependence.
            started: called with a step and its partition when it begins.
            ended: called with the outcome of each partition, also of skipped and blocked ones.

        Returns: the outcomes, in the order of the plan.

        Raises:
            DataError: a file of the study is damaged, so that it can be in no view.
        """
        plan = list(plan)
        self._listener = Listener(lambda step, key: started(step.name, key), lambda outcome: self._note(outcome, ended))
        self._retire()
        self._reconcile(lambda: study_currency(self._workspace, self.study, STEPS))
        try:
            for key, steps in _by_key(plan).items():
                if key != ALL_STUDIES:
                    self._make(key, self._choose(key, steps))
            self._make_shared([step for step, key in plan if key == ALL_STUDIES])
        finally:  # also after an interrupted run
            self.judged = judge_study(self._workspace, self._study.study)
        self._reconcile(lambda: self.judged)
        self._tell()
        self._warn_of_damage()
        return [self._outcomes[step.name, key] for step, key in plan]

    def _warn_of_damage(self) -> None:
        """Warn of other studies that the warehouse leaves out; of this one it is an error."""
        damaged = left_out(self._workspace.settings)
        own = [line for line in damaged if line.startswith(f"{self.study} ")]
        self.warnings += [line for line in damaged if line not in own]
        if own:
            raise DataError(own[0])

    def _choose(self, key: PartitionKey, steps: Sequence[Step]) -> list[Step]:
        """The steps of a partition that may need computation; outcomes of the others are recorded."""
        chosen: list[Step] = []
        for step in steps:
            context = self._workspace.context(step, key)
            making = {(table, key) for each in chosen for table in each.outputs}
            if blocked := self._blocked_by(context):
                self._listener.ended(Outcome(step, key, "blocked", message=f"needs {blocked}, which failed"))
            elif not making.isdisjoint(inputs_read(context)):
                chosen.append(step)
            elif (state := self._state(context)) is not None:
                if state.is_current and not self._force:
                    self._listener.ended(Outcome(step, key, "current"))
                elif state.now is None:
                    self._listener.ended(Outcome(step, key, "failed", message=state.because))
                else:
                    chosen.append(step)
        return chosen

    def _state(self, context: StepContext) -> Currency | None:
        """State of a partition without its inputs' states; None when it is unknown, which is recorded as a failure."""
        try:
            return currency(context, self._observe, self._workspace.lake.verify if self._verify else None)
        except DmiccError as error:
            self._listener.ended(Outcome(context.step, context.key, "failed", message=str(error)))
            return None

    def _observe(self, context: StepContext) -> str:
        """The step's current observation, or the last one when the source cannot be reached."""
        if not context.step.asks_source:
            return served(context)
        try:
            observed = served(context)
        except SourceError as error:
            manifest = self._workspace.lake.manifest(context.step.outputs[0], context.key)
            if manifest is None:
                raise
            self.warnings.append(f"{error}; going on with what was fetched on {manifest.written_at}")
            return recorded(context)
        self._observed[context.step.name, context.key] = observed
        return observed

    def _make(self, key: PartitionKey, chosen: Sequence[Step], *, with_catalog: bool = False) -> None:
        """One Dagster run; steps without an event were blocked by a failure, because Dagster does not name them."""
        if not chosen and not with_catalog:
            return
        failures = self._dagster().execute(
            key, chosen, force=self._force, verify=self._verify, with_catalog=with_catalog
        )
        for step in chosen:
            if (step.name, key) in self._outcomes:
                continue
            if step.name in failures:
                self._listener.ended(Outcome(step, key, "failed", message=failures[step.name]))
            elif blocked := self._blocked_by(self._workspace.context(step, key)):
                self._listener.ended(Outcome(step, key, "blocked", message=f"needs {blocked}, which failed"))
            else:
                raise DefectError(f"Dagster ended the run of {key} without {step.name}")
        done = [step for step in chosen if self._outcomes[step.name, key].state in ("made", "unchanged", "current")]
        tables = [table for step in done for table in step.outputs]
        lake = self._workspace.lake
        self._heard |= {(table, key): made.content for table in tables if (made := lake.manifest(table, key))}

    def _make_shared(self, steps: Sequence[Step]) -> None:
        """The tables of all studies and the warehouse; without Dagster when nothing must be reported to it."""
        chosen = self._choose(ALL_STUDIES, steps)
        if self._launcher is None and not chosen and self._told.is_recent:
            build_warehouse(self._workspace.settings)
        else:
            self._make(ALL_STUDIES, chosen, with_catalog=True)
            if any(self._outcomes[step.name, ALL_STUDIES].state == "failed" for step in chosen):
                build_warehouse(self._workspace.settings)  # Dagster did not begin what comes after the failure

    def _dagster(self) -> "Launcher":
        """The launcher, loaded on first use and informed of the sources' current versions."""
        if self._launcher is None:
            from dmicc_assets.orchestration.launch import Launcher

            begin_telling(self._workspace.settings, self._study.study, self._told)
            session = Session(self._workspace, self._listener, self._observed, is_of_dmicc=True)
            self._launcher = Launcher(session, self._study, self.name)
        for (_, key), observed in self._observed.items():
            if key not in self._told_of:
                self._told_of.add(key)
                if warning := self._launcher.tell_served(key, observed):
                    self.warnings.append(warning)
        return self._launcher

    def _reconcile(self, states: Callable[[], Sequence[Currency]]) -> None:
        """Report to Dagster the up-to-date results that it never heard of; loads it only if there are any."""
        there = contents_of(self._workspace.lake, self._study)
        if unheard := {each for each, content in there.items() if self._heard.get(each) != content}:
            of_study = [state for state in states() if state.is_current]
            untold = [s for s in of_study if any((table, s.key) in unheard for table in s.step.outputs)]
            if untold:
                self._dagster().reconcile([*untold, *(s for s in of_study if s.key == ALL_STUDIES)])
            self._heard |= {(t, s.key): there[t, s.key] for s in untold for t in s.step.outputs if (t, s.key) in there}

    def _tell(self) -> None:
        """Report outdated assets in Dagster, unless it was reported before."""
        now = to_be_told(self._workspace.lake, self.judged)
        if self._launcher is not None or now != self._told.stale:
            self._dagster().tell_stale(self._told.stale, now)
            end_telling(self._workspace.settings, self._study.study, now, self._heard)

    def _note(self, outcome: Outcome, ended: Callable[[Outcome], None]) -> None:
        self._outcomes[outcome.step.name, outcome.key] = outcome
        if outcome.state in ("failed", "blocked"):
            self._failed |= {(table, outcome.key) for table in outcome.step.outputs}
        ended(outcome)

    def _blocked_by(self, context: StepContext) -> str | None:
        """The failed or blocked input of a partition, if any."""
        return next((f"{table} of {key}" for table, key in inputs_read(context) if (table, key) in self._failed), None)

    def _retire(self) -> None:
        """Delete results of cohorts and datasets that the study file no longer names, so that no query returns them."""
        kinds: tuple[PartitionKind, ...] = ("dataset", "cohort")
        named = {key for kind in kinds for key in partition_keys(kind, self._study)}
        for key in self._workspace.lake.retire(self._study.study, named):
            self.warnings.append(f"{key}: the study file no longer names it; its results are deleted")


def _by_key(plan: Plan) -> dict[PartitionKey, list[Step]]:
    """The steps of each partition key, in order of dependence: datasets, then cohorts, then the study."""
    found: dict[PartitionKey, list[Step]] = {}
    for step, key in sorted(plan, key=lambda one: _ORDER.index(one[0].partition)):
        found.setdefault(PartitionKey(key), []).append(step)
    return found
