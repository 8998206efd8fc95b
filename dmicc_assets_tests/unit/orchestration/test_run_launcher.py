import os
import subprocess
import time

import pytest

from dmicc_assets.orchestration import run_launcher
from dmicc_assets.orchestration.run_launcher import is_alive


def seconds_since_start(pid: int) -> float:
    """Age of a process, by Debian's ps."""
    said = subprocess.run(["ps", "-o", "etimes=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return float(said.stdout)


def test_a_process_that_nobody_looked_at_since_its_start_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """The times of /proc/PID are those of the first look: a run of half a minute was taken for a killed one."""
    monkeypatch.setattr(run_launcher, "_SECONDS", 0.2)
    with subprocess.Popen(["sleep", "60"]) as process:
        try:
            begun = time.time()
            time.sleep(0.5)
            assert is_alive(process.pid, begun)
            assert not is_alive(process.pid, begun - 60), "another process had its number before"
        finally:
            process.kill()
    assert not is_alive(process.pid, begun)


def test_the_age_of_a_process_is_the_systems() -> None:
    begun = time.time() - seconds_since_start(os.getpid())
    assert is_alive(os.getpid(), begun)
    assert not is_alive(os.getpid(), begun - 5)


def test_a_process_that_ended_and_was_not_waited_for_is_not_alive() -> None:
    process = subprocess.Popen(["true"])
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT) is None:
        pass
    assert not is_alive(process.pid, time.time())
    process.wait()
