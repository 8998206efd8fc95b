import fcntl
from pathlib import Path
from typing import Any

from rich.console import Console

from dmicc_assets.assets.atlas import disease_overlap
from dmicc_assets.cli.terminal import forget_study
from dmicc_assets.lake.recipes import origin, run_step
from dmicc_assets.warehouse.build import open_warehouse
from dmicc_assets_tests.worlds.simulated_lake import ORIGIN, STUDY, simulated_workspace

PAIRS = "SELECT DISTINCT study_a, study_b FROM atlas.disease_overlap ORDER BY ALL"


def test_the_atlas_does_not_remember_a_forgotten_study(tmp_path: Path) -> None:
    workspace = simulated_workspace(tmp_path / "home")
    lake = workspace.lake
    for table in ("differential/genes", "differential/statistics", "cohort/samples"):
        for cohort in ("disease_a", "disease_b"):
            lake.write(table, f"demo.{cohort}", lake.read(table, f"{STUDY}.a"), ORIGIN)
    context = workspace.context(disease_overlap, "all")
    run_step(context, origin(context))
    with open_warehouse(workspace.settings) as connection:
        pairs = connection.execute(PAIRS).fetchall()
        assert pairs == [("demo", "demo"), ("demo", STUDY), (STUDY, STUDY)]
    forget_study(Console(quiet=True), Console(quiet=True), workspace, STUDY)
    with open_warehouse(workspace.settings) as connection:
        assert connection.execute(PAIRS).fetchall() == [("demo", "demo")]


def test_a_study_is_forgotten_after_the_run_of_the_ui_that_shares_it(tmp_path: Path) -> None:
    workspace, said = simulated_workspace(tmp_path / "home"), list[str]()
    workspace.settings.locks.mkdir(parents=True, exist_ok=True)
    with (workspace.settings.locks / f"run.{STUDY}.lock").open("w") as run_of_the_ui:
        fcntl.flock(run_of_the_ui, fcntl.LOCK_SH)

        class Terminal(Console):
            def print(self, *texts: Any, **_: Any) -> None:
                said.extend(texts)
                assert workspace.lake.has(STUDY)
                fcntl.flock(run_of_the_ui, fcntl.LOCK_UN)

        forget_study(Console(quiet=True), Terminal(), workspace, STUDY)
    assert said == [f"another run of {STUDY} is in progress (in the Dagster UI); waiting for it to end"]
    assert not workspace.lake.has(STUDY)
