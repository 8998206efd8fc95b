"""One piece of a run's work, and its answer: in the process of the command, or in a worker process. Without dagster.

What is to be done, and in which order, is decided elsewhere.
"""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter, time
from typing import Any

from dmicc_assets.assets import STEPS
from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.making import Made, make
from dmicc_assets.lake.steps import Step
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.pictures import Picture, Pictures
from dmicc_assets.types import PartitionKey


@dataclass(frozen=True)
class Task:
    """A piece of work.

    Attributes:
        step: name of the step.
        key: its partition.
        run_id: id of the run in Dagster that will report it.
        observed: the step's observation of sources, already made.
        is_forced: whether to compute it even if it is up to date.
        verifies: whether the SHA-256 of its files decides what is up to date.
        draws: whether it is the pictures of the step's tables, and nothing is computed.
        is_for_report: whether figures of the report are drawn with them.
        beside: tables beside those upstream that are up to date and may be in the pictures.
        known: answers of servers in this run, which are not asked for again.
    """

    step: str
    key: PartitionKey
    run_id: str
    observed: str = ""
    is_forced: bool = False
    verifies: bool = False
    draws: bool = False
    is_for_report: bool = False
    beside: tuple[str, ...] = ()
    known: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False)

    @property
    def name(self) -> str:
        """Step and partition, for messages."""
        return f"{'pictures of ' if self.draws else ''}{self.step} of {self.key}"


@dataclass(frozen=True)
class Answer:
    """What became of a piece of work.

    Attributes:
        made: the partition, if it was computed or is up to date.
        pictures: of its tables, if these were asked for.
        failure: the error that ended it.
        defect: the traceback of an error that is a defect of this package.
        began: when it began, in seconds since the epoch.
        seconds: that it took.
    """

    made: Made | None = None
    pictures: Mapping[str, Picture] = field(default_factory=dict[str, Picture])
    failure: DmiccError | None = None
    defect: str = ""
    began: float = 0.0
    seconds: float = 0.0


def answer(workspace: Workspace, task: Task) -> Answer:
    """Do a piece of work; errors are part of the answer."""
    began, begun = time(), perf_counter()
    if workspace.memory is not None:
        workspace.memory.answers.update(task.known)
    try:
        done = _drawn(workspace, task) if task.draws else _made(workspace, task)
    except DmiccError as error:
        done = Answer(failure=error)
    except Exception:
        done = Answer(defect=traceback.format_exc())
    return replace(done, began=began, seconds=perf_counter() - begun)


def _made(workspace: Workspace, task: Task) -> Answer:
    context = workspace.context(_step(task), task.key, task.run_id)
    verified = workspace.lake.verify if task.verifies else None
    return Answer(make(context, lambda _: task.observed, is_forced=task.is_forced, verified=verified))


def _drawn(workspace: Workspace, task: Task) -> Answer:
    step = _step(task)
    context = workspace.context(step, task.key, task.run_id)
    made = {table: workspace.lake.manifest(table, task.key) for table in step.outputs}
    pictures = Pictures(context, task.beside)
    drawn = {table: pictures.picture(manifest) for table, manifest in made.items() if manifest}
    if task.is_for_report:
        pictures.draw_for_report()
    context.report_progress("")  # no step ends here, which would end what was said
    return Answer(pictures={table: each for table, each in drawn.items() if each})


def _step(task: Task) -> Step:
    return next(step for step in STEPS if step.name == task.step)
