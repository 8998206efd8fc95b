"""How long a run still takes, by the times that earlier runs took for the same partitions.

The manifests have these times. Nothing is computed or printed here.
"""

from collections.abc import Sequence
from statistics import median
from time import perf_counter

from dmicc_assets.lake.currency import study_currency
from dmicc_assets.lake.making import Outcome
from dmicc_assets.lake.steps import Step
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.types import PartitionKey

# Share of the expected time after which the speed of this run corrects the estimate, and the limits of this correction.
_TELLING = 0.1
_SLOWEST, _FASTEST = 5.0, 0.2


class Remaining:
    """The work that a run still has, and an estimate of its time."""

    def __init__(
        self, workspace: Workspace, study: str, plan: Sequence[tuple[Step, PartitionKey]], *, force: bool = False
    ) -> None:
        """Keep the plan; the lake is read when the first step begins, because an up-to-date run has none.

        Args:
            workspace: settings, studies and lake.
            study: the study.
            plan: steps and partitions, in order of dependence.
            force: whether all of them are computed, up to date or not.
        """
        self._workspace, self._study, self._plan, self._force = workspace, study, plan, force
        self._left: dict[tuple[str, PartitionKey], float | None] | None = None
        self._begun = self._done = self._all = 0.0

    def started(self) -> None:
        """A step begins; at the first one, look up what is out of date and how long it took before."""
        if self._left is None:
            self._begun = perf_counter()
            self._left = self._expected()
            self._all = sum(filter(None, self._left.values()))

    def ended(self, outcome: Outcome) -> None:
        """A step ended, or was skipped."""
        if self._left is not None:
            expected = self._left.pop((outcome.step.name, outcome.key), None)
            self._done += expected or 0.0 if outcome.state in ("made", "unchanged") else 0.0

    @property
    def seconds(self) -> float | None:
        """Estimated time left, in seconds; None when no earlier run tells it of a part."""
        if self._left is None or None in self._left.values():
            return None
        speed = 1.0
        if self._done > _TELLING * self._all:
            speed = min(_SLOWEST, max(_FASTEST, (perf_counter() - self._begun) / self._done))
        return speed * sum(filter(None, self._left.values()))

    def _expected(self) -> dict[tuple[str, PartitionKey], float | None]:
        """Seconds of each partition that is out of date; None where no partition of its step was ever timed."""
        stale = {(step.name, key) for step, key in self._plan}
        if not self._force:
            states = study_currency(self._workspace, self._study, list(dict.fromkeys(step for step, _ in self._plan)))
            stale = {(state.step.name, state.key) for state in states if not state.is_current}
        return {(step.name, key): self._before(step, key) for step, key in self._plan if (step.name, key) in stale}

    def _before(self, step: Step, key: PartitionKey) -> float | None:
        """Seconds that a partition took, or the median of the step's other partitions in the lake."""
        lake, table = self._workspace.lake, step.outputs[0]
        own = lake.manifest(table, key)
        if own is not None and own.seconds:
            return own.seconds
        others = [made.seconds for each in lake.partitions(table) if (made := lake.manifest(table, each))]
        timed = [seconds for seconds in others if seconds]
        return median(timed) if timed else None
