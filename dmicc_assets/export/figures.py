"""The figures of an export: PNG, SVG, PDF and the values drawn; those of the paper's Figure 4, lettered and on a page.

What is drawn is in `report/figures/`, the page in `composed_figure.py`.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import polars as pl
from matplotlib.figure import Figure

from dmicc_assets.export.composed_figure import composed_pdf, composed_svg
from dmicc_assets.export.tables import TSV, ExportedFile
from dmicc_assets.report.figures import catalog, panel
from dmicc_assets.report.figures.style import add_letter, pdf, png, svg
from dmicc_assets.results.reader import Results

SourceData = Mapping[str, pl.DataFrame]
MEDIA_TYPES = {".png": "image/png", ".svg": "image/svg+xml", ".pdf": "application/pdf"}


def write_figures(results: Results, folder: Path, tell: Callable[[str], None]) -> Iterator[ExportedFile]:
    """Every figure of a study below `figures/`.

    Args:
        results: of the study.
        folder: the export.
        tell: called with the title of each figure.
    """
    written: dict[str, SourceData] = {}
    for figure in catalog.study_figures(results):
        tell(f"{results.name}: {figure.title}")
        drawn = figure.draw()
        written[figure.name] = drawn.source_data
        contents = {".png": png(drawn), ".svg": svg(drawn).encode(), ".pdf": pdf(drawn)}
        yield from _write(folder, figure.name, figure.title, contents)
        yield from _write_source_data(folder, figure.name, figure.title, drawn.source_data)
    yield from _write_panels(results, folder, written, tell)


def _write_panels(
    results: Results, folder: Path, written: Mapping[str, SourceData], tell: Callable[[str], None]
) -> Iterator[ExportedFile]:
    """The panels; the values of one that is a figure of the catalog, by name and values, are there only."""
    figures: list[Figure] = []
    drawings: list[str] = []
    contents: list[dict[str, str]] = []
    for letter, each in zip(panel.letters(), panel.panels(results), strict=False):
        title = f"Panel {letter} of the figure, {each.name}"
        tell(f"{results.name}: {title}")
        drawn = each.draw()
        figures.append(add_letter(drawn, letter))
        drawings.append(svg(drawn))
        yield from _write(folder, f"panels/{letter}", title, {".svg": drawings[-1].encode(), ".pdf": pdf(drawn)})
        source = each.name
        if not _is_equal(drawn.source_data, written.get(each.name, {})):
            source = f"panels/{letter}"
            yield from _write_source_data(folder, source, title, drawn.source_data)
        values = "; ".join(f"figures/{source}.{what}.tsv" for what in drawn.source_data)
        contents.append({"panel": letter, "figure": each.name, "values": values})
    if figures:
        title = "All panels on one page, in the paper's order"
        tell(f"{results.name}: {title}")
        page = {".svg": composed_svg(drawings).encode(), ".pdf": composed_pdf(figures)}
        yield from _write(folder, "panels/all", title, page)
        pl.DataFrame(contents).write_csv(folder / "figures/panels/panels.tsv", separator="\t")
        yield ExportedFile("figures/panels/panels.tsv", "The figure of each panel and the files of its values", TSV)


def _write(folder: Path, name: str, title: str, contents: dict[str, bytes]) -> Iterator[ExportedFile]:
    stem = folder / "figures" / name
    stem.parent.mkdir(parents=True, exist_ok=True)
    for suffix, content in contents.items():
        path = stem.with_name(stem.name + suffix)
        path.write_bytes(content)
        yield ExportedFile(str(path.relative_to(folder)), title, MEDIA_TYPES[suffix])


def _write_source_data(folder: Path, name: str, title: str, data: SourceData) -> Iterator[ExportedFile]:
    """`<figure>.<what>.tsv` for each frame that the figure shows."""
    for what, rows in data.items():
        path = folder / "figures" / f"{name}.{what}.tsv"
        rows.write_csv(path, separator="\t")
        yield ExportedFile(str(path.relative_to(folder)), f"{title}: the {what} drawn", TSV)


def _is_equal(data: SourceData, other: SourceData) -> bool:
    return data.keys() == other.keys() and all(rows.equals(other[what]) for what, rows in data.items())
