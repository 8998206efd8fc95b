"""Drawings that are kept beside the report, each with what was read to draw it: drawn again only when that differs.

So the picture in the Dagster UI is the report's, and a report of which one table changed draws only that table's
figures. How a figure becomes a drawing is in `drawn.py`.
"""

import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import matplotlib as mpl
import polars as pl

from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.report.figures.catalog import CatalogFigure
from dmicc_assets.report.figures.drawn import DrawnFigure, drawn_figure
from dmicc_assets.results.reader import Results
from dmicc_assets.results.tables import PART, StudyTables
from dmicc_assets.tables import TABLES
from dmicc_assets.types import ExpressionMatrix

_log = logging.getLogger(__name__)
# Beside the report; an export leaves hidden folders out.
FOLDER = ".figures"


class KeptFigures:
    """The drawings of a study's figures.

    Args:
        results: what figures are drawn from.
        folder: of the study's report.
        say: called before a figure is drawn.

    Attributes:
        results: the same, which note what is read: the catalog must be of these.
    """

    def __init__(self, results: Results, folder: Path, say: Callable[[str], None] = lambda _: None) -> None:
        self._read = _ReadTables(results.tables)
        self._folder = folder / FOLDER
        self._say = say
        self.results = replace(results, tables=self._read)

    def drawn(self, figure: CatalogFigure) -> DrawnFigure:
        """The kept drawing of a figure; a new one if there is none, or if what it was drawn from differs now."""
        path = self._folder / f"{figure.name.replace('/', '.')}.json"
        made_with = self._made_with(figure)
        kept = _kept(path)
        if kept.get("made_with") == made_with and self._reads_the_same(kept["read"]):
            return DrawnFigure(**kept["drawn"])
        self._read.seen.clear()
        self._say(f"drawing {figure.title}")
        drawn = drawn_figure(figure)
        place = path.with_suffix(".traceback.txt")
        if not drawn.failure:
            _keep(path, {"made_with": made_with, "read": dict(self._read.seen), "drawn": vars(drawn)})
            place.unlink(missing_ok=True)
            return drawn
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(drawn.traceback, encoding="utf-8")
        _log.error("%s: the traceback is in %s", figure.title, place)
        note = f"{drawn.note} The traceback is in {FOLDER}/{place.name}, beside the report."
        return replace(drawn, note=note, failure=note)

    def _made_with(self, figure: CatalogFigure) -> str:
        """The program, and what the study file and the catalog say."""
        said = json.dumps([figure.name, figure.title, figure.caption, self.results.study.model_dump(mode="json")])
        return f"{program()} {sha256(said.encode()).hexdigest()}"

    def _reads_the_same(self, read: Mapping[str, str]) -> bool:
        return all(self._read.content(*json.loads(each)) == content for each, content in read.items())


@dataclass
class _ReadTables:
    """A study's tables that note which parts are read, with their contents."""

    tables: StudyTables
    seen: dict[str, str] = field(default_factory=dict[str, str])

    def content(self, table: str, part: str | None) -> str:
        """What the lake holds of a table or its part; a table that a step does not declare has no content."""
        try:
            parts = [part] if part is not None or TABLES[table].partition not in PART else self.tables.parts(table)
            found = [self.tables.manifest(table, each) for each in parts]
        except KeyError:
            return "not declared"
        return " ".join(f"{each.partition}:{each.recipe}:{each.content}" if each else "none" for each in found)

    def _note(self, table: str, part: str | None) -> None:
        key = json.dumps([table, part])
        if key not in self.seen:
            self.seen[key] = self.content(table, part)

    def parts(self, table: str) -> list[str]:
        self._note(table, None)
        return self.tables.parts(table)

    def rows(self, table: str, part: str | None = None) -> pl.DataFrame:
        self._note(table, part)
        return self.tables.rows(table, part)

    def matrix(self, table: str, part: str, column: str) -> ExpressionMatrix:
        self._note(table, part)
        return self.tables.matrix(table, part, column)

    def manifest(self, table: str, part: str | None) -> Manifest | None:
        self._note(table, part)
        return self.tables.manifest(table, part)

    def manifests(self) -> list[Manifest]:
        return self.tables.manifests()


@cache
def program() -> str:
    """A hash of this package's code and of matplotlib's version: another program may draw another picture."""
    code = sha256(mpl.__version__.encode())
    for path in sorted(Path(__file__).parents[2].rglob("*.py")):
        code.update(path.read_bytes())
    return code.hexdigest()


def _kept(path: Path) -> dict[str, Any]:
    """What is kept under a path; nothing when the file is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _keep(path: Path, content: Mapping[str, object]) -> None:
    """Write under another name and rename, so that no drawing is incomplete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(content), encoding="utf-8")
    beside.replace(path)
