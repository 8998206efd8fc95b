"""One pace for all processes: the distance between their requests, measured over processes."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from dmicc_assets.geo.throttle import Throttle

TAKE = """
import sys, time
from pathlib import Path
from dmicc_assets.geo.throttle import Throttle
throttle = Throttle(Path(sys.argv[1]), "test", 20.0)
for _ in range(8):
    throttle.wait()
    print(repr(time.time()))
"""


def test_processes_share_one_pace(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TAKE, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    times = sorted(float(line) for each in running for line in each.communicate()[0].split())
    assert len(times) == 24
    assert max(sum(begin <= other < begin + 1 for other in times) for begin in times) <= 20
    assert times[-1] - times[0] >= 23 * 1.1 / 20 - 0.05


def test_a_hold_is_for_everybody(tmp_path: Path) -> None:
    Throttle(tmp_path, "a", 1000.0).hold(0.3)
    begun = time.monotonic()
    Throttle(tmp_path, "b", 1000.0).wait()
    assert time.monotonic() - begun < 0.2
    Throttle(tmp_path, "a", 1000.0).wait()
    assert time.monotonic() - begun >= 0.25


@pytest.mark.parametrize("content", ["", "rubbish", "1e18", "nan", "0"])
def test_a_damaged_slot_or_a_clock_set_back_blocks_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / "requests-a.slot").write_text(content)
    begun = time.monotonic()
    Throttle(tmp_path, "a", 100.0).wait()
    assert time.monotonic() - begun < 0.5


def test_a_rate_must_be_positive(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="positive rate"):
        Throttle(tmp_path, "a", 0.0)
