"""Settings, readable studies and lake of a process. Without dagster."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from dmicc_assets.errors import RequestError
from dmicc_assets.geo.formats.limits import multiply_limits
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.http.memory import Memory
from dmicc_assets.lake.advisory_locks import AdvisoryLocks
from dmicc_assets.lake.kept_studies import load_studies
from dmicc_assets.lake.locks import hold_study
from dmicc_assets.lake.published import lake_of
from dmicc_assets.lake.steps import Step, StepContext, open_client
from dmicc_assets.lake.store import Lake
from dmicc_assets.study.loading import no_study, study_files
from dmicc_assets.study.schema import Study
from dmicc_assets.study.settings import Settings, load_settings
from dmicc_assets.types import PartitionKey


@dataclass(frozen=True)
class Workspace:
    """Settings, studies and lake together.

    Attributes:
        settings: settings from the environment.
        studies: every study with a valid file, by name.
        files: the file of each study.
        broken: the message of each invalid study file; other studies are not affected.
        report_progress: called with the state of long work.
        memory: answers of servers during one run, which are not asked for again; by default every question is asked.
    """

    settings: Settings
    studies: dict[str, Study]
    files: dict[str, Path]
    broken: dict[str, str] = field(default_factory=dict[str, str])
    report_progress: Callable[[str], None] | None = None
    memory: Memory | None = None

    @property
    def lake(self) -> Lake:
        """The Parquet store."""
        return lake_of(self.settings)

    def hold_study(
        self,
        study: str,
        *,
        is_shared: bool = False,
        waits: bool = True,
        report_waiting: Callable[[str], None] = lambda _: None,
    ) -> AbstractContextManager[None]:
        """Hold the lock of a study; `locks.hold_study` has the arguments."""
        across = AdvisoryLocks.of(self.settings)
        return hold_study(
            self.settings.locks, study, is_shared=is_shared, waits=waits, report_waiting=report_waiting, across=across
        )

    def client(self) -> GeoClient:
        """Client for the sources of this workspace."""
        return open_client(self.settings, self.report_progress or (lambda _: None))

    def study(self, name: str) -> Study:
        """The study of this name.

        Raises:
            RequestError: there is none, or its file is wrong.
        """
        if name in self.broken:
            raise RequestError(self.broken[name])
        if name not in self.studies:
            raise no_study(name, [*self.studies, *self.broken])
        return self.studies[name]

    def context(
        self,
        step: Step,
        key: str,
        run_id: str = "none",
        log_progress: Callable[[str], None] = lambda _: None,
    ) -> StepContext:
        """Argument of a step's body for one partition."""
        shared = step.partition == "all_studies"
        study = next(iter(self.studies.values())) if shared else self.studies[PartitionKey(key).study]
        return StepContext(
            step=step,
            key=PartitionKey(key),
            study=study,
            study_file=self.files[study.study],
            settings=self.settings.simulated() if study.is_simulated else self.settings,
            lake=self.lake,
            studies=self.studies,
            run_id=run_id,
            report_progress=self.report_progress or log_progress,
            memory=self.memory,
        )


def open_workspace(settings: Settings | None = None) -> Workspace:
    """Read every study file, and take over what other machines published; an invalid file is kept apart.

    Raises:
        DmiccError: the object store of the lake cannot be used.
    """
    settings = settings or load_settings()
    multiply_limits(settings.size_limits)
    files = study_files(settings.study_folders)
    studies: dict[str, Study] = {}
    broken: dict[str, str] = {}
    for name, study, problem in load_studies(files, settings.lake / "kept" / "studies" / "all"):
        if study is not None:
            studies[name] = study
        else:
            broken[name] = problem
    workspace = Workspace(settings, studies, {name: files[name] for name in files}, broken)
    workspace.lake.refresh()
    return workspace
