"""The pages in a real browser: a study made by clicks, a run followed, a report opened, and other sites kept out."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from dmicc_assets.pages.server import server
from dmicc_assets.pages.site import Site
from dmicc_assets.report.report_file import report_path, write_page
from dmicc_assets.study.loading import load_study
from dmicc_assets.study.settings import load_settings
from dmicc_assets_tests.worlds.real_ui import CHROMIUM, free_ports
from dmicc_assets_tests.worlds.small_mirror import small_mirror

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed")

SAMPLES = [f"GSM{100 + i}" for i in range(6)]


@dataclass(frozen=True)
class Served:
    """The pages on a port of their own."""

    url: str
    port: int
    site: Site

    @property
    def studies(self) -> Path:
        return self.site.folder


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("pages")
    small_mirror(folder / "mirror")
    (folder / "studies").mkdir()
    places = {"home": folder / "home", "studies": str(folder / "studies")}
    settings = load_settings(**places, geo_url=(folder / "mirror" / "geo").as_uri(), gene_sets=None)
    settings.prepare_home()
    port = free_ports()[0]
    site = Site(settings)
    pages = server(site, port)
    thread = threading.Thread(target=pages.run, daemon=True)
    thread.start()
    while not pages.started:
        time.sleep(0.02)
    yield Served(f"http://127.0.0.1:{port}", port, site)
    pages.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    rebound = "--host-resolver-rules=MAP evil.example 127.0.0.1"
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", rebound]
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(30_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert errors == []


def read_samples(page: "Page", served: Served) -> None:
    page.goto(f"{served.url}/new")
    page.get_by_label("Accessions of GEO").fill("gse1001")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="GSE1001").wait_for()


def row(page: "Page", sample: str) -> "Locator":
    return page.get_by_role("row").filter(has_text=sample)


def test_a_study_is_made_by_clicks_and_its_file_is_the_one_shown(page: "Page", served: Served) -> None:
    read_samples(page, served)
    answer = page.locator("#answer")
    sync_api.expect(answer).to_contain_text("The file is valid, and a run would start.")
    sync_api.expect(answer).to_contain_text("with 3 in a group single samples decide (finding D1)")

    row(page, SAMPLES[0]).click()
    row(page, SAMPLES[1]).click(modifiers=["Shift"])
    page.get_by_role("button", name="Exclude").click()
    sync_api.expect(page.locator(".counts")).to_contain_text("excluded 2")
    sync_api.expect(answer).to_contain_text("1 case and 3 controls")

    page.get_by_label("Name", exact=True).last.fill("clicked")
    page.get_by_label("|log2 fold change| at least").fill("0.7")
    shown = page.locator("#yaml pre")
    sync_api.expect(shown).to_contain_text("log_fc: 0.7")
    sync_api.expect(shown).to_contain_text("study: clicked")
    text = shown.text_content()
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/studies/clicked?saved=yes")
    assert (served.studies / "clicked.yaml").read_text() == text
    study = load_study(served.studies / "clicked.yaml")
    assert {rule.label: rule.expect for rule in study.datasets["GSE1001"].labels} == {
        "excluded": 2,
        "lupus": 1,
        "control": 3,
    }


def test_what_check_says_stands_beside_the_form(page: "Page", served: Served) -> None:
    read_samples(page, served)
    page.get_by_label("Cases").fill("nobody")
    sync_api.expect(page.locator("#answer")).to_contain_text("the label 'nobody' is given by no rule of GSE1001")
    page.get_by_role("button", name="Save", exact=True).click()
    sync_api.expect(page.get_by_role("alert")).to_contain_text("lupus.yaml line")
    assert not (served.studies / "lupus.yaml").exists()


def test_without_javascript_the_same_buttons_do_the_same(browser: "Browser", served: Served) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    read_samples(page, served)
    page.get_by_label(SAMPLES[5], exact=True).check()
    page.get_by_role("button", name="Exclude").click()
    page.get_by_role("button", name="Check").click()
    sync_api.expect(page.locator("#answer")).to_contain_text("The file is valid")
    page.get_by_label("Name", exact=True).last.fill("plain")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/studies/plain?saved=yes")
    labels = load_study(served.studies / "plain.yaml").datasets["GSE1001"].labels
    assert {rule.label: rule.expect for rule in labels} == {"lupus": 3, "control": 2, "excluded": 1}
    context.close()


@pytest.mark.slow
def test_a_run_is_followed_until_it_fails_with_its_reason(page: "Page", served: Served) -> None:
    read_samples(page, served)
    page.get_by_label("Name", exact=True).last.fill("followed")
    sync_api.expect(page.locator("#yaml pre")).to_contain_text("study: followed")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/studies/followed?saved=yes")
    path = served.studies / "followed.yaml"
    path.write_text(path.read_text().replace("GSE1001", "GSE77"))
    page.get_by_role("button", name="Run").click()
    sync_api.expect(page.locator("#run")).to_contain_text("running")
    assert served.site.runs.state("followed").is_going
    page.goto(served.url)  # the run does not need its page
    page.goto(f"{served.url}/studies/followed")
    sync_api.expect(page.locator("#run")).to_contain_text("The run has failed (status 1).", timeout=120_000)
    sync_api.expect(page.locator("#log")).to_contain_text("GSE77: no such series")


def test_the_report_opens_and_cannot_use_the_pages(page: "Page", served: Served) -> None:
    write_page(report_path(served.site.settings.reports, "opened"), "<title>The report</title><h1>Shared genes</h1>")
    page.goto(f"{served.url}/reports/opened")
    page.get_by_role("heading", name="Shared genes").wait_for()
    assert page.url == f"{served.url}/reports/opened/"
    outcome = page.evaluate("fetch('/new').then(answer => answer.text(), () => 'refused')")
    assert outcome == "refused"


def test_a_form_of_another_site_is_refused(page: "Page", served: Served) -> None:
    form = f'<form method="post" action="{served.url}/new"><input name="do" value="save"><button>Win</button></form>'
    page.goto(f"data:text/html,{quote(form)}")
    page.get_by_role("button", name="Win").click()
    sync_api.expect(page.locator("body")).to_contain_text("a form of another page was refused")


def test_a_name_that_another_site_points_here_is_refused(page: "Page", served: Served) -> None:
    answer = page.goto(f"http://evil.example:{served.port}/")
    assert answer is not None
    assert answer.status == 403
    sync_api.expect(page.locator("body")).to_contain_text("these pages answer at 127.0.0.1 and localhost only")
    answer = page.goto(f"http://localhost:{served.port}/")
    assert answer is not None
    assert answer.status == 200
