"""Fixtures that every test may use. No test reads the developer's environment or home."""

import gc
import os
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from dmicc_assets.lake.store import Lake
from dmicc_assets.study.settings import Settings, load_settings

ROOT = Path(__file__).parent.parent
# A small study is sooner computed in one process than worker processes begin; those have tests of their own.
os.environ["DMICC_WORKERS"] = "1"

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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", type=Path, metavar="DIR", help="write the browser tests' screenshots there")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests that share what their file or the session made run in one process, so that it is made once.

    pytest-xdist's own marker of groups is not used: with pytest 9.2 it groups nothing, and says nothing.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return Groups(config, log) if config.getoption("dist") == "loadgroup" else None


def group_of(nodeid: str) -> str:
    """What a test shares with others: the study that was run once, the simulated study, or what its file makes.

    A file of which the tests share nothing says so: `pytestmark = pytest.mark.apart`.
    """
    path, _, name = nodeid.partition("::")
    text = _source(path)
    declared = re.search(rf"^def {re.escape(name.partition('[')[0])}\((.*?)\) ->", text, re.DOTALL | re.MULTILINE)
    is_apart = "mark.apart" in text
    if re.search(r"\b(first_run|materialised)\b", declared[1] if is_apart and declared else text):
        return "first_run"
    if "/unit/" in path and re.search(r"worlds\.simulated_(study|lake) import", text):
        return "simulated_study"
    return nodeid if is_apart else path


@cache
def _source(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


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
    for name in ("DMICC_ENRICHR_URL", "DMICC_GO_URL", "DMICC_MSIGDB_URL", "DMICC_REACTOME_URL", "DMICC_NCBI_GENE_URL"):
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
