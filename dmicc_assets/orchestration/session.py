"""What the assets of one run share: the workspace, who listens, and what was observed before. No dagster."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dmicc_assets.lake.currency import served
from dmicc_assets.lake.making import Outcome
from dmicc_assets.lake.steps import Step, StepContext
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.types import PartitionKey


@dataclass(frozen=True)
class Listener:
    """Who is told as steps start and end: nobody, unless `dmicc run` says otherwise."""

    started: Callable[[Step, PartitionKey], None] = lambda _step, _key: None
    ended: Callable[[Outcome], None] = lambda _: None


@dataclass(frozen=True)
class Session:
    """What the assets of one run share.

    Attributes:
        workspace: settings, studies and lake.
        listener: told as steps start and end.
        observed: what the sources served before the run, by step and partition: they are not asked again.
        is_of_dmicc: whether `dmicc run` made the run: it judges the study itself, at its end.
    """

    workspace: Workspace
    listener: Listener = field(default_factory=Listener)
    observed: Mapping[tuple[str, PartitionKey], str] = field(default_factory=dict[tuple[str, PartitionKey], str])
    is_of_dmicc: bool = False

    def observe(self, context: StepContext) -> str:
        """What a step observes: as before the run if that is known."""
        known = self.observed.get((context.step.name, context.key))
        return served(context) if known is None else known
