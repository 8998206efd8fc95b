"""How long a run still takes, by the times that earlier runs took for the same partitions.

The manifests have these times. Nothing is computed or printed here.
"""

from collections.abc import Sequence
from math import exp
from statistics import median
from time import perf_counter

from dmicc_assets.lake.currency import inputs_read, study_currency
from dmicc_assets.lake.making import Outcome
from dmicc_assets.lake.steps import Step
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.types import PartitionKey

Part = tuple[str, PartitionKey]
# Seconds of this run that weigh as much as what earlier runs say of the speed and of what is done side by side.
_TELLING = 10.0
# Seconds in which the shown estimate comes within a third of a new one; between, it counts down.
_SMOOTHED = 5.0


class Remaining:
    """The work that a run still has, and an estimate of its time.

    The estimate is the work that is left, at this run's speed, divided by what is done side by side; and not less than
    the longest way of steps that wait for each other. It is smoothed, so that one step that takes longer or is skipped
    moves it by little at a time.
    """

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
        self._left: dict[Part, float | None] | None = None
        self._needs: dict[Part, list[Part]] = {}
        self._since: dict[Part, float] = {}
        self._begun = self._expected_of_done = self._seconds_of_done = self._said_at = 0.0
        self._said: float | None = None

    def started(self, step: str, key: PartitionKey) -> None:
        """A step begins; at the first one, look up what is out of date and how long it took before."""
        now = perf_counter()
        if self._left is None:
            self._begun, self._left, self._needs = now, self._expected(), self._inputs()
        self._since[step, key] = now
        self._say(now)

    def ended(self, outcome: Outcome) -> None:
        """A step ended, or was skipped."""
        if self._left is None:
            return
        part, now = (outcome.step.name, outcome.key), perf_counter()
        expected, begun = self._left.pop(part, None), self._since.pop(part, now)
        if outcome.state in ("made", "unchanged"):
            self._expected_of_done += expected or 0.0
            self._seconds_of_done += now - begun
        self._say(now)

    @property
    def seconds(self) -> float | None:
        """Estimated time left, in seconds; None when no earlier run tells it of a part."""
        return None if self._said is None else max(0.0, self._said - (perf_counter() - self._said_at))

    def _say(self, now: float) -> None:
        """Move what is said towards the estimate of this moment."""
        estimate, before = self._estimate(now), self._said
        if estimate and before is not None:
            passed = now - self._said_at
            kept = exp(-passed / _SMOOTHED)
            estimate += kept * (max(0.0, before - passed) - estimate)
        self._said, self._said_at = estimate, now

    def _estimate(self, now: float) -> float | None:
        """Seconds left by what is known at this moment, without a look at what was said before."""
        left = {part: seconds for part, seconds in (self._left or {}).items() if seconds is not None}
        if self._left is None or len(left) < len(self._left):
            return None
        at_work = {part: now - since for part, since in self._since.items()}
        slowness = (self._seconds_of_done + _TELLING) / (self._expected_of_done + _TELLING)
        rest = {part: max(0.0, slowness * seconds - at_work.get(part, 0.0)) for part, seconds in left.items()}
        n_busy = (self._seconds_of_done + sum(at_work.values()) + _TELLING) / (now - self._begun + _TELLING)
        return max(sum(rest.values()) / max(1.0, n_busy), self._longest_way(rest))

    def _longest_way(self, rest: dict[Part, float]) -> float:
        """Seconds of the longest way of parts that wait for each other; what is not left takes none."""
        ways: dict[Part, float] = {}
        for part, needs in self._needs.items():
            ways[part] = rest.get(part, 0.0) + max((ways[each] for each in needs), default=0.0)
        return max(ways.values(), default=0.0)

    def _inputs(self) -> dict[Part, list[Part]]:
        """The parts of the plan that each waits for, in order of dependence."""
        maker: dict[tuple[str, PartitionKey], Part] = {}
        needs: dict[Part, list[Part]] = {}
        for step, key in self._plan:
            read = inputs_read(self._workspace.context(step, key))
            needs[step.name, key] = list(dict.fromkeys(maker[each] for each in read if each in maker))
            maker |= {(table, key): (step.name, key) for table in step.outputs}
        return needs

    def _expected(self) -> dict[Part, float | None]:
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
