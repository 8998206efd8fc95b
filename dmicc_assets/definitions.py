"""The definitions that `dagster` and the UI load. `orchestration/build.py` composes them."""

import logging
from functools import cache

import dagster as dg

from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.orchestration.build import build_defs

log = logging.getLogger(__name__)


@dg.definitions
def defs() -> dg.Definitions:
    """Every study's definitions; a study whose file is wrong is left out and named in the log."""
    workspace = open_workspace()
    for problem in workspace.broken.values():
        _warn_once(problem)
    return build_defs(workspace)


@cache
def _warn_once(problem: str) -> None:
    """Dagster makes the definitions twice each time it loads them."""
    log.warning("%s", problem)
