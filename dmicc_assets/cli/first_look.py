"""The results of `dmicc run` that are there long before its end, and what of the rest follows.

When there is something to look at, the run decides (`orchestration/run.py`).
"""

from collections.abc import Collection, Mapping, Sequence

import polars as pl
from rich.console import Console

from dmicc_assets.assets import STEPS
from dmicc_assets.cli.summary import OUT_OF_DATE, study_summary
from dmicc_assets.lake.currency import study_currency
from dmicc_assets.lake.judged import stale_tables
from dmicc_assets.lake.making import Outcome
from dmicc_assets.lake.steps import Step
from dmicc_assets.lake.untried import untried
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.results.reader import Results
from dmicc_assets.types import PartitionKey
from dmicc_assets.warehouse.shown_rows import show_rows

Plan = Sequence[tuple[Step, PartitionKey]]
# What takes longer than a first look, with the table that stands for it.
_LATER = {"validation": "validation/roc", "checks": "rigor/findings", "figures and report": "report/study"}


def show_first_look(
    out: Console, workspace: Workspace, study: str, plan: Plan, failed: Collection[Outcome], seconds: float
) -> None:
    """The results so far, without those that the rest of the run computes again.

    Args:
        out: for results.
        workspace: settings, studies and lake.
        study: the study.
        plan: of the run.
        failed: outcomes of what failed so far.
        seconds: since the beginning.
    """
    unmade = untried(workspace, plan, failed)
    stale = stale_tables(study_currency(workspace, study, STEPS))
    lines = study_summary(Results.of_study(workspace.lake, workspace.studies[study]), stale, unmade)
    lines = [(what, text) for what, text in lines if not text.startswith(OUT_OF_DATE)]
    out.print(f"first look, after {seconds:.1f} s (in `dmicc sql` too){what_follows(study, plan, unmade)}:")
    show_rows(out, pl.DataFrame(lines, schema=["what", "result"], orient="row"), has_header=False)
    out.file.flush()


def what_follows(study: str, plan: Plan, unmade: Mapping[tuple[str, PartitionKey], str]) -> str:
    """What of the plan is still to come, and what a failure prevents; each behind a semicolon.

    Args:
        study: the study.
        plan: of the run.
        unmade: what failures leave untried, as of `untried`.
    """
    key, made = PartitionKey(study), {table for step, _ in plan for table in step.outputs}
    later = {what: table for what, table in _LATER.items() if table in made}
    prevented: dict[str, list[str]] = {}
    for what, table in later.items():
        if cause := unmade.get((table, key)):
            prevented.setdefault(cause, []).append(what)
    coming = [what for what, table in later.items() if (table, key) not in unmade]
    said = [f"{', '.join(coming)} follow"] if coming else []
    said += [f"{', '.join(whats)} do not follow, because {cause} failed" for cause, whats in prevented.items()]
    return "".join(f"; {each}" for each in said)
