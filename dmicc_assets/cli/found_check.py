"""The answer of `dmicc check`, from the sources and the lake as they are now."""

from contextlib import AbstractContextManager, nullcontext

from rich.console import Console

from dmicc_assets.checks.before_run import study_ahead
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
from dmicc_assets.cli.kept_check import CheckAnswer
from dmicc_assets.cli.stale_lines import stale_lines
from dmicc_assets.lake.judged import root_causes
from dmicc_assets.lake.workspace import Workspace, open_workspace
from dmicc_assets.orchestration.judged_study import judge_study
from dmicc_assets.study.schema import Study
from dmicc_assets.study.settings import Settings


def find_answer(
    err: Console, environment: Settings, sources: Settings, name: str, *, looks: bool
) -> tuple[CheckAnswer, Look | None]:
    """The answer of today, and what was looked at for it.

    Args:
        err: shows in a terminal what is read.
        environment: settings of the workspace.
        sources: settings with the study's sources.
        name: of the study.
        looks: whether to look at the sources.

    Raises:
        RequestError: the study is not there or wrong.
    """
    workspace = open_workspace(environment)
    study, folder = workspace.study(name), workspace.files[name].parent
    is_there = not study.is_simulated or sources.simulated_mirror.is_dir()  # otherwise `dmicc demo` makes the libraries
    libraries, lacking = library_lines(study, sources) if is_there else ([], [])
    if not looks:
        return CheckAnswer(libraries, *_out_of_date(workspace, name), lacking=lacking), None

    def watched(dataset: str) -> AbstractContextManager[object]:
        return _status(err, f"reading the headers of {dataset}")

    look = look_at_sources(study, sources, folder, watched)
    ahead = study_ahead(study, look.previews)
    with _status(err, "counting the genes of the gene sets"):
        coverage = list(coverage_lines(study, sources, ahead))
    answer = CheckAnswer(
        libraries,
        *_out_of_date(workspace, name),
        has_looked=True,
        silent=look.silent,
        unseen=look.unseen,
        datasets=[dataset_row(seen, ahead) for seen in look.previews.values()],
        cohorts=list(map(cohort_row, ahead.cohorts)),
        dataset_lines=[line for seen in look.previews.values() for line in dataset_lines(seen)],
        coverage=coverage,
        download=download_line(look) if look.previews else "",
        remarks=[(remark.text, remark.stops) for remark in ahead.remarks],
        lacking=lacking,
    )
    return answer, look


def with_gene_sets(problem: str, study: Study, settings: Settings) -> str:
    """What is wrong with a study file, and behind it what is wrong with the gene sets of its readable parts."""
    is_written = "libraries" in study.enrichment.model_fields_set  # else the usual ones may stand for unreadable ones
    for each in [] if study.is_simulated else library_lines(study, settings)[1]:
        first = each.partition("\n")[0]
        if first.startswith("enrichment.") and not is_written:
            continue
        problem += f"; {first}" if "\nalso " in problem else f"\nalso {first}"
    return problem


def _out_of_date(workspace: Workspace, name: str) -> tuple[dict[str, list[str]] | None, list[str]]:
    """Causes of outdated tables, and the same in lines; None and no line for a study without results."""
    if not workspace.lake.has(name):
        return None, []
    states = judge_study(workspace, name)
    return root_causes(states), stale_lines(workspace.lake, states)


def _status(err: Console, text: str) -> AbstractContextManager[object]:
    return err.status(text) if err.is_terminal else nullcontext()
