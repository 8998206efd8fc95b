"""Every figure of a study can be drawn, whatever the study lacks, carries its values, and is drawn once."""

import json
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from dmicc_assets.assets import STEPS
from dmicc_assets.lake.steps import Step
from dmicc_assets.orchestration.pictures import OF_REPORT, PICTURES, beside, upstream
from dmicc_assets.report.figures.catalog import study_figures
from dmicc_assets.report.figures.kept import KeptFigures
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


def test_every_figure_is_drawn_with_a_step_and_from_tables_that_are_there_then(tmp_path: Path) -> None:
    """The report draws it anew if it reads others, which a run would wait for at its end."""
    kept = KeptFigures(simulated_tables(), tmp_path)
    reading: Any = kept.results.tables
    for figure in study_figures(kept.results):
        reading.seen.clear()
        figure.draw()
        read = {json.loads(each)[0] for each in reading.seen}
        steps = list(_steps_that_draw(figure.name))
        assert steps, figure.name
        for step in steps:
            makers = [step, *(each for each in STEPS if not set(beside(step)).isdisjoint(each.outputs))]
            there = set[str]().union(*map(upstream, makers))
            assert read <= there, f"{figure.name}, with {step.name}"


def _steps_that_draw(name: str) -> Iterator[Step]:
    for step in STEPS:
        patterns = [each for table in step.outputs for each in (PICTURES.get(table, ""), *OF_REPORT.get(table, ()))]
        if any(fnmatch(name, each.format(part="*", cohort="*")) for each in patterns):
            yield step
