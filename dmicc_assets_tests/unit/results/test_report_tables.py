from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from dmicc_assets.assets import STEPS
from dmicc_assets.errors import DataError
from dmicc_assets.lake.store import Lake
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.pictures import PICTURES, upstream
from dmicc_assets.report.figures.catalog import study_figures
from dmicc_assets.results.lake_tables import study_manifests, study_tables
from dmicc_assets.tables import TABLES
from dmicc_assets_tests.worlds.simulated_lake import STUDY, filled_tables, simulated_workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return simulated_workspace(tmp_path_factory.mktemp("lake") / "home")


def test_tables_come_back_in_the_declared_schemas(workspace: Workspace) -> None:
    tables = study_tables(workspace.lake, workspace.study(STUDY), None)
    written = filled_tables()
    for name, table in TABLES.items():
        if table.is_matrix or table.partition == "all_studies":
            assert name not in tables.frames
            continue
        assert tables.rows(name).schema == table.schema
        assert len(tables.rows(name)) == len(written.rows(name)), name
    statistics = tables.rows("differential/statistics", cohort="a").sort("gene")
    assert statistics.equals(written.rows("differential/statistics", cohort="a").sort("gene"))
    assert tables.biomarkers() == written.biomarkers()


def test_matrices_are_read_when_asked_for(workspace: Workspace) -> None:
    tables = study_tables(workspace.lake, workspace.study(STUDY), None)
    matrix, written = (each.matrix("cohort/expression", "b", "value") for each in (tables, filled_tables()))
    back = matrix.take_features(written.features).take_samples(written.samples)
    np.testing.assert_array_equal(back.values, written.values)
    with pytest.raises(DataError, match=r"expression/genes of simulated\.NOSUCH was never materialised"):
        tables.matrix("expression/genes", "NOSUCH", "value")


def test_figures_can_be_listed_from_them(workspace: Workspace) -> None:
    names = {figure.name for figure in study_figures(study_tables(workspace.lake, workspace.study(STUDY), None))}
    assert {"dataset/GSE1/pca", "cohort/a/volcano", "study/nomogram", "study/roc.GSE4"} <= names


def test_a_study_that_was_never_run_has_no_rows(workspace: Workspace) -> None:
    tables = study_tables(workspace.lake, workspace.study("dm_icc"), None)
    assert all(frame.is_empty() for frame in tables.frames.values())
    assert list(study_figures(tables)) == []
    assert study_manifests(workspace.lake, workspace.study("dm_icc")) == []


def test_a_table_is_read_when_asked_for_once_and_no_other(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lake of an earlier version has other columns in the tables that the run has not come to yet."""
    asked: list[str] = []
    read = Lake.read

    def spying(lake: Lake, table: str, partition: str) -> pl.DataFrame:
        asked.append(table)
        return read(lake, table, partition)

    monkeypatch.setattr(Lake, "read", spying)
    tables = study_tables(workspace.lake, workspace.study(STUDY), None)
    assert asked == []
    for _ in range(2):
        assert len(tables.rows("signature/genes"))
    assert asked == ["signature/genes"]


def test_there_is_a_manifest_of_every_partition(workspace: Workspace) -> None:
    manifests = study_manifests(workspace.lake, workspace.study(STUDY))
    names = [table.name for table in TABLES.values() if table.partition == "dataset"]
    of_datasets = [(m.table, m.partition) for m in manifests if m.table in names]
    datasets = [f"{STUDY}.{name}" for name in ("GSE1", "GSE2", "GSE3", "GSE4")]
    assert of_datasets == [(name, key) for name in names for key in datasets]


def test_gene_sets_are_those_of_the_folder_and_empty_without_one(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "KEGG.gmt").write_text("hsa1\tna\tG001\tG002\n")
    study = workspace.study(STUDY)
    with_sets, without = (study_tables(workspace.lake, study, folder) for folder in (tmp_path, None))
    assert list(with_sets.gene_set("KEGG", "hsa1")) == ["G001", "G002"]
    assert list(with_sets.gene_set("KEGG", "hsa2")) == []
    assert list(with_sets.gene_set("GO_BP", "hsa1")) == []
    assert list(without.gene_set("KEGG", "hsa1")) == []


def test_a_partition_that_the_study_file_no_longer_names_is_left_out(workspace: Workspace) -> None:
    study = workspace.study(STUDY)
    fewer = study.model_copy(update={"datasets": {name: study.datasets[name] for name in ("GSE1", "GSE2")}})
    samples = study_tables(workspace.lake, fewer, None).rows("source/samples")
    assert samples["dataset"].unique().sort().to_list() == ["GSE1", "GSE2"]
    assert samples.select(pl.col("sample").is_duplicated().any()).item() is False


def test_a_picture_is_drawn_from_what_is_upstream_of_it(workspace: Workspace) -> None:
    """The signature of the run before is not in the volcano plot, and its file is not read."""
    (differential,) = (step for step in STEPS if "differential/genes" in step.outputs)
    tables = upstream(differential)
    assert {"differential/statistics", "cohort/samples", "source/files"} <= tables
    assert not {table for table in tables if table.split("/")[0] in ("signature", "model", "rigor", "report")}
    some = study_tables(workspace.lake, workspace.study(STUDY), None, tables)
    assert some.signature() == []
    assert not some.rows("differential/genes").is_empty()


@pytest.mark.parametrize("table", PICTURES)
def test_every_picture_can_be_drawn_before_what_is_downstream_of_it(workspace: Workspace, table: str) -> None:
    (maker,) = (step for step in STEPS if table in step.outputs)
    study = workspace.study(STUDY)
    kind = TABLES[table].partition
    part = next(iter({"dataset": study.datasets, "cohort": study.cohorts, "study": [STUDY]}[kind]))
    wanted = PICTURES[table].format(part=part, cohort=study.model_cohort)
    tables = study_tables(workspace.lake, study, None, upstream(maker))
    assert [figure.name for figure in study_figures(tables) if fnmatch(figure.name, wanted)]
