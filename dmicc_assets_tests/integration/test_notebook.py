"""The notebook of the docs runs from the first cell to the last, and finds what its text says."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from dmicc_assets_tests.conftest import ROOT


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path) -> None:
    notebook = nbformat.read(ROOT / "docs" / "first_look.ipynb", as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [
        output.data["text/plain"] for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output
    ]
    assert any("SIM" in text or "shape" in text for text in shown)
    assert not [cell for cell in notebook.cells if any(o.output_type == "error" for o in cell.get("outputs", []))]
