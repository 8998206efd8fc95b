"""What a paper states beside what was computed (design section 8): compared here, used for nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from dmicc_assets.enrichment.gene_sets import GeneSetLibrary
from dmicc_assets.study.schema import Study
from dmicc_assets.tables import TABLES

COUNT_TOLERANCE = 0.10
AUC_TOLERANCE = 0.02


class Comparison(NamedTuple):
    """One row of `report.published`."""

    quantity: str
    published: str
    computed: str | None
    agrees: str


def compare_published(
    study: Study, tables: Mapping[str, pl.DataFrame], libraries: Sequence[GeneSetLibrary]
) -> pl.DataFrame:
    """Every published number of the study beside the computed one.

    Counts agree within 10 %, AUC within 0.02, sets and directions when they are equal, terms when they are
    significant; a term that the library lacks is 'not testable'.

    Args:
        study: its `published` section, and the threshold of the terms.
        tables: rows of the study in differential/genes, enrichment/terms, signature/genes, signature/biomarkers,
            signature/error_curve, validation/expression_tests, validation/roc and model/coefficients.
        libraries: the gene sets that were used.
    """
    rows = [*_counts(study, tables), *_sets(study, tables), *_directions(study, tables), *_aucs(study, tables)]
    rows += [*_terms(study, tables, libraries), *_trees(study, tables), *_signs(study, tables)]
    return TABLES["report/published"].frame([row._asdict() for row in rows])


def _counts(study: Study, tables: Mapping[str, pl.DataFrame]) -> Iterator[Comparison]:
    genes = tables["differential/genes"]
    for cohort, published in study.published.n_deg.items():
        computed = len(genes.filter(pl.col("cohort") == cohort))
        agrees = abs(computed - published) <= COUNT_TOLERANCE * published
        yield Comparison(f"n_deg.{cohort}", str(published), str(computed), _yes(agrees))


def _sets(study: Study, tables: Mapping[str, pl.DataFrame]) -> Iterator[Comparison]:
    for name, published, table in (
        ("signature", study.published.signature, "signature/genes"),
        ("biomarkers", study.published.biomarkers, "signature/biomarkers"),
    ):
        if published is not None:
            computed = set(tables[table]["gene"])
            yield Comparison(name, _listed(published), _listed(computed), _yes(computed == set(published)))


def _directions(study: Study, tables: Mapping[str, pl.DataFrame]) -> Iterator[Comparison]:
    tests = tables["validation/expression_tests"]
    for gene, subjects in study.published.directions.items():
        for subject, published in subjects.items():
            rows = tests.filter((pl.col("gene") == gene) & (pl.col("subject") == subject))
            computed = rows["direction"].item() if len(rows) == 1 else None
            yield _comparison(f"direction.{subject}.{gene}", published, computed)


def _aucs(study: Study, tables: Mapping[str, pl.DataFrame]) -> Iterator[Comparison]:
    roc = tables["validation/roc"].filter(pl.col("kind").is_in(["apparent", "external"]))
    for subject, predictors in study.published.auc.items():
        for predictor, published in predictors.items():
            rows = roc.filter((pl.col("subject") == subject) & (pl.col("predictor") == predictor))
            auc = rows["auc"].item() if len(rows) == 1 else None
            agrees = "not testable" if auc is None else _yes(abs(auc - published) <= AUC_TOLERANCE)
            text = None if auc is None else f"{auc:.3f}"
            yield Comparison(f"auc.{subject}.{predictor}", f"{published:.3f}", text, agrees)


def _terms(
    study: Study, tables: Mapping[str, pl.DataFrame], libraries: Sequence[GeneSetLibrary]
) -> Iterator[Comparison]:
    known = {library.name: _term_names(library) for library in libraries}
    terms = tables["enrichment/terms"].with_columns(name=pl.coalesce("term_name", "term").str.to_lowercase())
    for cohort, by_library in study.published.terms.items():
        for library, published in by_library.items():
            tested = terms.filter((pl.col("cohort") == cohort) & (pl.col("library") == library))
            for term in published:
                rows = tested.filter((pl.col("name") == term.lower()) | (pl.col("term") == term))
                quantity = f"term.{cohort}.{library}.{term}"
                if not rows.is_empty():
                    adjusted = rows["adj_p_value"].to_numpy().min()
                    agrees = bool(adjusted < study.enrichment.adj_p_value)
                    yield Comparison(quantity, "significant", f"adjusted p {adjusted:.3g}", _yes(agrees))
                elif term.lower() in known.get(library, ()):
                    yield Comparison(quantity, "significant", "no gene of it, or not of a tested size", "no")
                else:
                    yield Comparison(quantity, "significant", None, "not testable")


def _term_names(library: GeneSetLibrary) -> set[str]:
    return {name.lower() for term, gene_set in library.sets.items() for name in (term, gene_set.name) if name}


def _trees(study: Study, tables: Mapping[str, pl.DataFrame]) -> Iterator[Comparison]:
    curve = tables["signature/error_curve"].filter("is_chosen")
    for cohort, published in study.published.trees.items():
        rows = curve.filter(pl.col("cohort") == cohort)
        computed = rows["n_trees"].item() if len(rows) == 1 else None
        agrees = None if computed is None else abs(computed - published) <= COUNT_TOLERANCE * published
        text = None if computed is None else str(computed)
        yield Comparison(f"trees.{cohort}", str(published), text, "not testable" if agrees is None else _yes(agrees))


def _signs(study: Study, tables: Mapping[str, pl.DataFrame]) -> Iterator[Comparison]:
    coefficients = dict(tables["model/coefficients"].select("term", "coefficient").iter_rows())
    for gene, published in study.published.nomogram_signs.items():
        value = coefficients.get(gene)
        computed = None if value is None else ("+" if value > 0 else "-")
        yield _comparison(f"nomogram_sign.{gene}", published, computed)


def _comparison(quantity: str, published: str, computed: str | None) -> Comparison:
    agrees = "not testable" if computed is None else _yes(computed == published)
    return Comparison(quantity, published, computed, agrees)


def _yes(agrees: bool) -> str:
    return "yes" if agrees else "no"


def _listed(names: Sequence[str] | set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
