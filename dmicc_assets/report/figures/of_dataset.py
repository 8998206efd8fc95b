"""The figures of one dataset, drawn from a study's results: which rows and which computation go into which figure."""

from collections.abc import Callable

from dmicc_assets.report.figures import dataset as figures
from dmicc_assets.report.figures import projection
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets.report.figures.style import note_figure, study_styles
from dmicc_assets.results.reader import Results

DISTRIBUTIONS = "expression/distributions"
NOT_LABELLED = "not labelled"
NOT_PROJECTED = "A projection needs four samples and three genes that are measured in all of them and vary."


def labels_of(results: Results, dataset: str) -> dict[str, str]:
    """Label of each sample of a dataset."""
    rows = results.rows("expression/quality", dataset=dataset).sort("sample")
    return dict(rows.select("sample", "label").iter_rows())


def _is_normalised(results: Results, dataset: str) -> bool:
    return results.study.datasets[dataset].normalise != "none"


def draw_boxes(results: Results, dataset: str) -> SourcedFigure:
    """Box plots before and after normalisation."""
    rows = results.rows(DISTRIBUTIONS, dataset=dataset)
    return figures.distribution_boxes(
        rows, labels_of(results, dataset), dataset, _is_normalised(results, dataset), study_styles(results.study)
    )


def draw_densities(results: Results, dataset: str) -> SourcedFigure:
    """Densities before and after normalisation."""
    rows = results.rows(DISTRIBUTIONS, dataset=dataset)
    return figures.distribution_densities(
        rows, labels_of(results, dataset), dataset, _is_normalised(results, dataset), study_styles(results.study)
    )


def draw_sex_genes(results: Results, dataset: str) -> SourcedFigure:
    """Sex genes of every sample."""
    return figures.sex_genes(results.rows("expression/quality", dataset=dataset), dataset, study_styles(results.study))


def draw_outliers(results: Results, dataset: str) -> SourcedFigure:
    """Connectivity of every sample."""
    return figures.outlier_arrays(
        results.rows("expression/quality", dataset=dataset), dataset, study_styles(results.study)
    )


def draw_pca(results: Results, dataset: str) -> SourcedFigure:
    """Principal components of all samples, by label."""
    return _projected(results, dataset, "pca", projection.pca_plot, f"{dataset}, principal components")


def draw_tsne(results: Results, dataset: str) -> SourcedFigure:
    """t-SNE of all samples, by label."""
    return _projected(results, dataset, "tsne", projection.tsne_plot, f"{dataset}, t-SNE")


def _projected(
    results: Results, dataset: str, method: str, draw: Callable[..., SourcedFigure], title: str
) -> SourcedFigure:
    rows = results.rows("expression/projection", dataset=dataset, method=method)
    if rows.is_empty():
        return note_figure(title, NOT_PROJECTED)
    labels = rows["label"].fill_null(NOT_LABELLED).to_list()
    looks = study_styles(results.study, NOT_LABELLED)
    return draw(
        rows, projection.SampleGroups(rows["sample"].to_list(), labels, [dataset] * len(rows), looks=looks), title
    )
