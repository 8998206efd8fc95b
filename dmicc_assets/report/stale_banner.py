"""The banner of a report that is out of date: what has changed or failed since the page was made.

The page itself stays as it was made, from results that belong together, until its step succeeds again. Whether it is
out of date is decided in `lake/currency.py`.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from markupsafe import Markup

from dmicc_assets.lake.currency import Currency
from dmicc_assets.lake.judged import root_causes
from dmicc_assets.lake.store import Lake
from dmicc_assets.report.report_file import report_path, write_page

REPORT = "report/study"
PLACE = "<!-- out of date: --><!-- :out of date -->"
_PLACE = re.compile("(<!-- out of date: -->).*?(<!-- :out of date -->)", re.DOTALL)
_MOST_TABLES = 6


def mark_report(lake: Lake, reports: Path, study: str, states: Sequence[Currency]) -> None:
    """Say in the header of a study's page what of it is out of date, or take that away; nothing without a page.

    Args:
        lake: the Parquet store.
        reports: folder of the reports.
        study: the study.
        states: of every partition of the study.
    """
    path = report_path(reports, study)
    if not path.exists():
        return
    page = path.read_text(encoding="utf-8")
    if not _PLACE.search(page):  # of a version that left no place for it
        page = page.replace("</header>", f"{PLACE}</header>", 1)
    banner = stale_banner(lake, study, states)
    marked = _PLACE.sub(lambda match: f"{match[1]}{banner}{match[2]}", page, count=1)
    if marked != page:
        write_page(path, marked)


def stale_banner(lake: Lake, study: str, states: Sequence[Currency]) -> Markup:
    """The banner as HTML; empty when the page is up to date."""
    of_study = [state for state in states if state.key.study == study]
    if all(state.is_current for state in of_study if REPORT in state.step.outputs):
        return Markup()
    manifest = lake.manifest(REPORT, study)
    when = f" of {datetime.fromisoformat(manifest.written_at):%Y-%m-%d %H:%M} UTC" if manifest is not None else ""
    items = Markup().join(
        Markup("<li>{} <span>({})</span></li>").format(cause, _few(tables))
        for cause, tables in root_causes(of_study).items()
    )
    return Markup(
        '<aside class="stale" role="note"><p><strong>This page is out of date.</strong> It shows the results{}, as '
        "they belong together; a run today would make some of them anew:</p><ul>{}</ul></aside>"
    ).format(when, items)


def _few(tables: Sequence[str]) -> str:
    left = len(tables) - _MOST_TABLES
    return f"{', '.join(tables[:_MOST_TABLES])}{f' and {left} more' if left > 0 else ''}"
