"""The pages build as a site, without a warning, and the API page has every name of the Python interface."""

import os
import subprocess
import sys
from pathlib import Path

import dmicc_assets as dm
from dmicc_assets_tests.conftest import ROOT


def test_the_site_builds_and_has_every_name(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path)]
    built = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    )
    assert built.returncode == 0, built.stdout + built.stderr
    page = (tmp_path / "python" / "index.html").read_text(encoding="utf-8")
    assert [name for name in dm.__all__ if f'.{name}"' not in page] == []
