"""Path of a study's report, and how the page is written in one step. `report/` makes the page."""

import os
from pathlib import Path

import polars as pl

from dmicc_assets.lake.store import Lake
from dmicc_assets.tables import TABLES


def report_path(reports: Path, study: str) -> Path:
    """The page of a study."""
    return reports / study / "index.html"


def find_report(lake: Lake, reports: Path, study: str) -> Path | None:
    """The page of a study, copied here if another machine wrote it; None without one."""
    page = report_path(reports, study)
    return page if lake.bring("report/study", study, page) else None


def write_report(path: Path, page: str, title: str, content_sha256: str) -> pl.DataFrame:
    """Write the page; returns the row of `report.study`."""
    write_page(path, page)
    row = {"file": path.name, "title": title, "n_bytes": path.stat().st_size, "content_sha256": content_sha256}
    return TABLES["report/study"].frame(row)


def write_page(path: Path, page: str) -> None:
    """Write a page to a temporary file and rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_text(page, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
