"""A published term is found under its identifier or its name, in any usual spelling."""

import pytest

from dmicc_assets.enrichment.term_names import TERMS, plain_term, spellings


@pytest.mark.parametrize(
    ("published", "in_library"),
    [
        ("response to virus", "GO:0009615"),
        ("GO:0009615", "Response To Virus"),
        ("response to virus", "GOBP_RESPONSE_TO_VIRUS"),
        ("hsa05171", "Coronavirus disease"),
        ("COVID-19", "hsa05171"),
        ("COVID-19", "Coronavirus disease - COVID-19"),
        ("Coronavirus disease", "KEGG_CORONAVIRUS_DISEASE_COVID_19"),
        ("ECM-receptor interaction", "path:hsa04512"),
        ("ECM-receptor interaction", "KEGG_ECM_RECEPTOR_INTERACTION"),
        ("Influenza A", "Influenza A Homo sapiens hsa05164"),
        ("Retinol metabolism", "Retinol metabolism - Homo sapiens (human)"),
        ("double-stranded RNA binding", "GOMF_DOUBLE_STRANDED_RNA_BINDING"),
        ("a term of nobody's table", "A_TERM_OF_NOBODY'S_TABLE".replace("_", " ")),
    ],
)
def test_one_term_in_two_spellings(published: str, in_library: str) -> None:
    assert plain_term(in_library) in spellings(published)


@pytest.mark.parametrize(
    ("published", "in_library"),
    [
        ("response to virus", "defense response to virus"),
        ("hsa05171", "hsa05170"),
        ("GO:0009615", "GO:0009616"),
        ("detoxification", "cellular oxidant detoxification"),
        ("Hepatitis C", "Hepatitis B"),
    ],
)
def test_two_terms(published: str, in_library: str) -> None:
    assert plain_term(in_library) not in spellings(published)


def test_no_spelling_is_of_two_terms() -> None:
    plain = [spelling for names in TERMS for spelling in {plain_term(name) for name in names}]
    assert len(plain) == len(set(plain))
