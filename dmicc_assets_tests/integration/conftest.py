"""A small study on the simulated mirror, in a home of its own, for tests that run the graph."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import pytest
import yaml
from sqlalchemy import event
from sqlalchemy.engine import Engine

from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.workspace import Workspace, open_workspace
from dmicc_assets.orchestration.pictures import Picture, Pictures
from dmicc_assets.orchestration.run import Outcome, StudyRun
from dmicc_assets.report.figures.catalog import CatalogFigure, study_figures
from dmicc_assets.results.reader import Results
from dmicc_assets.simulation.mirror import simulate_mirror
from dmicc_assets.study.settings import Settings, load_settings
from dmicc_assets_tests.conftest import ROOT
from dmicc_assets_tests.worlds import made_study as made

SMALL = {
    "study": "small",
    "enrichment": {"libraries": ["KEGG"]},
    "scores": {"libraries": ["KEGG"]},
    "ranking": {"trees": 10, "top": 5},
    "model": {"cohort": "disease_b", "bootstrap": 5},
    "rigor": {"permutations": 3, "bootstraps": 3, "random_signatures": 10, "repeats": 1},
}
Outcomes = dict[str, Outcome]
RunSmall = Callable[..., Outcomes]


@pytest.fixture(scope="session", autouse=True)
def _dagster_waits_for_no_disk() -> Iterator[None]:
    """Dagster writes thousands of events, each in a transaction; a killed process loses none of them by it."""

    def faster(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    event.listen(Engine, "connect", faster)
    yield
    event.remove(Engine, "connect", faster)


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated mirror, made once."""
    folder = tmp_path_factory.mktemp("mirror")
    simulate_mirror(folder, 1)
    return folder


@pytest.fixture(scope="session")
def made_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state in which the study of local files was made once."""
    folder = tmp_path_factory.mktemp("made") / "state"
    assert set(made.states(made.make_study(folder))) == {"made"}
    return folder


@pytest.fixture
def made_study(made_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """That state begun again, as the environment of this process; no pictures are drawn."""
    settings = made.begin_again(made_folder)
    made.enter(settings, monkeypatch)
    made.without_pictures(monkeypatch)
    return settings


def settings_under(folder: Path) -> Settings:
    """Settings of a home and a folder of studies side by side; no test asks GEO."""
    nowhere = (folder / "nowhere").as_uri()
    return load_settings(home=folder / "home", studies=str(folder / "studies"), geo_url=nowhere, xena_url=nowhere)


def begin_state(folder: Path, mirror: Path) -> Settings:
    """A home with the mirror in it, and a folder with the study `small`."""
    demo = yaml.safe_load((ROOT / "dmicc_assets" / "studies" / "demo.yaml").read_text())
    (folder / "studies").mkdir()
    (folder / "studies" / "small.yaml").write_text(yaml.safe_dump(demo | SMALL, allow_unicode=True))
    settings = settings_under(folder)
    settings.prepare_home()
    shutil.copytree(mirror, settings.simulated_mirror)
    return settings


def run_study(settings: Settings, only: str | None = None, key: str | None = None, **options: bool) -> Outcomes:
    """Run the study `small`, or a group or a partition of it, in this process; the outcomes by 'step key'."""
    this = StudyRun(open_workspace(settings), "small", **options)
    plan = [(step, each) for step, each in this.plan(only) if key in (None, each)]
    outcomes = this.materialise(plan, lambda _step, _key: None)
    return {f"{outcome.step.name} {outcome.key}": outcome for outcome in outcomes}


def enter(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the environment say where the state is."""
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def home(tmp_path: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home in which nothing was ever run."""
    settings = begin_state(tmp_path, mirror)
    enter(settings, monkeypatch)
    return settings


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory, mirror: Path) -> tuple[Path, Outcomes]:
    """A state in which the study `small` was run once, kept beside as `<state>.kept`, and what became of it.

    Three figures are in its report, and one table has its picture in Dagster: drawing all of them takes half of the
    run, and is tested by itself.
    """
    picture = Pictures.picture

    def one_picture(self: Pictures, manifest: Manifest) -> Picture | None:
        return picture(self, manifest) if manifest.table == "differential/statistics" else None

    def few(results: Results, like: Collection[str] = ()) -> list[CatalogFigure]:
        wanted = (each for each in study_figures(results, like) if each.name.endswith("/volcano"))
        return list(wanted if like else islice(study_figures(results), 3))

    folder = tmp_path_factory.mktemp("state")
    settings = begin_state(folder, mirror)
    with pytest.MonkeyPatch.context() as patch:
        enter(settings, patch)
        patch.setattr("dmicc_assets.report.figures.catalog.study_figures", few)
        patch.setattr("dmicc_assets.orchestration.pictures.Pictures.picture", one_picture)
        outcomes = run_study(settings)
    shutil.copytree(folder, folder.with_suffix(".kept"))
    return folder, outcomes


@pytest.fixture
def materialised(first_run: tuple[Path, Outcomes], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home in which the study `small` was run: in one place for all tests, since a recipe holds the mirror's URL."""
    folder, _ = first_run
    shutil.rmtree(folder)
    shutil.copytree(folder.with_suffix(".kept"), folder)
    settings = settings_under(folder)
    enter(settings, monkeypatch)
    return settings


@pytest.fixture
def workspace(home: Settings) -> Workspace:
    """The workspace of that home."""
    return open_workspace(home)


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what takes most of a run of a small study; `first_run` draws it."""
    monkeypatch.setattr("dmicc_assets.orchestration.pictures.Pictures.picture", lambda _context, _manifest: None)
    monkeypatch.setattr("dmicc_assets.report.figures.catalog.study_figures", lambda *_: [])


@pytest.fixture
def run_small(home: Settings, no_pictures: None) -> RunSmall:
    """`run_study` on `home`, without pictures."""
    return partial(run_study, home)


@pytest.fixture
def dmicc(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the `dmicc` command as a user would, outside of the checkout."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).parent / "dmicc"), *arguments]
        environment = os.environ | variables
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600, check=False
        )

    return run
