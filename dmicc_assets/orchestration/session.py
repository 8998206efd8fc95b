"""State shared by the assets of one run: workspace, listener and earlier observations. Without dagster."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dmicc_assets.lake.currency import served
from dmicc_assets.lake.making import Outcome
from dmicc_assets.lake.steps import Step, StepContext
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.types import PartitionKey


@dataclass(frozen=True)
class Listener:
    """Receiver of the start and the end of steps; it ignores them by default, `dmicc run` has its own."""

    started: Callable[[Step, PartitionKey], None] = lambda _step, _key: None
    ended: Callable[[Outcome], None] = lambda _: None


@dataclass(frozen=True)
class Session:
    """State shared by the assets of one run.

    Attributes:
        workspace: settings, studies and lake.
        listener: called at the start and the end of steps.
        observed: observations made before the run, by step and partition, which are not repeated.
        is_of_dmicc: whether `dmicc run` started the run; it then decides the study's state itself at the end.
    """

    workspace: Workspace
    listener: Listener = field(default_factory=Listener)
    observed: Mapping[tuple[str, PartitionKey], str] = field(default_factory=dict[tuple[str, PartitionKey], str])
    is_of_dmicc: bool = False

    def observe(self, context: StepContext) -> str:
        """A step's observation; one made before the run is reused."""
        known = self.observed.get((context.step.name, context.key))
        return served(context) if known is None else known
