"""The development data beside the checkout."""

from pathlib import Path

import pytest

from dmicc_assets_tests.conftest import ROOT
from dmicc_assets_tests.oracle import Answers


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the development data; without it these tests have nothing to ask."""
    folder = ROOT.parent / "shared"
    if not (folder / "oracle").is_dir():
        pytest.fail(f"no development data at {folder}: these tests compare with files that are not in the project")
    return folder


@pytest.fixture(scope="session")
def real(shared: Path) -> Answers:
    """R's answers on real cases."""
    return Answers(shared / "oracle" / "cases", shared / "oracle" / "golden")
