"""Fixtures that every test may use. No test reads the developer's environment or home."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from dmicc_assets.lake.store import Lake
from dmicc_assets.study.settings import Settings, load_settings

ROOT = Path(__file__).parent.parent

# The modules and tests that are loaded stay until the end: the garbage collector searches them neither while they are
# loaded nor in the tests (a third of the time of loading).
gc.disable()

# A test is judged by what it finds, not by how long a loaded machine takes over an example. A developer's examples are
# new in each run; those that decide whether a change lands ($CI is set) are the same each time.
hypothesis.settings.register_profile(
    "dmicc",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("dmicc")


# Modules with one of these names use the simulated study, which a process makes once.
_SIMULATED = ("simulated_tables", "filled_tables", "simulated_workspace")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", type=Path, metavar="DIR", help="write the browser tests' screenshots there")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share what their file or the session made run in one process, so that it is made once.

    A file of which the tests share nothing says so: `pytestmark = pytest.mark.apart`.
    """
    for item in items:
        if "first_run" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("first_run"))
        elif any(hasattr(getattr(item, "module", None), name) for name in _SIMULATED):
            item.add_marker(pytest.mark.xdist_group("simulated_study"))
        elif not item.get_closest_marker("apart"):
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(ROOT))))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    gc.unfreeze()  # else libraries complain at the end of what was not freed


@pytest.fixture(scope="session", autouse=True)
def _nothing_waits_for_the_disk() -> Iterator[None]:
    """What is written need not outlive a power failure; a killed process loses nothing by it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DMICC_HOME", "DMICC_STUDIES", "DMICC_GEO_URL", "DMICC_GEO_ACC_URL", "DMICC_XENA_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("DMICC_GENE_SETS", "DMICC_LAKE_URL", "DAGSTER_HOME", "NCBI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("DMICC_ENRICHR_URL", "DMICC_GO_URL", "DMICC_MSIGDB_URL", "DMICC_REACTOME_URL"):
        monkeypatch.setenv(name, "file:///no/provider")  # no test asks a real one


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a home of their own."""
    settings = load_settings(home=tmp_path / "home")
    settings.prepare_home()
    return settings


@pytest.fixture(scope="session")
def prepared_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an empty lake, made once."""
    folder = tmp_path_factory.mktemp("prepared")
    Lake(folder / "lake", folder / "locks").prepare()
    return folder / "lake"


@pytest.fixture
def lake(settings: Settings, prepared_lake: Path) -> Lake:
    """An empty lake."""
    shutil.copytree(prepared_lake, settings.lake, dirs_exist_ok=True)
    return Lake(settings.lake, settings.locks)
