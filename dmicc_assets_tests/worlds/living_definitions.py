"""The graph of the revision test, as Dagster loads it: from the files to the risk model and its validation.

What follows from there (enrichment, rigor, report) hangs on the same conditions and would only take longer.
"""

import dagster as dg

from dmicc_assets.assets import STEPS
from dmicc_assets.orchestration.build import build_defs

NAMES = ("files", "dataset", "cohort", "differential", "signature", "ranking", "out_of_fold", "model", "roc")


@dg.definitions
def defs() -> dg.Definitions:
    """The real definitions of the environment's workspace, with these steps."""
    return build_defs(steps=[step for step in STEPS if step.name in NAMES])
