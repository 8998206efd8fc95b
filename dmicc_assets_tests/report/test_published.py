"""What a paper states beside what was computed: every kind of quantity agrees, disagrees and cannot be tested."""

from pathlib import Path

import polars as pl
import pytest

from dmicc_assets.enrichment.gene_sets import GeneSet, GeneSetLibrary
from dmicc_assets.report.published import compare_published
from dmicc_assets.study import Study
from dmicc_assets.study_file import find_study
from dmicc_assets.tables import TABLES

READ = (
    "differential/genes", "enrichment/terms", "signature/genes", "signature/biomarkers", "signature/error_curve",
    "validation/expression_tests", "validation/roc", "model/coefficients",
)  # fmt: skip


@pytest.fixture(scope="module")
def paper() -> Study:
    return find_study("dm_icc", [])


def _tables(**rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The given rows in the declared schemas; the other tables are empty."""
    tables = {name: TABLES[name].schema.to_frame() for name in READ}
    for name, frame in rows.items():
        table = name.replace("__", "/")
        schema = TABLES[table].schema
        absent = [pl.lit(None).alias(column) for column in schema if column not in frame.columns]
        tables[table] = frame.with_columns(absent).select(pl.col(c).cast(dtype) for c, dtype in schema.items())
    return tables


def _library(name: str, **sets: str | None) -> GeneSetLibrary:
    return GeneSetLibrary(
        name, None, "2011-01-01", "0" * 64, Path(name), {term: GeneSet(said, ("A",)) for term, said in sets.items()}
    )


def _compared(study: Study, tables: dict[str, pl.DataFrame], *libraries: GeneSetLibrary) -> dict[str, tuple[str, ...]]:
    rows = compare_published(study, tables, libraries)
    return {row["quantity"]: (row["published"], row["computed"], row["agrees"]) for row in rows.iter_rows(named=True)}


@pytest.mark.parametrize(("n", "agrees"), [(72, "yes"), (88, "yes"), (71, "no"), (89, "no"), (0, "no")])
def test_a_count_agrees_within_a_tenth(paper: Study, n: int, agrees: str) -> None:
    genes = pl.DataFrame({"gene": [f"G{i}" for i in range(n)]}, schema={"gene": pl.String})
    found = _compared(paper, _tables(differential__genes=genes.with_columns(cohort=pl.lit("dm"))))
    assert found["n_deg.dm"] == ("80", str(n), agrees)


@pytest.mark.parametrize(("auc", "agrees"), [(0.934, "yes"), (0.894, "yes"), (0.9345, "no"), (None, "not testable")])
def test_an_area_agrees_within_two_hundredths(paper: Study, auc: float | None, agrees: str) -> None:
    roc = pl.DataFrame(
        {
            "subject": ["icc"] * 2, "predictor": ["PARP12"] * 2, "kind": ["apparent", "nested_cv"], "auc": [auc, 0.5],
        }
    )  # fmt: skip
    found = _compared(paper, _tables(validation__roc=roc))
    assert found["auc.icc.PARP12"] == ("0.914", None if auc is None else f"{auc:.3f}", agrees)
    assert found["auc.icc.MT1M"] == ("0.933", None, "not testable")


def test_sets_agree_when_they_are_equal(paper: Study) -> None:
    same = pl.DataFrame({"gene": ["SPP1", "MT1M", "HERC6", "PARP12", "SLC47A1"] * 2})
    found = _compared(paper, _tables(signature__genes=same, signature__biomarkers=pl.DataFrame({"gene": ["PARP12"]})))
    assert found["signature"] == (found["signature"][0], "HERC6, MT1M, PARP12, SLC47A1, SPP1", "yes")
    assert found["biomarkers"] == ("MT1M, PARP12", "PARP12", "no")
    assert _compared(paper, _tables())["signature"][1:] == ("none", "no")


def test_directions_signs_and_trees(paper: Study) -> None:
    tests = pl.DataFrame({"gene": ["MT1M", "PARP12"], "subject": ["icc", "icc"], "direction": ["down", "down"]})
    curve = pl.DataFrame({"cohort": ["dm", "dm"], "n_trees": [150, 139], "is_chosen": [True, False]})
    coefficients = pl.DataFrame({"term": ["(Intercept)", "PARP12", "MT1M"], "coefficient": [1.0, -0.5, -2.0]})
    found = _compared(
        paper,
        _tables(validation__expression_tests=tests, signature__error_curve=curve, model__coefficients=coefficients),
    )
    assert found["direction.icc.MT1M"] == ("down", "down", "yes")
    assert found["direction.icc.PARP12"] == ("up", "down", "no")
    assert found["direction.TCGA-CHOL.MT1M"] == ("down", None, "not testable")
    assert found["trees.dm"] == ("139", "150", "yes")
    assert found["trees.icc"] == ("19", None, "not testable")
    assert found["nomogram_sign.MT1M"] == ("-", "-", "yes")
    assert found["nomogram_sign.PARP12"] == ("+", "-", "no")


def test_a_term_is_significant_or_not_or_its_library_lacks_it(paper: Study) -> None:
    terms = pl.DataFrame(
        {
            "cohort": ["dm", "dm", "icc"], "library": ["GO_BP", "KEGG", "GO_CC"],
            "term": ["GO:0009615", "hsa05164", "GO:0062023"],
            "term_name": ["Response to virus", None, "collagen-containing extracellular matrix"],
            "adj_p_value": [0.001, 0.2, 0.049],
        }
    )  # fmt: skip
    libraries = (
        _library("GO_BP", **{"GO:0009615": "response to virus", "GO:0098754": "detoxification"}),
        _library("KEGG", hsa05164=None, hsa04512=None),
    )
    found = _compared(paper, _tables(enrichment__terms=terms), *libraries)
    assert found["term.dm.GO_BP.response to virus"] == ("significant", "adjusted p 0.001", "yes")
    assert found["term.dm.KEGG.hsa05164"] == ("significant", "adjusted p 0.2", "no")
    assert found["term.icc.GO_CC.collagen-containing extracellular matrix"][2] == "yes"
    # in the library, but no differentially expressed gene is in it
    assert found["term.icc.GO_BP.detoxification"][2] == "no"
    # newer than the last free KEGG, and a library that is not at hand
    assert found["term.dm.KEGG.hsa05171"] == ("significant", None, "not testable")
    assert found["term.icc.GO_MF.oxygen binding"] == ("significant", None, "not testable")
