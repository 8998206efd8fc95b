"""Results that are out of date although nothing is at work: automation lost what would have requested them.

Automation compares with its own last look. A change is lost when the run that it requested is killed, when it arrives
while what it concerns is being computed, or before automation was switched on. The lake knows what is out of date.
"""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from dmicc_assets.assets import STEPS
from dmicc_assets.lake.currency import Currency, inputs_read, recorded
from dmicc_assets.lake.failures import failure_of
from dmicc_assets.lake.steps import Step, partition_keys
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.keys import asset_key
from dmicc_assets.orchestration.partitions import accession_partition
from dmicc_assets.types import ALL_STUDIES, PartitionKey

WHOLE = "report/study"  # a study that has one is meant to be whole; of another only what was made is kept up to date
Overdue = Sequence[tuple[Step, PartitionKey]]


def overdue(workspace: Workspace, states: Sequence[Currency]) -> Overdue:
    """The partitions of a study to begin with: out of date, of inputs that are up to date, and not failed.

    Args:
        workspace: settings, studies and lake.
        states: of every partition of the study, from the lake.
    """
    stale = {(table, state.key) for state in states if not state.is_current for table in state.step.outputs}
    return [
        (state.step, state.key)
        for state in states
        if not state.is_current
        and state.key != ALL_STUDIES
        and state.now is not None
        and not state.failed
        and _is_meant_to_be(workspace, state)
        and stale.isdisjoint(inputs_read(workspace.context(state.step, state.key)))
    ]


def not_taken_up(workspace: Workspace, served: str, accession: str | None = None) -> Overdue:
    """The partitions that were made from an earlier version of a source than it serves now, and did not fail.

    Args:
        workspace: settings, studies and lake.
        served: the version now: `served_now`, or `libraries_now`.
        accession: the source; None for the gene sets.
    """
    lines = set(served.splitlines())
    return [
        (step, key)
        for step, key in made_from(workspace, accession)
        if (seen := recorded(workspace.context(step, key)))
        and not lines.issuperset(seen.splitlines())
        and failure_of(workspace.lake, step.name, key) is None
    ]


def made_from(workspace: Workspace, accession: str | None) -> Iterator[tuple[Step, PartitionKey]]:
    """Steps and partitions that read a source; the gene sets without an accession, and what follows on these aside."""
    below = [step for step in STEPS if step.observe is not None and step.partition in ("dataset", "cohort")]
    for step in (step for step in below if step.asks_source == (accession is not None)):
        for study in workspace.studies.values():
            for key in partition_keys(step.partition, study):
                if accession is None or accession_partition(study, key.part) == accession:
                    yield step, key


def requests_of(found: Overdue) -> list[dg.RunRequest]:
    """A run for each partition, with all of its steps that are overdue."""
    by_key: dict[PartitionKey, list[dg.AssetKey]] = {}
    for step, key in dict.fromkeys(found):
        by_key.setdefault(key, []).extend(asset_key(table) for table in step.outputs)
    return [
        dg.RunRequest(partition_key=None if key == ALL_STUDIES else key, asset_selection=assets, tags=_TAGS)
        for key, assets in by_key.items()
    ]


_TAGS: Mapping[str, str] = {"dmicc/overdue": "automation lost the change that would have requested this run"}


def _is_meant_to_be(workspace: Workspace, state: Currency) -> bool:
    """Whether a result was made before, or is of a study that was made as a whole."""
    lake, study = workspace.lake, state.key.study
    return lake.was_written(WHOLE, study) or all(lake.was_written(table, state.key) for table in state.step.outputs)
