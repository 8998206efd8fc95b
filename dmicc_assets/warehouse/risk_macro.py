"""Macros from the coefficients in the lake: `risk_<study>(...)`, and other names of a model's genes.

The macros contain numbers and names, so that a warehouse needs no other file. Scoring in Python is in
`model/frozen_model.py`, which is not imported here, because its libraries would delay every query.
"""

import polars as pl

from dmicc_assets.expression.symbols import other_names
from dmicc_assets.lake.store import Lake

TABLE = "model/coefficients"
INTERCEPT = "(Intercept)"


def risk_macros(lake: Lake) -> list[str]:
    """A CREATE MACRO statement for every study of the lake that has a risk model.

    `risk_dm_icc("PARP12" := 9.1, "MT1M" := 7.4)` is the probability at this log2 expression, at the prevalence of the
    training samples. It is NULL if an argument is missing or NULL.

    Raises:
        DataError: a file of the lake is damaged.
    """
    studies = [study for study in lake.partitions(TABLE) if lake.manifest(TABLE, study) is not None]
    tables = {study: lake.read(TABLE, study) for study in studies}
    return [risk_macro(study, table) for study, table in tables.items() if not table.is_empty()]


def risk_macro(study: str, coefficients: pl.DataFrame) -> str:
    """The CREATE MACRO statement of one model, from its rows of `model/coefficients`.

    The arguments are the genes in the table's order, quoted as their symbols need (`"HLA-DRA"`).
    """
    terms = {term: float(value) for term, value in coefficients.select("term", "probability_coefficient").iter_rows()}
    intercept = terms.pop(INTERCEPT)
    arguments = ", ".join(f"{_identifier(gene)} := NULL" for gene in terms)
    parts = [f"({value!r}::DOUBLE * {_identifier(gene)}::DOUBLE)" for gene, value in terms.items()]
    log_odds = " + ".join([f"{intercept!r}::DOUBLE", *parts])
    return f"CREATE MACRO {_identifier('risk_' + study)}({arguments}) AS 1 / (1 + exp(-({log_odds})))"


def model_gene_names(lake: Lake) -> str:
    """The CREATE MACRO statement of `model_gene_names(study)`: names under which a gene is looked up in new samples.

    Rows gene, name and rank (`expression.symbols.other_names`) of every gene of the study's model: `score` finds genes
    by them, as `dmicc score` does.

    Raises:
        DataError: a file of the lake is damaged.
    """
    rows = [
        f"({', '.join(map(_literal, (study, gene, name)))}, {rank})"
        for study in lake.partitions(TABLE)
        if lake.manifest(TABLE, study) is not None
        for gene in lake.read(TABLE, study)["term"]
        if gene != INTERCEPT
        for name, rank in other_names(gene)
    ]
    values = ", ".join(["(NULL, NULL, NULL, NULL)", *rows])
    return (
        "CREATE MACRO model_gene_names(study_name) AS TABLE SELECT gene, name, rank "
        f"FROM (VALUES {values}) AS names(study, gene, name, rank) WHERE study = study_name"
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
