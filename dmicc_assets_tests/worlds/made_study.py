"""A study of local files that `dmicc run` made once, without pictures, and what Dagster has of it."""

import shutil
from pathlib import Path

import dagster as dg
import pytest
import yaml
from rich.console import Console

from dmicc_assets.assets import STEPS
from dmicc_assets.lake.steps import Step
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.orchestration.run import Outcome, StudyRun
from dmicc_assets.study.settings import Settings, load_settings
from dmicc_assets_tests.worlds.local_study import local_study, values_of

SILENT = Console(quiet=True)


def without_pictures(patch: pytest.MonkeyPatch) -> None:
    """Leave out what takes most of the time of a small study."""
    patch.setattr("dmicc_assets.orchestration.pictures.Pictures.picture", lambda _context, _manifest: None)
    patch.setattr("dmicc_assets.report.figures.catalog.study_figures", lambda *_: [])


def enter(settings: Settings, patch: pytest.MonkeyPatch) -> None:
    """Make the environment say where the state is."""
    for name, value in settings.environment().items():
        patch.setenv(name, value)


def make_study(folder: Path) -> list[Outcome]:
    """Make the study `local` below the folder, in a home of its own."""
    folder.mkdir()
    settings = local_study(
        folder,
        {name: values_of(name, 8, 8, seed) for seed, name in enumerate("ABV")},
        enrichment={"libraries": [], "min_size": 1},
    )
    with pytest.MonkeyPatch.context() as patch:
        enter(settings, patch)
        without_pictures(patch)
        return run_local(settings)


def settings_of(folder: Path) -> Settings:
    """The settings of a study made by `make_study`."""
    nowhere = (folder / "nowhere").as_uri()
    return load_settings(home=folder / "home", studies=str(folder / "studies"), geo_url=nowhere, xena_url=nowhere)


def begin_again(folder: Path) -> Settings:
    """The state as `make_study` left it, in the same place: Dagster's records name it."""
    kept = folder.with_suffix(".kept")
    if not kept.exists():
        shutil.copytree(folder, kept)
    shutil.rmtree(folder)
    shutil.copytree(kept, folder)
    return settings_of(folder)


def run_local(settings: Settings, *, only: str | None = None, **options: bool) -> list[Outcome]:
    """`dmicc run local` in this process."""
    run = StudyRun(open_workspace(settings), "local", **options)
    return run.materialise(run.plan(only))


def states(outcomes: list[Outcome]) -> dict[str, set[str]]:
    """What became of each step, by state."""
    found: dict[str, set[str]] = {}
    for outcome in outcomes:
        found.setdefault(outcome.state, set()).add(f"{outcome.step.name} {outcome.key}")
    return found


def edit_study(settings: Settings, **changes: object) -> None:
    """Change keys of the study file."""
    path = settings.study_folders[0] / "local.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))


def step_named(name: str) -> Step:
    """The step of this name."""
    (step,) = (step for step in STEPS if step.name == name)
    return step


def n_runs(instance: dg.DagsterInstance) -> int:
    """Runs of Dagster so far."""
    return instance.get_runs_count()
