"""Downloads are needed only once: the lake has every value, and a lost file is downloaded again when it is read."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from dmicc_assets.assets import STEPS
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.study.settings import Settings
from dmicc_assets_tests.worlds.local_study import local_study, run_steps, values_of

AFTER_FILES = [step.name for step in STEPS if step.name != "files"]
AFTER_DATASET = [name for name in AFTER_FILES if name != "dataset"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The study on two files, quantile normalised, so that every fold needs the values before normalisation."""
    settings = local_study(tmp_path, {"A": values_of("A", 9, 9, 1), "B": values_of("B", 9, 9, 2)})
    path = tmp_path / "studies" / "local.yaml"
    path.write_text(path.read_text().replace("normalise: none", "normalise: quantile"))
    return settings


def test_resampling_reads_the_lake_and_no_download(settings: Settings, tmp_path: Path) -> None:
    assert run_steps(settings, without=("report",)) == {}
    lake = open_workspace(settings).lake
    before = {table: lake.manifest(table, "local") for table in ("validation/roc", "signature/sensitivity")}
    shutil.rmtree(settings.downloads)
    for name in ("A", "B"):
        (tmp_path / "studies" / f"{name}.tsv").unlink()
    assert run_steps(settings, without=("files", "dataset")) == {}
    for table, manifest in before.items():
        now = lake.manifest(table, "local")
        assert manifest is not None
        assert now is not None
        assert (now.content, now.written_at >= manifest.written_at) == (manifest.content, True)
    raw = values_of("A", 9, 9, 1)
    probes = lake.read_matrix("expression/probes", "local.A")
    np.testing.assert_array_equal(probes.values, raw[:, 1:].to_numpy())
    assert (probes.features, list(probes.samples)) == (tuple(raw["gene"]), raw.columns[1:])


def test_a_lost_download_is_fetched_again_and_without_its_source_a_line_says_so(
    settings: Settings, tmp_path: Path
) -> None:
    assert run_steps(settings, without=AFTER_FILES) == {}
    (lost,) = settings.downloads.glob("??/*/A.tsv")
    lost.unlink()
    assert run_steps(settings, without=["files", *AFTER_DATASET]) == {}
    assert lost.is_file()
    lost.unlink()
    (tmp_path / "studies" / "A.tsv").rename(tmp_path / "away.tsv")
    failed = run_steps(settings, without=["files", *AFTER_DATASET])
    assert list(failed) == ["dataset local.A"]
    said = str(failed["dataset local.A"])
    assert said.startswith(f"A: A.tsv is missing or damaged in {settings.downloads} and cannot be downloaded again (")
    assert "\n" not in said
