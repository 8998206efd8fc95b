"""The answer of `check` to the text of a study file, for the pages. The words are those of `checks/look.py`."""

from dataclasses import dataclass
from pathlib import Path

from dmicc_assets.checks.before_run import StudyAhead, study_ahead
from dmicc_assets.checks.look import (
    cohort_row,
    coverage_lines,
    dataset_lines,
    dataset_row,
    download_line,
    library_lines,
    look_at_sources,
)
from dmicc_assets.errors import RequestError
from dmicc_assets.pages.site import Site
from dmicc_assets.study.loading import read_study
from dmicc_assets.study.schema import Study
from dmicc_assets.study.settings import Settings


@dataclass(frozen=True, slots=True)
class Answer:
    """What `check` says.

    Attributes:
        error: what is wrong with the file; "" when it is valid.
        stops: what would stop a run.
        notes: what a person should know before.
        datasets, cohorts: rows of its tables.
        lines: gene sets and download.
        is_partial: whether a source gave no answer.
    """

    error: str = ""
    stops: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    datasets: tuple[dict[str, str], ...] = ()
    cohorts: tuple[dict[str, str], ...] = ()
    lines: tuple[str, ...] = ()
    is_partial: bool = False

    @property
    def verdict(self) -> str:
        """The answer in a sentence."""
        if self.error:
            return "The file is not valid yet."
        if self.stops:
            return "The file is valid, but does not fit its sources: a run would stop."
        if self.is_partial:
            return "The file is valid; whether a run would stop is not known, as not every source could be looked at."
        return "The file is valid, and a run would start."


def answer_of(site: Site, text: str, path: Path, *, with_gene_sets: bool = False) -> Answer:
    """Check the text of a study file as `dmicc check` checks the file.

    Args:
        site: of the pages.
        text: of the file.
        path: where it is or would be.
        with_gene_sets: whether to count how many genes each library knows, which takes seconds.
    """
    try:
        study = read_study(text, path)
        settings = site.settings.simulated() if study.is_simulated else site.settings
    except RequestError as error:
        return Answer(error=str(error).replace(f"{path.parent}/", ""))
    lines, problems = library_lines(study, settings)
    look = look_at_sources(study, settings, path.parent, preview=site.preview)
    ahead = study_ahead(study, look.previews)
    silent = [f"not looked at: {', '.join(names)} ({problem})" for problem, names in look.silent.items()]
    lines += [line for seen in look.previews.values() for line in dataset_lines(seen)]
    lines += _coverage(site, study, settings, ahead, computes=with_gene_sets)
    if look.previews:
        lines.append(download_line(look))
    return Answer(
        stops=(*problems, *(each.text for each in ahead.remarks if each.stops)),
        notes=(*silent, *(each.text for each in ahead.remarks if not each.stops)),
        datasets=tuple(dataset_row(seen, ahead) for seen in look.previews.values()),
        cohorts=tuple(map(cohort_row, ahead.cohorts)),
        lines=tuple(lines),
        is_partial=bool(look.silent),
    )


def _coverage(site: Site, study: Study, settings: Settings, ahead: StudyAhead, *, computes: bool) -> list[str]:
    """How much of the genes the libraries know; remembered, and left out where it would have to be computed."""
    genes = tuple((cohort.name, hash(cohort.genes)) for cohort in ahead.cohorts)
    key = (study.enrichment.model_dump_json(), genes)
    if key not in site.coverage and computes:
        site.coverage[key] = list(coverage_lines(study, settings, ahead))
    return site.coverage.get(key, [])
