"""The launcher of runs on Celery workers: Dagster's own, which also sees that a worker was killed.

`deploy/dagster.yaml` names it; `celery_worker.py` is a worker. Runs of one machine are `run_launcher.py`'s.
"""

from dagster import DagsterRun
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster_celery.launcher import CeleryRunLauncher  # pyright: ignore[reportMissingImports] - in the extra `cluster`
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG  # pyright: ignore[reportMissingImports]

from dmicc_assets.orchestration.run_launcher import KILLED

_SECONDS = 10.0  # in which a worker answers, also a busy one on a loaded machine: another process of it computes
_TRIES = 3


class WatchedCeleryRunLauncher(CeleryRunLauncher):
    """Dagster's launcher for Celery, with a question to the workers."""

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Whether a worker has the task of a run; a state in the broker outlives a killed worker."""
        task = run.tags.get(DAGSTER_CELERY_TASK_ID_TAG)
        if task is None:  # made inside another run, or by `dmicc run`, whose next run ends it
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        result: CheckRunHealthResult = super().check_run_worker_health(run)
        if result.status == WorkerStatus.RUNNING and not self._has_worker(task):
            return CheckRunHealthResult(WorkerStatus.FAILED, KILLED)
        return result

    def _has_worker(self, task: str) -> bool:
        state = self.celery.AsyncResult(task).info
        host = state.get("hostname") if isinstance(state, dict) else None  # that of the worker, since it began
        asked = {"destination": [host], "limit": 1} if host else {}  # with a limit a living worker costs no waiting
        inspect = self.celery.control.inspect(timeout=_SECONDS, **asked)
        return any(task in found for _ in range(_TRIES) for found in (inspect.query_task(task) or {}).values())
