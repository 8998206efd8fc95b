"""What the sources have revised since the lake was made, and what would be computed again. Nothing is computed here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from dmicc_assets.assets import STEPS
from dmicc_assets.assets.source import files
from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.currency import inputs_read, recorded, served
from dmicc_assets.lake.steps import Step, partition_keys
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.study.schema import Study
from dmicc_assets.types import PartitionKey


@dataclass(frozen=True)
class SourceState:
    """A dataset or the gene sets of a cohort, as they are served now against what was computed from.

    Attributes:
        key: `study.dataset`, or `gene sets of study.cohort`.
        state: `new` was never fetched; `unreachable` could not be asked.
        detail: since when and what is served otherwise, or why it cannot be asked.
        recomputed: steps and partitions that would run, if the content differs too.
    """

    key: str
    state: Literal["up to date", "revised", "new", "unreachable"]
    detail: str
    recomputed: tuple[str, ...] = ()


def outdated_sources(workspace: Workspace, study: Study) -> Iterator[SourceState]:
    """Every source of a study, one after the other, as they answer; of the gene sets only those that were revised."""
    for key in partition_keys("dataset", study):
        yield _state(workspace, study, [files], key, key)
    steps = [step for step in STEPS if step.observe is not None and step is not files]
    for key in partition_keys("cohort", study):
        state = _state(workspace, study, steps, key, f"gene sets of {key}")
        if state.state == "revised":
            yield state


def _state(workspace: Workspace, study: Study, steps: Sequence[Step], key: PartitionKey, name: str) -> SourceState:
    """What steps that observe the same source were made from, against what the source serves now."""
    contexts = [workspace.context(step, key) for step in steps]
    made = next((each for each in contexts if workspace.lake.manifest(each.step.outputs[0], key)), None)
    try:
        now = served(contexts[0])
    except DmiccError as error:
        return SourceState(name, "unreachable", str(error))
    recomputed = _downstream(workspace, study, steps, key)
    manifest = None if made is None else workspace.lake.manifest(made.step.outputs[0], key)
    if made is None or manifest is None:
        return SourceState(name, "new", "never fetched", recomputed)
    before = recorded(made)
    if before == now:
        return SourceState(name, "up to date", f"fetched {manifest.written_at}")
    lines = sorted(set(now.splitlines()) ^ set(before.splitlines()))
    changed = dict.fromkeys(_place(line) for line in lines)
    return SourceState(name, "revised", f"fetched {manifest.written_at}; changed: {', '.join(changed)}", recomputed)


def _place(line: str) -> str:
    """What a line of an observation is of: role and name of a file, or a library."""
    what, _, rest = line.partition(" ")
    url = rest.split(" ")[0]
    return f"{what} {url.rsplit('/', 1)[-1]}" if "://" in url else what


def _downstream(workspace: Workspace, study: Study, begun: Sequence[Step], key: PartitionKey) -> tuple[str, ...]:
    """These steps of a partition, and all that read of it, directly or not, in the order of the graph."""
    touched = {(table, key) for step in begun for table in step.outputs}
    found = [f"{step.name} of {key}" for step in begun]
    for step in STEPS:
        if step.partition == "all_studies" or step in begun:
            continue
        for partition in partition_keys(step.partition, study):
            if touched.isdisjoint(inputs_read(workspace.context(step, partition))):
                continue
            touched |= {(table, partition) for table in step.outputs}
            found.append(f"{step.name} of {partition}")
    return tuple(found)
