"""Figure 4 of Zhang & Chen 2023 (doi:10.3389/fonc.2023.1206043), panel by panel and in its order, for any study.

Two cohorts and one validation dataset give the letters A to X; other studies have as many letters as they need.
"""

from collections.abc import Callable, Iterator
from functools import partial
from string import ascii_uppercase

from dmicc_assets.report.figures import of_cohort, of_study
from dmicc_assets.report.figures.catalog import CatalogFigure
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets.report.figures.style import note_figure
from dmicc_assets.results.reader import Results
from dmicc_assets.wording import counted

# The libraries of the paper's panels, in its order.
LIBRARIES = ("GO_BP", "GO_CC", "GO_MF", "KEGG")
# The paper shows one ROC curve each for its two biomarkers.
ROC_PANELS = 2


def letters() -> Iterator[str]:
    """A to Z, then AA, AB, and so on."""
    yield from ascii_uppercase
    for first in ascii_uppercase:
        for second in ascii_uppercase:
            yield first + second


def panels(results: Results) -> Iterator[CatalogFigure]:
    """The panels in the paper's order, not yet drawn."""
    cohorts = list(results.study.cohorts)
    for cohort in cohorts:
        yield _panel(results, f"cohort/{cohort}/heat_map", of_cohort.draw_heat_map, cohort)
        yield _panel(results, f"cohort/{cohort}/volcano", of_cohort.draw_volcano, cohort)
    for cohort in cohorts:
        for library in LIBRARIES:
            yield _panel(results, f"cohort/{cohort}/terms.{library}", of_cohort.draw_terms, cohort, library)
    if len(cohorts) in (2, 3):
        yield _panel(results, "study/venn", of_study.draw_venn)
    else:
        yield _panel(results, "study/upset", of_study.draw_upset)
    for cohort in cohorts:
        yield _panel(results, f"cohort/{cohort}/error_curve", of_cohort.draw_error_curve, cohort)
        yield _panel(results, f"cohort/{cohort}/importance", of_cohort.draw_importance, cohort)
    genes = results.biomarkers
    for subject in [*cohorts, *(entry.dataset for entry in results.study.validation)]:
        yield _panel(results, f"study/expression.{subject}", of_study.draw_expression, subject, genes)
    yield from _roc_panels(results, genes)
    yield _panel(results, "study/nomogram", of_study.draw_nomogram)
    yield _panel(results, "study/calibration", of_study.draw_calibration)


def _roc_panels(results: Results, genes: list[str]) -> Iterator[CatalogFigure]:
    """One panel for each of the first two biomarkers; a missing one gets a panel that says so."""
    cohort = results.study.model_cohort
    for i in range(ROC_PANELS):
        name = f"study/roc.{cohort}"
        if i < len(genes):
            yield _panel(results, name, of_study.draw_roc, cohort, [genes[i]])
        else:
            text = f"The study has {counted(len(genes), 'biomarker')}: there is no other to draw."
            yield CatalogFigure(name, "ROC", partial(note_figure, "ROC", text))


def _panel(results: Results, name: str, draw: Callable[..., SourcedFigure], *rest: object) -> CatalogFigure:
    return CatalogFigure(name, name.rsplit("/", 1)[-1], partial(draw, results, *rest))
