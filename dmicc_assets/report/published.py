"""Numbers published in a paper compared with those computed here; they are used for nothing else."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import polars as pl

from dmicc_assets.enrichment.gene_sets import GeneSetLibrary
from dmicc_assets.enrichment.term_names import plain_term, spellings
from dmicc_assets.results.reader import Results
from dmicc_assets.tables import TABLES

COUNT_TOLERANCE = 0.10
AUC_TOLERANCE = 0.02


class Comparison(NamedTuple):
    """One row of `report.published`."""

    quantity: str
    published: str
    computed: str | None
    agrees: str


def compare_published(results: Results, libraries: Sequence[GeneSetLibrary]) -> pl.DataFrame:
    """Compare every published number of the study with the computed one.

    Counts agree within 10 %, AUC within 0.02, sets and directions when they are equal, terms when they are
    significant; a term that the library lacks is 'not testable'.

    Args:
        results: of the study, whose file has the section `published`.
        libraries: the gene sets that were used.
    """
    rows = [*_counts(results), *_sets(results), *_directions(results), *_aucs(results)]
    rows += [*_terms(results, libraries), *_trees(results), *_signs(results)]
    return TABLES["report/published"].frame([row._asdict() for row in rows])


def _counts(results: Results) -> Iterator[Comparison]:
    for cohort, published in results.study.published.n_deg.items():
        computed = len(results.rows("differential/genes", cohort=cohort))
        agrees = abs(computed - published) <= COUNT_TOLERANCE * published
        yield Comparison(f"n_deg.{cohort}", str(published), str(computed), _yes(agrees))


def _sets(results: Results) -> Iterator[Comparison]:
    for name, published, genes in (
        ("signature", results.study.published.signature, results.signature_genes),
        ("biomarkers", results.study.published.biomarkers, results.biomarkers),
    ):
        if published is not None:
            computed = set(genes)
            yield Comparison(name, _listed(published), _listed(computed), _yes(computed == set(published)))


def _directions(results: Results) -> Iterator[Comparison]:
    for subject, genes in results.study.published.directions.items():
        for gene, published in genes.items():
            rows = results.rows("validation/expression_tests", gene=gene, subject=subject)
            computed = rows["direction"].item() if len(rows) == 1 else None
            yield _comparison(f"direction.{subject}.{gene}", published, computed)


def _aucs(results: Results) -> Iterator[Comparison]:
    roc = results.validation.roc.filter(pl.col("kind").is_in(["apparent", "external"]))
    for subject, predictors in results.study.published.auc.items():
        for predictor, published in predictors.items():
            rows = roc.filter((pl.col("subject") == subject) & (pl.col("predictor") == predictor))
            auc = rows["auc"].item() if len(rows) == 1 else None
            agrees = "not testable" if auc is None else _yes(abs(auc - published) <= AUC_TOLERANCE)
            text = None if auc is None else f"{auc:.3f}"
            yield Comparison(f"auc.{subject}.{predictor}", f"{published:.3f}", text, agrees)


def _terms(results: Results, libraries: Sequence[GeneSetLibrary]) -> Iterator[Comparison]:
    known = {library.name: _term_names(library) for library in libraries}
    terms = results.enrichment.terms
    plain = {name: plain_term(name) for name in {*terms["term"], *terms["term_name"].drop_nulls()}}
    for cohort, by_library in results.study.published.terms.items():
        for library, published in by_library.items():
            tested = terms.filter((pl.col("cohort") == cohort) & (pl.col("library") == library))
            for term in published:
                wanted = spellings(term)
                names = [name for name, spelling in plain.items() if spelling in wanted]
                rows = tested.filter(pl.col("term").is_in(names) | pl.col("term_name").is_in(names).fill_null(False))
                quantity = f"term.{cohort}.{library}.{term}"
                if not rows.is_empty():
                    adjusted = rows["adj_p_value"].to_numpy().min()
                    agrees = bool(adjusted < results.study.enrichment.adj_p_value)
                    yield Comparison(quantity, "significant", f"adjusted p {adjusted:.3g}", _yes(agrees))
                elif wanted & known.get(library, frozenset()):
                    yield Comparison(quantity, "significant", "no gene of it, or not of a tested size", "no")
                else:
                    yield Comparison(quantity, "significant", None, "not testable")


def _term_names(library: GeneSetLibrary) -> frozenset[str]:
    return frozenset(plain_term(name) for term, each in library.sets.items() for name in (term, each.name) if name)


def _trees(results: Results) -> Iterator[Comparison]:
    curve = results.signature.error_curve.filter("is_chosen")
    for cohort, published in results.study.published.trees.items():
        rows = curve.filter(pl.col("cohort") == cohort)
        computed = rows["n_trees"].item() if len(rows) == 1 else None
        agrees = None if computed is None else abs(computed - published) <= COUNT_TOLERANCE * published
        text = None if computed is None else str(computed)
        yield Comparison(f"trees.{cohort}", str(published), text, "not testable" if agrees is None else _yes(agrees))


def _signs(results: Results) -> Iterator[Comparison]:
    coefficients = dict(results.model.coefficients.select("term", "coefficient").iter_rows())
    for gene, published in results.study.published.nomogram_signs.items():
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
