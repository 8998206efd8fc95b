"""The launcher of runs of a home on one machine: each run is forked by the run server, or begun by Dagster itself.

`dagster.yaml` names it. It also sees that a run's process was killed: Dagster's daemon then ends such runs, which would
be in progress for ever and block automation. The server is in `run_server.py`.
"""

import json
import os
import signal
import time
from pathlib import Path

from dagster import DagsterEventType, DagsterInstance, DagsterRun
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, LaunchRunContext, WorkerStatus
from dagster._grpc.types import ExecuteRunArgs

from dmicc_assets.orchestration.run_socket import answer_of

KILLED = "the process that made this run was killed"
# Dagster hides tags with this prefix from its UI.
_PROCESS = ".dagster/dmicc_process"
# Fields of /proc/PID/stat after the name (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
_STATE, _STARTED = 0, 19
_SECONDS = 2.0  # between the start of a process and its own record of it, as clocks of a machine differ


class WatchedRunLauncher(DefaultRunLauncher):
    """Dagster's launcher for one machine, with a faster start of runs and a look at their processes."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Dagster asks it before `check_run_worker_health`."""
        return True

    def launch_run(self, context: LaunchRunContext) -> None:
        """Let the run server begin the run; where none answers, Dagster's code server, whose process imports anew."""
        run, origin = context.dagster_run, context.job_code_origin
        instance: DagsterInstance = self._instance
        if origin is not None:
            *_, arguments = ExecuteRunArgs(origin, run.run_id, instance.get_ref()).get_command_args()
            asked = {"arguments": arguments, "environment": dict(os.environ)}
            if process := answer_of(Path(instance.root_directory), json.dumps(asked)):
                instance.add_run_tags(run.run_id, {_PROCESS: f"{process} {time.time()}"})
                return
        super().launch_run(context)

    def terminate(self, run_id: str) -> bool:
        """Interrupt the process of a run, as Dagster's code server does; whether there is one."""
        instance: DagsterInstance = self._instance
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        if _PROCESS not in run.tags:
            return super().terminate(run_id)
        process, at = run.tags[_PROCESS].split()
        instance.report_run_canceling(run)
        if not is_alive(int(process), float(at)):
            return False
        os.kill(int(process), signal.SIGINT)
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
    if Path("/proc/self").exists():
        try:
            fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            return False
        # The times of the folder /proc/PID are those of the first look at it.
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[_STARTED]) / os.sysconf("SC_CLK_TCK")
        return fields[_STATE] != "Z" and time.time() - age < at + _SECONDS
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
