"""`dmicc export`: one folder of a study, written under another name and renamed, so that it is never incomplete.

The content is listed here; tables are in `tables.py`, metadata in `crate.py`, figures in the report's catalog.
"""

import json
import os
import platform
import shutil
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from rich.console import Console
from rich.progress import Progress

from dmicc_assets.errors import DataError, RequestError
from dmicc_assets.export.crate import write_crate
from dmicc_assets.export.tables import ExportedFile, write_matrix_files, write_study_database, write_table_files
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.store import Lake
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.results.reader import Results
from dmicc_assets.study.schema import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOAD_R = Path(__file__).with_name("load.R")
_MEDIA_TYPES = {".html": "text/html", ".json": "application/json", ".png": "image/png", ".svg": "image/svg+xml"}

_README = """\
# {title}

{verdict}

The study `{study}`, exported by dmicc_assets. `ro-crate-metadata.json` (RO-Crate 1.1) describes each file.

- `study.duckdb`: every table, and the macros `gene_card('GENE')`, `score`, `score_file` and `risk_{study}`
- `tables/`: the same as Parquet and TSV; matrices as TSV of genes by samples; `columns.tsv` explains each column
- `load.R`: reloads all of it in R: `source("load.R"); str(study$signature$genes)`
- `figures/`: PNG (300 dpi) and SVG; `figures/panels/` has those of the paper's Figure 4, lettered in its order;
  for characters that DejaVu Sans lacks (Chinese, emoji) a PNG has boxes, the SVG beside it has the text
- `report/`: the report, one page that needs no network, when one was made
- `{study}.yaml`: the study file
- `provenance/`: what each result was made from: recipe, inputs, checksums, versions, seeds
- `environment.json`, `requirements.txt`: what it was computed and exported with
"""


def export_and_show(out: Console, err: Console, workspace: Workspace, study: str, to: Path, draws: bool = True) -> None:
    """Export a study and print a summary of the folder.

    Raises:
        RequestError: the study does not exist, the folder is not empty, or it cannot be written.
        DataError: the study has no results, or was run during the export.
    """
    spec = workspace.study(study)
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task(f"{study}: tables", total=None)
        files = export_study(workspace, spec, to, draws, lambda what: progress.update(task, description=what))
    n_tables = sum(file.path.endswith(".parquet") for file in files)
    n_figures = sum(file.path.startswith("figures/") and file.path.endswith(".png") for file in files)
    size = sum((to / file.path).stat().st_size for file in files) / 1e6
    out.print(f"{n_tables} tables, {n_figures} figures, {len(files)} files, {size:.1f} MB in {to}")
    report = "with" if (to / "report").is_dir() else "without"
    out.print(f'An RO-Crate, {report} the report; source("load.R") reloads it in R, duckdb opens study.duckdb')


def export_study(
    workspace: Workspace, study: Study, to: Path, draws: bool = True, tell: Callable[[str], None] = lambda _: None
) -> list[ExportedFile]:
    """Write everything of a study into a new folder.

    Args:
        workspace: of the process.
        study: the study.
        to: the folder, which may exist if it is empty.
        draws: whether to draw the figures.
        tell: called with the name of the current step.

    Returns:
        every file except the crate's metadata.

    Raises:
        RequestError: the folder holds something, or cannot be written.
        DataError: the study has no results, or was run meanwhile.
    """
    to = to.absolute()
    _refuse_occupied(to)
    results = Results.of_study(workspace.lake, study)
    manifests = results.manifests()
    if not manifests:
        raise DataError(f"{study.study} has no results to export: `dmicc run {study.study}` computes them")
    beside = to.with_name(f".{to.name}.{os.getpid()}.part")
    try:
        beside.mkdir(parents=True)
        files = list(_write_files(workspace, study, manifests, beside, draws, tell))
        tell(f"{study.study}: provenance")
        write_crate(beside, study, files, results.source.files, manifests)
        if Results.of_study(workspace.lake, study).manifests() != manifests:
            raise DataError(f"{study.study} was run during the export; export it again")
        beside.replace(to)
    except (OSError, duckdb.IOException) as error:
        why = error.strerror if isinstance(error, OSError) else str(error).splitlines()[0]
        raise RequestError(f"{to}: cannot be written ({why})") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return files


def _refuse_occupied(to: Path) -> None:
    if to.is_dir() and any(to.iterdir()):
        raise RequestError(f"{to}: is not empty; export into a folder that is new or empty")
    if to.exists() and not to.is_dir():
        raise RequestError(f"{to}: is a file; expected a folder that is new or empty")


def _write_files(
    workspace: Workspace,
    study: Study,
    manifests: Sequence[Manifest],
    folder: Path,
    draws: bool,
    tell: Callable[[str], None],
) -> Iterator[ExportedFile]:
    name, lake = study.study, workspace.lake
    write_study_database(workspace.settings, name, folder / "study.duckdb")
    yield ExportedFile("study.duckdb", "Every table of the study, for DuckDB", "application/octet-stream")
    yield from write_table_files(folder / "study.duckdb", folder / "tables")
    yield from write_matrix_files(lake, manifests, folder / "tables")
    if draws:
        yield from _write_figures(workspace, study, folder, tell)
    report = workspace.settings.reports / name
    if report.is_dir():
        shutil.copytree(report, folder / "report", ignore=shutil.ignore_patterns(".*"))
        for path in sorted((folder / "report").rglob("*")):
            if path.is_file():
                yield ExportedFile(str(path.relative_to(folder)), f"Report of {study.title}", _media_type(path))
    yield from _write_provenance(lake, manifests, folder)
    shutil.copyfile(workspace.files[name], folder / f"{name}.yaml")
    yield ExportedFile(f"{name}.yaml", "The study file", "application/yaml")
    shutil.copyfile(LOAD_R, folder / "load.R")
    yield ExportedFile("load.R", "Reloads the tables in R", "text/x-r-source")
    (folder / "README.md").write_text(
        _README.format(title=study.title, study=name, verdict=_verdict(lake, study)), encoding="utf-8"
    )
    yield ExportedFile("README.md", "What is in this folder", "text/markdown")


def _verdict(lake: Lake, study: Study) -> str:
    """The verdict as Markdown: its line in bold, then its sentences."""
    rows = Results.of_study(lake, study).rigor.verdict.to_dicts()
    if not rows:
        return "No verdict was made."
    (row,) = rows
    return "\n\n".join([f"**{row['line']}**", *(row[name] for name in ("found", "trust", "missing"))])


def _write_figures(
    workspace: Workspace, study: Study, folder: Path, tell: Callable[[str], None]
) -> Iterator[ExportedFile]:
    from dmicc_assets.report.figures.catalog import study_figures
    from dmicc_assets.report.figures.panel import letters, panels
    from dmicc_assets.report.figures.style import add_letter

    settings = workspace.settings.simulated() if study.is_simulated else workspace.settings
    results = Results.of_study(workspace.lake, study, settings)
    for figure in study_figures(results):
        tell(f"{study.study}: {figure.title}")
        yield from _write_figure(folder, figure.name, figure.title, figure.draw())
    for letter, panel in zip(letters(), panels(results), strict=False):
        title = f"Panel {letter} of the figure, {panel.name}"
        tell(f"{study.study}: {title}")
        yield from _write_figure(folder, f"panels/{letter}", title, add_letter(panel.draw(), letter))


def _write_figure(folder: Path, name: str, title: str, drawn: "Figure") -> Iterator[ExportedFile]:
    from dmicc_assets.report.figures.style import png, svg

    stem = folder / "figures" / name
    stem.parent.mkdir(parents=True, exist_ok=True)
    for suffix, content in ((".png", png(drawn)), (".svg", svg(drawn).encode())):
        path = stem.with_name(stem.name + suffix)
        path.write_bytes(content)
        yield ExportedFile(str(path.relative_to(folder)), title, _media_type(path))


def _write_provenance(lake: Lake, manifests: Sequence[Manifest], folder: Path) -> Iterator[ExportedFile]:
    for manifest in manifests:
        path = folder / "provenance" / manifest.table / f"{manifest.partition}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(lake.path(manifest.table, manifest.partition).with_suffix(".json"), path)
        title = f"What {manifest.table} of {manifest.partition} was made from"
        yield ExportedFile(str(path.relative_to(folder)), title, _media_type(path))
    here = {each.name: each.version for each in distributions()}
    computed = {name: value for manifest in manifests for name, value in manifest.versions.items()}
    environment = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "computed_with": dict(sorted(computed.items())),
        "exported_with": dict(sorted(here.items())),
    }
    (folder / "environment.json").write_text(json.dumps(environment, indent=1), encoding="utf-8")
    yield ExportedFile("environment.json", "Versions of Python and the libraries", "application/json")
    pinned = "".join(f"{name}=={value}\n" for name, value in sorted(computed.items()))
    (folder / "requirements.txt").write_text(pinned, encoding="utf-8")
    yield ExportedFile("requirements.txt", "Versions that the results were computed with", "text/plain")


def _media_type(path: Path) -> str:
    return _MEDIA_TYPES.get(path.suffix, "application/octet-stream")
