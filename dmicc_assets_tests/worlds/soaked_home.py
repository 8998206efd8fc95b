"""One round in a home: sensor, automation and run queue, or `dmicc run`, in a process that a fault may end.

The rounds, the revisions between them and their faults are drawn in `soak.py`, which runs in another process.
"""

import datetime
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.execution.api import execute_run
from dagster._core.launcher import LaunchRunContext
from dagster._utils.hosted_user_process import recon_job_from_origin

from dmicc_assets.assets import STEPS
from dmicc_assets.lake.currency import study_currency
from dmicc_assets.lake.recipes import origin, run_step
from dmicc_assets.lake.steps import partition_keys
from dmicc_assets.lake.store import Lake
from dmicc_assets.lake.workspace import Workspace, open_workspace
from dmicc_assets.orchestration.build import build_defs
from dmicc_assets.orchestration.keys import asset_key
from dmicc_assets.orchestration.run_launcher import WatchedRunLauncher
from dmicc_assets.study.settings import Settings, load_settings
from dmicc_assets.tables import TABLES
from dmicc_assets.types import ALL_STUDIES
from dmicc_assets_tests.worlds.daemon import daemon_over

CONFIGURATION = """\
run_launcher:
  module: dmicc_assets_tests.worlds.soaked_home
  class: WatchedInProcess
event_log_storage:
  module: dagster._core.storage.event_log
  class: ConsolidatedSqliteEventLogStorage
  config: {{base_dir: {folder}}}
"""


class WatchedInProcess(WatchedRunLauncher):
    """The launcher of a home, but the run is made in the daemon's process: a process takes seconds to start."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Execute a run."""
        assert context.job_code_origin is not None
        execute_run(recon_job_from_origin(context.job_code_origin), context.dagster_run, self._instance)


def begin_home(settings: Settings) -> None:
    """Make a home whose runs are made in the daemon's process."""
    settings.prepare_home()
    with (settings.dagster_home / "dagster.yaml").open("a") as configuration:
        configuration.write(CONFIGURATION.format(folder=settings.dagster_home / "events"))


@contextmanager
def process_in(settings: Settings) -> Iterator["subprocess.Popen[str]"]:
    """The process that forks one for each round, in a home that is begun."""
    begin_home(settings)
    command = [sys.executable, "-m", "dmicc_assets_tests.worlds.soaked_process"]
    environment = os.environ | settings.environment() | {"DMICC_WORKERS": "1"}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert json.loads(process.stdout.readline())["ready"]
            yield process
        finally:
            process.stdin.close()
            process.wait(1000)


def automation(now: datetime.datetime) -> list[str]:
    """End killed runs, tick the sensor, and follow until nothing is asked for; what was materialised."""
    with daemon_over("dmicc_assets.definitions", now) as daemon:
        daemon.end_killed_runs()
        daemon.tick_sensor(may_request=True)
        return sorted({f"{table} {partition}" for table, partition in daemon.follow(n_failed=None)})


def command(*arguments: str) -> None:
    """A `dmicc` command; ends the process with its exit status."""
    from dmicc_assets.cli.main import main

    sys.argv = ["dmicc", *arguments]
    main()


def job(study: str) -> None:
    """The job of the UI that makes a study."""
    with dg.DagsterInstance.get() as instance:
        found = build_defs(open_workspace()).resolve_job_def("run_study")
        assert found.execute_in_process(partition_key=study, instance=instance).success


def materialise(name: str, key: str) -> None:
    """Materialise the assets of a step as the UI does."""
    (step,) = (step for step in STEPS if step.name == name)
    with dg.DagsterInstance.get() as instance:
        found = build_defs(open_workspace()).resolve_implicit_global_asset_job_def()
        assets = [asset_key(table) for table in step.outputs]
        assert found.execute_in_process(partition_key=key, instance=instance, asset_selection=assets).success


@contextmanager
def killed_at(n: int) -> Iterator[None]:
    """Kill this process by SIGKILL at the nth file that it opens to write, renames or deletes; 0 for never."""
    left = [n]

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if writes or event in ("os.rename", "os.remove", "sqlite3.connect"):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    if n:
        sys.addaudithook(count)
    yield


def limit_files(n_bytes: int) -> None:
    """No file of this process grows beyond this: what is written above fails, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))


def differing_versions(settings: Settings) -> list[str]:
    """Partitions that are not up to date, or whose content is not Dagster's data version."""
    workspace, found = open_workspace(settings), list[str]()
    with dg.DagsterInstance.get() as instance:
        for study in _own(workspace):
            for state in study_currency(workspace, study, STEPS):
                if not state.is_current:
                    found.append(f"{state.name}: {state.because}")
                    continue
                found += [table for table in state.step.outputs if _differs(instance, workspace, table, state.key)]
    return found


def _own(workspace: Workspace) -> list[str]:
    """The studies of the folder, without those of the package."""
    (folder,) = workspace.settings.study_folders
    return [name for name, path in workspace.files.items() if path.parent == folder]


def _differs(instance: dg.DagsterInstance, workspace: Workspace, table: str, key: str) -> bool:
    manifest = workspace.lake.manifest(table, key)
    partition = None if key == ALL_STUDIES else key
    record = instance.get_latest_data_version_record(asset_key(table), partition_key=partition)
    tags = {} if record is None else record.event_log_entry.tags or {}
    return manifest is None or tags.get("dagster/data_version") != manifest.content


def contents(lake: Lake) -> dict[str, str]:
    """The content of each table and partition."""
    found: dict[str, str] = {}
    for table in TABLES:
        for partition in lake.partitions(table):
            manifest = lake.manifest(table, partition)
            found[f"{table} of {partition}"] = "damaged" if manifest is None else manifest.content
    return found


def fresh_contents(settings: Settings, home: Path) -> dict[str, str]:
    """The same of everything built from nothing, step by step, in another home."""
    fresh = load_settings(**(settings.model_dump(exclude={"own_dagster_home"}) | {"home": home}))
    fresh.prepare_home()
    workspace = open_workspace(fresh)
    workspace.lake.prepare()
    for step in STEPS:
        shared = step.partition == "all_studies"
        studies = _own(workspace)[: 1 if shared else None]
        for key in (key for name in studies for key in partition_keys(step.partition, workspace.studies[name])):
            context = workspace.context(step, key)
            run_step(context, origin(context))
    return contents(workspace.lake)


def differences(settings: Settings, fresh_home: Path) -> list[str]:
    """What differs between the lake and a fresh build, and between the lake and Dagster."""
    lake, fresh = contents(Lake(settings.lake, settings.locks)), fresh_contents(settings, fresh_home)
    differing = [each for each in sorted({*lake, *fresh}) if lake.get(each) != fresh.get(each)]
    return [
        *(f"{each}: {'not' if each not in fresh else 'otherwise'} in a fresh build" for each in differing),
        *(f"{each}: differs from Dagster" for each in differing_versions(settings)),
    ]
