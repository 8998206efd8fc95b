"""The report in a real browser, opened from its file: no errors, no network, and working controls."""

import csv
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dmicc_assets_tests.unit.report.test_study_report import SHOWN, rendered
from dmicc_assets_tests.worlds.simulated_study import N_GENES, simulated_tables

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# A4 less both margins, in CSS pixels.
PRINTED_WIDTH = int((210 - 2 * 12) / 25.4 * 96)
CHROMIUM = Path("/usr/bin/chromium")
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "index.html"
    path.write_text(rendered(with_figures=True))
    return path


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: "Browser", report: Path) -> "Iterator[Page]":
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    here = ("data:", "blob:", report.as_uri())
    page.on("request", lambda request: None if request.url.startswith(here) else heard.append(request.url))
    page.goto(report.as_uri())
    page.evaluate("tablesReady")
    yield page
    assert heard == []
    page.close()


def _column(page: "Page", table: str, number: int) -> list[str]:
    return page.locator(f"#{table} tbody tr td:nth-child({number})").all_inner_texts()


STATISTICS = "table-differential-statistics-a"


def test_a_table_sorts_both_ways_by_its_numbers(page: "Page") -> None:
    values = sorted(simulated_tables().rows("differential/statistics", cohort="a")["log_fc"].to_list())
    head = page.locator(f"#{STATISTICS} th[data-column=log_fc]")
    for order, expected in (("ascending", values[0]), ("descending", values[-1])):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == order
        assert float(_column(page, STATISTICS, 4)[0].replace("−", "-")) == pytest.approx(expected, rel=1e-3)
    assert len(_column(page, STATISTICS, 1)) == 10


def test_a_table_filters_by_text_and_by_comparison(page: "Page") -> None:
    box, count = page.locator(f"#{STATISTICS} input"), page.locator(f"#{STATISTICS} .count")
    assert count.inner_text() == f"{N_GENES} rows"
    box.fill("g02")
    assert set(_column(page, STATISTICS, 1)) == {f"G{i:03d}" for i in range(20, 30)}
    rows = simulated_tables().rows("differential/statistics", cohort="a")
    box.fill("log_fc > 1 adj_p_value<0.001")
    expected = rows.filter((rows["log_fc"] > 1) & (rows["adj_p_value"] < 0.001))
    assert count.inner_text() == f"{len(expected)} of {N_GENES} rows"
    box.fill("nothing has this")
    assert _column(page, STATISTICS, 1) == []


def test_a_table_turns_its_pages(page: "Page") -> None:
    table = page.locator(f"#{STATISTICS}")
    first = _column(page, STATISTICS, 1)
    table.get_by_role("button", name="Next").click()
    assert table.locator(".pages > span").inner_text() == "page 2 of 40"
    assert not set(first) & set(_column(page, STATISTICS, 1))


def test_a_table_downloads_what_is_filtered_to_six_digits(page: "Page", tmp_path: Path) -> None:
    page.locator(f"#{STATISTICS} input").fill("G020")
    with page.expect_download() as download:
        page.locator(f"#{STATISTICS} .download").click()
    assert download.value.suggested_filename == "differential_statistics_a.csv"
    download.value.save_as(tmp_path / "rows.csv")
    rows = list(csv.DictReader((tmp_path / "rows.csv").read_text().splitlines()))
    expected = simulated_tables().rows("differential/statistics", cohort="a", gene="G020").row(0, named=True)
    assert [row["gene"] for row in rows] == ["G020"]
    assert float(rows[0]["p_value"]) == float(f"{expected['p_value']:.6g}")
    assert float(rows[0]["log_fc"]) == float(f"{expected['log_fc']:.6g}")


def test_every_picture_is_a_picture(page: "Page") -> None:
    """A drawing that the browser cannot read has no width."""
    widths = page.evaluate(
        "Promise.all([...document.images].map(async (image) => {"
        " image.loading = 'eager'; await image.decode().catch(() => null); return image.naturalWidth; }))"
    )
    assert len(widths) == len(SHOWN) + 1
    assert all(width > 100 for width in widths)


def test_a_browser_that_cannot_unpack_shows_the_first_rows(browser: "Browser", report: Path) -> None:
    page = browser.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto(report.as_uri())
    assert len(_column(page, STATISTICS, 1)) == 10
    assert page.locator(f"#{STATISTICS} .more").inner_text() == f"10 of {N_GENES} rows."
    assert not page.locator(".tools:visible").count()
    page.close()


def test_the_volcano_answers_a_hover_a_click_and_a_search(page: "Page") -> None:
    canvas = page.locator(".volcano canvas").first
    canvas.scroll_into_view_if_needed()
    at = "(() => { const v = volcanoes[0], i = v.gene.indexOf('G025'); return [v.px(v.logFc[i]), v.py(v.y[i])]; })()"
    x, y = page.evaluate(at)
    tip = page.locator(".volcano .tip").first
    assert tip.is_hidden()
    canvas.hover(position={"x": x, "y": y})
    row = simulated_tables().rows("differential/statistics", cohort="a", gene="G025").row(0, named=True)
    assert tip.inner_text().startswith("G025\n")
    assert f"{row['log_fc']:.4g}".replace("-", "−") in tip.inner_text()
    canvas.click(position={"x": x, "y": y})
    assert _column(page, STATISTICS, 1) == ["G025"]
    page.get_by_label("Find a gene").first.fill("g030")
    assert tip.inner_text().startswith("G030\n")


def test_no_name_in_the_volcano_covers_another(page: "Page") -> None:
    labels = page.evaluate(
        "(() => { const v = volcanoes[0]; return v.layout(v.pen).map((l) =>"
        " [l.left, l.base - 9, l.left + v.pen.measureText(l.text).width, l.base + 3]); })()"
    )
    assert len(labels) > 15
    assert not any(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for a, b in combinations(labels, 2))


def test_the_volcano_answers_the_keyboard(page: "Page") -> None:
    page.locator(".volcano canvas").first.press("ArrowRight")
    best = simulated_tables().rows("differential/statistics", cohort="a").sort("p_value")["gene"][0]
    assert page.locator(".volcano .tip").first.inner_text().startswith(f"{best}\n")


def test_it_is_light_and_dark_and_prints_without_its_tools(browser: "Browser", report: Path) -> None:
    backgrounds: list[str] = []
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto(report.as_uri())
        backgrounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.emulate_media(media="print")
        assert not page.locator(".tools:visible, .volcanoes:visible, .contents:visible").count()
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        # as a box of its own a button would be on the first page of a printed table only
        assert page.evaluate("getComputedStyle(document.querySelector('th button')).display") == "contents"
        page.close()
    assert backgrounds[0] != backgrounds[1]


def test_a_short_table_is_printed_whole_and_a_long_one_by_its_page(page: "Page") -> None:
    short = len(simulated_tables().rows("validation/roc"))
    assert 25 < short <= 200
    for event, expected in (("beforeprint", short), ("afterprint", 25)):
        page.evaluate(f"dispatchEvent(new Event('{event}'))")
        assert len(_column(page, "table-validation-roc", 1)) == expected
        assert len(_column(page, STATISTICS, 1)) == 10
    assert page.locator(f"#{STATISTICS} .more").inner_text() == f"10 of {N_GENES} rows."


@pytest.mark.parametrize("width", [390, 800, 1280, 1600])
def test_nothing_runs_out_of_a_page(browser: "Browser", report: Path, width: int) -> None:
    """On a desk no table needs scrolling, and no DOI is broken into two lines."""
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(report.as_uri())
    page.evaluate("tablesReady")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width >= 1280:
        scrolled = "[...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > e.clientWidth)"
        assert page.evaluate(f"{scrolled}.map((e) => e.parentElement.id)") == []
        outside = "[...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > innerWidth)"
        assert page.evaluate(f"{outside}.map((e) => e.outerHTML.slice(0, 80))") == []
        assert page.evaluate(
            "[...document.querySelectorAll('td a')].every((link) => link.getClientRects().length === 1)"
        )
    page.close()


def test_the_contents_list_follows_the_page(page: "Page") -> None:
    current = page.locator(".contents a[aria-current]")
    assert current.all_inner_texts() == ["Summary"]
    for section, title in (("validation", "Validation"), ("model", "Risk model")):
        page.evaluate(f"document.getElementById('{section}').scrollIntoView({{ behavior: 'instant' }})")
        page.wait_for_function(f"document.querySelector('.contents a[aria-current]').textContent === '{title}'")
        assert current.count() == 1
        assert page.locator(".contents").bounding_box() == {"x": 0, "y": 0, "width": 208, "height": 900}


def test_the_appendix_is_closed_on_screen_opens_by_its_link_and_is_open_in_print(page: "Page") -> None:
    table = page.locator("#table-findings")
    assert page.locator("details[open]").count() == 0
    assert not table.is_visible()
    page.locator(".contents a[href='#findings']").click()
    assert table.is_visible()
    assert page.locator("details[open]").count() == 1
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.part:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 1


def test_a_figure_can_be_saved_and_leads_to_its_rows(page: "Page", tmp_path: Path) -> None:
    figure = page.locator("#figure-cohort-a-volcano")
    with page.expect_download() as download:
        figure.locator("a.file").click()
    assert download.value.suggested_filename == "cohort_a_volcano.svg"
    download.value.save_as(tmp_path / "figure.svg")
    assert (tmp_path / "figure.svg").read_text().startswith("<")
    assert (figure.locator("a.from").get_attribute("href") or "").startswith("#table-differential-statistics-")


def test_it_prints_in_few_pages_and_letters_that_can_be_read(page: "Page") -> None:
    """Body and tables are set in 8 points or more; a printed figure is as large as it fits."""
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    n_pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert 10 < n_pages < 30
    # a browser makes everything smaller when something is wider than the paper less its margins
    page.set_viewport_size({"width": PRINTED_WIDTH, "height": 1000})
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= PRINTED_WIDTH
    sizes = page.evaluate(
        "[...document.querySelectorAll('main *')].filter((e) => e.checkVisibility() && [...e.childNodes].some("
        "(n) => n.nodeType === 3 && n.textContent.trim())).map((e) => parseFloat(getComputedStyle(e).fontSize) * .75)"
    )
    assert min(sizes) >= 7.99
    assert page.locator("#table-findings").is_visible()


def test_every_doi_of_a_cell_is_a_link_after_its_rows_are_drawn_again(page: "Page") -> None:
    page.locator(".contents a[href='#findings']").click()
    page.locator("#table-findings input").fill("R1")
    links = page.locator("#table-findings tbody a").all_inner_texts()
    assert "doi:10.1073/pnas.102102699" in links
    assert "doi:10.1186/1471-2105-7-91" in links
