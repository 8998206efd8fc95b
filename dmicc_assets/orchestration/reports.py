"""What one `dmicc run` tells Dagster: a run for each partition key and for the report, reconciliation, outdated assets.

Dagster (`launch.py`) is loaded only if there is something to tell. Nothing is computed here.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from uuid import uuid4

from dmicc_assets.lake.currency import Currency
from dmicc_assets.lake.steps import Step
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.pictures import Picture
from dmicc_assets.orchestration.schedule import REPORT
from dmicc_assets.orchestration.task import Answer
from dmicc_assets.orchestration.told import begin_telling, contents_of, end_telling, last_told, to_be_told
from dmicc_assets.study.schema import Study
from dmicc_assets.types import ALL_STUDIES, PartitionKey
from dmicc_assets.warehouse.build import build_warehouse

if TYPE_CHECKING:
    from dmicc_assets.orchestration.launch import Launcher


_LAUNCH = "dmicc_assets.orchestration.launch"  # which loads Dagster


def _load() -> None:
    """Load Dagster; what prevents it is said when it is needed."""
    with suppress(Exception):
        import_module(_LAUNCH)


def has_own_run(step: Step) -> bool:
    """Whether a step is told in a run of its own: the report, so that all else is told while it is made."""
    return REPORT in step.outputs


class Reports:
    """The reports of one run of a study.

    Args:
        workspace: settings, studies and lake.
        answers: what became of each step and partition, which grow while the run works.
        pictures: by table and partition, likewise.
        study: the study.
        name: common name of its runs in Dagster.
        observed: versions of the datasets' sources, as they are observed.
        warn: called with messages for the user.
    """

    def __init__(
        self,
        workspace: Workspace,
        answers: Mapping[tuple[str, PartitionKey], Answer],
        pictures: Mapping[tuple[str, PartitionKey], Picture],
        study: Study,
        name: str,
        observed: Mapping[PartitionKey, str],
        warn: Callable[[str], None],
    ) -> None:
        self._workspace, self._answers, self._pictures = workspace, answers, pictures
        self._study, self._name = study, name
        self._observed, self._warn = observed, warn
        self._launcher: Launcher | None = None
        self._loading: Thread | None = None
        self._told = last_told(self._workspace.settings, study.study)
        self._heard = dict(self._told.contents)
        self._told_of = set[PartitionKey]()
        self._run_ids = dict[tuple[PartitionKey, bool], str]()

    def run_id(self, key: PartitionKey, steps: Sequence[Step]) -> str:
        """Id of the run in Dagster that reports steps of a partition key."""
        return self._run_ids.setdefault((key, any(map(has_own_run, steps))), str(uuid4()))

    def get_ready(self) -> bool:
        """Whether Dagster is loaded; if not, begin to load it beside other work."""
        if self._loading is None:
            self._loading = Thread(target=_load)
            self._loading.start()
        return not self._loading.is_alive()

    def report(self, key: PartitionKey, steps: Sequence[Step]) -> None:
        """Report steps of a partition key that were computed or failed, in one run."""
        self._tell(key, steps)
        lake = self._workspace.lake
        tables = [table for step in steps for table in step.outputs]
        self._heard |= {(table, key): made.content for table in tables if (made := lake.manifest(table, key))}

    def report_shared(self, steps: Sequence[Step]) -> None:
        """Build the warehouse and report it with the tables of all studies; without Dagster if it knows everything.

        Raises:
            DmiccError: the warehouse could not be built.
        """
        if self._launcher is None and not steps and self._told.is_recent:
            build_warehouse(self._workspace.settings)
        else:
            self._tell(ALL_STUDIES, steps, lambda: build_warehouse(self._workspace.settings))

    def reconcile(self, states: Callable[[], Sequence[Currency]]) -> None:
        """Report the up-to-date results that Dagster never heard of."""
        there = contents_of(self._workspace.lake, self._study)
        if unheard := {each for each, content in there.items() if self._heard.get(each) != content}:
            of_study = [state for state in states() if state.is_current]
            untold = [s for s in of_study if any((table, s.key) in unheard for table in s.step.outputs)]
            if untold:
                self._dagster().reconcile([*untold, *(s for s in of_study if s.key == ALL_STUDIES)])
            self._heard |= {(t, s.key): there[t, s.key] for s in untold for t in s.step.outputs if (t, s.key) in there}

    def tell_stale(self, judged: Sequence[Currency]) -> None:
        """Report outdated assets, unless it was reported before."""
        now = to_be_told(self._workspace.lake, judged)
        if self._launcher is not None or now != self._told.stale:
            self._dagster().tell_stale(self._told.stale, now)
            end_telling(self._workspace.settings, self._study.study, now, self._heard)

    def _tell(self, key: PartitionKey, steps: Sequence[Step], build: Callable[[], Path] | None = None) -> None:
        answers = {step: self._answers[step.name, key] for step in steps}
        pictures = {table: drawn for (table, of), drawn in self._pictures.items() if of == key}
        unreported = self._dagster().report(key, answers, pictures, self.run_id(key, steps), build)
        for name, message in unreported.items():
            self._warn(f"{name} of {key} was computed, but Dagster could not be told: {message}")

    def _dagster(self) -> "Launcher":
        """The launcher, loaded on first use and informed of the sources' current versions."""
        if self._launcher is None:
            from dmicc_assets.orchestration.launch import Launcher

            begin_telling(self._workspace.settings, self._study.study, self._told)
            self._launcher = Launcher(self._workspace, self._study, self._name)
        for key, observed in self._observed.items():
            if key not in self._told_of:
                self._told_of.add(key)
                if warning := self._launcher.tell_served(key, observed):
                    self._warn(warning)
        return self._launcher
