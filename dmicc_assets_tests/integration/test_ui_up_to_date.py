"""The real UI after `dmicc run`, in a browser: what is up to date, `force: true`, and the sensor on a revision."""

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.store import Lake
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.orchestration.run import StudyRun
from dmicc_assets.orchestration.run_launcher import is_alive
from dmicc_assets_tests.worlds import made_study as made
from dmicc_assets_tests.worlds.fake_geo import FakeGeo
from dmicc_assets_tests.worlds.living_geo import LivingGeo, living_settings
from dmicc_assets_tests.worlds.real_ui import CHROMIUM, Ui, browser_page, materialise, ui_over, wait_for

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]

MADE = ("files", "dataset", "cohort", "differential", "gsea")
OBSERVED = """{ assetOrError(assetKey: {path: ["source", "series"]}) { ... on Asset {
  assetObservations(limit: 50) { partition tags { key value } } } } }"""
NOT_COMPUTED = "nothing: it was up to date and not computed again"


@pytest.fixture(scope="module")
def geo(tmp_path_factory: pytest.TempPathFactory) -> LivingGeo:
    return LivingGeo(tmp_path_factory.mktemp("geo") / "mirror")


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory, geo: LivingGeo) -> Iterator[Ui]:
    """The UI on a home in which a run of the command line made a study of what the fake GEO serves, up to `gsea`."""
    folder = tmp_path_factory.mktemp("ui_up_to_date")
    with FakeGeo(geo.root) as server:
        settings = living_settings(folder, server)
        (settings.study_folders[0] / "other.yaml").unlink()
        settings.prepare_home()
        with pytest.MonkeyPatch.context() as patch:
            made.enter(settings, patch)
            made.without_pictures(patch)
            run = StudyRun(open_workspace(settings), "living")
            outcomes = run.materialise([(step, key) for step, key in run.plan() if step.name in MADE])
        assert {outcome.state for outcome in outcomes} == {"made"}, outcomes
        with ui_over(folder, settings) as ui:
            yield ui


@pytest.fixture(scope="module")
def page(ui: Ui) -> Iterator[sync_api.Page]:
    with browser_page() as page:
        yield page


def of_lake(ui: Ui, table: str, partition: str) -> Manifest:
    manifest = Lake(ui.settings.lake, ui.settings.locks).manifest(table, partition)
    assert manifest is not None
    return manifest


def what_changed(ui: Ui, page: sync_api.Page, asset: str, partition: str) -> sync_api.Locator:
    """The row of that name in the metadata of a partition, as its page shows it."""
    page.goto(f"{ui.url}/assets/{asset}?view=partitions&partition={partition}")
    return page.get_by_role("row", name="what_changed").first


def begun_run(ui: Ui) -> tuple[str, int]:
    """A run that the UI was asked for and that waits for the study, and the number of its process."""
    asked = """mutation { launchRun(executionParams: {mode: "default", runConfigData: {},
      selector: {repositoryName: "__repository__", repositoryLocationName: "dmicc_assets.definitions",
        pipelineName: "__ASSET_JOB", assetSelection: [{path: ["enrichment", "gsea"]}]},
      executionMetadata: {tags: [{key: "dagster/partition", value: "living.lupus"}]}}) {
        __typename ... on LaunchRunSuccess { run { id } } } }"""
    run = ui.ask(asked)["launchRun"]["run"]["id"]
    wait_for(lambda: run_of(ui, run)["status"] == "STARTED", 60)
    (started,) = (said for said in messages(ui, run) if said.startswith("Started process for run"))
    return run, int(re.findall(r"pid: (\d+)", started)[0])


def run_of(ui: Ui, run: str) -> dict[str, Any]:
    """Status and events of a run."""
    events = "eventConnection { events { ... on MessageEvent { message } } }"
    return ui.ask(f'{{ runOrError(runId: "{run}") {{ ... on Run {{ status {events} }} }} }}')["runOrError"]


def messages(ui: Ui, run: str) -> list[str]:
    return [event["message"] for event in run_of(ui, run)["eventConnection"]["events"]]


def test_a_run_is_forked_from_a_server_and_ends_when_it_is_killed_or_terminated(ui: Ui) -> None:
    with open_workspace(ui.settings).hold_study("living"):
        killed, process = begun_run(ui)
        assert b"dmicc_assets.orchestration.run_server" in Path(f"/proc/{process}/cmdline").read_bytes()
        os.kill(process, signal.SIGKILL)
        wait_for(lambda: run_of(ui, killed)["status"] == "FAILURE", 15)
        assert "the process that made this run was killed by SIGKILL" in messages(ui, killed)
        terminated, process = begun_run(ui)
        answer = ui.ask(f'mutation {{ terminateRun(runId: "{terminated}") {{ __typename }} }}')
        assert answer["terminateRun"]["__typename"] == "TerminateRunSuccess"
        wait_for(lambda: run_of(ui, terminated)["status"] == "CANCELED", 15)
        wait_for(lambda: not is_alive(process, time.time()), 15)


def test_materialize_on_what_dmicc_run_made_says_that_nothing_is_to_do(ui: Ui, page: sync_api.Page) -> None:
    before = of_lake(ui, "enrichment/gsea", "living.lupus")
    page.goto(f"{ui.url}/assets/enrichment/gsea")
    materialise(page, "Materialize", "living.lupus", 1, "/runs/")
    page.get_by_text("Success", exact=True).first.wait_for(timeout=240_000)
    sync_api.expect(what_changed(ui, page, "enrichment/gsea", "living.lupus")).to_contain_text(
        NOT_COMPUTED, timeout=60_000
    )
    assert of_lake(ui, "enrichment/gsea", "living.lupus") == before


def test_with_force_in_the_launchpad_it_computes(ui: Ui, page: sync_api.Page) -> None:
    before = of_lake(ui, "differential/genes", "living.lupus")
    page.goto(f"{ui.url}/assets/differential/genes")
    page.get_by_role("button", name="Materialize").first.click(modifiers=["Shift"])
    page.get_by_role("dialog").get_by_role("button", name="Confirm").click()  # the other tables of the step
    box, offered = page.get_by_placeholder("Partition"), page.get_by_role("menuitem", name="living.lupus").first

    def is_offered() -> bool:
        """Typed again, since the box offers nothing for what was typed before the page knew the partitions."""
        box.fill("")
        box.fill("living.lupus")
        page.wait_for_timeout(1000)
        return offered.is_visible()

    wait_for(is_offered, 120)
    offered.click()
    page.locator(".CodeMirror-line", has_text="force: false").click()
    page.keyboard.press("End")
    for _ in "false":
        page.keyboard.press("Backspace")
    page.keyboard.type("true")
    page.get_by_role("dialog").get_by_role("button", name="Materialize").click()
    page.wait_for_url("**/runs/*")
    page.get_by_text("Success", exact=True).first.wait_for(timeout=240_000)
    after = of_lake(ui, "differential/genes", "living.lupus")
    assert after.written_at > before.written_at
    assert after.content == before.content


def versions(ui: Ui) -> dict[str, list[str]]:
    """Data versions of each series as observed, the latest first."""
    found: dict[str, list[str]] = {}
    for seen in ui.ask(OBSERVED)["assetOrError"]["assetObservations"]:
        tags = {tag["key"]: tag["value"] for tag in seen["tags"]}
        found.setdefault(seen["partition"], []).append(tags["dagster/data_version"])
    return found


def test_the_sensor_switched_on_in_the_browser_reports_the_revised_series_alone(
    ui: Ui, page: sync_api.Page, geo: LivingGeo
) -> None:
    """What automation then requests is in `test_revision.py`."""
    before = versions(ui)
    geo.revise_header("GSE1001")
    page.goto(f"{ui.url}/locations/__repository__@dmicc_assets.definitions/sensors/source_revisions")
    page.get_by_role("row", name="Running").locator("label").click()
    wait_for(lambda: all(len(seen) > len(before[series]) for series, seen in versions(ui).items()), 120)
    assert {series for series, seen in versions(ui).items() if seen[0] != before[series][0]} == {"GSE1001"}


def test_a_run_does_not_stay_in_progress_when_the_ui_ends(ui: Ui) -> None:
    with open_workspace(ui.settings).hold_study("living"):
        run, process = begun_run(ui)
        ui.process.terminate()
        ui.process.wait(60)
    assert not is_alive(process, time.time())
    with dg.DagsterInstance.from_config(str(ui.settings.dagster_home)) as instance:
        found = instance.get_run_by_id(run)
        assert found is not None
        assert found.is_finished
    assert not list(ui.settings.dagster_home.glob("*.sock"))
