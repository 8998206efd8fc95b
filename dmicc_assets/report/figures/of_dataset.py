"""The figures of one dataset, drawn from a study's tables: which rows and which computation go into which figure."""

from matplotlib.figure import Figure

from dmicc_assets.expression.projection import can_project, principal_components, tsne
from dmicc_assets.report.figures import dataset as figures
from dmicc_assets.report.figures import projection
from dmicc_assets.report.figures.style import note_figure, study_styles
from dmicc_assets.results.tables import StudyTables
from dmicc_assets.types import ExpressionMatrix

DISTRIBUTIONS = "expression/distributions"
NOT_LABELLED = "not labelled"
NOT_PROJECTED = "A projection needs four samples and three genes that are measured in all of them and vary."


def labels_of(tables: StudyTables, dataset: str) -> dict[str, str]:
    """Label of each sample of a dataset."""
    rows = tables.rows("expression/quality", dataset=dataset).sort("sample")
    return dict(rows.select("sample", "label").iter_rows())


def _is_normalised(tables: StudyTables, dataset: str) -> bool:
    return tables.study.datasets[dataset].normalise != "none"


def draw_boxes(tables: StudyTables, dataset: str) -> Figure:
    """Box plots before and after normalisation."""
    rows = tables.rows(DISTRIBUTIONS, dataset=dataset)
    return figures.distribution_boxes(
        rows, labels_of(tables, dataset), dataset, _is_normalised(tables, dataset), study_styles(tables.study)
    )


def draw_densities(tables: StudyTables, dataset: str) -> Figure:
    """Densities before and after normalisation."""
    rows = tables.rows(DISTRIBUTIONS, dataset=dataset)
    return figures.distribution_densities(
        rows, labels_of(tables, dataset), dataset, _is_normalised(tables, dataset), study_styles(tables.study)
    )


def draw_sex_genes(tables: StudyTables, dataset: str) -> Figure:
    """Sex genes of every sample."""
    return figures.sex_genes(tables.rows("expression/quality", dataset=dataset), dataset, study_styles(tables.study))


def draw_outliers(tables: StudyTables, dataset: str) -> Figure:
    """Connectivity of every sample."""
    return figures.outlier_arrays(
        tables.rows("expression/quality", dataset=dataset), dataset, study_styles(tables.study)
    )


def draw_pca(tables: StudyTables, dataset: str) -> Figure:
    """Principal components of all samples, by label."""
    matrix = tables.matrix("expression/genes", dataset, "value")
    if not can_project(matrix.values):
        return note_figure(f"{dataset}, principal components", NOT_PROJECTED)
    return projection.pca_plot(
        principal_components(matrix.values), _groups(tables, dataset, matrix), f"{dataset}, principal components"
    )


def draw_tsne(tables: StudyTables, dataset: str) -> Figure:
    """t-SNE of all samples, by label; seeded with the study's ranking seed."""
    matrix = tables.matrix("expression/genes", dataset, "value")
    if not can_project(matrix.values):
        return note_figure(f"{dataset}, t-SNE", NOT_PROJECTED)
    positions = tsne(matrix.values, tables.study.ranking.seed)
    return projection.tsne_plot(positions, _groups(tables, dataset, matrix), f"{dataset}, t-SNE")


def _groups(tables: StudyTables, dataset: str, matrix: ExpressionMatrix) -> projection.SampleGroups:
    labels = labels_of(tables, dataset)
    return projection.SampleGroups(
        [labels.get(sample, NOT_LABELLED) for sample in matrix.samples],
        [dataset] * len(matrix.samples),
        looks=study_styles(tables.study, NOT_LABELLED),
    )
