"""The real UI with its daemon in a real browser: a person looks at the graph, clicks a dataset and then the study.

`--screenshots docs` writes the pictures that README.md and docs/ show.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from dmicc_assets.lake.store import Lake
from dmicc_assets.study.settings import Settings
from dmicc_assets.tables import TABLES
from dmicc_assets.warehouse.build import open_warehouse
from dmicc_assets_tests.integration.conftest import begin_state

CHROMIUM = Path("/usr/bin/chromium")
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]

DATASETS = ["SIM-EXT", "SIM101", "SIM102-SIMP2", "SIM201"]
SIZE: Any = {"width": 1400, "height": 900}
# Dagster's daemon looks at a backfill twice a minute, which nothing configures; four looks are two minutes of waiting.
SOON = "import dagster._daemon.controller as c; c.DEFAULT_DAEMON_INTERVAL_SECONDS = 2"

GRAPH = """{ assetNodes { assetKey { path } groupName description kinds owners { ... on TeamAssetOwner { team } }
  isObservable opVersion dependencyKeys { path } automationCondition { label }
  metadataEntries { __typename label
    ... on TableSchemaMetadataEntry { schema { columns { name description constraints { other } } } }
    ... on TableColumnLineageMetadataEntry { lineage { columnName columnDeps { assetKey { path } columnName } } }
    ... on CodeReferencesMetadataEntry { codeReferences { ... on LocalFileCodeReference { filePath } } } } } }"""
AUTOMATIONS = """{ repositoriesOrError { ... on RepositoryConnection { nodes {
  sensors { name sensorState { status } } schedules { name scheduleState { status } } } } } }"""


@dataclass(frozen=True)
class Ui:
    """`dmicc ui` on a port of its own."""

    url: str
    settings: Settings
    process: subprocess.Popen[bytes]
    log: Path

    def ask(self, query: str) -> dict[str, Any]:
        """The answer to a GraphQL query."""
        answer = httpx2.post(f"{self.url}/graphql", json={"query": query}, timeout=60).json()
        assert "errors" not in answer, answer
        return answer["data"]


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory, mirror: Path) -> Iterator[Ui]:
    folder = tmp_path_factory.mktemp("ui")
    settings = begin_state(folder, mirror)
    (folder / "sitecustomize.py").write_text(SOON)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).parent / "dmicc"), "ui", "--port", str(port)]
    environment = os.environ | settings.environment() | {"PYTHONPATH": str(folder)}
    log = folder / "ui.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output) as process,
    ):
        ui = Ui(f"http://127.0.0.1:{port}", settings, process, log)
        try:
            wait_for(lambda: is_there(ui), 180)
            yield ui
        finally:
            process.terminate()


def is_there(ui: Ui) -> bool:
    try:
        return bool(ui.ask("{ assetNodes { id } }")["assetNodes"])
    except (httpx2.TransportError, ValueError, AssertionError):
        return False


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.5)


@pytest.fixture(scope="module")
def page(ui: Ui) -> Iterator[sync_api.Page]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport=SIZE)
        page.set_default_timeout(60_000)
        yield page
        browser.close()


@pytest.fixture
def shoot(page: sync_api.Page, pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Take a picture of the page, if pictures are asked for."""
    folder: Path | None = pytestconfig.getoption("--screenshots")

    def take(name: str) -> None:
        if folder is not None:
            page.wait_for_timeout(2000)
            page.screenshot(path=folder / f"{name}.png")

    return take


def materialise(page: sync_api.Page, button: str, partitions: str, n_partitions: int, leads_to: str) -> None:
    """Click the button, pick in the dialog the partitions whose names contain the text, launch, and go to see it."""
    page.get_by_role("button", name=button).first.click()
    page.get_by_role("dialog").get_by_text("Select a partition").click()
    page.keyboard.type(partitions)
    page.get_by_text(f"Select all ({n_partitions})").click()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").get_by_role("button", name="Launch").click()
    page.locator(f"a[href^='{leads_to}']", has_text="View").click()
    page.wait_for_url(f"**{leads_to}*")


def materialise_study(page: sync_api.Page) -> None:
    """Click all of the study and wait until it is there."""
    page.locator("a[href='/asset-groups']").first.click()
    materialise(page, "Materialize all", "small.", len(DATASETS), "/runs/b/")
    state = page.locator("xpath=//*[text()='Status']/..")
    sync_api.expect(state).to_contain_text("Succeeded", timeout=540_000)


def test_the_graph_says_of_every_asset_what_it_is(ui: Ui) -> None:
    nodes = {"/".join(node["assetKey"]["path"]): node for node in ui.ask(GRAPH)["assetNodes"]}
    assert set(nodes) == {*TABLES, "source/series", "enrichment/gene_sets", "warehouse/catalog"}
    lineage = ["source/series", "source/files", "expression/genes", "cohort/expression", "differential/genes"]
    for upstream, downstream in zip(lineage, [*lineage[1:], "signature/genes"], strict=True):
        assert {"path": upstream.split("/")} in nodes[downstream]["dependencyKeys"]
    for name, node in nodes.items():
        assert node["description"], name
        assert node["groupName"] == name.split("/")[0]
        assert node["kinds"], name
        assert node["isObservable"] == (name in ("source/series", "enrichment/gene_sets"))
    for name, table in TABLES.items():
        node = nodes[name]
        assert node["description"].startswith(table.meaning)
        assert node["owners"] == [{"team": "dmicc"}]
        assert node["opVersion"]
        expected = "rebuild_when_changed" if table.partition == "all_studies" else "recompute_when_changed"
        assert node["automationCondition"]["label"] == ("fetch_when_changed" if name == "source/files" else expected)
        entries = {entry["label"]: entry for entry in node["metadataEntries"]}
        columns = entries["dagster/column_schema"]["schema"]["columns"]
        assert [(c["name"], c["description"]) for c in columns] == [(c.name, c.meaning) for c in table.columns]
        body, view = (Path(each["filePath"]) for each in entries["dagster/code_references"]["codeReferences"])
        assert body.parent.name == "assets"
        assert view.read_text().count(f"CREATE VIEW {table.view}") == 1
        deps = entries["dagster/column_lineage"]["lineage"] if table.taken else []
        said = {
            (e["columnName"], "/".join(d["assetKey"]["path"]), d["columnName"]) for e in deps for d in e["columnDeps"]
        }
        assert said == {(column, taken.table, column) for taken in table.taken for column in taken.columns}


def test_automation_is_there_and_off(ui: Ui) -> None:
    (repository,) = ui.ask(AUTOMATIONS)["repositoriesOrError"]["nodes"]
    sensors = {sensor["name"]: sensor["sensorState"]["status"] for sensor in repository["sensors"]}
    assert sensors == {"source_revisions": "STOPPED", "default_automation_condition_sensor": "STOPPED"}
    schedules = {schedule["name"]: schedule["scheduleState"]["status"] for schedule in repository["schedules"]}
    assert schedules == {"weekly_observe_and_verify": "STOPPED"}


def test_a_person_materialises_a_dataset_and_then_the_study(
    ui: Ui, page: sync_api.Page, shoot: Callable[[str], None]
) -> None:
    lake = Lake(ui.settings.lake, ui.settings.locks)
    page.goto(ui.url)
    page.get_by_role("link", name="Catalog").first.click()
    page.locator(".CodeMirror").first.click()
    page.keyboard.type('key:"source/files"')
    page.keyboard.press("Enter")
    page.get_by_role("link", name="source / files").click()
    materialise(page, "Materialize", "small.SIM201", 1, "/runs/")
    page.get_by_text("Success", exact=True).first.wait_for(timeout=240_000)
    shoot("run")
    assert lake.partitions("source/files") == ["small.SIM201"]

    materialise_study(page)
    shoot("study_run")
    assert lake.partitions("source/files") == [f"small.{dataset}" for dataset in DATASETS]
    assert lake.partitions("report/study") == ["small"], "no other study was touched"
    with open_warehouse(ui.settings) as connection:
        assert connection.execute("SELECT count(*) > 3 FROM signature.genes").fetchall() == [(True,)]


def test_the_graph_is_drawn(ui: Ui, page: sync_api.Page, shoot: Callable[[str], None]) -> None:
    page.goto(f"{ui.url}/asset-groups")
    for group in {name.split("/")[0] for name in TABLES}:
        page.get_by_text(group, exact=True).first.wait_for()
    assert not page.get_by_text("newsletter").count()
    page.locator(".CodeMirror").first.click()
    page.keyboard.type('+key:"signature/genes"')
    page.keyboard.press("Enter")
    drawn = page.locator("foreignObject")
    for group in ("signature", "differential", "cohort", "expression", "source"):
        drawn.get_by_text(group, exact=True).first.click()
        page.wait_for_timeout(1000)
    page.reload()  # it comes back as it was opened, fitted to the page
    for asset in ("series", "files", "samples", "expression", "genes"):
        drawn.get_by_text(asset, exact=True).first.wait_for()
    shoot("asset_graph")


def test_the_picture_in_the_metadata_opens(ui: Ui, page: sync_api.Page, shoot: Callable[[str], None]) -> None:
    if not Lake(ui.settings.lake, ui.settings.locks).partitions("report/study"):
        # Tests are spread over processes: the one in which the study was clicked may be another.
        page.goto(ui.url)
        materialise_study(page)
    page.goto(f"{ui.url}/assets/differential/statistics")
    page.get_by_text("Row count").wait_for()
    shoot("asset")
    page.get_by_role("row", name="picture").get_by_text("Show Markdown").click()
    picture = page.get_by_role("dialog").locator("img")
    picture.wait_for()
    assert picture.evaluate("image => image.naturalWidth") > 300
    assert "volcano" in str(picture.get_attribute("alt"))
    shoot("picture")


def test_ctrl_c_ends_it_and_its_children(ui: Ui) -> None:
    ui.process.send_signal(2)
    assert ui.process.wait(60) is not None
    with pytest.raises(httpx2.TransportError):
        httpx2.get(ui.url)
    assert "Warning" not in ui.log.read_text()
