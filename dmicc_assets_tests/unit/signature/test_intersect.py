"""The signature of made-up cohorts, of a study that R computed, and of cohorts that share nothing."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from numpy.testing import assert_allclose

from dmicc_assets.signature.intersect import expected_directions, intersect_cohorts
from dmicc_assets.stats.overlap import overlap_p_value
from dmicc_assets.study.schema import Study
from dmicc_assets.tables import TABLES
from dmicc_assets_tests.oracle import ORACLE, read_table
from dmicc_assets_tests.worlds.noise_study import study_of


def deg(**directions: str) -> pl.DataFrame:
    rows = [
        {"gene": gene, "log_fc": 1.5 if way == "up" else -1.5, "p_value": 0.01, "adj_p_value": 0.02, "direction": way}
        for gene, way in directions.items()
    ]
    schema = {"gene": pl.String, "log_fc": pl.Float64, "p_value": pl.Float64, "adj_p_value": pl.Float64}
    return pl.DataFrame(rows, schema=schema | {"direction": pl.String})


UNIVERSE = [f"G{i}" for i in range(20)]


def test_shared_genes_with_their_directions() -> None:
    first, second = deg(G1="up", G2="down", G3="up"), deg(G3="down", G2="down", G9="up")
    tables = intersect_cohorts({"dm": first, "icc": second}, {"dm": UNIVERSE, "icc": UNIVERSE})
    assert tables.genes.to_dicts() == [
        {"gene": "G2", "cohort": "dm", "log_fc": -1.5, "direction": "down", "is_concordant": True},
        {"gene": "G2", "cohort": "icc", "log_fc": -1.5, "direction": "down", "is_concordant": True},
        {"gene": "G3", "cohort": "dm", "log_fc": 1.5, "direction": "up", "is_concordant": False},
        {"gene": "G3", "cohort": "icc", "log_fc": -1.5, "direction": "down", "is_concordant": False},
    ]
    overlap = tables.overlap.to_dicts()[0]
    assert (overlap["n_universe"], overlap["n_shared"]) == (20, 2)
    assert overlap["n_expected"] == pytest.approx(9 / 20)
    assert overlap["p_value"] == pytest.approx((3 * 17 + 1) / 1140)
    assert overlap["n_concordant"] == 1
    assert overlap["n_concordant_expected"] == pytest.approx(2 * (2 / 3 * 1 / 3 + 1 / 3 * 2 / 3))
    assert tables.genes.schema == TABLES["signature/genes"].rows_schema
    assert tables.overlap.schema == TABLES["signature/overlap"].rows_schema


def test_overlap_counts_only_genes_measured_in_every_cohort() -> None:
    first, second = deg(G1="up", G19="up"), deg(G1="up", G0="down")
    tables = intersect_cohorts({"a": first, "b": second}, {"a": UNIVERSE[1:], "b": UNIVERSE[:19]})
    overlap = tables.overlap.to_dicts()[0]
    assert overlap["n_universe"] == 18
    assert overlap["n_expected"] == pytest.approx(1 / 18)
    assert overlap["n_concordant_expected"] == pytest.approx(1.0)
    assert overlap["concordance_p_value"] == pytest.approx(1.0)


def test_three_cohorts_use_the_multi_set_tail() -> None:
    lists = {name: deg(G1="up", G2="up", **{f"G{i}": "down"}) for i, name in ((5, "a"), (6, "b"), (7, "c"))}
    tables = intersect_cohorts(lists, dict.fromkeys(lists, UNIVERSE))
    overlap = tables.overlap.to_dicts()[0]
    assert overlap["p_value"] == overlap_p_value(20, [3, 3, 3], 2)
    assert overlap["n_expected"] == pytest.approx(27 / 400)
    assert overlap["n_concordant_expected"] == pytest.approx(2 * (8 / 27 + 1 / 27))


def test_one_cohort_is_its_list_and_nothing_is_tested() -> None:
    tables = intersect_cohorts({"icc": deg(G2="up", G1="down")}, {"icc": UNIVERSE})
    assert tables.genes["gene"].to_list() == ["G1", "G2"]
    assert tables.genes["is_concordant"].to_list() == [True, True]
    overlap = tables.overlap.to_dicts()[0]
    assert (overlap["n_universe"], overlap["n_shared"]) == (20, 2)
    for column in (
        "sharing_expected",
        "sharing_p_value",
        "n_expected",
        "p_value",
        "n_concordant_expected",
        "concordance_p_value",
    ):
        assert overlap[column] is None


def test_nothing_shared_is_a_result() -> None:
    tables = intersect_cohorts({"a": deg(G1="up"), "b": deg(G2="up")}, {"a": UNIVERSE, "b": UNIVERSE})
    assert tables.genes.height == 0
    assert tables.genes.schema == TABLES["signature/genes"].rows_schema
    overlap = tables.overlap.to_dicts()[0]
    assert (overlap["n_shared"], overlap["p_value"], overlap["n_concordant"]) == (0, 1.0, 0)
    assert overlap["concordance_p_value"] is None


def test_an_empty_list_is_a_result() -> None:
    tables = intersect_cohorts({"a": deg(), "b": deg(G2="up")}, {"a": UNIVERSE, "b": UNIVERSE})
    overlap = tables.overlap.to_dicts()[0]
    assert (overlap["n_shared"], overlap["n_expected"], overlap["p_value"]) == (0, 0.0, 1.0)
    assert overlap["n_concordant_expected"] is None


def test_no_common_gene_leaves_nothing_to_test() -> None:
    tables = intersect_cohorts({"a": deg(G1="up"), "b": deg(X1="up")}, {"a": UNIVERSE, "b": ["X1"]})
    overlap = tables.overlap.to_dicts()[0]
    assert (overlap["n_universe"], overlap["p_value"], overlap["n_expected"]) == (0, None, None)


@pytest.mark.parametrize(
    ("genes", "message"),
    [
        (pl.concat([deg(G1="up"), deg(G1="up")]), "cohort a: duplicate gene 'G1'"),
        (deg(X9="up"), "cohort a: gene 'X9' is not in its matrix"),
        (deg(G1="sideways"), "cohort a: gene 'G1' has no direction"),
        (deg(G1="up").with_columns(direction=pl.lit(None, pl.String)), "cohort a: gene 'G1' has no direction"),
    ],
)
def test_bad_lists_name_cohort_and_gene(genes: pl.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        intersect_cohorts({"a": genes}, {"a": UNIVERSE})


def test_cohorts_must_fit() -> None:
    with pytest.raises(ValueError, match="do not fit matrices of cohorts b"):
        intersect_cohorts({"a": deg(G1="up")}, {"b": UNIVERSE})
    with pytest.raises(ValueError, match="do not fit"):
        intersect_cohorts({}, {})


def test_signature_and_overlap_of_a_study_are_rs() -> None:
    assert_signature(ORACLE / "study", ("arthritis", "carcinoma"))


def assert_signature(folder: Path, cohorts: Sequence[str]) -> None:
    """Shared genes and the urn's p of a study that R computed whole."""
    lists, universes = {}, {}
    for cohort in cohorts:
        table = read_table(folder / f"statistics_{cohort}.tsv.gz")
        universes[cohort] = table["gene"].to_list()
        direction = pl.when(pl.col("log_fc") > 0).then(pl.lit("up")).otherwise(pl.lit("down"))
        lists[cohort] = table.filter("is_deg").select("gene", "log_fc", "p_value", "adj_p_value", direction=direction)
    tables = intersect_cohorts(lists, universes)
    assert (
        tables.genes["gene"].unique(maintain_order=True).to_list()
        == read_table(folder / "signature.tsv")["gene"].to_list()
    )
    expected, overlap = read_table(folder / "overlap.tsv").to_dicts()[0], tables.overlap.to_dicts()[0]
    assert (overlap["n_universe"], overlap["n_shared"]) == (expected["n_universe"], expected["n_shared"])
    assert_allclose(overlap["n_expected"], expected["n_expected"], rtol=1e-12)
    assert_allclose(overlap["p_value"], expected["p_value"], rtol=1e-7)


def test_a_validation_dataset_is_expected_to_go_the_way_of_the_models_cohort() -> None:
    entry = {"dataset": "V", "case": "sick", "control": "well"}
    changes = {"model": {"cohort": "b"}, "validation": [entry]}
    spec = study_of("a", "b").model_dump(mode="json", exclude_unset=True)
    spec["datasets"]["V"] = spec["datasets"]["A"]
    study = Study.model_validate(spec | changes)
    genes = pl.DataFrame({"gene": ["G", "G"], "cohort": ["a", "b"], "direction": ["up", "down"]})
    assert expected_directions(genes, study) == {"a": {"G": "up"}, "b": {"G": "down"}, "V": {"G": "down"}}
