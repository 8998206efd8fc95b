"""Results of commands for programs: objects of JSON, one a line, the last with the outcome.

The text for people is in the modules of the commands.
"""

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, get_args

from rich.console import Console

from dmicc_assets.errors import DataError

if TYPE_CHECKING:
    from dmicc_assets.lake.making import Outcome
    from dmicc_assets.lake.workspace import Workspace
    from dmicc_assets.orchestration.run import StudyRun


def print_json(out: Console, **values: Any) -> None:
    """One object on a line of its own, written at once."""
    try:
        out.file.write(f"{json.dumps(values, default=str)}\n")
        out.file.flush()
    except BrokenPipeError:
        out.on_broken_pipe()


@contextmanager
def last_object(out: Console, *, is_asked: bool) -> Generator[dict[str, Any] | None]:
    """A last object with the outcome of a command, also of one that fails.

    Args:
        out: standard output.
        is_asked: whether the user asked for JSON; without, nothing is printed, and None is given.

    Yields: the fields of the last object, for the command to fill.
    """
    if not is_asked:
        yield None
        return
    last: dict[str, Any] = {}
    try:
        yield last
    except BaseException as error:
        outcome = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        print_json(out, outcome=outcome, **last, error=str(error))
        raise
    print_json(out, outcome="succeeded", **last)


def run_in_json(
    workspace: "Workspace", this: "StudyRun", outcomes: "Sequence[Outcome]", seconds: float
) -> dict[str, Any]:
    """The outcome of a run: numbers of partitions, verdict, summary, what is out of date, place of the report."""
    from dmicc_assets.cli.summary import study_summary
    from dmicc_assets.lake.judged import root_causes, stale_tables
    from dmicc_assets.lake.making import State
    from dmicc_assets.lake.untried import untried_after
    from dmicc_assets.report.report_file import find_report
    from dmicc_assets.results.reader import Results

    results = Results.of_study(workspace.lake, workspace.studies[this.study])
    found: dict[str, Any] = {"verdict": None, "summary": []}
    try:
        found["verdict"] = next(results.rigor.verdict.iter_rows(named=True), None)
        found["summary"] = study_summary(results, stale_tables(this.judged), untried_after(workspace, outcomes))
    except DataError as error:  # an old result, after a run of one group
        found["problem"] = str(error)
    page = find_report(workspace.lake, workspace.settings.reports, this.study)
    return {
        "study": this.study,
        "seconds": round(seconds, 3),
        **{state: sum(each.state == state for each in outcomes) for state in get_args(State)},
        **found,
        "out_of_date": root_causes(this.judged),
        "warnings": list(dict.fromkeys(this.warnings)),
        "report": None if page is None else str(page),
    }
