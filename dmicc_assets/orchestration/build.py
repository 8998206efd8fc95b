"""Composition of everything that Dagster loads. No asset bodies; nothing happens at import."""

import warnings
from collections.abc import Sequence
from importlib import import_module

import dagster as dg

from dmicc_assets.assets import STEPS
from dmicc_assets.errors import RequestError
from dmicc_assets.lake.steps import Step
from dmicc_assets.lake.workspace import Workspace, open_workspace
from dmicc_assets.orchestration.asset import asset_of
from dmicc_assets.orchestration.catalog import catalog_asset
from dmicc_assets.orchestration.jobs import observe_and_verify, run_study
from dmicc_assets.orchestration.observed import observed_assets
from dmicc_assets.orchestration.resources import workspace_resource
from dmicc_assets.orchestration.sensors import revisions_sensor, weekly_verification

# Module, name and configuration of each executor.
_EXECUTORS: dict[str, tuple[str, str, dict[str, object]]] = {
    "in_process": ("dagster", "in_process_executor", {}),
    "celery": (
        "dagster_celery",
        "celery_executor",
        {"broker": {"env": "DAGSTER_CELERY_BROKER_URL"}, "backend": {"env": "DAGSTER_CELERY_BACKEND_URL"}},
    ),
    "k8s": ("dagster_k8s", "k8s_job_executor", {}),
}


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
        weekly = observe_and_verify()
        return dg.Definitions(
            assets=[*observed_assets(workspace), *assets, catalog_asset(list(steps))],
            jobs=[weekly, run_study(workspace)],
            sensors=[revisions_sensor()],
            schedules=[weekly_verification(weekly)],
            resources={"workspace": workspace_resource(workspace)},
            executor=_executor(workspace.settings.executor),
        )


def _executor(name: str) -> dg.ExecutorDefinition:
    """What runs the steps of a run: its own process, or a task or a pod for each step.

    Raises:
        RequestError: its package is not installed.
    """
    module, attribute, configuration = _EXECUTORS[name]
    try:
        executor: dg.ExecutorDefinition = getattr(import_module(module), attribute)
    except ImportError:
        raise RequestError(f"DMICC_EXECUTOR: {name} needs the extra: pip install 'dmicc_assets[cluster]'") from None
    return executor.configured(configuration, name=name) if configuration else executor
