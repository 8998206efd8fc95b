"""The Gene Ontology that comes with the package: whole, dated, propagated, and made by the script beside it."""

import sqlite3
from pathlib import Path

import pytest

from dmicc_assets.enrichment.bundled.library import FILE, bundled_library, bundled_sha256, is_bundled
from dmicc_assets.enrichment.bundled.make_gene_ontology import lines
from dmicc_assets.enrichment.providers.catalogue import source_of
from dmicc_assets.study.schema import Enrichment

HUMAN = Enrichment()


def test_it_is_under_a_megabyte_and_states_date_source_and_licence() -> None:
    import lzma

    with lzma.open(FILE, "rt", encoding="utf-8") as text:
        first = next(text)
    assert FILE.stat().st_size < 1_000_000
    assert "2022-07-01" in first
    assert "CC BY 4.0" in first
    assert "go-basic.obo" in first


@pytest.mark.parametrize(("name", "least"), [("GO_CC", 2000), ("GO_MF", 4900)])
def test_every_term_has_the_genes_of_the_terms_below_it(name: str, least: int) -> None:
    library = bundled_library(name, source_of(name, HUMAN))
    assert (library.name, library.version, library.date) == (name, "2022-07-01, bundled", "2022-07-01")
    assert library.sha256 == bundled_sha256()
    assert len(library.sets) > least
    if name == "GO_MF":
        below, above = library.sets["GO:0008009"], library.sets["GO:0042379"]
        assert below.name == "chemokine activity"
        assert set(below.genes) < set(above.genes)
        assert "CXCL10" in below.genes


def test_only_human_go_is_bundled() -> None:
    assert is_bundled(source_of("GO_BP", HUMAN))
    assert not is_bundled(source_of("GO_BP", Enrichment(organism="mouse")))
    assert not is_bundled(source_of("KEGG", HUMAN))
    assert not is_bundled(source_of("GO_BP", Enrichment(pins={"GO_BP": "GO_Biological_Process_2023"})))


def test_the_script_takes_every_annotated_term_with_those_above_it_and_no_other_relation(tmp_path: Path) -> None:
    ontology, genes = sqlite3.connect(tmp_path / "go.sqlite"), sqlite3.connect(tmp_path / "eg.sqlite")
    ontology.executescript(
        "CREATE TABLE metadata (name, value); CREATE TABLE go_term (_id, go_id, term, ontology);"
        "INSERT INTO metadata VALUES ('GOSOURCEDATE', '2022-07-01'), ('GOSOURCEURL', 'u'), ('GOEGSOURCEDATE', 'd');"
        "INSERT INTO go_term VALUES (1, 'GO:1', 'root', 'BP'), (2, 'GO:2', 'part', 'BP'), (3, 'GO:3', 'leaf', 'BP'),"
        " (4, 'GO:4', 'regulated', 'BP'), (5, 'GO:5', 'nobody', 'BP'), (6, 'GO:6', 'function', 'MF');"
    )
    for aspect in ("bp", "cc", "mf"):
        ontology.execute(f"CREATE TABLE go_{aspect}_parents (_id, _parent_id, relationship_type)")
        genes.execute(f"CREATE TABLE go_{aspect} (_id, go_id, evidence)")
    ontology.executescript(
        "INSERT INTO go_bp_parents VALUES (3, 2, 'part of'), (2, 1, 'isa'), (3, 4, 'regulates'), (5, 1, 'isa');"
    )
    genes.executescript(
        "CREATE TABLE gene_info (_id, symbol); INSERT INTO gene_info VALUES (1, 'MX1'), (2, 'NOBODY');"
        "INSERT INTO go_bp VALUES (1, 'GO:3', 'IDA'), (1, 'GO:3', 'IEA'), (2, 'GO:1', 'ND');"
    )
    _, *rows = lines(ontology, genes)
    ontology.close()
    genes.close()
    assert [row.split("\t")[1:] for row in rows] == [
        ["GO:1", "root", "", ""],
        ["GO:2", "part", "GO:1", ""],
        ["GO:3", "leaf", "GO:2", "MX1"],
    ]
