"""`dmicc check`: what a study file says, and what its sources have for it now, as tables for people.

What the sources have is read and put into words in `checks/look.py`.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console

from dmicc_assets.checks.before_run import study_ahead
from dmicc_assets.checks.finding import listed
from dmicc_assets.checks.look import (
    Look,
    cohort_row,
    coverage_lines,
    dataset_lines,
    dataset_row,
    download_line,
    library_lines,
    look_at_sources,
)
from dmicc_assets.cli.json_lines import print_json
from dmicc_assets.cli.summary import stale_lines
from dmicc_assets.errors import DataError, SourceError
from dmicc_assets.lake.judged import root_causes
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.judged_study import judge_study
from dmicc_assets.study.schema import Study, accession_of, platform_of
from dmicc_assets.study.settings import Settings
from dmicc_assets.warehouse.query import show_rows


def check_and_show(out: Console, err: Console, workspace: Workspace, name: str, *, looks: bool = True) -> None:
    """Show a study file, and unless it is not to look, what a run would find.

    Raises:
        RequestError: the study, or a gene-set library in it, is not there or wrong.
        DataError: a run would stop; everything is shown before, the reasons too.
        SourceError: not every source could be looked at; everything else is shown before.
    """
    study = workspace.study(name)
    settings = workspace.settings.simulated() if study.is_simulated else workspace.settings
    out.print(f"{study.title} ({workspace.files[name]})")
    _show_file(out, study)
    is_there = not study.is_simulated or settings.simulated_mirror.is_dir()
    if is_there:  # otherwise `dmicc demo` makes the libraries
        for line in library_lines(study, settings):
            out.print(line)
    folder = workspace.files[name].parent
    stops, unseen = _show_look(out, err, study, settings, folder) if looks and is_there else ([], [])
    out.print(f"risk model in {study.model_cohort}; {_validity(stops, unseen)}")
    if workspace.lake.has(name):
        for line in stale_lines(workspace.lake, judge_study(workspace, name)) or ["every table is up to date"]:
            out.print(line)
    if stops:
        places = dict.fromkeys(stop.partition(": ")[0] for stop in stops)
        raise DataError(f"{name}: a run would stop at {listed(list(places))}; why, is said above")
    _refuse_unseen(name, unseen)


def check_in_json(out: Console, workspace: Workspace, name: str, last: dict[str, Any], *, looks: bool = True) -> None:
    """The same for programs: an object for each dataset, each cohort and each remark.

    Args:
        out: for the objects, one a line.
        workspace: settings, studies and lake.
        name: of the study.
        last: gets the fields of the last object.
        looks: whether to look at the sources.

    Raises:
        RequestError: the study, or a gene-set library in it, is not there or wrong.
        DataError: a run would stop; everything else is shown before.
        SourceError: not every source could be looked at; everything else is shown before.
    """
    study, path = workspace.study(name), workspace.files[name]
    settings = workspace.settings.simulated() if study.is_simulated else workspace.settings
    last |= {"study": name, "title": study.title, "file": str(path), "model_cohort": study.model_cohort}
    is_there = not study.is_simulated or settings.simulated_mirror.is_dir()
    last["gene_sets"] = list(library_lines(study, settings)) if is_there else []
    stops, unseen = list[str](), list[str]()
    if looks and is_there:
        settings.prepare_home()  # annotations are kept where a run looks for them
        look = look_at_sources(study, settings, path.parent)
        ahead = study_ahead(study, look.previews)
        for seen in look.previews.values():
            print_json(out, **dataset_row(seen, ahead))
        for cohort in ahead.cohorts:
            print_json(out, **cohort_row(cohort))
        for remark in ahead.remarks:
            print_json(out, remark=remark.text, stops=remark.stops)
        stops, unseen = [remark.text for remark in ahead.remarks if remark.stops], _unseen(look)
        last["datasets"] = [line for seen in look.previews.values() for line in dataset_lines(seen)]
        last |= {"coverage": list(coverage_lines(study, settings, ahead)), "not_looked_at": look.silent}
    last["out_of_date"] = root_causes(judge_study(workspace, name)) if workspace.lake.has(name) else None
    if stops:
        more = f" (and {len(stops) - 1} more, above)" if len(stops) > 1 else ""
        first = stops[0].splitlines()[0].removesuffix("; the samples are")
        raise DataError(f"{name}: a run would stop: {first}{more}")
    _refuse_unseen(name, unseen)


def _refuse_unseen(name: str, unseen: Sequence[str]) -> None:
    """Raise SourceError if a dataset's source was not looked at: what it has is then not known to fit."""
    if unseen:
        were = "was" if len(unseen) == 1 else "were"
        raise SourceError(
            f"{name}: {listed(unseen)} {were} not looked at, since no source answered: whether a run would stop there "
            "is not known; check again with a network, or the file alone by --offline"
        )


def _unseen(look: Look) -> list[str]:
    """The datasets whose source did not answer."""
    return [dataset for datasets in look.silent.values() for dataset in datasets]


def _validity(stops: Sequence[str], unseen: Sequence[str]) -> str:
    if stops:
        return "the file is valid, but does not fit its sources"
    return f"the file is valid by itself; NOT LOOKED AT: {', '.join(unseen)}" if unseen else "the file is valid"


def _show_file(out: Console, study: Study) -> None:
    """What the study file alone says."""
    rows = [
        {
            "dataset": dataset,
            "source files": _fetched(study, dataset),
            "values": f"{spec.values}, {spec.normalise}",
            "labels (expected samples)": ", ".join(
                f"{r.label} ({'?' if r.expect is None else r.expect})" for r in spec.labels
            ),
        }
        for dataset, spec in study.datasets.items()
    ]
    show_rows(out, pl.DataFrame(rows))
    for cohort, spec in study.cohorts.items():
        datasets = " + ".join(spec.datasets)
        what = f"cohort {cohort}: {spec.case} against {spec.control} in {datasets}, batch: {spec.batch}"
        out.print(f"{what}, block: {study.block_of(cohort)}")
    for entry in study.validation:
        out.print(f"validation: {entry.case} against {entry.control} in {entry.dataset}")
        for cohort in study.cohorts_of(entry.dataset):
            out.print(f"  {entry.dataset} trains the cohort {cohort}: finding I6 stops this validation in the run")


def _fetched(study: Study, dataset: str) -> str:
    spec = study.datasets[dataset]
    if spec.source == "geo":
        return f"series matrix of {accession_of(dataset)}, annotation of {platform_of(dataset, spec) or 'its platform'}"
    return f"{spec.source} matrix {spec.matrix}"


def _show_look(
    out: Console, err: Console, study: Study, settings: Settings, folder: Path
) -> tuple[list[str], list[str]]:
    """What the sources have now; the texts of what there would stop a run, and the datasets that were not looked at."""
    settings.prepare_home()  # annotations are kept where a run looks for them

    def watched(dataset: str) -> AbstractContextManager[object]:
        return err.status(f"reading the headers of {dataset}") if err.is_terminal else nullcontext()

    look = look_at_sources(study, settings, folder, watched)
    for problem, names in look.silent.items():
        out.print(f"not looked at: {', '.join(names)} ({problem})")
    ahead = study_ahead(study, look.previews)
    if look.previews:
        out.print("\nat the sources now (headers and annotations; no matrix was read):")
        show_rows(out, pl.DataFrame([dataset_row(seen, ahead) for seen in look.previews.values()]))
    for line in (line for seen in look.previews.values() for line in dataset_lines(seen)):
        out.print(line)
    if ahead.cohorts:
        show_rows(out, pl.DataFrame([cohort_row(cohort) for cohort in ahead.cohorts]))
    for line in coverage_lines(study, settings, ahead):
        out.print(line)
    if look.previews:
        out.print(download_line(look))
    for remark in ahead.remarks:
        out.print(f"{'a run stops here' if remark.stops else 'note'}: {remark.text}")
    return [remark.text for remark in ahead.remarks if remark.stops], _unseen(look)
