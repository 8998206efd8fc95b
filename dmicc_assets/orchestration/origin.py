"""The origin of runs that `dmicc run` makes in its own process: the code location that the UI loads.

The first page of the UI leaves out runs without an origin. Names only; nothing is loaded here.
"""

import sys

from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

# The module that the UI loads, which is also the name of its code location, and Dagster's name of the repository in it.
MODULE = "dmicc_assets.definitions"
_REPOSITORY = "__repository__"


def origin_of(job: str) -> RemoteJobOrigin:
    """The origin of a job, as of runs that the UI starts."""
    location = ManagedGrpcPythonEnvCodeLocationOrigin(
        LoadableTargetOrigin(executable_path=sys.executable, module_name=MODULE), MODULE
    )
    return RemoteRepositoryOrigin(location, _REPOSITORY).get_job_origin(job)
