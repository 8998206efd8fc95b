"""Everything that Dagster loads, composed of its parts. No asset bodies; nothing happens at import."""

import warnings
from collections.abc import Sequence

import dagster as dg

from dmicc_assets.assets import STEPS
from dmicc_assets.lake.steps import Step
from dmicc_assets.lake.workspace import Workspace, open_workspace
from dmicc_assets.orchestration.asset import asset_of
from dmicc_assets.orchestration.catalog import catalog_asset
from dmicc_assets.orchestration.jobs import observe_and_verify
from dmicc_assets.orchestration.observed import observed_assets
from dmicc_assets.orchestration.sensors import revisions_sensor, weekly_verification


def build_defs(workspace: Workspace | None = None, steps: Sequence[Step] = tuple(STEPS)) -> dg.Definitions:
    """The definitions of a workspace.

    Args:
        workspace: settings, studies and lake; by default those of the environment.
        steps: the computations of the graph.
    """
    workspace = workspace or open_workspace()
    workspace.settings.prepare_home()
    with warnings.catch_warnings():
        for category in (dg.BetaWarning, dg.PreviewWarning):  # observable sources; partitioned checks
            warnings.simplefilter("ignore", category)
        assets = [asset_of(step, workspace) for step in steps]
        weekly = observe_and_verify(workspace)
        return dg.Definitions(
            assets=[*observed_assets(workspace), *assets, catalog_asset(workspace, list(steps))],
            jobs=[weekly],
            sensors=[revisions_sensor(workspace)],
            schedules=[weekly_verification(weekly)],
            executor=dg.in_process_executor,
        )
