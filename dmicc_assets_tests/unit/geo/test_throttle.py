"""One request rate for all processes: time between requests, measured over processes."""

import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from dmicc_assets.geo.http.throttle import Throttle

TAKE = """
import sys, time
from pathlib import Path
from dmicc_assets.geo.http.throttle import Throttle
throttle = Throttle(Path(sys.argv[1]), "test", 20.0)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(8):
    throttle.wait()
    print(repr(time.time()))
"""
APART = 1.1 / 20


@dataclass
class Clock:
    """A time that passes only while somebody sleeps."""

    now: float = 1_000_000.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("dmicc_assets.geo.http.throttle.time", clock)
    return clock


def test_processes_share_one_pace(tmp_path: Path) -> None:
    """All begin at once; a loaded machine brings the last of 24 late, and the first by less than five slots."""
    command = [sys.executable, "-c", TAKE, str(tmp_path)]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for each in running:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    texts = [each.communicate()[0] for each in _told(running)]
    times = sorted(float(line) for text in texts for line in text.split())
    assert len(times) == 24
    assert times[-1] - times[0] >= 18 * APART


def _told(running: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    """The processes, all of which were told to begin before any of them is waited for."""
    for each in running:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    return running


def test_requests_are_evenly_apart_whoever_sends_them(tmp_path: Path, clock: Clock) -> None:
    throttles = [Throttle(tmp_path, "a", 20.0) for _ in range(3)]
    times: list[float] = []
    for i in range(60):
        throttles[i % 3].wait()
        times.append(clock.now)
    assert [later - earlier for earlier, later in pairwise(times)] == [pytest.approx(APART)] * 59
    assert max(sum(begin <= other < begin + 1 for other in times) for begin in times) <= 20
    clock.sleep(60)
    free = clock.now
    throttles[0].wait()
    assert clock.now == free, "nobody waits when nobody asked for a minute"


def test_a_hold_is_for_everybody(tmp_path: Path, clock: Clock) -> None:
    begun = clock.now
    Throttle(tmp_path, "a", 1000.0).hold(0.3)
    Throttle(tmp_path, "b", 1000.0).wait()
    assert clock.now == begun, "another host was not asked to be left alone"
    Throttle(tmp_path, "a", 1000.0).wait()
    assert clock.now == pytest.approx(begun + 0.3)


@pytest.mark.parametrize("content", ["", "rubbish", "1e18", "nan", "0"])
def test_a_damaged_slot_or_a_clock_set_back_blocks_nobody(tmp_path: Path, clock: Clock, content: str) -> None:
    (tmp_path / "requests-a.slot").write_text(content)
    begun = clock.now
    Throttle(tmp_path, "a", 100.0).wait()
    assert clock.now == begun


def test_a_rate_must_be_positive(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="positive rate"):
        Throttle(tmp_path, "a", 0.0)
