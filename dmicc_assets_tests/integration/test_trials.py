"""What `dmicc doctor` tries: a lock that does not hold loses counts, and a store without conditions is found out."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from threading import BrokenBarrierError

import pytest

from dmicc_assets.cli.doctor import doctor
from dmicc_assets.errors import DataError, RequestError
from dmicc_assets.lake import lock_trial
from dmicc_assets.lake.lock_trial import FOLDER, Trial, try_locks
from dmicc_assets.lake.store_trial import try_store
from dmicc_assets_tests.worlds.memory_storage import MemoryStorage


def test_locks_of_a_disk_hold(tmp_path: Path) -> None:
    trial = try_locks(tmp_path, 0.5)
    assert trial.n_processes == 2
    assert len(trial.hosts) == 1
    assert trial.lost == {"studies": 0, "partitions": 0}


@contextmanager
def letting_in_together(both: Barrier) -> Iterator[None]:
    """A lock that lets two processes in at the same moment, while both count."""
    with suppress(BrokenBarrierError):  # the other has ended
        both.wait()
    yield


def test_a_lock_that_does_not_hold_loses_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken: dict[str, Callable[[Path], AbstractContextManager[object]]] = dict(lock_trial._KINDS)
    fork = get_context("fork")
    both = fork.Barrier(2, timeout=0.5)
    broken["partitions"] = lambda _: letting_in_together(both)
    monkeypatch.setattr(lock_trial, "_KINDS", broken)
    (tmp_path / FOLDER).mkdir()
    counting = [fork.Process(target=lock_trial._count, args=(tmp_path, 0.5)) for _ in range(2)]
    for each in counting:
        each.start()
    for each in counting:
        each.join()
    tallies = [json.loads(path.read_text()) for path in (tmp_path / FOLDER).glob("*.json")]
    counted = int((tmp_path / FOLDER / "partitions").read_text())
    assert sum(each["partitions"] for each in tallies) > counted
    assert sum(each["studies"] for each in tallies) == int((tmp_path / FOLDER / "studies").read_text())


def test_a_store_with_conditional_writes_passes_and_keeps_nothing() -> None:
    storage = MemoryStorage()
    try_store(storage)
    assert storage.objects == {}


class Unconditional(MemoryStorage):
    """A store that ignores the conditions it is given."""

    def swap(self, name: str, content: bytes, expected: str | None) -> str:
        return self._put(name, content)


class OnlyCreates(MemoryStorage):
    """A store that has If-None-Match alone."""

    def swap(self, name: str, content: bytes, expected: str | None) -> str:
        return super().swap(name, content, None) if expected is None else self._put(name, content)


@pytest.mark.parametrize(
    ("storage", "what"), [(Unconditional(), "created an object"), (OnlyCreates(), "replaced another version")]
)
def test_a_store_without_conditional_writes_is_refused(storage: MemoryStorage, what: str) -> None:
    with pytest.raises(DataError, match=f"{what} .*: it has no conditional writes"):
        try_store(storage)
    assert storage.objects == {}


def test_the_doctor_says_what_holds_and_what_there_is_to_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DMICC_HOME", str(tmp_path))
    with pytest.raises(RequestError, match="nothing is shared: give --locks"):
        doctor()
    doctor(locks=True, seconds=0.2)
    said = capsys.readouterr().out
    assert f"{tmp_path}/locks: 2 processes on 1 machines" in said
    assert "Locks hold: no count was lost." in said
    storage = MemoryStorage()
    monkeypatch.setenv("DMICC_LAKE_URL", "s3://bucket/lake")
    monkeypatch.setattr("dmicc_assets.lake.object_store.open_storage", lambda _: storage)
    doctor()
    assert "s3://bucket/lake: conditional writes hold." in capsys.readouterr().out
    monkeypatch.setattr("dmicc_assets.lake.object_store.open_storage", lambda _: Unconditional())
    with pytest.raises(DataError, match="has no conditional writes"):
        doctor()
    monkeypatch.setattr(
        "dmicc_assets.lake.lock_trial.try_locks", lambda *_: Trial(["a", "b"], 4, {"studies": 0, "partitions": 3})
    )
    monkeypatch.delenv("DMICC_LAKE_URL")
    with pytest.raises(DataError, match=r"locks do not hold on this file system \(3 counts under locks of partitions"):
        doctor(locks=True)
