"""State shared by the assets of a run in Dagster: workspace, and what `dmicc run` computed before. Without dagster."""

from collections.abc import Mapping
from dataclasses import dataclass

from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.pictures import Picture
from dmicc_assets.orchestration.task import Answer
from dmicc_assets.types import PartitionKey


@dataclass(frozen=True)
class Session:
    """State shared by the assets of one run.

    Attributes:
        workspace: settings, studies and lake.
        answers: of `dmicc run`, by step and partition: its runs in Dagster report what it computed. None in a run of
            the UI or the daemon, whose steps compute.
        pictures: that `dmicc run` drew, by table and partition.
    """

    workspace: Workspace
    answers: Mapping[tuple[str, PartitionKey], Answer] | None = None
    pictures: Mapping[tuple[str, PartitionKey], Picture] | None = None
