"""Camera: limma's numbers, what is left out, and null sets of correlated genes, which must not fire."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from dmicc_assets.enrichment.camera import CameraTerms, camera
from dmicc_assets.enrichment.gene_sets import GeneSetLibrary, read_gmt
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.study.schema import Enrichment
from dmicc_assets.tables import TABLES
from dmicc_assets_tests.oracle import ORACLE, read_table

CAMERA = TABLES["enrichment/camera"].rows_schema
ANY_SIZE = Enrichment(min_size=1, max_size=500)


def golden(name: str) -> pl.DataFrame:
    return read_table(ORACLE / "camera" / f"{name}.tsv.gz")


def library(folder: Path, sets: dict[str, list[str]], name: str = "LIB") -> GeneSetLibrary:
    path = folder / f"{name}.gmt"
    path.write_text("".join("\t".join([term, "", *genes]) + "\n" for term, genes in sets.items()))
    return read_gmt(path)


VALUES, SAMPLES, WEIGHTS = golden("values"), golden("samples"), golden("weights").to_numpy()
GENES, X = VALUES["gene"].to_list(), VALUES.drop("gene").to_numpy().astype(float)
SETS = {set_: rows["gene"].to_list() for (set_,), rows in golden("sets").group_by("set", maintain_order=True)}
TWO = np.column_stack([np.ones(18), SAMPLES["case"]]).astype(float)
FULL = np.column_stack([TWO, SAMPLES["batch"], SAMPLES["age"]]).astype(float)
FEW = [0, 1, 2, 8, 9, 10]
PATIENT = SAMPLES["patient"].to_numpy()
CORRELATION = np.where(np.eye(18) > 0, 1.0, 0.45 * (PATIENT[:, None] == PATIENT))
WEIGHT = SAMPLES["weight"].to_numpy()
CASES = {
    "two_groups": (X, TWO, None, None),
    "covariates": (X, FULL, None, None),
    "three_against_three": (X[:, FEW], TWO[FEW], None, None),
    "sample_weights": (X, FULL, WEIGHT, None),
    "cell_weights": (X, FULL, WEIGHTS, None),
    "blocked": (X, TWO, None, CORRELATION),
}
TRENDS = {
    f"{name}_trend": case for name, case in CASES.items() if name not in ("blocked", "two_groups", "cell_weights")
}
TRENDS |= {"trend": CASES["two_groups"], "cell_weights_trend": (X, TWO, WEIGHTS, None)}


def terms(found: CameraTerms) -> pl.DataFrame:
    return found.terms.sort("term")


@pytest.mark.parametrize("name", [*CASES, *TRENDS])
def test_it_is_limmas(name: str, tmp_path: Path) -> None:
    values, design, weights, correlation = (CASES | TRENDS)[name]
    found = camera(
        values, GENES, design, 1, [library(tmp_path, SETS)], ANY_SIZE,
        weights=weights, correlation=correlation, trend=name in TRENDS,
    )  # fmt: skip
    ours, theirs = terms(found), golden("answers").filter(case=name).sort("set")
    assert ours["term"].to_list() == theirs["set"].to_list()
    assert ours["n_genes"].to_list() == theirs["n"].to_list()
    assert ours["direction"].to_list() == theirs["direction"].str.to_lowercase().to_list()
    expected = theirs["correlation"].cast(pl.Float64)
    assert ours["inter_gene_correlation"].is_null().to_list() == expected.is_null().to_list()
    assert_allclose(ours["inter_gene_correlation"].drop_nulls(), expected.drop_nulls(), rtol=1e-8)
    assert_allclose(ours["p_value"], theirs["p"], rtol=1e-7)
    assert_allclose(ours["p_value_preset"], theirs["preset"], rtol=1e-7)
    assert (found.n_genes, found.n_missing, found.n_without_variance) == (150, 0, 0)


def test_columns_order_and_adjustment_within_a_library(tmp_path: Path) -> None:
    libraries = [library(tmp_path, SETS, "A"), library(tmp_path, {"moved": SETS["moved"]}, "B")]
    table = camera(X, GENES, TWO, 1, libraries, Enrichment(min_size=10, max_size=100)).terms
    assert table.schema == CAMERA
    assert table["library"].to_list() == ["A"] * 7 + ["B"]
    first = table.filter(library="A")
    assert first["p_value"].is_sorted()
    assert first["n_genes"].is_between(10, 100).all()
    assert_allclose(first["adj_p_value"], adjust_p_values(first["p_value"].to_numpy()))
    assert table.filter(library="B")["adj_p_value"].item() == table.filter(library="B")["p_value"].item()


def test_a_gene_with_a_missing_value_or_no_variance_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    sets = [library(tmp_path, SETS)]
    bad, names = X.copy(), list(GENES)
    bad[3, 5], bad[62] = np.nan, 6.5
    bad[63] = np.where(SAMPLES["case"] == 1, 7.1, 4.3)
    rest = [i for i in range(150) if i not in (3, 62, 63)]
    found = camera(bad, names, FULL, 1, sets, ANY_SIZE)
    expected = camera(X[rest], [names[i] for i in rest], FULL, 1, sets, ANY_SIZE)
    assert found.terms.equals(expected.terms)
    assert (found.n_genes, found.n_missing, found.n_without_variance) == (147, 1, 2)
    weights = np.ones(X.shape)
    weights[3, 5] = 0
    assert camera(X, names, FULL, 1, sets, ANY_SIZE, weights=weights).n_missing == 1
    weighted = camera(bad, names, FULL, 1, sets, ANY_SIZE, weights=WEIGHTS, correlation=CORRELATION)
    assert (weighted.n_genes, weighted.n_missing, weighted.n_without_variance) == (147, 1, 2)


def test_nothing_depends_on_the_order_of_genes_samples_and_columns(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    sets = [library(tmp_path, SETS)]
    genes, samples = rng.permutation(150), rng.permutation(18)
    for trend, correlation in ((True, None), (True, CORRELATION)):
        first = terms(camera(X, GENES, FULL, 1, sets, ANY_SIZE, correlation=correlation, trend=trend))
        again = terms(
            camera(
                X[np.ix_(genes, samples)], [GENES[i] for i in genes], FULL[samples][:, [3, 1, 0, 2]], 1, sets, ANY_SIZE,
                correlation=None if correlation is None else correlation[np.ix_(samples, samples)], trend=trend,
            )
        )  # fmt: skip
        assert_allclose(again["p_value"], first["p_value"], rtol=1e-9)
        assert_allclose(again["inter_gene_correlation"].drop_nulls(), first["inter_gene_correlation"].drop_nulls())


def test_equal_weights_and_no_correlation_change_nothing(tmp_path: Path) -> None:
    sets = [library(tmp_path, SETS)]
    plain = terms(camera(X, GENES, FULL, 1, sets, ANY_SIZE))
    for options in ({"weights": np.full(18, 2.5)}, {"weights": np.full(X.shape, 0.4)}, {"correlation": np.eye(18)}):
        assert_allclose(terms(camera(X, GENES, FULL, 1, sets, ANY_SIZE, **options))["p_value"], plain["p_value"])


def test_earlier_symbols_are_looked_up(tmp_path: Path) -> None:
    genes = ["CYR61", *GENES[1:]]
    table = camera(X, genes, TWO, 1, [library(tmp_path, {"SET": ["CCN1", *GENES[1:12]]})], ANY_SIZE).terms
    assert table["n_genes"].to_list() == [12]


def simulated(seed: int, per_group: int, correlation: float) -> tuple[np.ndarray, np.ndarray]:
    """1,000 genes of 20 modules and no difference between the groups."""
    rng = np.random.default_rng(seed)
    module, n = np.arange(1000) % 20, 2 * per_group
    shared = rng.normal(size=(20, n))[module]
    values = 8 + np.sqrt(1 - correlation) * rng.normal(size=(1000, n)) + np.sqrt(correlation) * shared
    return values, np.column_stack([np.ones(n), np.repeat([0.0, 1.0], per_group)])


@pytest.mark.parametrize("per_group", [20, 3])
def test_null_sets_of_correlated_genes_fire_at_their_rate(per_group: int, tmp_path: Path) -> None:
    genes = [f"GENE{i:03}" for i in range(1000)]
    sets = [library(tmp_path, {f"M{m}": genes[m::20] for m in range(20)})]
    tables = []
    for seed in range(20):
        values, design = simulated(seed, per_group, 0.3)
        tables.append(camera(values, genes, design, 1, sets, ANY_SIZE).terms)
    table = pl.concat(tables)
    rate, preset = ((table[column] < 0.05).mean() for column in ("p_value", "p_value_preset"))
    assert rate is not None
    assert 0.02 <= rate <= 0.09
    assert preset is not None
    assert preset > 0.4
    if per_group == 20:
        assert table["inter_gene_correlation"].mean() == pytest.approx(0.3, abs=0.03)


def test_a_set_that_moves_is_found(tmp_path: Path) -> None:
    genes = [f"GENE{i:03}" for i in range(1000)]
    sets = [library(tmp_path, {f"M{m}": genes[m::20] for m in range(20)})]
    values, design = simulated(7, 20, 0.05)
    values[::20, design[:, 1] == 1] -= 0.8
    found = camera(values, genes, design, 1, sets, ANY_SIZE).terms
    assert found["term"][0] == "M0"
    assert found["direction"][0] == "down"
    assert found["adj_p_value"][0] < 0.01


def test_what_cannot_be_tested(tmp_path: Path) -> None:
    sets = [library(tmp_path, SETS)]
    assert camera(X, GENES, TWO, 1, [], ANY_SIZE).terms.equals(CAMERA.to_frame())
    holes = X.copy()
    holes[:, 0] = np.nan
    nothing = camera(holes, GENES, TWO, 1, sets, ANY_SIZE)
    assert (nothing.terms.height, nothing.n_genes, nothing.n_missing) == (0, 0, 150)
    with pytest.raises(ValueError, match="no coefficient 2"):
        camera(X, GENES, TWO, 2, sets, ANY_SIZE)
    with pytest.raises(ValueError, match="expected 150 different genes, got 149"):
        camera(X, [*GENES[:-1], GENES[0]], TWO, 1, sets, ANY_SIZE)
    with pytest.raises(ValueError, match="no gene has residual degrees of freedom"):
        camera(X[:, [0, 9]], GENES, TWO[[0, 9]], 1, sets, ANY_SIZE)
    with pytest.raises(ValueError, match="not positive definite"):
        camera(X, GENES, TWO, 1, sets, ANY_SIZE, correlation=np.ones((18, 18)))
    with pytest.raises(ValueError, match="correlation matrix of 18 samples"):
        camera(X, GENES, TWO, 1, sets, ANY_SIZE, correlation=np.eye(5))
