"""The order of a run's work: what is ready, and which of it comes first. Without dagster, and nothing is computed here.

Work for the first look comes first, pictures come last; of each kind, what has the longest way to the end comes first.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from dmicc_assets.assets import STEPS
from dmicc_assets.lake.chosen_steps import needed
from dmicc_assets.lake.currency import inputs_read
from dmicc_assets.lake.steps import Step, partition_keys
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.pictures import are_drawn, beside
from dmicc_assets.tables import TABLES
from dmicc_assets.types import PartitionKey

# What a user wants to see first; validation, checks, GSEA, figures and report take longer.
FIRST_LOOK = (
    *("differential/genes", "enrichment/terms", "signature/genes", "signature/biomarkers"),
    "model/coefficients",
)
REPORT = "report/study"
# Seconds of long steps on a study of two cohorts of 40 samples; they only decide which of two ready steps begins.
_USUAL = {
    "files": 0.3,
    "case": 0.1,
    "gsea": 6.0,
    "roc": 5.0,
    "stability": 3.5,
    "out_of_fold": 2.5,
    "overlap": 2.5,
    "ranking": 2.5,
    "nulls": 2.0,
    "report": 2.0,
    "sensitivity": 1.5,
    "terms": 1.5,
}
_OTHERS, _PICTURES = 1.0, 1.5


class Node(NamedTuple):
    """One piece of work: a step's partition, or the pictures of its tables.

    Attributes:
        name: of the step.
        key: the partition.
        draws: whether it is the pictures.
    """

    name: str
    key: PartitionKey
    draws: bool = False


class Schedule:
    """What is ready of a run's work, best first.

    Args:
        needs: each piece of work with those that end before it begins.
        seconds: expected time of each.
        first: names of the steps that the first look needs.
    """

    def __init__(
        self, needs: Mapping[Node, Collection[Node]], seconds: Mapping[Node, float], first: Collection[str] = ()
    ) -> None:
        self._left = {node: set(before) for node, before in needs.items()}
        self._seconds = seconds
        self._first = {node for node in needs if node.name in first and not node.draws}
        self._last = {node for node, before in needs.items() if node.draws or any(each.draws for each in before)}
        self._begun = set[Node]()
        after: dict[Node, list[Node]] = {node: [] for node in needs}
        for node, before in needs.items():
            for each in before:
                after[each].append(node)
        self._way = dict[Node, float]()
        for node in reversed(_in_order(needs)):
            self._way[node] = seconds[node] + max((self._way[each] for each in after[node]), default=0.0)

    @property
    def is_done(self) -> bool:
        """Whether every piece of work has ended."""
        return not self._left

    @property
    def looks(self) -> bool:
        """Whether work for the first look is left."""
        return not self._first.isdisjoint(self._left)

    @property
    def is_computed(self) -> bool:
        """Whether nothing but pictures, and what waits for them, is left."""
        return self._left.keys() <= self._last

    @property
    def n_other_at_work(self) -> int:
        """Pieces of work in progress that the first look does not need."""
        return len(self._begun.intersection(self._left) - self._first)

    def ready(self) -> list[Node]:
        """Work that can begin, best first."""
        ready = [node for node, before in self._left.items() if not before and node not in self._begun]
        return sorted(ready, key=lambda node: (node not in self._first, node in self._last, -self._way[node]))

    def is_first(self, node: Node) -> bool:
        """Whether the first look needs it."""
        return node in self._first

    def seconds(self, nodes: Collection[Node]) -> float:
        """Expected time of some work, one after the other."""
        return sum(self._seconds[node] for node in nodes)

    @property
    def seconds_left(self) -> float:
        """Expected time of all work that is left, one after the other."""
        return self.seconds(self._left)

    def begin(self, node: Node) -> None:
        """A piece of work begins."""
        self._begun.add(node)

    def end(self, node: Node) -> None:
        """A piece of work has ended, or needs nothing done."""
        del self._left[node]
        for before in self._left.values():
            before.discard(node)

    def has_ended(self, key: PartitionKey, steps: Sequence[Step]) -> bool:
        """Whether all work of steps of a partition key has ended."""
        names = {step.name for step in steps}
        return not any(node.key == key and node.name in names for node in self._left)


def schedule_of(workspace: Workspace, plan: Sequence[tuple[Step, PartitionKey]]) -> Schedule:
    """The schedule of a plan: steps wait for what they read, pictures for what they show, the report for the pictures.

    Args:
        workspace: settings, studies and lake, whose earlier results tell how long a step takes.
        plan: steps and partitions, in order of dependence.
    """
    maker = {(table, key): Node(step.name, key) for step, key in plan for table in step.outputs}
    needs, seconds = dict[Node, set[Node]](), dict[Node, float]()
    for step, key in plan:
        context, node = workspace.context(step, key), Node(step.name, key)
        needs[node] = {maker[each] for each in inputs_read(context) if each in maker}
        made = workspace.lake.manifest(step.outputs[0], key)
        seconds[node] = (made.seconds if made else 0.0) or _USUAL.get(step.name, _OTHERS)
        if are_drawn(step):
            drawing = node._replace(draws=True)
            shown = {maker[each] for each in partitions_beside(workspace, step, context.key) if each in maker}
            needs[drawing], seconds[drawing] = {node, *shown}, _PICTURES
    drawings = {node for node in needs if node.draws}
    for step, key in plan:
        if REPORT in step.outputs:
            needs[Node(step.name, key)] |= {each for each in drawings if each.name != step.name}
    looked_at = [step for step in STEPS if not set(FIRST_LOOK).isdisjoint(step.outputs)]
    is_whole = {step.name for step in looked_at} <= {step.name for step, _ in plan}
    return Schedule(needs, seconds, needed(looked_at, STEPS) if is_whole else ())


def partitions_beside(workspace: Workspace, step: Step, key: PartitionKey) -> list[tuple[str, PartitionKey]]:
    """Tables and partitions that are not upstream of a step and that its pictures show: of its own key or of all."""
    study = workspace.study(key.study)
    return [
        (table, each)
        for table in beside(step)
        for each in partition_keys(TABLES[table].partition, study)
        if each == key or TABLES[table].partition != step.partition
    ]


def _in_order(needs: Mapping[Node, Collection[Node]]) -> list[Node]:
    """All work in order of dependence."""
    found = dict[Node, None]()

    def visit(node: Node) -> None:
        if node not in found:
            for each in needs[node]:
                visit(each)
            found[node] = None

    for node in needs:
        visit(node)
    return list(found)
