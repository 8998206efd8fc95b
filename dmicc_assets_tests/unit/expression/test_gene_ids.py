"""Entrez and Ensembl identifiers: recognised, read from cells of annotations, and led back to symbols."""

import pytest

from dmicc_assets.expression.gene_ids import gene_id_rows, ids_in, namespace_of, symbols_by_id


@pytest.mark.parametrize(
    ("genes", "namespace"),
    [
        (["TP53", "1-Mar", "A1BG"], None),
        (["7157", "920", "1", "LOC1"], "entrez"),
        (["ENSG00000141510", "ENSG00000010610.9"], "ensembl"),
        (["ENSMUSG00000059552", "ENSMUSG00000057666"], "ensembl"),
        (["ENST00000269305"], None),
        (["7157", "TP53"], None),
        (["Tp53", "Gapdh"], None),
        ([], None),
    ],
)
def test_what_most_identifiers_are(genes: list[str], namespace: str | None) -> None:
    assert namespace_of(genes) == namespace


def test_identifiers_of_a_cell() -> None:
    assert ids_in("7157///920 /// 7157", "entrez") == ["7157", "920"]
    assert ids_in('"ENSG00000141510.18; ENST00000269305"', "ensembl") == ["ENSG00000141510"]
    assert ids_in("--- TP53 0", "entrez") == []


def test_an_identifier_of_two_genes_is_left_out_and_two_symbols_of_one_gene_are_not_two() -> None:
    old = gene_id_rows([("CYR61", "entrez", "3491"), ("TP53", "entrez", "7157"), ("TP53", "ensembl", "7157")])
    new = gene_id_rows([("CCN1", "entrez", "3491"), ("MX1", "entrez", "7157"), ("CD4", "entrez", "920")])
    assert symbols_by_id([old, new], "entrez") == {"3491": "CCN1", "920": "CD4"}
    assert symbols_by_id([], "entrez") == {}
