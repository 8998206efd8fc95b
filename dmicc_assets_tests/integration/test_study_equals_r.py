"""A whole study, from GEO's files to the shared genes and their areas, equals R's script of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.orchestration.run import StudyRun
from dmicc_assets.study.settings import load_settings
from dmicc_assets.warehouse.build import open_warehouse
from dmicc_assets_tests.oracle import ORACLE, read_table

STEPS = {
    "files",
    "dataset",
    "cohort",
    "differential",
    "signature",
    "overlap",
    "ranking",
    "out_of_fold",
    "model",
    "model_performance",
    "expression_tests",
    "roc",
}


@contextmanager
def warehouse_of(study: str, home: Path, studies: Path, mirror: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The study, run up to its validation on the mirror of GEO and Xena in a folder."""
    settings = load_settings(
        home=home, studies=str(studies), geo_url=(mirror / "geo").as_uri(), xena_url=(mirror / "xena").as_uri()
    )
    settings.prepare_home()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.environment().items():
            patch.setenv(name, value)
        run = StudyRun(open_workspace(settings), study)
        plan = [(step, key) for step, key in run.plan() if step.name in STEPS]
        outcomes = run.materialise(plan, lambda _step, _key: None)
        assert {outcome.state for outcome in outcomes} == {"made"}, [o.message for o in outcomes if o.message]
        yield open_warehouse(settings)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The study `made`, run."""
    folder = ORACLE / "study"
    with warehouse_of("made", tmp_path_factory.mktemp("made"), folder, folder) as connection:
        yield connection


@pytest.mark.parametrize("cohort", ["arthritis", "carcinoma"])
def test_statistics_equal_limma(warehouse: duckdb.DuckDBPyConnection, cohort: str) -> None:
    assert_statistics(warehouse, ORACLE / "study", cohort)


def assert_statistics(warehouse: duckdb.DuckDBPyConnection, folder: Path, cohort: str) -> None:
    """Every gene's statistics, and which genes are differentially expressed."""
    expected = read_table(folder / f"statistics_{cohort}.tsv.gz").sort("gene")
    ours = warehouse.sql("SELECT * FROM differential.statistics WHERE cohort = ?", params=[cohort]).pl().sort("gene")
    assert ours["gene"].to_list() == expected["gene"].to_list()
    for column in ("log_fc", "ave_expr", "t", "b"):
        np.testing.assert_allclose(ours[column], expected[column], rtol=1e-8, atol=1e-9, err_msg=column)
    for column in ("p_value", "adj_p_value"):
        np.testing.assert_allclose(ours[column], expected[column], rtol=1e-7, atol=0, err_msg=column)
    genes = warehouse.execute("SELECT gene FROM differential.genes WHERE cohort = ?", [cohort]).fetchall()
    assert {gene for (gene,) in genes} == set(expected.filter("is_deg")["gene"])


def test_signature_and_overlap_equal_r(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert_signature(warehouse, ORACLE / "study")


def assert_signature(warehouse: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """The shared genes, and the urn's p of their number."""
    genes = warehouse.execute("SELECT DISTINCT gene FROM signature.genes ORDER BY gene").fetchall()
    assert [gene for (gene,) in genes] == sorted(read_table(folder / "signature.tsv")["gene"])
    row = read_table(folder / "overlap.tsv").row(0)
    ours = warehouse.execute("SELECT n_universe, n_shared, n_expected, p_value FROM signature.overlap").fetchall()[0]
    assert ours[:2] == row[:2]
    assert ours[2] == pytest.approx(row[2], rel=1e-12)
    assert ours[3] == pytest.approx(row[3], rel=1e-7)


@pytest.mark.parametrize("subject", ["arthritis", "carcinoma", "MADE-VALIDATION"])
def test_areas_and_rank_sum_tests_equal_r(warehouse: duckdb.DuckDBPyConnection, subject: str) -> None:
    assert_areas(warehouse, subject, read_table(ORACLE / "study" / "areas.tsv").filter(subject=subject))


def assert_areas(warehouse: duckdb.DuckDBPyConnection, subject: str, expected: pl.DataFrame) -> None:
    """Area, DeLong's interval and Wilcoxon's p of each shared gene in a cohort or a validation dataset."""
    expected = expected.sort("gene")
    ours = warehouse.sql(
        "SELECT r.predictor AS gene, r.auc, r.ci_low, r.ci_high, t.p_value FROM validation.roc r"
        " JOIN validation.expression_tests t ON t.subject = r.subject AND t.gene = r.predictor"
        " WHERE r.subject = ? AND r.kind IN ('apparent', 'external')",
        params=[subject],
    ).pl()
    ours = ours.filter(pl.col("gene").is_in(expected["gene"].to_list())).sort("gene")
    assert ours["gene"].to_list() == expected["gene"].to_list()
    np.testing.assert_allclose(ours["auc"], expected["auc"], rtol=1e-8, atol=1e-9)
    # the interval is clipped to [0, 1], which pROC's is not
    for column in ("ci_low", "ci_high"):
        np.testing.assert_allclose(ours[column], np.clip(expected[column], 0, 1), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(ours["p_value"], expected["wilcoxon_p"], rtol=1e-7, atol=0)
