"""A Celery worker of Dagster runs: `python -m dmicc_assets.orchestration.celery_worker`.

Broker and backend are those of the launcher in DAGSTER_HOME's dagster.yaml, so that they are stated once.
"""

import argparse
import socket

from dagster import DagsterInstance
from dagster_celery.make_app import make_app  # pyright: ignore[reportMissingImports] - in the extra `cluster`
from dagster_celery.tasks import (  # pyright: ignore[reportMissingImports]
    create_execute_job_task,
    create_resume_job_task,
    create_task,
)

from dmicc_assets.errors import RequestError
from dmicc_assets.orchestration.celery_launcher import WatchedCeleryRunLauncher
from dmicc_assets.orchestration.held_connections import hold_connections


def main() -> None:
    """Work on runs until the process is ended.

    Raises:
        RequestError: Dagster's configuration names another launcher.
    """
    parser = argparse.ArgumentParser(description="A worker of Dagster runs.")
    parser.add_argument("--name", default=socket.gethostname(), help="of this worker, different from all others")
    parser.add_argument("--at-once", type=int, default=1, help="runs side by side, a process each")
    chosen = parser.parse_args()
    hold_connections()
    with DagsterInstance.get() as instance:
        launcher = instance.run_launcher
        if not isinstance(launcher, WatchedCeleryRunLauncher):
            raise RequestError(
                f"{instance.root_directory}/dagster.yaml: expected WatchedCeleryRunLauncher as run_launcher, got "
                f"{type(launcher).__name__}; deploy/dagster.yaml is an example"
            )
        app = make_app(launcher.app_args())
    for create in (create_execute_job_task, create_resume_job_task, create_task):
        create(app)
    import dmicc_assets.orchestration.build  # noqa: F401 - once, before each process of the worker is forked

    app.worker_main(
        ["worker", "--hostname", f"{chosen.name}@%h", "--concurrency", str(chosen.at_once), "--loglevel", "INFO"]
    )


if __name__ == "__main__":
    main()
