"""The HTML report of a study: one file that needs no network, rendered from results, figures and provenance.

Only the layout is decided here: numbers come from results, pictures from the catalog, texts from `method_text.py`,
styles from `templates/`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from dmicc_assets.checks.registry import CHECKS
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.report.appendix import Part, appendix, tally
from dmicc_assets.report.clinical import case_groups
from dmicc_assets.report.data_tables import json_script, number_text
from dmicc_assets.report.facts import facts, tiles_a_row
from dmicc_assets.report.figures.catalog import CatalogFigure
from dmicc_assets.report.figures.drawn import DrawnFigure, drawn_figure
from dmicc_assets.report.figures.of_cohort import named_in_volcano
from dmicc_assets.report.method_text import methods
from dmicc_assets.report.pictures import flow_picture, picture, placed
from dmicc_assets.report.sections import SUMMARY_FIGURES, Section, sections
from dmicc_assets.report.stale_banner import PLACE
from dmicc_assets.report.summary import main_findings
from dmicc_assets.report.words import heading
from dmicc_assets.results.reader import Results

TEMPLATES = Path(__file__).parent / "templates"
_SCRIPTS = ("data_table.js", "contents.js", "volcano.js")
# Codes of checks in running text; longer ones first, so that M1 is not found in M10.
_CODE = re.compile(rf"(?<![\w./-])(?:{'|'.join(sorted(CHECKS, key=len, reverse=True))})(?![\w.-]*\w)")
_Shown = TypeVar("_Shown", Section, Part)
_DOI = re.compile(r"(?:doi:|https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/\S+)")


@dataclass(frozen=True)
class Provenance:
    """What the results were made from: one manifest a partition of the lake."""

    manifests: Sequence[Manifest] = field(default_factory=tuple)

    @property
    def versions(self) -> dict[str, str]:
        """Versions of the libraries; where manifests differ, that of the newest."""
        found: dict[str, str] = {}
        for manifest in sorted(self.manifests, key=lambda each: each.written_at):
            found |= manifest.versions
        return dict(sorted(found.items()))

    @property
    def written_at(self) -> str:
        """When the newest result was written; empty without one."""
        return max((manifest.written_at for manifest in self.manifests), default="")

    @property
    def rows(self) -> pl.DataFrame:
        """One row for each manifest, for a table."""
        columns = ("table", "partition", "n_rows", "recipe", "content", "code_version", "run_id", "written_at")
        return pl.DataFrame(
            {name: [getattr(manifest, name) for manifest in self.manifests] for name in columns},
            schema={name: pl.Int64 if name == "n_rows" else pl.String for name in columns},
        )


@dataclass(frozen=True)
class ReportPage:
    """The report.

    Attributes:
        html: the page.
        content_sha256: SHA-256 of the page without the times, addresses and runs of its results, so that two pages
            that say the same have the same.
    """

    html: str
    content_sha256: str


def study_report(
    results: Results,
    provenance: Sequence[Manifest],
    figures: Iterable[CatalogFigure],
    checklist: pl.DataFrame,
    draw: Callable[[CatalogFigure], DrawnFigure] = drawn_figure,
) -> ReportPage:
    """The report as one HTML page: no request leaves it, and it prints.

    Args:
        results: of the study.
        provenance: manifest of every partition that the study has in the lake.
        figures: what to show, usually `study_figures(results)`; drawn here, one after the other.
        checklist: TRIPOD+AI, one row for each item; its columns are shown as they are.
        draw: draws a figure, or takes the drawing that is kept of it (`figures/kept.py`).
    """
    made = Provenance(provenance)
    read = results.rows("source/datasets")
    scales = dict(zip(read["dataset"], read["scale_detected"], strict=True))
    design = results.rows("differential/design")
    texts = methods(results.study, made.versions, scales, dict(zip(design["cohort"], design["block"], strict=True)))
    page, parts, strip = sections(results, texts), appendix(results, made.rows, checklist), facts(results)
    places = [("summary", SUMMARY_FIGURES), *((each.id, each.figures) for each in (*page, *parts))]
    shown = {
        "study": results.study,
        "verdict": results.rows("rigor/verdict").to_dicts(),
        "flow": flow_picture(results),
        "main_findings": main_findings(results),
        "facts": strip,
        "tiles_a_row": tiles_a_row(len(strip)),
        "sections": page,
        "parts": parts,
        "pictures": placed([picture(draw(figure)) for figure in figures], places),
        "tally": tally(results),
        "case_groups": case_groups(results.study.case),
        "versions": made.versions,
        "out_of_date_place": Markup(PLACE),
        "written_at": made.written_at.replace("T", " ")[:16],
        "volcanoes": json_script(_volcanoes(results)),
        "settings": json_script(results.study.model_dump(mode="json")),
        "settings_text": results.study.model_dump_json(indent=2, exclude_defaults=True),
        "css": Markup((TEMPLATES / "report.css").read_text()),
        "scripts": [Markup((TEMPLATES / name).read_text()) for name in _SCRIPTS],
    }
    template = _environment().get_template("report.html.j2")
    said = {"written_at": "", "sections": [*map(_undated, page)], "parts": [*map(_undated, parts)]}
    undated = template.render(shown | said)
    return ReportPage(template.render(shown), sha256(undated.encode()).hexdigest())


def _undated(part: _Shown) -> _Shown:
    """A section or a part of the appendix without the times, addresses and runs of its tables."""
    return replace(part, tables=[table.undated for table in part.tables])


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["linked"] = linked
    environment.filters["coded"] = coded
    environment.filters["number"] = number_text
    environment.filters["heading"] = heading
    return environment


def linked(text: str | None) -> Markup:
    """HTML of a text: DOIs become links, everything else is escaped."""
    if text is None or "10." not in text:
        return escape(text or "")
    parts: list[Markup] = []
    at = 0
    for match in _DOI.finditer(text):
        doi = _without_punctuation(match[1])
        parts += [
            escape(match.string[at : match.start()]),
            Markup('<a href="https://doi.org/{}">doi:{}</a>').format(doi, doi),
        ]
        at = match.start(1) + len(doi)
    return Markup().join([*parts, escape(text[at:])])


def coded(html: Markup) -> Markup:
    """HTML of a text in which the code of a check leads to the findings and says what the check asks."""
    link = Markup('<a href="#findings" title="{}">{}</a>')
    return Markup(_CODE.sub(lambda code: str(link.format(CHECKS[code[0]].title, code[0])), str(html)))


def _without_punctuation(doi: str) -> str:
    """A DOI without punctuation of the sentence; a closing bracket stays if the DOI has its opening bracket."""
    while doi[-1] in ".,;:'\"" or (doi[-1] == ")" and doi.count(")") > doi.count("(")):
        doi = doi[:-1]
    return doi


def _volcanoes(results: Results) -> list[dict[str, Any]]:
    """Settings of the interactive volcano plots, which read their points from the statistics table."""
    settings = results.study.differential
    found: list[dict[str, Any]] = []
    for cohort, spec in results.study.cohorts.items():
        genes = results.rows("differential/genes", cohort=cohort)
        if results.rows("differential/statistics", cohort=cohort).is_empty():
            continue
        found.append(
            {
                "cohort": cohort,
                "title": spec.title,
                "log_fc": settings.log_fc,
                "p_value": settings.p_value,
                "adjust": settings.adjust,
                "up": genes.filter(pl.col("direction") == "up")["gene"].to_list(),
                "down": genes.filter(pl.col("direction") == "down")["gene"].to_list(),
                "named": named_in_volcano(results, cohort),
            }
        )
    return found
