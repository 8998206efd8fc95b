"""The real study of the development data against R: its numbers equal, its gene sets the same (design section 8)."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.orchestration.run import StudyRun
from dmicc_assets.study.settings import load_settings
from dmicc_assets.warehouse.build import open_warehouse

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def warehouse(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The study `ra_hcc`, materialised up to the validation."""
    settings = load_settings(
        home=tmp_path_factory.mktemp("ra_hcc"),
        studies=str(shared / "studies"),
        geo_url=(shared / "geo").as_uri(),
        xena_url=(shared / "xena").as_uri(),
        gene_sets=shared / "gene_sets",
    )
    settings.prepare_home()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.environment().items():
            patch.setenv(name, value)
        run = StudyRun(open_workspace(settings), "ra_hcc")
        wanted = {
            "files",
            "dataset",
            "cohort",
            "differential",
            "signature",
            "ranking",
            "model",
            "expression_tests",
            "roc",
        }
        plan = [(step, key) for step, key in run.plan() if step.name in wanted]
        outcomes = run.materialise(plan, lambda _step, _key: None)
        assert {outcome.state for outcome in outcomes} == {"made"}, [o.message for o in outcomes]
        yield open_warehouse(settings)


def oracle(shared: Path, name: str) -> pl.DataFrame:
    return pl.read_csv(shared / "oracle" / "study_ra_hcc" / name, separator="\t", infer_schema_length=None)


@pytest.mark.parametrize("cohort", ["ra", "hcc"])
def test_statistics_equal_limma(warehouse: duckdb.DuckDBPyConnection, shared: Path, cohort: str) -> None:
    expected = oracle(shared, f"statistics_{cohort}.tsv.gz").sort("gene")
    ours = warehouse.sql("SELECT * FROM differential.statistics WHERE cohort = ?", params=[cohort]).pl().sort("gene")
    assert ours["gene"].to_list() == expected["gene"].to_list()
    for column in ("log_fc", "ave_expr", "t", "b"):
        np.testing.assert_allclose(ours[column], expected[column], rtol=1e-8, atol=1e-9, err_msg=column)
    for column in ("p_value", "adj_p_value"):
        np.testing.assert_allclose(ours[column], expected[column], rtol=1e-7, atol=0, err_msg=column)
    genes = warehouse.execute("SELECT gene FROM differential.genes WHERE cohort = ?", [cohort]).fetchall()
    assert {gene for (gene,) in genes} == set(expected.filter("is_deg")["gene"])


def test_signature_and_overlap_equal(warehouse: duckdb.DuckDBPyConnection, shared: Path) -> None:
    genes = warehouse.execute("SELECT DISTINCT gene FROM signature.genes ORDER BY gene").fetchall()
    assert [gene for (gene,) in genes] == sorted(oracle(shared, "signature.tsv")["gene"])
    row = oracle(shared, "overlap.tsv").row(0)
    ours = warehouse.execute("SELECT n_universe, n_shared, n_expected, p_value FROM signature.overlap").fetchall()[0]
    assert ours[:2] == row[:2]
    assert ours[2] == pytest.approx(row[2], rel=1e-12)
    assert ours[3] == pytest.approx(row[3], rel=1e-7)


@pytest.mark.parametrize(
    ("subject", "file"), [("ra", "roc.tsv"), ("hcc", "roc.tsv"), ("TCGA-CHOL", "validation_tcga.tsv")]
)
def test_areas_and_rank_sum_tests_equal(
    warehouse: duckdb.DuckDBPyConnection, shared: Path, subject: str, file: str
) -> None:
    expected = oracle(shared, file)
    if "cohort" in expected.columns:
        expected = expected.filter(pl.col("cohort") == subject)
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


def test_the_model_says_that_the_classes_separate(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert warehouse.execute("SELECT DISTINCT estimator FROM model.coefficients").fetchall() == [("firth",)]
