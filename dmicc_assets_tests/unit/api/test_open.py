"""`dm.open`: SQL's names on frames, a cohort as AnnData, and one line for a missing study or table."""

from pathlib import Path

import numpy as np
import pytest

import dmicc_assets as dm
from dmicc_assets.errors import RequestError
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.tables import TABLES
from dmicc_assets.warehouse.build import open_warehouse
from dmicc_assets_tests.worlds.simulated_lake import STUDY, simulated_workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return simulated_workspace(tmp_path_factory.mktemp("lake") / "home")


@pytest.fixture
def results(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> dm.StudyResults:
    monkeypatch.setenv("DMICC_STUDIES", workspace.settings.studies)
    return dm.open(STUDY, home=workspace.settings.home)


def test_every_table_has_the_name_that_sql_has(results: dm.StudyResults, workspace: Workspace) -> None:
    with open_warehouse(workspace.settings) as connection:
        for table in TABLES.values():
            if table.is_matrix or table.partition == "all_studies":
                continue
            group, name = table.name.split("/")
            frame = getattr(getattr(results, group), name)
            n_rows = connection.execute(f"SELECT count(*) FROM {table.view} WHERE study = '{STUDY}'").fetchall()[0][0]
            assert (frame.columns, len(frame)) == ([c.name for c in table.columns], n_rows), table.name


def test_a_cohort_as_anndata_is_aligned_by_name(results: dm.StudyResults) -> None:
    cohort = results.to_anndata("a")
    matrix = results.matrix("cohort/expression", "a", "value_adjusted")
    gene, sample = matrix.features[3], matrix.samples[5]
    assert cohort[sample, gene].X.item() == pytest.approx(matrix.values[3, 5])
    groups = dict(results.cohort.samples.filter(cohort="a").select("sample", "is_case").iter_rows())
    assert dict(cohort.obs["is_case"]) == groups
    statistics = dict(results.rows("differential/statistics", cohort="a").select("gene", "t").iter_rows())
    np.testing.assert_allclose(cohort.var["t"][gene], statistics[gene])


def test_what_is_not_there_is_named(results: dm.StudyResults, workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="has no cohort 'z'; there are a, b"):
        results.to_anndata("z")
    with pytest.raises(RequestError, match="no study 'nosuch'"):
        dm.open("nosuch", home=workspace.settings.home)
    with pytest.raises(RequestError, match=f"{STUDY} has no results in {tmp_path}"):
        dm.open(STUDY, home=tmp_path)
    with pytest.raises(AttributeError, match="differential has no table 'statistic'; it has statistics, genes"):
        _ = results.differential.statistic
