"""The wheel contains everything that `dmicc` needs to run outside the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dmicc_assets_tests.conftest import ROOT

MAIN = "import dmicc_assets; print(dmicc_assets.__file__); from dmicc_assets.cli.main import main; main()"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built and unpacked away from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def test_the_wheel_runs_outside_of_the_checkout(unpacked: Path, tmp_path: Path) -> None:
    def dmicc(*arguments: str) -> list[str]:
        environment = os.environ | {"PYTHONPATH": str(unpacked), "DMICC_HOME": str(tmp_path / "home")}
        command = [sys.executable, "-W", "error", "-c", MAIN, *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        package, *shown = done.stdout.splitlines()
        assert package.startswith(str(unpacked)), "the installed checkout ran, not the wheel"
        return shown

    assert "the file is valid" in dmicc("check", "dm_icc", "--offline")[-1]
    (tmp_path / "home" / "lake").mkdir(parents=True)
    assert dmicc("sql", "SELECT count(*) AS n FROM differential.genes", "--format", "csv") == ["n", "0"]
