"""What a paper states beside what was computed: a term is found in whatever spelling the library has."""

from typing import Any

import polars as pl
import pytest

from dmicc_assets.enrichment.gene_sets import GeneSet, GeneSetLibrary
from dmicc_assets.report.published import compare_published
from dmicc_assets.results.reader import Results
from dmicc_assets_tests.conftest import ROOT
from dmicc_assets_tests.worlds.sound_study import study_file


def compared(published: str, term: str, name: str | None, in_library: str = "") -> dict[str, Any]:
    """The row of one published KEGG term, when one term was tested at an adjusted p of 0.01."""
    study = study_file(published={"terms": {"a": {"KEGG": [published]}}})
    row = {"study": "sound", "cohort": "a", "library": "KEGG", "term": term, "term_name": name, "adj_p_value": 0.01}
    sets = {in_library: GeneSet(None, ("MX1",))} if in_library else {}
    library = GeneSetLibrary("KEGG", "1", "2021-01-01", "0", ROOT, sets)
    found = compare_published(Results.of_frames(study, {"enrichment/terms": pl.DataFrame([row])}), [library])
    return found.filter(pl.col("quantity").str.starts_with("term.")).row(0, named=True)


@pytest.mark.parametrize(
    ("published", "term", "name"),
    [
        ("COVID-19", "hsa05171", None),
        ("hsa05171", "Coronavirus disease", None),
        ("Influenza A", "hsa05164", "Influenza A - Homo sapiens (human)"),
        ("retinol metabolism", "KEGG_RETINOL_METABOLISM", None),
    ],
)
def test_a_published_term_is_found_in_any_spelling(published: str, term: str, name: str | None) -> None:
    row = compared(published, term, name)
    assert (row["computed"], row["agrees"]) == ("adjusted p 0.01", "yes")


def test_a_term_in_the_library_that_no_gene_reached_is_no_agreement() -> None:
    assert compared("COVID-19", "hsa05164", None, in_library="Coronavirus disease")["agrees"] == "no"


def test_a_term_in_no_library_is_not_testable() -> None:
    row = compared("COVID-19", "hsa05164", None)
    assert (row["computed"], row["agrees"]) == (None, "not testable")


@pytest.mark.parametrize(("direction", "agrees"), [("up", "yes"), ("down", "no"), (None, "not testable")])
def test_a_published_direction_is_of_a_cohort_or_dataset_and_then_a_gene(direction: str | None, agrees: str) -> None:
    study = study_file(published={"directions": {"a": {"MX1": "up"}}})
    row = {"study": "sound", "subject": "a", "gene": "MX1", "direction": direction}
    found = compare_published(Results.of_frames(study, {"validation/expression_tests": pl.DataFrame([row])}), [])
    assert found.rows() == [("direction.a.MX1", "up", direction, agrees)]
