"""What a run is told of a worker process that is gone."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from dmicc_assets.errors import SourceError
from dmicc_assets.lake.workspace import Workspace, open_workspace
from dmicc_assets.orchestration.crew import Crew
from dmicc_assets.orchestration.task import Task
from dmicc_assets.orchestration.worker_process import how_it_ended
from dmicc_assets.study.settings import load_settings
from dmicc_assets.types import PartitionKey
from dmicc_assets_tests.worlds.local_study import local_study, values_of

TASK = Task("cohort", PartitionKey("s.c"), "run")
OTHER = Task("cohort", PartitionKey("s.d"), "run")


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    """Two workers that can begin at once."""
    with Crew(Workspace(load_settings(home=tmp_path / "home"), {}, {}), most=2) as crew:
        _wait_until_ready(crew)
        yield crew


def _wait_until_ready(crew: Crew) -> None:
    end = monotonic() + 120
    while not crew.has_processes(pays=True):
        assert monotonic() < end
        sleep(0.05)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _forking() -> int:
    """The process that forks workers."""
    return next(pid for pid in _children(os.getpid()) if b".worker" in Path(f"/proc/{pid}/cmdline").read_bytes())


def test_a_worker_that_is_killed_fails_its_work_and_another_takes_its_place(crew: Crew) -> None:
    for _ in range(2):
        crew.begin(OTHER, 0, here=False)
        crew.answers()
        (worker,) = _children(_forking())
        os.kill(worker, signal.SIGSTOP)  # so that it does not answer first
        crew.begin(TASK, 0, here=False)
        os.kill(worker, signal.SIGKILL)
        ((answered, answer),) = crew.answers()
        assert answered == TASK
        assert "was killed by SIGKILL (is there too little memory?); run again" in str(answer.failure)


def test_an_error_in_a_worker_is_that_of_the_step(tmp_path: Path) -> None:
    settings = local_study(tmp_path, {"A": values_of("A", 8, 8, 0), "B": values_of("B", 8, 8, 1)})
    (settings.study_folders[0] / "B.tsv").unlink()
    task = Task("files", PartitionKey("local.B"), "run")
    with Crew(open_workspace(settings), most=2) as crew:
        _wait_until_ready(crew)
        crew.begin(task, 0, here=False)
        ((_, answer),) = crew.answers()
    assert isinstance(answer.failure, SourceError)
    assert str(answer.failure).startswith("B: no matrix file at ")


def test_workers_outlive_the_process_that_forked_them_and_a_new_one_takes_its_place(crew: Crew) -> None:
    crew.begin(TASK, 0, here=False)
    first = _forking()
    os.kill(first, signal.SIGKILL)
    crew.begin(OTHER, 0, here=False)  # for which no worker can be forked
    answered = list[Task]()
    while crew.is_at_work:
        answered += [task for task, _ in crew.answers()]
    assert sorted(task.key for task in answered) == [TASK.key, OTHER.key]
    while first in _children(os.getpid()):
        crew.has_processes(pays=False)
    _wait_until_ready(crew)
    assert _forking() != first


def test_where_the_libraries_cannot_be_loaded_the_command_computes_and_does_not_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with Crew(Workspace(load_settings(home=tmp_path / "home"), {}, {}), most=2) as crew:
        end = monotonic() + 60
        while crew.most > 1:
            assert not crew.has_processes(pays=True)
            assert monotonic() < end
        assert not crew.has_processes(pays=True)
        assert not [pid for pid in _children(os.getpid()) if b".worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (3, "the process that computed it ended with status 3; run again to compute it"),
        (-15, "the process that computed it was killed by SIGTERM; run again to compute it"),
        (None, "the process that computed it is gone; run again to compute it"),
    ],
)
def test_how_a_worker_ended_is_said(status: int | None, said: str) -> None:
    assert how_it_ended(status) == said
