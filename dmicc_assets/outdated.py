"""What the sources have revised since the lake was made, and what would be computed again. Nothing is fetched."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from dmicc_assets.assets import STEPS
from dmicc_assets.assets.source import files, observe_dataset
from dmicc_assets.errors import DmiccError
from dmicc_assets.step import partition_keys, related
from dmicc_assets.study import Study
from dmicc_assets.workspace import Workspace


@dataclass(frozen=True)
class DatasetState:
    """A dataset as its source serves it now, against what was fetched.

    Attributes:
        key: the partition, `study.dataset`.
        state: `new` was never fetched; `unreachable` could not be asked.
        detail: since when, or why not.
        recomputed: steps and partitions that would run, if the content differs too.
    """

    key: str
    state: Literal["up to date", "revised", "new", "unreachable"]
    detail: str
    recomputed: tuple[str, ...] = ()


def outdated_datasets(workspace: Workspace, study: Study) -> Iterator[DatasetState]:
    """Every dataset of a study, one after the other, as the sources answer."""
    for key in partition_keys("dataset", study):
        manifest = workspace.lake.manifest("source/files", key)
        try:
            served = observe_dataset(workspace.context(files, key))
        except DmiccError as error:
            yield DatasetState(key, "unreachable", str(error))
            continue
        if manifest is None:
            yield DatasetState(key, "new", "never fetched", _downstream(workspace, study, key))
        elif ["observed", key, served] in manifest.inputs:
            yield DatasetState(key, "up to date", f"fetched {manifest.written_at}")
        else:
            yield DatasetState(key, "revised", f"fetched {manifest.written_at}", _downstream(workspace, study, key))


def _downstream(workspace: Workspace, study: Study, key: str) -> tuple[str, ...]:
    """Partitions of steps that read the dataset, directly or not, in the order of the graph."""
    touched = {("source/files", key)}
    found = [f"files of {key}"]
    for step in STEPS:
        if step.partition == "everything":
            continue
        for partition in partition_keys(step.partition, study):
            inputs = (
                (each.table, upstream)
                for each in step.inputs
                if each.is_content and each.is_read
                for upstream in related(study, partition, each.through, each.table, workspace.studies)
            )
            if touched.isdisjoint(inputs):
                continue
            touched |= {(table, partition) for table in step.outputs}
            found.append(f"{step.name} of {partition}")
    return tuple(found)
