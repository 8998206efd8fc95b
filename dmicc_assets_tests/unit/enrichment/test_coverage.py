"""Libraries of another species or of other identifiers: said by name, or led back to the symbols that were measured."""

from pathlib import Path

import polars as pl

from dmicc_assets.enrichment.coverage import Coverage, coverage, with_symbols
from dmicc_assets.enrichment.gene_sets import GeneSetLibrary, read_gmt
from dmicc_assets.enrichment.terms import enriched_terms
from dmicc_assets.study.schema import Enrichment

ANY = Enrichment(min_size=1)
MOUSE = ["Tp53", "Gapdh", "Mx1", "Oas1a"]


def library(folder: Path, text: str = "T\t\tTP53\tGAPDH\tMX1\tOAS1\n") -> GeneSetLibrary:
    path = folder / "LIB.gmt"
    path.write_text(text)
    return read_gmt(path)


def test_mouse_genes_against_human_sets(tmp_path: Path) -> None:
    found = coverage(library(tmp_path), MOUSE, ANY)
    assert (found.n_covered, found.share, found.is_low) == (0, 0.0, True)
    assert found.sides() == "measured: Gapdh, Mx1, Oas1a, ...; library: GAPDH, MX1, OAS1, ..."


def test_a_small_library_of_measured_genes_is_not_foreign(tmp_path: Path) -> None:
    measured = ["TP53", "GAPDH", "MX1", *(f"X{i}" for i in range(40))]
    found = coverage(library(tmp_path), measured, ANY)
    assert (found.n_covered, found.is_low) == (3, False)
    assert found.share < 0.1
    assert found.share_of_smaller == 3 / 4
    assert found.first[0] == ("X0", "X1", "X10")
    assert found.first[1][0] == "OAS1"


def test_earlier_symbols_count_on_both_sides(tmp_path: Path) -> None:
    found = coverage(library(tmp_path, "T\t\tCYR61\tWISP1\tCTGF\n"), ["CCN1", "WISP1", "CCN2"], ANY)
    assert (found.n_covered, found.is_low) == (3, False)


def test_nothing_measured_and_notes(tmp_path: Path) -> None:
    found = coverage(library(tmp_path), [], ANY)
    assert (found.share, found.share_of_smaller) == (0.0, 0.0)
    assert Coverage.of_notes({"coverage": found.notes()}) == found
    assert Coverage.of_notes({"version": "1"}) is None


def test_sets_of_entrez_identifiers_are_read_by_symbol(tmp_path: Path) -> None:
    entrez = library(tmp_path, "T1\t\t7157\t2597\t999999\nT2\t\t4599\n")
    (named,) = with_symbols([entrez], lambda namespace: {"7157": "TP53", "2597": "GAPDH", "4599": "MX1"})
    assert named.identifiers == "Entrez"
    assert named.sets["T1"].genes == ("999999", "GAPDH", "TP53")
    assert coverage(named, ["TP53", "GAPDH", "MX1"], ANY).n_covered == 3
    (unknown,) = with_symbols([entrez], lambda namespace: {})
    assert unknown.sets == entrez.sets
    assert coverage(unknown, ["TP53"], ANY).sides() == "measured: TP53; library: 2597, 4599, 7157, ..."


def test_sets_of_ensembl_identifiers_are_read_by_symbol_whatever_their_version(tmp_path: Path) -> None:
    ensembl = library(tmp_path, "T\t\tENSG00000141510.5\tENSG00000111640\n")
    asked: list[str] = []

    def symbols(namespace: str) -> dict[str, str]:
        asked.append(namespace)
        return {"ENSG00000141510": "TP53", "ENSG00000111640": "GAPDH"}

    (named,) = with_symbols([ensembl], symbols)
    assert named.sets["T"].genes == ("GAPDH", "TP53")
    assert with_symbols([library(tmp_path)], symbols) == [library(tmp_path)]
    assert asked == ["ensembl"]


def test_the_notes_of_over_representation_tell_it(tmp_path: Path) -> None:
    genes = pl.DataFrame({"gene": ["Tp53"]})
    found = enriched_terms(genes, pl.DataFrame({"gene": MOUSE}), [library(tmp_path)], Enrichment(min_size=1))
    assert found.terms.is_empty()
    (said,) = found.notes["libraries"]
    assert said["identifiers"] == "Symbol"
    assert said["coverage"]["n_covered"] == 0
