"""The launcher of runs of a home on one machine: Dagster's own, which also sees that a run's process was killed.

`dagster.yaml` names it; Dagster's daemon then ends such runs, which would be in progress for ever and block automation.
"""

import os
from pathlib import Path

from dagster import DagsterEventType, DagsterInstance, DagsterRun
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus

KILLED = "the process that made this run was killed"
_SECONDS = 2.0  # between the start of a process and its own record of it, as clocks of a machine differ


class WatchedRunLauncher(DefaultRunLauncher):
    """Dagster's launcher for one machine, with a look at the process of a run."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Dagster asks it before `check_run_worker_health`."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Whether the process in which a run began is alive; also of a run that `dmicc run` makes."""
        instance: DagsterInstance = self._instance
        begun = instance.all_logs(run.run_id, of_type=DagsterEventType.RUN_START)
        known = [(event.dagster_event.pid, event.timestamp) for event in begun if event.dagster_event is not None]
        if any(pid is not None and not is_alive(pid, at) for pid, at in known):
            return CheckRunHealthResult(WorkerStatus.FAILED, KILLED)
        return CheckRunHealthResult(WorkerStatus.RUNNING)


def is_alive(pid: int, at: float) -> bool:
    """Whether the process that had this number at a time (seconds since 1970) is alive, not another with its number."""
    process = Path("/proc") / str(pid)
    if Path("/proc/self").exists():
        try:
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            return state != "Z" and process.stat().st_ctime < at + _SECONDS
        except OSError:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
