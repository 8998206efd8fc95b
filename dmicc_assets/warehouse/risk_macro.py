"""Macros from the coefficients in the lake: `risk_<study>(...)`, and other names of a model's genes.

The macros contain numbers and names, so that a warehouse needs no other file. Scoring in Python is in
`model/frozen_model.py`, which is not imported here, because its libraries would delay every query.
"""

from collections.abc import Iterable, Mapping
from itertools import chain, count
from typing import Any

import duckdb

from dmicc_assets.errors import DataError
from dmicc_assets.expression.symbols import other_names
from dmicc_assets.lake.looked_at import looked_at
from dmicc_assets.lake.store import Lake

TABLE = "model/coefficients"
INTERCEPT = "(Intercept)"
_READ = ("term", "probability_coefficient")
# The coefficient of each term of a model, in the order of `model/coefficients`.
Coefficients = Mapping[str, float]


def models(lake: Lake, *, is_quick: bool = False) -> tuple[dict[str, Coefficients], dict[str, str]]:
    """Coefficients of every study with a risk model, and the error of each study without readable ones.

    A study of which the macro cannot be created is among the errors, so that no study stops the queries on another.
    `is_quick` is as in `looked_at`.
    """
    tables: dict[str, Coefficients] = {}
    errors: dict[str, str] = {}
    with duckdb.connect() as connection:
        found = looked_at(lake, TABLE, "models", lambda study: _model(connection, lake, study), is_quick=is_quick)
    for study, model in found.items():
        if "error" in model:
            errors[study] = model["error"]
        elif model["term"]:
            tables[study] = dict(zip(*(model[name] for name in _READ), strict=True))
    return tables, errors


def _model(connection: duckdb.DuckDBPyConnection, lake: Lake, study: str) -> dict[str, Any]:
    """The coefficients of a study's model, none without one, or the error that keeps its macro from being created."""
    try:
        if lake.manifest(TABLE, study) is None:
            return dict.fromkeys(_READ, ())
        model = lake.read(TABLE, study).select(*_READ).to_dict(as_series=False)
        if model["term"]:
            connection.execute(risk_macro(study, dict(zip(*model.values(), strict=True))))
        return model
    except (DataError, duckdb.Error, KeyError, TypeError) as error:
        return {"error": str(error).splitlines()[0].partition("; ")[0]}


def risk_macros(tables: Mapping[str, Coefficients]) -> list[str]:
    """The CREATE MACRO statements of the models of `models`.

    `risk_dm_icc("PARP12" := 9.1, "MT1M" := 7.4)` is the probability at this log2 expression, at the prevalence of the
    training samples. It is NULL if an argument is missing or NULL.
    """
    return [risk_macro(study, coefficients) for study, coefficients in tables.items()]


def risk_macro(study: str, coefficients: Coefficients) -> str:
    """The CREATE MACRO statement of one model.

    The arguments are the genes in their order, quoted as their symbols need (`"HLA-DRA"`). SQL does not tell
    upper from lower case: of `C1ORF112` and `C1orf112` the second argument is `"C1orf112_2"`.

    Raises:
        KeyError: there is no intercept.
    """
    terms = {term: float(value) for term, value in coefficients.items()}
    intercept = terms.pop(INTERCEPT)
    names = [_identifier(name) for name in _argument_names(terms)]
    arguments = ", ".join(f"{name} := NULL" for name in names)
    parts = [f"('{value!r}'::DOUBLE * {name}::DOUBLE)" for name, value in zip(names, terms.values(), strict=True)]
    log_odds = " + ".join([f"'{intercept!r}'::DOUBLE", *parts])
    return f"CREATE MACRO {_identifier('risk_' + study)}({arguments}) AS 1 / (1 + exp(-({log_odds})))"


def _argument_names(genes: Iterable[str]) -> list[str]:
    """The genes as names that SQL tells apart: not empty, and different without regard to case."""
    taken: set[str] = set()
    names: list[str] = []
    for gene in genes:
        own = gene.replace("\0", "") or "gene"
        name = next(each for each in chain([own], (f"{own}_{i}" for i in count(2))) if each.casefold() not in taken)
        taken.add(name.casefold())
        names.append(name)
    return names


def model_gene_names(tables: Mapping[str, Coefficients]) -> str:
    """The CREATE MACRO statement of `model_gene_names(study)`: names under which a gene is looked up in new samples.

    Rows gene, name and rank (`expression.symbols.other_names`) of every gene of the study's model: `score` finds genes
    by them, as `dmicc score` does.
    """
    rows = [
        f"({', '.join(map(_literal, (study, gene, name)))}, {rank})"
        for study, coefficients in tables.items()
        for gene in coefficients
        if gene != INTERCEPT
        for name, rank in other_names(gene)
    ]
    values = ", ".join(["(NULL, NULL, NULL, NULL)", *rows])
    return (
        "CREATE MACRO model_gene_names(study_name) AS TABLE SELECT gene, name, rank "
        f"FROM (VALUES {values}) AS names(study, gene, name, rank) WHERE study = study_name"
    )


def _literal(text: str) -> str:
    return "'" + text.replace("\0", "").replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
