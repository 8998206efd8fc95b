"""A small study on the simulated mirror, in a home of its own, for tests that run the graph."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from dmicc_assets.geo.simulate import simulate_mirror
from dmicc_assets.run import Outcome, StudyRun
from dmicc_assets.settings import Settings, load_settings
from dmicc_assets.workspace import Workspace, open_workspace
from dmicc_assets_tests.conftest import ROOT

SMALL = {
    "study": "small",
    "enrichment": {"libraries": ["KEGG"]},
    "ranking": {"trees": 10, "top": 5},
    "model": {"cohort": "disease_b", "bootstrap": 5},
    "rigor": {"permutations": 3, "bootstraps": 3, "random_signatures": 10, "repeats": 1},
}
RunSmall = Callable[..., dict[str, Outcome]]


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated mirror, made once."""
    folder = tmp_path_factory.mktemp("mirror")
    simulate_mirror(folder, 1)
    return folder


@pytest.fixture
def home(tmp_path: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with the mirror in it, a folder with the study `small`, and the environment that says so."""
    studies = tmp_path / "studies"
    studies.mkdir()
    demo = yaml.safe_load((ROOT / "dmicc_assets" / "studies" / "demo.yaml").read_text())
    (studies / "small.yaml").write_text(yaml.safe_dump(demo | SMALL, allow_unicode=True))
    nowhere = (tmp_path / "nowhere").as_uri()  # no test asks GEO
    settings = load_settings(home=tmp_path / "home", studies=str(studies), geo_url=nowhere, xena_url=nowhere)
    settings.prepare_home()
    shutil.copytree(mirror, settings.simulated_mirror)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    return settings


@pytest.fixture
def workspace(home: Settings) -> Workspace:
    """The workspace of that home."""
    return open_workspace(home)


@pytest.fixture
def run_small(home: Settings) -> RunSmall:
    """Run the study `small` in this process; the outcomes by 'step key'."""

    def run(only: str | None = None, **options: bool) -> dict[str, Outcome]:
        this = StudyRun(open_workspace(home), "small", **options)
        outcomes = this.materialise(this.plan(only), lambda _step, _key: None)
        return {f"{outcome.step.name} {outcome.key}": outcome for outcome in outcomes}

    return run


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
