"""The study `ra_hcc` of real series, run whole, against R's script of it."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest

from dmicc_assets_tests.integration import test_study_equals_r as whole
from dmicc_assets_tests.oracle import read_table


@pytest.fixture(scope="module")
def warehouse(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The study, run up to its validation."""
    with whole.warehouse_of("ra_hcc", tmp_path_factory.mktemp("ra_hcc"), shared / "studies", shared) as connection:
        yield connection


def test_statistics_equal_limma(warehouse: duckdb.DuckDBPyConnection, shared: Path) -> None:
    whole.assert_statistics(warehouse, shared / "oracle" / "study_ra_hcc", "ra")


def test_pairs_are_modelled_by_the_consensus_correlation_as_limma_does(warehouse: duckdb.DuckDBPyConnection) -> None:
    """19 of 22 patients of GSE14520 have tumour and liver: `auto` takes `duplicate_correlation` (`block.R`)."""
    theirs = read_table(Path(__file__).parent / "block.tsv").sort("gene")
    design = warehouse.execute("SELECT block, n_several FROM differential.design WHERE cohort = 'hcc'").fetchall()
    assert design == [("duplicate_correlation", 19)]
    found = warehouse.sql("SELECT consensus_correlation FROM differential.design WHERE cohort = 'hcc'").fetchall()
    # limma stops a gene's REML iterations early: the consensus is 0.01710 here and 0.01707 there.
    assert found[0][0] == pytest.approx(theirs["consensus"][0], abs=1e-4)
    assert warehouse.sql("SELECT count(*) FROM differential.genes WHERE cohort = 'hcc'").fetchall() == [
        (theirs["n_deg"][0],)
    ]
    ours = warehouse.sql("SELECT gene, log_fc, t, p_value, b FROM differential.statistics WHERE cohort = 'hcc'").pl()
    ours = ours.filter(ours["gene"].is_in(theirs["gene"].to_list())).sort("gene")
    assert ours["gene"].to_list() == theirs["gene"].to_list()
    for column in ("log_fc", "t", "p_value", "b"):
        np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-3, atol=0 if column == "p_value" else 1e-4)


def test_areas_and_rank_sum_tests_equal_r(warehouse: duckdb.DuckDBPyConnection, shared: Path) -> None:
    expected = read_table(shared / "oracle" / "study_ra_hcc" / "roc.tsv").filter(cohort="ra")
    measured = warehouse.sql("SELECT gene FROM signature.genes").pl()["gene"].to_list()
    whole.assert_areas(warehouse, "ra", expected.filter(expected["gene"].is_in(measured)))


@pytest.mark.parametrize("subject", ["hcc", "TCGA-CHOL"])
def test_where_patients_recur_areas_equal_r_and_intervals_know_it(
    warehouse: duckdb.DuckDBPyConnection, shared: Path, subject: str
) -> None:
    tcga = subject == "TCGA-CHOL"
    expected = read_table(shared / "oracle" / "study_ra_hcc" / ("validation_tcga.tsv" if tcga else "roc.tsv"))
    expected = expected if tcga else expected.filter(cohort=subject)
    ours = warehouse.sql(
        "SELECT r.predictor AS gene, r.auc, r.interval, t.test FROM validation.roc r JOIN validation.expression_tests t"
        f" ON t.subject = r.subject AND t.gene = r.predictor WHERE r.subject = '{subject}'"
    ).pl()
    both = ours.join(expected.select("gene", theirs="auc"), on="gene")
    assert len(both) > 0
    np.testing.assert_allclose(both["auc"], both["theirs"], rtol=1e-8, atol=1e-9)
    assert both.select("interval", "test").unique().rows() == [("obuchowski", "clustered_rank_sum")]


def test_the_model_says_that_the_classes_separate(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert warehouse.execute("SELECT DISTINCT estimator FROM model.coefficients").fetchall() == [("firth",)]
