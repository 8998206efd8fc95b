"""What failed steps leave untried: every partition that needs one, with the failure at the start of the chain.

Whether a partition is up to date is `currency.py`'s.
"""

from collections.abc import Collection, Sequence

from dmicc_assets.lake.currency import inputs_read
from dmicc_assets.lake.making import Outcome
from dmicc_assets.lake.steps import Step
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.types import PartitionKey


def untried(
    workspace: Workspace, plan: Sequence[tuple[Step, PartitionKey]], failed: Collection[Outcome]
) -> dict[tuple[str, PartitionKey], str]:
    """Table and partition of all that failures of a run leave unmade, each with the step that failed.

    Args:
        workspace: settings, studies and lake.
        plan: steps and partitions of the run, in order of dependence.
        failed: outcomes of the partitions that failed so far.

    Returns: the step that failed and its partition in words, by table and partition.
    """
    names = {(outcome.step.name, outcome.key) for outcome in failed}
    found: dict[tuple[str, PartitionKey], str] = {}
    for step, key in plan if names else ():
        read = inputs_read(workspace.context(step, key))
        own = f"{step.name} of {key}" if (step.name, key) in names else None
        cause = own or next((found[each] for each in read if each in found), None)
        if cause is not None:
            found |= {(table, key): cause for table in step.outputs}
    return found


def untried_after(workspace: Workspace, outcomes: Sequence[Outcome]) -> dict[tuple[str, PartitionKey], str]:
    """The same after a run, from the outcomes of its plan in order."""
    plan = [(outcome.step, outcome.key) for outcome in outcomes]
    return untried(workspace, plan, [outcome for outcome in outcomes if outcome.state == "failed"])
