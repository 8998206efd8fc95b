"""`dmicc ui` on a port of its own, and a page of a real browser on it. What is clicked is in the tests."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from dmicc_assets.study.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = Path("/usr/bin/chromium")
SIZE: Any = {"width": 1400, "height": 900}
# Dagster's daemon looks at a backfill twice a minute, which nothing configures; four looks are two minutes of waiting.
SOON = "import dagster._daemon.controller as c; c.DEFAULT_DAEMON_INTERVAL_SECONDS = 2"


@dataclass(frozen=True)
class Ui:
    """`dmicc ui` on ports of its own: of Dagster's UI, and of the pages."""

    url: str
    pages: str
    settings: Settings
    process: subprocess.Popen[bytes]
    log: Path

    def ask(self, query: str) -> dict[str, Any]:
        """The answer to a GraphQL query."""
        answer = httpx2.post(f"{self.url}/graphql", json={"query": query}, timeout=60).json()
        assert "errors" not in answer, answer
        return answer["data"]

    @property
    def is_there(self) -> bool:
        """Whether it has loaded the assets."""
        try:
            return bool(self.ask("{ assetNodes { id } }")["assetNodes"])
        except (httpx2.TransportError, ValueError, AssertionError):
            return False


@contextmanager
def ui_over(folder: Path, settings: Settings) -> Iterator[Ui]:
    """`dmicc ui` on a home, until the block ends; its log is in the folder."""
    (folder / "sitecustomize.py").write_text(SOON)
    (own := folder / "own").mkdir(exist_ok=True)
    (own / "statistics.py").write_text("raise SystemExit('a file of the user was taken for a module of Python')")
    port, pages = free_ports()
    command = [str(Path(sys.executable).parent / "dmicc"), "ui", "--port", str(port), "--pages-port", str(pages)]
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | settings.environment() | {"PYTHONPATH": os.pathsep.join(paths)}
    log = folder / "ui.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=own, env=environment, stdout=output, stderr=output) as process,
    ):
        ui = Ui(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{pages}", settings, process, log)
        try:
            wait_for(lambda: ui.is_there, 180)
            yield ui
        finally:
            process.terminate()


def free_ports() -> tuple[int, int]:
    """Two ports on which nothing listens."""
    with socket.socket() as first, socket.socket() as second:
        for each in (first, second):
            each.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    """Ask twice a second until it is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.5)


@contextmanager
def browser_page() -> "Iterator[Page]":
    """A page of Debian's chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport=SIZE)
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def materialise(page: "Page", button: str, partitions: str, n_partitions: int, leads_to: str) -> None:
    """Click the button, pick in the dialog the partitions whose names contain the text, launch, and go to see it."""
    page.get_by_role("button", name=button).first.click()
    page.get_by_role("dialog").get_by_text("Select a partition").click()
    page.keyboard.type(partitions)
    page.get_by_text(f"Select all ({n_partitions})").click()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").get_by_role("button", name="Launch").click()
    page.locator(f"a[href^='{leads_to}']", has_text="View").click()
    page.wait_for_url(f"**{leads_to}*")
