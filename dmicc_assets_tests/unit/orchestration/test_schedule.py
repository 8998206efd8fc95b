"""The order of a run's work and who does it, with work that takes no time."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from dmicc_assets.assets import STEPS
from dmicc_assets.lake.steps import partition_keys
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.orchestration import free_memory as memory
from dmicc_assets.orchestration.schedule import FIRST_LOOK, Node, Schedule, schedule_of
from dmicc_assets.orchestration.task import Answer, Task
from dmicc_assets.orchestration.work import work_off
from dmicc_assets.study.settings import Settings
from dmicc_assets.types import PartitionKey

KEY = PartitionKey("s")
# name: (needs, seconds); `long` and what follows take longer than the way to the first look
WORK = {
    "data": ((), 1.0),
    "long": (("data",), 30.0),
    "genes": (("data",), 1.0),
    "model": (("genes",), 1.0),
    "checks": (("model",), 5.0),
    "pictures": (("genes",), 9.0),
    "report": (("checks", "long", "pictures"), 20.0),
}


def schedule(first: Sequence[str] = ("data", "genes", "model")) -> Schedule:
    nodes = {name: Node(name, KEY, draws=name == "pictures") for name in WORK}
    needs = {nodes[name]: [nodes[each] for each in before] for name, (before, _) in WORK.items()}
    return Schedule(needs, {nodes[name]: seconds for name, (_, seconds) in WORK.items()}, first)


class Simulated:
    """A crew and a run whose work ends in the order of its expected time; it notes what happens."""

    def __init__(self, most: int, room: int = 99) -> None:
        self.most, self.room, self.at_work = most, room, list[tuple[float, Task]]()
        self.now, self.said, self.peak = 0.0, list[str](), 0

    @property
    def is_at_work(self) -> bool:
        return bool(self.at_work)

    def has_processes(self, *, pays: bool) -> bool:
        return True

    def has_room(self, needs: Callable[[], int]) -> bool:
        return len(self.at_work) < self.most and needs() * (len(self.at_work) + 1) <= self.room

    def needs(self, _: Node) -> int:
        return 1

    def begin(self, what: Any, _needs: int = 0, *, here: bool = False) -> Task | None:
        if isinstance(what, Node):
            return Task(what.name, what.key, "", draws=what.draws)
        self.at_work.append((self.now + WORK[what.step][1], what))
        self.peak = max(self.peak, len(self.at_work))
        return None

    def answers(self, *, waits: bool) -> list[tuple[Task, Answer]]:
        if not waits:
            return []
        self.at_work.sort(key=lambda each: each[0])
        self.now, task = self.at_work.pop(0)
        return [(task, Answer())]

    def end(self, task: Task, _: Answer) -> None:
        self.said.append(task.step)

    def look(self) -> None:
        self.said.append("look")

    def report(self) -> bool:
        if not self.said or self.said[-1] == "told":
            return False
        self.said.append("told")
        return True


def done(most: int, room: int = 99) -> Simulated:
    crew: Any = Simulated(most, room)
    work_off(schedule(), crew, crew)
    return crew


def test_what_the_first_look_needs_comes_first_and_long_work_beside_it() -> None:
    alone, two = done(1), done(2)
    assert [each for each in alone.said if each != "told"] == [
        "data", "genes", "model", "look", "long", "checks", "pictures", "report"
    ]  # fmt: skip
    assert two.said.index("look") == 3
    assert two.now == 1 + 30 + 20, "the longest way from the beginning to the end, and nothing waits for anything else"
    assert alone.now == sum(seconds for _, seconds in WORK.values())


def test_dagster_is_told_beside_the_pictures_and_not_before_all_is_computed() -> None:
    for said in (done(1).said, done(2).said):
        assert said.index("told") > max(said.index(each) for each in ("look", "long", "checks"))
        assert said.index("told") < said.index("report")


def test_work_waits_for_memory() -> None:
    assert (done(2, room=1).peak, done(2, room=2).peak) == (1, 2)


def test_a_schedule_ends_with_what_needs_nothing_done() -> None:
    of = schedule()
    for name in WORK:
        node = Node(name, KEY, draws=name == "pictures")
        assert node in of.ready()
        assert of.looks == (name in ("data", "long", "genes", "model"))
        of.begin(node)
        assert node not in of.ready()
        of.end(node)
    assert of.is_done


def test_a_study_waits_for_its_tables_and_the_report_for_its_pictures(settings: Settings) -> None:
    workspace = open_workspace(settings)
    study = workspace.studies["demo"]
    plan = [(step, key) for step in STEPS for key in partition_keys(step.partition, study)]
    of, order = schedule_of(workspace, plan), list[Node]()
    while not of.is_done:
        node = of.ready()[0]
        of.begin(node)
        of.end(node)
        order.append(node)
    last_look = max(order.index(node) for node in order if of.is_first(node))
    steps = [step.name for step in STEPS if set(step.outputs) & set(FIRST_LOOK)]
    assert {node.name for node in order[: last_look + 1]} >= set(steps)
    assert not any(node.draws for node in order[: last_look + 1])
    report = order.index(Node("report", PartitionKey("demo")))
    assert all(order.index(node) < report for node in order if node.draws)


def test_free_memory_is_that_of_the_container(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0 < memory.free_memory() < 1 << 50
    for file, text in {"max": "2000", "current": "900", "stat": "anon 1\ninactive_file 300\n"}.items():
        (tmp_path / f"memory.{file}").write_text(text)
    monkeypatch.setattr(memory, "_CONTAINER", tmp_path)
    assert memory.free_memory() == 1400
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free_memory() > 1400
