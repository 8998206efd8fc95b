"""The study `ra_hcc` of real series, run whole, against R's script of it."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dmicc_assets_tests.integration import test_study_equals_r as whole
from dmicc_assets_tests.oracle import read_table


@pytest.fixture(scope="module")
def warehouse(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The study, run up to its validation."""
    with whole.warehouse_of("ra_hcc", tmp_path_factory.mktemp("ra_hcc"), shared / "studies", shared) as connection:
        yield connection


@pytest.mark.parametrize("cohort", ["ra", "hcc"])
def test_statistics_equal_limma(warehouse: duckdb.DuckDBPyConnection, shared: Path, cohort: str) -> None:
    whole.assert_statistics(warehouse, shared / "oracle" / "study_ra_hcc", cohort)


def test_signature_and_overlap_equal_r(warehouse: duckdb.DuckDBPyConnection, shared: Path) -> None:
    whole.assert_signature(warehouse, shared / "oracle" / "study_ra_hcc")


@pytest.mark.parametrize("subject", ["ra", "hcc", "TCGA-CHOL"])
def test_areas_and_rank_sum_tests_equal_r(warehouse: duckdb.DuckDBPyConnection, shared: Path, subject: str) -> None:
    tcga = subject == "TCGA-CHOL"
    expected = read_table(shared / "oracle" / "study_ra_hcc" / ("validation_tcga.tsv" if tcga else "roc.tsv"))
    whole.assert_areas(warehouse, subject, expected if tcga else expected.filter(cohort=subject))


def test_the_model_says_that_the_classes_separate(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert warehouse.execute("SELECT DISTINCT estimator FROM model.coefficients").fetchall() == [("firth",)]
