"""Every figure of a study by name, drawn on request; the report, the export and Dagster use this list."""

from collections.abc import Callable, Collection, Iterator
from fnmatch import fnmatchcase
from functools import partial
from itertools import combinations
from typing import NamedTuple

from dmicc_assets.report.figures import of_cohort, of_dataset, of_study
from dmicc_assets.report.figures.captions import CAPTIONS
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets.report.figures.style import not_drawn
from dmicc_assets.results.reader import Results
from dmicc_assets.tables import TABLES

Draw = Callable[[], SourcedFigure]


class CatalogFigure(NamedTuple):
    """One figure: a name (`part/kind`, unique in the study), a title, and the function that makes it or fails."""

    name: str
    title: str
    make: Draw

    def draw(self) -> SourcedFigure:
        """The figure; where it cannot be drawn, a note that says why, because a picture is not worth a result."""
        try:
            return self.make()
        except Exception as error:
            return not_drawn(self.title, error)

    @property
    def caption(self) -> str:
        """What the figure shows and how to read it."""
        kind = self.name.rsplit("/", 1)[-1].split(".")[0]
        return CAPTIONS[kind]


def study_figures(results: Results, like: Collection[str] = ("*",)) -> Iterator[CatalogFigure]:
    """Every figure for which there are results, by dataset, cohort and study; `draw` draws it.

    Names are `dataset/<dataset>/<kind>`, `cohort/<cohort>/<kind>` and `study/<kind>`; the names of a kind with several
    figures end in `.<part>` (`terms.GO_BP`, `roc.TCGA-CHOL`).

    Args:
        results: of the study.
        like: patterns of names; of parts of the study without such a figure nothing is read.
    """
    for part, figures in _parts(results).items():
        if any(fnmatchcase(part, pattern.rpartition("/")[0] or "*") for pattern in like):
            yield from (each for each in figures() if any(fnmatchcase(each.name, pattern) for pattern in like))


def _parts(results: Results) -> dict[str, Callable[[], Iterator[CatalogFigure]]]:
    """The figures by the beginning of their names."""
    datasets = {f"dataset/{name}": partial(dataset_figures, results, name) for name in results.study.datasets}
    cohorts = {f"cohort/{name}": partial(cohort_figures, results, name) for name in results.study.cohorts}
    return {**datasets, **cohorts, "study": partial(_figures_of_study, results)}


def _figures_of_study(results: Results) -> Iterator[CatalogFigure]:
    yield from _shared_figures(results)
    yield from _validation_figures(results)
    yield from _worth_figures(results)


def dataset_figures(results: Results, dataset: str) -> Iterator[CatalogFigure]:
    """The figures of one dataset."""
    if results.rows("expression/quality", dataset=dataset).is_empty():
        return
    draws: list[tuple[str, str, Callable[[Results, str], SourcedFigure]]] = [
        ("sex_genes", "sex genes", of_dataset.draw_sex_genes),
        ("outliers", "outlier arrays", of_dataset.draw_outliers),
    ]
    if _is_projected(results, "expression/projection", dataset):
        draws = [
            ("pca", "principal components", of_dataset.draw_pca),
            ("tsne", "t-SNE", of_dataset.draw_tsne),
            *draws,
        ]
    if of_dataset.DISTRIBUTIONS in TABLES and len(results.rows(of_dataset.DISTRIBUTIONS, dataset=dataset)):
        draws = [
            ("distribution_boxes", "distribution before and after normalisation", of_dataset.draw_boxes),
            ("distribution_densities", "density before and after normalisation", of_dataset.draw_densities),
            *draws,
        ]
    for kind, title, draw in draws:
        yield CatalogFigure(f"dataset/{dataset}/{kind}", f"{dataset}: {title}", partial(draw, results, dataset))


def _is_projected(results: Results, table: str, part: str) -> bool:
    """Whether samples were placed, or found too few for it, which a figure says."""
    return results.is_made(table, part) or not results.tables.rows(table, part).is_empty()


def cohort_figures(results: Results, cohort: str) -> Iterator[CatalogFigure]:
    """The figures of one cohort; only those of its samples as long as its genes are not tested."""
    if results.rows("cohort/samples", cohort=cohort).is_empty():
        return
    of_tests: list[tuple[str, str, Callable[[Results, str], SourcedFigure]]] = [
        ("volcano", "volcano plot", of_cohort.draw_volcano),
        ("heat_map", "differentially expressed genes", of_cohort.draw_heat_map),
        ("md", "MD plot", of_cohort.draw_md),
        ("p_values", "p-values", of_cohort.draw_p_values),
        ("qq", "quantiles of the moderated t", of_cohort.draw_qq),
        ("mean_variance", "mean and variance", of_cohort.draw_mean_variance),
    ]
    of_samples: list[tuple[str, str, Callable[[Results, str], SourcedFigure]]] = [
        ("pca", "principal components", of_cohort.draw_pca),
        ("tsne", "t-SNE", of_cohort.draw_tsne),
    ]
    tested = not results.rows("differential/statistics", cohort=cohort).is_empty()
    where = f"cohort/{cohort}"
    title = results.study.cohorts[cohort].title
    projected = of_samples if _is_projected(results, "cohort/projection", cohort) else []
    for kind, what, draw in [*of_tests, *projected] if tested else projected:
        yield CatalogFigure(f"{where}/{kind}", f"{title}: {what}", partial(draw, results, cohort))
    terms = results.rows("enrichment/terms", cohort=cohort)
    for library in results.study.enrichment.libraries:
        if library in terms["library"]:
            draw_terms = partial(of_cohort.draw_terms, results, cohort, library)
            yield CatalogFigure(f"{where}/terms.{library}", f"{title}: {library.replace('_', ' ')} terms", draw_terms)
    if not results.rows("enrichment/gsea", cohort=cohort).is_empty():
        draw_gsea = partial(of_cohort.draw_gsea, results, cohort)
        yield CatalogFigure(f"{where}/gsea", f"{title}: preranked gene sets", draw_gsea)
    if not results.rows("expression/scores").is_empty():
        draw_scores = partial(of_cohort.draw_scores, results, cohort)
        yield CatalogFigure(f"{where}/scores", f"{title}: scores of gene sets", draw_scores)
    if not results.rows("signature/error_curve", cohort=cohort).is_empty():
        draw_error = partial(of_cohort.draw_error_curve, results, cohort)
        yield CatalogFigure(f"{where}/error_curve", f"{title}: forest error", draw_error)
    if not results.rows("signature/ranking", cohort=cohort).is_empty():
        draw_importance = partial(of_cohort.draw_importance, results, cohort)
        yield CatalogFigure(f"{where}/importance", f"{title}: importance", draw_importance)


def _shared_figures(results: Results) -> Iterator[CatalogFigure]:
    """Figures of what the cohorts share."""
    sets = of_study.gene_sets(results)
    if not any(sets.values()):
        return
    if len(sets) in (2, 3):
        yield CatalogFigure("study/venn", "Shared genes", partial(of_study.draw_venn, results))
    yield CatalogFigure("study/upset", "Genes by cohort", partial(of_study.draw_upset, results))
    for first, second in combinations(sets, 2):
        name = "study/concordance" if len(sets) == 2 else f"study/concordance.{first}-{second}"
        draw = partial(of_study.draw_concordance, results, first, second)
        titles = " and ".join(results.study.cohorts[cohort].title for cohort in (first, second))
        yield CatalogFigure(name, f"Agreement of log fold changes: {titles}", draw)


def _validation_figures(results: Results) -> Iterator[CatalogFigure]:
    """Expression and ROC in each subject, and the risk model."""
    names = {
        "expression": (results.rows("validation/expression_tests"), "expression", of_study.draw_expression),
        "roc": (results.rows("validation/roc_curve"), "ROC", of_study.draw_roc),
    }
    for kind, (rows, what, draw) in names.items():
        drawn = set(rows["subject"])
        for subject in (name for name in of_study.subjects_of(results) if name in drawn):
            title = f"{of_study.subject_title(results, subject)}: {what}"
            yield CatalogFigure(f"study/{kind}.{subject}", title, partial(draw, results, subject))
    if not of_study.model_areas(results).is_empty():
        draw_model = partial(of_study.draw_model_roc, results)
        yield CatalogFigure("study/roc_model", "ROC of the risk model", draw_model)
    for table, kind, title, of_model in (
        ("model/nomogram", "nomogram", "Nomogram with a worked patient", of_study.draw_nomogram),
        ("model/calibration", "calibration", "Calibration", of_study.draw_calibration),
        ("model/decision_curve", "decision_curve", "Decision curve", of_study.draw_decision_curve),
        ("validation/instability", "instability", "Instability of the risks", of_study.draw_instability),
    ):
        if not results.rows(table).is_empty():
            yield CatalogFigure(f"study/{kind}", title, partial(of_model, results))


def _worth_figures(results: Results) -> Iterator[CatalogFigure]:
    """Figures of the resampling and the null distributions."""
    for table, kind, title, draw in (
        ("rigor/nulls", "nulls", "Null distributions", of_study.draw_nulls),
        ("signature/stability", "stability", "Stability", of_study.draw_stability),
        ("signature/sensitivity", "sensitivity", "Sensitivity to settings", of_study.draw_sensitivity),
    ):
        if not results.rows(table).is_empty():
            yield CatalogFigure(f"study/{kind}", title, partial(draw, results))
