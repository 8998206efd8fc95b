"""Terminal output of the commands: progress, tables of results, and places of further results."""

import re
import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from rich.console import Console

from dmicc_assets.assets import STEPS
from dmicc_assets.cli.first_look import show_first_look
from dmicc_assets.cli.json_lines import print_json, run_in_json
from dmicc_assets.cli.progress import progress_of
from dmicc_assets.cli.stale_lines import stale_lines
from dmicc_assets.cli.summary import OUT_OF_DATE, study_summary
from dmicc_assets.errors import DataError, RequestError
from dmicc_assets.lake.chosen_steps import EVERYTHING, Chosen
from dmicc_assets.lake.currency import Currency
from dmicc_assets.lake.judged import stale_tables
from dmicc_assets.lake.making import Outcome
from dmicc_assets.lake.remaining import Remaining
from dmicc_assets.lake.untried import untried_after
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.report.enrichment_tables import bundled_libraries, missing_libraries
from dmicc_assets.report.report_file import find_report, report_path
from dmicc_assets.results.reader import Results
from dmicc_assets.study.dataset_parts import NAME
from dmicc_assets.study.schema import Study
from dmicc_assets.types import PartitionKey
from dmicc_assets.warehouse.build import build_warehouse
from dmicc_assets.warehouse.shown_rows import show_rows
from dmicc_assets.wording import counted, one_or_many

if TYPE_CHECKING:
    from dmicc_assets.orchestration.run import StudyRun


def run_and_show(
    out: Console,
    err: Console,
    workspace: Workspace,
    study: str,
    chosen: Chosen = EVERYTHING,
    *,
    force: bool = False,
    verify: bool = False,
    wait: bool = True,
    last: dict[str, Any] | None = None,
) -> None:
    """Run a study with progress, and print its results and their places.

    Args:
        out: for results.
        err: for progress and warnings.
        workspace: settings, studies and lake.
        study: the study.
        chosen: the groups of the graph; all of them by default.
        force: whether to compute everything, up to date or not.
        verify: whether to check the SHA-256 of every file.
        wait: whether to wait for another run of the study.
        last: if given, `out` gets an object of JSON for each partition and nothing else, and this the fields of the
            last object.

    Raises:
        DmiccError: the study is wrong, another run is in progress and `wait` is not set, or a part failed.
    """
    from dmicc_assets.orchestration.run import StudyRun

    workspace.study(study)
    chosen.of(STEPS)  # a group that there is not is said before anything is asked for
    shows = progress_of(err, study, json_to=None if last is None else out)
    with _alone(err, workspace, study, waits=wait), shows:
        workspace = replace(workspace, report_progress=shows.part)
        this = StudyRun(workspace, study, force=force, verify=verify)
        plan = this.plan(chosen.only, chosen.until, chosen.skip)
        shows.plan(plan, Remaining(workspace, study, plan, force=force))

        def look() -> None:
            if last is None:
                with shows.aside():
                    show_first_look(out, workspace, study, plan, shows.failed, shows.elapsed)

        outcomes = this.materialise(plan, shows.started, shows.ended, look)
    for warning in dict.fromkeys(this.warnings):
        err.print(f"warning: {warning}")
    if last is not None:
        last |= run_in_json(workspace, this, outcomes, shows.elapsed)
    else:
        _show_run(out, err, workspace, this, outcomes, is_part=chosen != EVERYTHING)
    failed = [(f"{o.step.name} of {o.key}", o.message) for o in outcomes if o.state == "failed"]
    if failed:
        raise DataError(_failure_text(failed, sum(o.state == "blocked" for o in outcomes)))
    if last is None:
        page = find_report(workspace.lake, workspace.settings.reports, study)
        places = [] if page is None else [str(page)]
        out.print(f"Look: {', '.join([*places, 'dmicc sql', 'dmicc ui', str(workspace.settings.warehouse)])}")


def _show_run(
    out: Console, err: Console, workspace: Workspace, this: "StudyRun", outcomes: Sequence[Outcome], *, is_part: bool
) -> None:
    """The study's results, the number of partitions in each state, and what is out of date.

    Of a run of some groups the other steps are counted only: nobody asked for them.
    """
    try:
        _show_result(out, err, workspace, workspace.studies[this.study], this.judged, outcomes)
    except DataError as error:  # possibly an old result, when the run was of one group or failed before this part
        err.print(f"warning: {error}")
    counts = {state: sum(o.state == state for o in outcomes) for state in ("made", "unchanged", "current")}
    out.print(
        f"steps: {counts['made']} made, {counts['unchanged']} computed without a change, {counts['current']} up to date"
    )
    if is_part:
        n_left = len(this.judged) - sum(state.is_current for state in this.judged)
        if n_left:
            left, them = counted(n_left, "further step"), one_or_many(n_left, "it", "them")
            out.print(f"not asked for: {left}; `dmicc run {this.study}` makes {them}")
        return
    failed = [f"{o.step.name} of {o.key}" for o in outcomes if o.state == "failed"]
    for line in stale_lines(workspace.lake, this.judged, failed):
        out.print(line)


def demo_and_show(
    out: Console, err: Console, workspace: Workspace, seed: int, last: dict[str, Any] | None = None
) -> None:
    """Simulate the mirror, run the demo on it, and compare its results with the planted truth.

    Args:
        out: for results.
        err: for progress and warnings.
        workspace: settings, studies and lake.
        seed: of the simulated data.
        last: as of `run_and_show`; an object for each set of planted names comes behind those of the run.
    """
    from dmicc_assets.cli.demo import show_truth, truth_found
    from dmicc_assets.simulation.mirror import simulate_mirror

    with _alone(err, workspace, "mirror"):
        truth = simulate_mirror(workspace.settings.simulated_mirror, seed)
        run_and_show(out, err, workspace, "demo", last=last)
    results = Results.of_study(workspace.lake, workspace.studies["demo"])
    if last is None:
        show_truth(out, results, truth)
        return
    for row in truth_found(results, truth).iter_rows(named=True):
        print_json(out, **row)


def show_outdated(out: Console, workspace: Workspace, name: str | None, *, as_json: bool = False) -> None:
    """Revisions of each dataset since the results in the lake; with `as_json` one object for each source."""
    from dmicc_assets.cli.outdated import outdated_sources, recomputed_lines

    studies = [workspace.study(name)] if name else list(workspace.studies.values())
    for study in studies:
        if name is None and not workspace.lake.has(study.study):
            if not as_json:
                out.print(f"{study.study}: never run")
            continue
        for row in outdated_sources(workspace, study):
            if as_json:
                print_json(out, study=study.study, **asdict(row))
                continue
            out.print(f"{row.key}: {row.state} ({row.detail})")
            for line in recomputed_lines(row.recomputed):
                out.print(line)


def init_study(out: Console, workspace: Workspace, accessions: Sequence[str], name: str) -> None:
    """Read the headers of series and write a study file to start from.

    Raises:
        RequestError: the name is taken or not valid, or an accession is not valid.
        SourceError: a series cannot be described.
    """
    from dmicc_assets.geo.accession import pasted_accessions
    from dmicc_assets.geo.describe import describe_series
    from dmicc_assets.geo.propose_study import propose_study
    from dmicc_assets.geo.proposed_patients import proposed_patients
    from dmicc_assets.geo.study_draft import MOST_VALUES, shown_descriptions

    if not re.fullmatch(NAME, name):
        raise RequestError(
            f"{name!r} is not a valid study name: expected lower-case letters, digits and _, as in my_study"
        )
    folder = next(iter(workspace.settings.study_folders), Path.cwd())
    path = folder / f"{name}.yaml"
    if name in workspace.files or path.exists():
        raise RequestError(f"{name}: a study of this name exists ({workspace.files.get(name, path)})")
    described = [describe_series(accession, workspace.client()) for accession in pasted_accessions(accessions)]
    for dataset in (dataset for series in described for dataset in series.datasets):
        out.print(f"{dataset.name}: {dataset.n_samples} samples, tissue {dataset.tissue or '?'}")
        for field, values in shown_descriptions(dataset).items():
            for value, count in values[:MOST_VALUES]:
                out.print(f"  {count:5d}  {field}: {value}")
            if len(values) > MOST_VALUES:
                out.print(f"         {field}: {len(values) - MOST_VALUES} more")
        if (patients := proposed_patients(dataset)) is not None:
            out.print(f"  patient, to be confirmed in the file: {patients.text} ({patients.field})")
    path.write_text(propose_study(described, name), encoding="utf-8")
    out.print(f"{path} written; check the proposed labels, then: dmicc check {name}")
    if not workspace.settings.study_folders:
        out.print(f"To find it by name, set: export DMICC_STUDIES={folder}")


def forget_study(out: Console, err: Console, workspace: Workspace, name: str) -> None:
    """Delete a study's results, also when its file no longer exists.

    Raises:
        RequestError: there are none.
    """
    refuse_without_results(workspace, name)
    with _alone(err, workspace, name):
        n_partitions = workspace.lake.forget(name)
        shutil.rmtree(report_path(workspace.settings.reports, name).parent, ignore_errors=True)
    _compare_what_is_left(workspace)
    build_warehouse(workspace.settings)
    out.print(f"{n_partitions} results of {name} deleted")


def refuse_without_results(workspace: Workspace, name: str) -> None:
    """Raise RequestError if the lake has nothing of the study."""
    if not workspace.lake.has(name):
        raise RequestError(f"{name}: it has no results in {workspace.settings.lake}")


def _compare_what_is_left(workspace: Workspace) -> None:
    """Compute the atlas of all studies again, without the deleted one."""
    from dmicc_assets.assets.atlas import disease_overlap
    from dmicc_assets.lake.recipes import origin, run_step
    from dmicc_assets.types import ALL_STUDIES

    if workspace.lake.partitions("atlas/disease_overlap"):
        context = workspace.context(disease_overlap, ALL_STUDIES)
        run_step(context, origin(context))


def _show_result(
    out: Console,
    err: Console,
    workspace: Workspace,
    study: Study,
    judged: Sequence[Currency],
    outcomes: Sequence[Outcome],
) -> None:
    out.print(study.title, style="italic")
    results = Results.of_study(workspace.lake, study)
    stale = stale_tables(judged)
    mark = OUT_OF_DATE if ("rigor/verdict", PartitionKey(study.study)) in stale else ""
    for row in results.rigor.verdict.iter_rows(named=True):
        out.print(f"{mark}{row['line']}", style="bold", markup=False, highlight=False)
        for sentence in () if mark else ("found", "trust", "missing"):
            out.print(row[sentence], markup=False, highlight=False)
    lines = study_summary(results, stale, untried_after(workspace, outcomes))
    show_rows(out, pl.DataFrame(lines, schema=["what", "result"], orient="row"), has_header=False)
    for text in filter(None, (missing_libraries(results).strip(), bundled_libraries(results).strip())):
        err.print(f"warning: {text[0].lower()}{text[1:]}")


def _failure_text(failed: Sequence[tuple[str, str]], n_blocked: int) -> str:
    """One line for each distinct failure, with the parts that have it; then the parts that were not tried."""
    by_message: dict[str, list[str]] = {}
    for where, message in failed:
        by_message.setdefault(message, []).append(where)
    lines = [f"{', '.join(wheres)} failed: {message}" for message, wheres in by_message.items()]
    if n_blocked:
        parts = f"{n_blocked:,} {one_or_many(n_blocked, 'part that needs it was', 'parts that need it were')}"
        lines.append(f"{parts} not tried; everything else was materialised")
    return "\n".join(lines)


def _alone(err: Console, workspace: Workspace, study: str, *, waits: bool = True) -> AbstractContextManager[None]:
    """Hold the study's lock; a second run waits and names the process that has it."""
    return workspace.hold_study(study, waits=waits, report_waiting=err.print)
