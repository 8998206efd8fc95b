"""The lock of a study between processes: one alone, or any number that share it."""

import multiprocessing
import multiprocessing.process
from collections.abc import Iterator
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from filelock import FileLock

from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.locks import hold_study

SPAWNED = multiprocessing.get_context("spawn")


def hold(folder: Path, is_shared: bool, has_it: Event, may_end: Event) -> None:
    with hold_study(folder, "small", is_shared=is_shared):
        has_it.set()
        may_end.wait(60)


@pytest.fixture
def other(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[multiprocessing.process.BaseProcess]:
    """Another process that holds the lock, shared or alone."""
    has_it, may_end = SPAWNED.Event(), SPAWNED.Event()
    process = SPAWNED.Process(target=hold, args=(tmp_path, request.param == "shared", has_it, may_end))
    process.start()
    assert has_it.wait(60)
    yield process
    may_end.set()
    process.join(60)


@pytest.mark.parametrize("other", ["shared"], indirect=True)
def test_runs_of_the_ui_share_it_and_hold_off_a_command(tmp_path: Path, other: object) -> None:
    with hold_study(tmp_path, "small", is_shared=True, waits=False):
        pass
    with (
        pytest.raises(DmiccError, match=r"another run of small is in progress \(in the Dagster UI\)"),
        hold_study(tmp_path, "small", waits=False),
    ):
        pass
    with hold_study(tmp_path, "large", waits=False):
        pass


@pytest.mark.parametrize("other", ["alone"], indirect=True)
def test_a_command_holds_off_all_others_and_says_who_it_is(
    tmp_path: Path, other: multiprocessing.process.BaseProcess
) -> None:
    for is_shared in (True, False):
        with (
            pytest.raises(DmiccError, match=f"process {other.pid}, since 20"),
            hold_study(tmp_path, "small", is_shared=is_shared, waits=False),
        ):
            pass


def test_a_command_hands_it_to_its_own_steps(tmp_path: Path) -> None:
    with hold_study(tmp_path, "small"), hold_study(tmp_path, "small", is_shared=True, waits=False):
        assert (tmp_path / "run.small.json").exists()
    assert not (tmp_path / "run.small.json").exists()


def test_who_waits_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    lock = FileLock(tmp_path / "run.small.lock")
    lock.acquire()

    def report(text: str) -> None:
        said.append(text)
        lock.release()

    with hold_study(tmp_path, "small", report_waiting=report):
        pass
    assert said == ["another run of small is in progress (in the Dagster UI); waiting for it to end"]
