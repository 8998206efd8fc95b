"""The real UI with its daemon in a real browser: a person looks at the graph, clicks a dataset and then the study.

`--screenshots docs` writes the pictures that README.md and docs/ show.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from dmicc_assets.lake.store import Lake
from dmicc_assets.orchestration.origin import MODULE
from dmicc_assets.tables import TABLES
from dmicc_assets.warehouse.build import open_warehouse
from dmicc_assets_tests.integration.conftest import begin_state
from dmicc_assets_tests.worlds.real_ui import CHROMIUM, Ui, browser_page, materialise, ui_over, wait_for

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]

LINKS = """{ assetNodeOrError(assetKey: {path: ["report", "study"]}) { ... on AssetNode {
  metadataEntries { label ... on UrlMetadataEntry { url } }
  assetMaterializations(limit: 1) { metadataEntries { label ... on PathMetadataEntry { path } } } } } }"""

DATASETS = ["SIM-EXT", "SIM101", "SIM102-SIMP2", "SIM201"]

GRAPH = """{ assetNodes { assetKey { path } groupName description kinds owners { ... on TeamAssetOwner { team } }
  isObservable opVersion dependencyKeys { path } automationCondition { label }
  metadataEntries { __typename label
    ... on TableSchemaMetadataEntry { schema { columns { name description constraints { other } } } }
    ... on TableColumnLineageMetadataEntry { lineage { columnName columnDeps { assetKey { path } columnName } } }
    ... on CodeReferencesMetadataEntry { codeReferences { ... on LocalFileCodeReference { filePath } } } } } }"""
RUNS = "{ runsOrError(limit: 50) { ... on Runs { results { pipelineName status tags { key value } } } } }"
AUTOMATIONS = """{ repositoriesOrError { ... on RepositoryConnection { nodes {
  sensors { name sensorState { status } } schedules { name scheduleState { status } } } } } }"""


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory, mirror: Path) -> Iterator[Ui]:
    folder = tmp_path_factory.mktemp("ui")
    with ui_over(folder, begin_state(folder, mirror)) as ui:
        yield ui


@pytest.fixture(scope="module")
def page(ui: Ui) -> Iterator[sync_api.Page]:
    with browser_page() as page:
        yield page


@pytest.fixture
def shoot(page: sync_api.Page, pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Take a picture of the page, if pictures are asked for."""
    folder: Path | None = pytestconfig.getoption("--screenshots")

    def take(name: str) -> None:
        if folder is not None:
            page.wait_for_timeout(2000)
            page.screenshot(path=folder / f"{name}.png")

    return take


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
    report = ui.ask(LINKS)["assetNodeOrError"]
    (link,) = (entry["url"] for entry in report["metadataEntries"] if entry["label"] == "pages")
    assert link == f"{ui.pages}/"
    assert 'href="/reports/small/"' in httpx2.get(link).text
    (event,) = report["assetMaterializations"]
    (page_of_small,) = (entry["path"] for entry in event["metadataEntries"] if entry["label"] == "index.html")
    assert "<h1" in Path(page_of_small).read_text(encoding="utf-8")
    with open_warehouse(ui.settings) as connection:
        assert connection.execute("SELECT count(*) > 3 FROM signature.genes").fetchall() == [(True,)]


def test_a_whole_study_is_picked_from_a_list_and_launched(ui: Ui, page: sync_api.Page) -> None:
    page.goto(f"{ui.url}/locations/__repository__@{MODULE}/jobs/run_study/playground")
    page.get_by_placeholder("Partition").click()
    page.get_by_text("small", exact=True).first.click()
    page.get_by_role("button", name="Launch Run").click()

    def found() -> list[dict[str, Any]]:
        return ui.ask(RUNS)["runsOrError"]["results"]

    wait_for(lambda: any(run["pipelineName"] == "run_study" and run["status"] == "SUCCESS" for run in found()), 540)
    whole = next(run for run in found() if run["pipelineName"] == "run_study")
    tags = {tag["key"]: tag["value"] for tag in whole["tags"]}
    assert tags["dmicc/study"] == "small"
    assert tags["dmicc/run"].startswith("small, ")
    assert Lake(ui.settings.lake, ui.settings.locks).partitions("report/study") == ["small"]
    page.goto(ui.url)  # the first page
    page.get_by_text("run_study", exact=True).first.wait_for()


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
    for address in (ui.url, ui.pages):
        with pytest.raises(httpx2.TransportError):
            httpx2.get(address)
    assert "Warning" not in ui.log.read_text()
