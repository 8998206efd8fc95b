"""Works off the schedule of a run by its crew: begins what is ready, and hands on what was answered. Without dagster.

What a piece of work is, and what follows from its answer, the run itself decides.
"""

from functools import partial
from typing import Protocol

from dmicc_assets.orchestration.crew import Crew
from dmicc_assets.orchestration.schedule import Node, Schedule
from dmicc_assets.orchestration.task import Answer, Task

# Seconds of work beside the first from which worker processes are begun: to load their libraries takes about two.
_WORTH_PROCESSES = 2.0


class Worked(Protocol):
    """The run whose work is done."""

    def needs(self, node: Node) -> int:
        """Bytes of memory that a piece of work may take."""
        ...

    def begin(self, node: Node) -> Task | None:
        """The task of a piece of work; None if nothing needs to be done."""
        ...

    def end(self, task: Task, answer: Answer) -> None:
        """A piece of work was done, or failed."""
        ...

    def look(self) -> None:
        """All that the first look needs has ended, and other work is left."""
        ...

    def report(self) -> bool:
        """Only pictures are left: report something, if there is anything; whether there was."""
        ...


def work_off(schedule: Schedule, crew: Crew, run: Worked) -> None:
    """Do all work of a schedule.

    Until the first look, other work leaves one process free. Reports come beside the pictures.
    """
    looks = schedule.looks
    while not schedule.is_done:
        while (node := _next(schedule, crew, run)) is not None:
            _begin(node, schedule, crew, run)
        if looks and not schedule.looks:
            looks = False
            run.look()
        # Told in the middle of a run, Dagster's automation would request what the run is about to compute.
        has_told = schedule.is_computed and run.report()
        for task, answer in crew.answers(waits=not has_told) if crew.is_at_work else ():
            run.end(task, answer)
            schedule.end(Node(task.step, task.key, task.draws))


def _next(schedule: Schedule, crew: Crew, run: Worked) -> Node | None:
    """The best piece of work that can begin now, if any."""
    for node in schedule.ready():
        if schedule.looks and not schedule.is_first(node) and schedule.n_other_at_work >= max(crew.most - 1, 1):
            return None
        if not crew.is_at_work or crew.has_room(partial(run.needs, node)):
            return node
    return None


def _begin(node: Node, schedule: Schedule, crew: Crew, run: Worked) -> None:
    beside = schedule.seconds([each for each in schedule.ready() if each != node])
    schedule.begin(node)
    task = run.begin(node)
    if task is None:
        schedule.end(node)
        return
    is_here = not crew.has_processes(pays=beside >= _WORTH_PROCESSES)
    crew.begin(task, run.needs(node), here=is_here)
