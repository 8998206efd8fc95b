from collections.abc import Iterator

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dmicc_assets.expression.symbols import find_symbols
from dmicc_assets.lake.store import Lake
from dmicc_assets.model.frozen_model import RiskModel, risk_model_from_table
from dmicc_assets.study.settings import Settings, load_settings
from dmicc_assets.warehouse.build import open_warehouse
from dmicc_assets.warehouse.risk_macro import models, risk_macro, risk_macros
from dmicc_assets_tests.worlds.simulated_lake import ORIGIN
from dmicc_assets_tests.worlds.simulated_study import declared

numbers = st.floats(-20, 20, allow_nan=False)


def coefficients(intercept: float, slopes: dict[str, float]) -> pl.DataFrame:
    """Rows of `model/coefficients` without their study."""
    terms = {"(Intercept)": intercept, **slopes}
    rows = pl.DataFrame({"term": terms.keys(), "probability_coefficient": terms.values(), "coefficient": 1e9})
    rows = rows.with_columns(estimator=pl.lit("ml"), n_case=pl.lit(3), n_control=pl.lit(4))
    return declared("model/coefficients", rows).drop("study")


def model_of(intercept: float, slopes: dict[str, float]) -> RiskModel:
    return risk_model_from_table(coefficients(intercept, slopes))


def macro(intercept: float, slopes: dict[str, float]) -> str:
    return risk_macro("s", {"(Intercept)": intercept, **slopes})


def asked(intercept: float, slopes: dict[str, float], call: str) -> float:
    with duckdb.connect() as connection:
        connection.execute(macro(intercept, slopes))
        return connection.execute(f"SELECT {call}").fetchall()[0][0]


@hypothesis_settings(deadline=None, max_examples=20)
@given(numbers, st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6))
def test_the_macro_is_the_probability(intercept: float, pairs: list[tuple[float, float]]) -> None:
    slopes = {f"G{i}": slope for i, (slope, _) in enumerate(pairs)}
    values = [value for _, value in pairs]
    risk = asked(intercept, slopes, f"risk_s({', '.join(f'{value!r}::DOUBLE' for value in values)})")
    expected = model_of(intercept, slopes).probability(np.array(values)[:, None])[0]
    assert risk == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_any_symbol_can_be_an_argument() -> None:
    slopes = {"HLA-DRA": 0.5, "C1orf112": -1.0, 'a"b': 2.0, "select": 0.25}
    call = 'risk_s("select" := 4, "a""b" := 1.5, "HLA-DRA" := 2, "C1orf112" := 3)'
    risk = asked(0.1, slopes, call)
    assert risk == pytest.approx(
        model_of(0.1, slopes).probability(np.array([[2.0], [3.0], [1.5], [4.0]]))[0], abs=1e-12
    )


def test_far_from_the_middle_it_is_0_or_1_and_no_error() -> None:
    with duckdb.connect() as connection:
        connection.execute(macro(0.0, {"A": 1.0}))
        assert connection.execute("SELECT risk_s(-1e6), risk_s(1e6), risk_s(NULL)").fetchall() == [(0.0, 1.0, None)]


@pytest.fixture(scope="module")
def two_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse with a model of each of two genes, named as the gene."""
    settings = load_settings(home=tmp_path_factory.mktemp("models") / "home")
    settings.prepare_home()
    lake = Lake(settings.lake, settings.locks)
    for gene in ("CYR61", "CCN1"):
        lake.write("model/coefficients", gene.lower(), coefficients(0.5, {gene: 1.0}), ORIGIN)
    with open_warehouse(settings) as connection:
        yield connection


@pytest.mark.parametrize(
    ("gene", "names"),
    [
        ("CYR61", ["CCN1"]),
        ("CCN1", ["CYR61"]),
        ("CCN1", ["CYR61", "CCN1"]),
        ("CCN1", ["IGFBP10"]),
        ("CCN1", ["IGFBP10", "CYR61"]),
        ("CCN1", ["OTHER"]),
    ],
)
def test_sql_finds_a_gene_under_the_names_that_the_command_line_tries(
    two_models: duckdb.DuckDBPyConnection, gene: str, names: list[str]
) -> None:
    """GPL96's CYR61 is CCN1 in TCGA; under two earlier names it cannot be told which is meant."""
    values = {name: float(i) for i, name in enumerate(names)}
    rows = [f"SELECT 'P' AS sample, '{name}' AS gene, {value} AS value" for name, value in values.items()]
    given = " UNION ALL ".join(rows)
    query = f"WITH patients AS ({given}) SELECT linear_predictor, measured_as FROM score('{gene.lower()}', 'patients')"
    ((predictor, measured_as),) = two_models.execute(query).fetchall()
    match = find_symbols([gene], names)
    assert predictor == (0.5 + values[match.found[gene]] if match.found else None)
    assert measured_as == [f"{ours} as {theirs}" for ours, theirs in match.by_previous.items()]


def test_only_studies_with_a_model_get_one(lake: Lake) -> None:
    assert models(lake) == ({}, {})
    lake.write("model/coefficients", "none_chosen", coefficients(1.0, {}).clear(), ORIGIN)
    assert models(lake) == ({}, {})
    lake.write("model/coefficients", "chosen", coefficients(1.0, {"A": 2.0}), ORIGIN)
    assert [text.split("(")[0] for text in risk_macros(models(lake)[0])] == ['CREATE MACRO "risk_chosen"']


def test_a_model_that_is_fitted_anew_has_a_new_macro_at_the_next_query(settings: Settings, lake: Lake) -> None:
    for slope in (1.0, -1.0):
        lake.write("model/coefficients", "s", coefficients(0.0, {"A": slope}), ORIGIN)
        with open_warehouse(settings) as connection:
            assert connection.execute("SELECT risk_s(2) > 0.5").fetchall() == [(slope > 0,)]
    lake.forget("s")
    with open_warehouse(settings) as connection, pytest.raises(duckdb.CatalogException, match="risk_s"):
        connection.execute("SELECT risk_s(2)")
