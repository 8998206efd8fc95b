"""Every figure of a study can be drawn, whatever the study lacks, and carries the values that it shows."""

import pytest

from dmicc_assets.report.figures.catalog import study_figures
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets_tests.worlds.simulated_study import Options, simulated_tables

pytestmark = pytest.mark.apart

EDGES = {
    "everything": Options(),
    "empty signature": Options(n_shared=0, n_biomarkers=0),
    "no biomarker": Options(n_biomarkers=0),
    "one biomarker": Options(n_biomarkers=1, has_validation=False, has_published=False, has_case=False),
    "one cohort, long names": Options(n_cohorts=1, long_names=True),
}


@pytest.mark.parametrize("options", EDGES.values(), ids=EDGES.keys())
def test_every_figure_is_drawn_and_has_its_data_name_title_and_caption(options: Options) -> None:
    figures = list(study_figures(simulated_tables(options)))
    assert len({figure.name for figure in figures}) == len(figures) > 30
    knows_signature = options.n_shared != 20 or options.n_biomarkers != 2
    for figure in figures:
        # A dataset's figures do not know the signature: they are drawn in the other studies.
        if not (knows_signature and figure.name.startswith("dataset/")):
            _has_plain_source_data(figure.draw())
        assert figure.title
        assert figure.caption.endswith(".")


def _has_plain_source_data(drawn: SourcedFigure) -> None:
    assert bool(drawn.source_data) != bool(drawn.note)
    for rows in drawn.source_data.values():
        assert len(rows) > 0
        # lists cannot be written as TSV
        rows.write_csv(separator="\t")
