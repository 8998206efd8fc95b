"""The origin of runs that `dmicc run` makes in its own process: the code location that the UI loads.

The first page of the UI leaves out runs without an origin. Names only; nothing is loaded here.
"""

import sys
from typing import Any

import dagster as dg
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

# The module that the UI loads, which is also the name of its code location, and Dagster's name of the repository in it.
MODULE = "dmicc_assets.definitions"
_REPOSITORY = "__repository__"


def with_origin(instance: dg.DagsterInstance) -> dg.DagsterInstance:
    """The instance, whose runs of this process have the origin of runs that the UI starts."""
    location = ManagedGrpcPythonEnvCodeLocationOrigin(
        LoadableTargetOrigin(executable_path=sys.executable, module_name=MODULE), MODULE
    )
    repository, create = RemoteRepositoryOrigin(location, _REPOSITORY), instance.create_run_for_job

    def create_run_for_job(job_def: dg.JobDefinition, **given: Any) -> dg.DagsterRun:
        return create(job_def, remote_job_origin=repository.get_job_origin(job_def.name), **given)

    # `execute_in_process` calls this with names of arguments, and passes no origin on
    setattr(instance, create.__name__, create_run_for_job)
    return instance
