"""Revisions at the sources since the last run, and results that would be computed again. Nothing is computed."""

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
from dmicc_assets.types import PartitionKey, PartitionKind
from dmicc_assets.wording import counted


@dataclass(frozen=True)
class SourceState:
    """Current version of a dataset, or of a cohort's gene sets, compared with the one used for the results.

    Attributes:
        key: `study.dataset`, or `gene sets of study.cohort`.
        state: `up to date`, `revised`, `new` (never downloaded) or `unreachable`.
        detail: date of the download and changed files, or the reason why the source cannot be reached.
        recomputed: steps and partitions that would run, if the content differs too.
    """

    key: str
    state: Literal["up to date", "revised", "new", "unreachable"]
    detail: str
    recomputed: tuple[str, ...] = ()


def outdated_sources(workspace: Workspace, study: Study) -> Iterator[SourceState]:
    """State of every source of a study, one after the other; gene sets only if they were revised."""
    for key in partition_keys("dataset", study):
        yield _state(workspace, study, [files], key, key)
    kinds: tuple[PartitionKind, ...] = ("cohort",) if study.scores is None else ("cohort", "dataset")
    for kind in kinds:
        steps = [step for step in STEPS if step.observe and step.partition == kind and not step.asks_source]
        for key in partition_keys(kind, study):
            state = _state(workspace, study, steps, key, f"gene sets of {key}")
            if state.state == "revised":
                yield state


def recomputed_lines(recomputed: Sequence[str]) -> list[str]:
    """The steps that would run, for people: their number, then a line for each partition.

    Args:
        recomputed: steps and partitions, as `SourceState` has them.
    """
    if not recomputed:
        return []
    of_key: dict[str, list[str]] = {}
    for each in recomputed:
        step, _, key = each.rpartition(" of ")
        of_key.setdefault(key, []).append(step)
    n = counted(len(recomputed), "step")
    return [f"  {n} would run again if its content differs:", *(f"    {k}: {', '.join(s)}" for k, s in of_key.items())]


def _state(workspace: Workspace, study: Study, steps: Sequence[Step], key: PartitionKey, name: str) -> SourceState:
    """Compare the version used by the steps on a source with its current version."""
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
    """Subject of a line of an observation: role and name of a file, or a library."""
    what, _, rest = line.partition(" ")
    url = rest.split(" ")[0]
    return f"{what} {url.rsplit('/', 1)[-1]}" if "://" in url else what


def _downstream(workspace: Workspace, study: Study, begun: Sequence[Step], key: PartitionKey) -> tuple[str, ...]:
    """These steps of a partition, and everything downstream, in the order of the graph."""
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
