"""Runs of the job `run_study`, put into Dagster's queue as the UI does, in a process of their own."""

import json
import sys
from collections import Counter
from collections.abc import Sequence

from dagster import DagsterInstance, RunsFilter
from dagster._cli.job import _create_run
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget


def submit(studies: Sequence[str]) -> None:
    """Queue a run of each study."""
    target = WorkspaceFileTarget(["workspace.yaml"])
    with DagsterInstance.get() as instance, WorkspaceProcessContext(instance, target) as process:
        workspace = process.create_request_context()
        (location,) = workspace.code_locations
        (repository,) = location.get_repositories().values()
        job = repository.get_full_job("run_study")
        for study in studies:
            tags = {"dagster/partition": study}
            run = _create_run(instance, location, repository, job, {}, tags, None, None)
            instance.submit_run(run.run_id, workspace)


def statuses() -> None:
    """Print how many runs of whole studies have each status."""
    with DagsterInstance.get() as instance:
        runs = instance.get_runs(RunsFilter(job_name="run_study"))
    print(json.dumps(Counter(run.status.value for run in runs)))


if __name__ == "__main__":
    if sys.argv[1] == "submit":
        submit(sys.argv[2:])
    else:
        statuses()
