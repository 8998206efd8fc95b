"""The index, the page of a study, and its report, on the simulated lake."""

import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from dmicc_assets.assets import STEPS
from dmicc_assets.checks.verdict_rules import LINES
from dmicc_assets.lake.currency import Currency
from dmicc_assets.lake.locks import hold_study
from dmicc_assets.lake.steps import partition_keys
from dmicc_assets.pages import runs
from dmicc_assets.pages.site import Site
from dmicc_assets.types import PartitionKey
from dmicc_assets_tests.worlds.pages_browser import Browser
from dmicc_assets_tests.worlds.simulated_lake import STUDY, simulated_workspace


@pytest.fixture
def browser(lake_browser: Browser) -> Browser:
    return lake_browser


def test_the_index_has_the_verdict_and_what_can_be_opened(browser: Browser) -> None:
    page = browser.open("/")
    assert LINES["broken data"] in page
    assert f'href="/reports/{STUDY}/"' in page
    assert f'href="/studies/{STUDY}/score"' in page
    assert page.index(STUDY) < page.index("dm_icc"), "studies with results come first"
    assert "never run" in page


@pytest.mark.parametrize(
    ("until", "has_model"), [("files", False), ("model", False), ("findings", False), ("judgement", True)]
)
@pytest.mark.parametrize("is_running", [True, False])
def test_a_first_run_is_not_out_of_date_and_offers_what_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: str, has_model: bool, is_running: bool
) -> None:
    """Whatever was made last: the rest was never made, and a model without its verdict is not offered."""
    workspace = simulated_workspace(tmp_path / "home")
    last = [step.name for step in STEPS].index(until)
    later = [
        (step, key) for step in STEPS[last + 1 :] for key in partition_keys(step.partition, workspace.study(STUDY))
    ]
    for step, key in later:
        for table in step.outputs:
            path = workspace.lake.path(table, key)
            path.unlink(missing_ok=True)
            path.with_suffix(".json").unlink(missing_ok=True)

    def currency(*_: object) -> list[Currency]:
        made = [Currency(step, PartitionKey(STUDY)) for step in STEPS[: last + 1]]
        return [*made, *(Currency(step, key, "never made", f"{step.name}: never made") for step, key in later)]

    monkeypatch.setattr("dmicc_assets.pages.studies.study_currency", currency)
    browser = Browser(Site(workspace.settings))
    with hold_study(workspace.settings.locks, STUDY) if is_running else nullcontext():
        for address in ("/", f"/studies/{STUDY}"):
            page = browser.open(address)
            assert ("being made" in page) == is_running
            assert ("not made yet" in page) != is_running
            assert "out of date" not in page
            assert (f'href="/studies/{STUDY}/score"' in page) == has_model


def test_a_broken_file_is_told_in_the_index(browser: Browser) -> None:
    path = browser.site.folder / "broken.yaml"
    path.write_text("study: broken\ntitle: <i>\n")
    try:
        page = browser.open("/")
        assert "its file is not valid" in page
        assert "broken.yaml line 1" in page
        assert "broken.yaml line 1" in browser.open("/studies/broken")
    finally:
        path.unlink()


def test_the_report_opens_and_nothing_else_of_its_folder(browser: Browser) -> None:
    assert browser.open(f"/reports/{STUDY}") == "<title>The report</title>"
    assert browser.url.endswith(f"/reports/{STUDY}/")
    answer = browser.client.get(f"/reports/{STUDY}/figures/volcano.svg")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.headers["content-security-policy"].startswith("sandbox allow-scripts")
    for path in ("figures", "figures/", ".hidden", "../../lake", "%2e%2e/%2e%2e/dmicc.duckdb", "..%2f..%2fstudies"):
        assert browser.client.get(f"/reports/{STUDY}/{path}").status_code == 404, path
    for study in ("demo", "Other", "a%2fb"):
        assert browser.client.get(f"/reports/{study}/").status_code == 404, study


@pytest.mark.parametrize(
    "path", ["/studies/none", "/nowhere", "/static/", "/static/../server.py", "/studies/a%2f..%2fb"]
)
def test_what_is_not_there_is_a_line(browser: Browser, path: str) -> None:
    page = browser.open(path)
    assert browser.status == 404
    assert "there is no" in page
    assert "Traceback" not in page


def test_a_defect_has_its_traceback_in_the_terminal_only(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Site) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Site, "workspace", broken)
    page = browser.open("/")
    assert browser.status == 500
    assert "a defect of this page" in page
    assert "secret" not in page


def test_a_run_goes_on_without_the_page_and_its_output_is_shown(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_MAIN", "import sys, time; print('step', sys.argv[1:], flush=True); time.sleep(30)")
    browser.open("/studies/demo")
    browser.press("run", "/studies/demo/run")
    process = browser.site.runs.processes["demo"]
    end = time.monotonic() + 20
    while "step" not in browser.open("/studies/demo") and time.monotonic() < end:
        time.sleep(0.05)
    assert "step [&#39;run&#39;, &#39;demo&#39;]" in browser.page
    assert f"process {process.pid}" in browser.page
    assert browser.site.runs.going() == [
        f"the run of demo goes on (process {process.pid}, output in {browser.site.runs.log('demo')})"
    ]
    browser.press("run", "/studies/demo/run")
    assert "a run of demo is going on" in browser.page
    browser.press("stop", "/studies/demo/run")
    assert process.wait(20) != 0
    assert "The run has failed" in browser.open("/studies/demo")


def test_a_run_that_succeeds_is_said_to_have_ended(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_MAIN", "print('all made')")
    browser.open("/studies/demo")
    browser.press("run", "/studies/demo/run")
    assert browser.site.runs.processes["demo"].wait(20) == 0
    page = browser.open("/studies/demo")
    assert "The run has ended." in page
    assert "all made" in page
    assert ">Run<" in page


def test_a_run_of_another_process_is_shown_and_not_stopped(browser: Browser) -> None:
    with hold_study(browser.site.settings.locks, "dm_icc"):
        page = browser.open("/studies/dm_icc")
        assert "running" in page
        assert ">Stop<" not in page
        browser.press("stop", "/studies/dm_icc/run")
        assert "that this page started is going on" in browser.page
    assert "running" not in browser.open("/studies/dm_icc")
