"""The same work on several processes: results in the order of the tasks, equal whatever the number of workers."""

import math
import os
import time
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

Task = TypeVar("Task")
Answer = TypeVar("Answer")

# Two processes take about 4 s of CPU to start: work under this many seconds is done before they have begun.
_WORTH_STARTING = 8.0
_LOOKED_AT = 3  # tasks after the first, by which the rest is estimated
_MOST = 4


_share = [_MOST]


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def use_at_most(n_processes: int) -> None:
    """Limit `workers` in this process, because other processes work beside it."""
    _share[0] = n_processes


def workers() -> int:
    """Useful number of processes: the available cores, at most four, and at most the share of this process."""
    return min(cores(), _MOST, _share[0])


def in_parallel(work: Callable[[Task], Answer], tasks: Sequence[Task], n_jobs: int) -> list[Answer]:
    """`work` of every task, in order; processes start only if the first tasks take so long that it pays.

    Args:
        work: a function that depends only on its task, which includes every seed.
        tasks: arguments of the calls.
        n_jobs: processes; 1 stays in this one.
    """
    if n_jobs <= 1:
        return _each(work, tasks)
    first = _each(work, tasks, _WORTH_STARTING)
    tasks = tasks[len(first) :]
    if not tasks:
        return first
    from joblib import Parallel, delayed  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType] - it has none

    # Shared data are sent once for each chunk; several chunks for each process keep all of them busy.
    size = -(-len(tasks) // (4 * n_jobs))
    chunks = [tasks[start : start + size] for start in range(0, len(tasks), size)]
    answers = cast(
        list[list[Answer]],
        Parallel(n_jobs=n_jobs)(delayed(_each)(work, chunk) for chunk in chunks),  # pyright: ignore[reportUnknownVariableType] - as above
    )
    return [*first, *(answer for chunk in answers for answer in chunk)]


def _each(work: Callable[[Task], Answer], tasks: Sequence[Task], most: float = math.inf) -> list[Answer]:
    """The answers in order, up to where the rest would take `most` seconds of CPU or more."""
    from threadpoolctl import threadpool_limits  # pyright: ignore[reportMissingTypeStubs] - it has none

    answers: list[Answer] = []
    start = 0.0
    # The matrices of one task are small, so that more threads of linear algebra only cost time.
    with threadpool_limits(1):
        for task in tasks:
            # The first task may import what all need: it tells little about the others.
            start = time.process_time() if len(answers) == 1 else start
            answers.append(work(task))
            n = len(answers) - 1
            if n >= _LOOKED_AT and (time.process_time() - start) / n * (len(tasks) - len(answers)) >= most:
                break
    return answers
