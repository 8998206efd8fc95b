"""`dmicc export`: one folder of a study, written under another name and renamed, so that it is never incomplete.

The content is listed here; `tables.py`, `matrices.py`, `anndata.py`, `figures.py` and `crate.py` write the files.
"""

import json
import os
import platform
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

import duckdb
from rich.console import Console
from rich.progress import Progress

from dmicc_assets.errors import DataError, RequestError
from dmicc_assets.export.anndata import refuse_without_anndata, write_cohort_files
from dmicc_assets.export.crate import write_crate
from dmicc_assets.export.matrices import write_matrix_files
from dmicc_assets.export.spreadsheet import quote_formulas
from dmicc_assets.export.tables import (
    ExportedFile,
    TableFormat,
    write_columns,
    write_matrix_parquet,
    write_study_database,
    write_table_files,
)
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.store import Lake
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.report.report_file import find_report
from dmicc_assets.results.reader import Results
from dmicc_assets.study.schema import Study

_SCRIPTS = {
    "load.R": "Reloads the tables in R",
    "summarized_experiment.R": "Makes a SummarizedExperiment of a cohort in R",
}
_MEDIA_TYPES = {".html": "text/html", ".json": "application/json", ".tsv": "text/tab-separated-values"}

_README = """\
# {title}

{verdict}

The study `{study}`, exported by dmicc_assets. `ro-crate-metadata.json` (RO-Crate 1.1) describes each file.

{contents}
"""

_DATABASE = "and the macros `gene_card('GENE')`, `score`, `score_file` and `risk_{study}`, for DuckDB"
_CONTENTS = {
    "tsv": (
        f"- `study.duckdb`: every table without the expression values, {_DATABASE}",
        "- `tables/`: every table as TSV, gzipped if over 1 MB; expression values as gzipped TSV, genes (or probes) by "
        "samples. Where no batch was removed from a cohort there is no file of `value_adjusted`: it equals `value`",
        '- `load.R`: reloads all of it in R (base R is enough): `source("load.R"); str(study$signature$genes)`',
        "- `summarized_experiment.R`: a cohort as a SummarizedExperiment (Bioconductor): "
        '`source("summarized_experiment.R"); cohort_experiment("{cohort}")`',
    ),
    "parquet": (
        f"- `study.duckdb`: every table without the expression values, {_DATABASE}",
        "- `tables/`: every table as Parquet; expression values with a row for each gene (or probe) and sample",
    ),
    "duckdb": (f"- `study.duckdb`: every table, {_DATABASE}",),
}


@dataclass(frozen=True, slots=True)
class ExportChoice:
    """What an export holds beside the database, the report and the provenance.

    Attributes:
        table_format: how the tables are written; `duckdb` writes them into the database alone.
        draws: whether the figures are drawn.
        h5ad: whether each cohort is written as AnnData.
        for_excel: whether texts in TSV are quoted that a spreadsheet would take for formulas.
    """

    table_format: TableFormat = "tsv"
    draws: bool = True
    h5ad: bool = False
    for_excel: bool = False


def export_and_show(
    out: Console, err: Console, workspace: Workspace, study: str, to: Path, choice: ExportChoice
) -> None:
    """Export a study and print a summary of the folder.

    Raises:
        RequestError: the study does not exist, the folder is not empty, it cannot be written, or anndata is missing.
        DataError: the study has no results, or was run during the export.
    """
    spec = workspace.study(study)
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task(f"{study}: tables", total=None)
        files = export_study(workspace, spec, to, choice, lambda what: progress.update(task, description=what))
    n_figures = sum(file.path.startswith("figures/") and file.path.endswith(".png") for file in files)
    size = sum((to / file.path).stat().st_size for file in files) / 1e6
    out.print(f"{n_figures} figures, {len(files)} files, {size:.1f} MB in {to}")
    report = "with" if (to / "report").is_dir() else "without"
    reload = 'source("load.R") reloads it in R, ' if choice.table_format == "tsv" else ""
    out.print(f"An RO-Crate, {report} the report; {reload}duckdb opens study.duckdb; README.md lists the rest")


def export_study(
    workspace: Workspace,
    study: Study,
    to: Path,
    choice: ExportChoice = ExportChoice(),
    tell: Callable[[str], None] = lambda _: None,
) -> list[ExportedFile]:
    """Write everything of a study into a new folder.

    Args:
        workspace: of the process.
        study: the study.
        to: the folder, which may exist if it is empty.
        choice: what is written.
        tell: called with the name of the current step.

    Returns:
        every file except the crate's metadata.

    Raises:
        RequestError: the folder holds something, it cannot be written, or anndata is needed and not installed.
        DataError: the study has no results, or was run meanwhile.
    """
    to = to.absolute()
    _refuse_occupied(to)
    if choice.h5ad:
        refuse_without_anndata()
    results = Results.of_study(workspace.lake, study)
    manifests = results.manifests()
    if not manifests:
        raise DataError(f"{study.study} has no results to export: `{study.command}` computes them")
    beside = to.with_name(f".{to.name}.{os.getpid()}.part")
    try:
        beside.mkdir(parents=True)
        files = list(_write_files(workspace, results, manifests, beside, choice, tell))
        if choice.for_excel:
            quote_formulas(beside)
        tell(f"{study.study}: provenance")
        write_crate(beside, study, files, results.source.files, manifests)
        if Results.of_study(workspace.lake, study).manifests() != manifests:
            raise DataError(f"{study.study} was run during the export; export it again")
        beside.replace(to)
    except (OSError, duckdb.Error) as error:
        why = error.strerror if isinstance(error, OSError) else str(error).splitlines()[0]
        raise RequestError(f"{to}: cannot be written ({why})") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return files


def _refuse_occupied(to: Path) -> None:
    if found := next((sign for sign in "?\\" if sign in str(to)), None):
        raise RequestError(f"{to}: a folder with {found!r} in its path cannot hold a DuckDB file; choose another")
    if to.is_dir() and any(to.iterdir()):
        raise RequestError(f"{to}: is not empty; export into a folder that is new or empty")
    if to.exists() and not to.is_dir():
        raise RequestError(f"{to}: is a file; expected a folder that is new or empty")


def _write_files(
    workspace: Workspace,
    results: Results,
    manifests: Sequence[Manifest],
    folder: Path,
    choice: ExportChoice,
    tell: Callable[[str], None],
) -> Iterator[ExportedFile]:
    study, name = results.study, results.name
    yield from _write_tables(workspace, name, manifests, folder, choice.table_format)
    if choice.h5ad:
        yield from write_cohort_files(results, folder / "cohorts")
    if choice.draws:
        from dmicc_assets.export.figures import write_figures

        settings = workspace.settings.simulated() if study.is_simulated else workspace.settings
        yield from write_figures(Results.of_study(workspace.lake, study, settings), folder, tell)
    find_report(workspace.lake, workspace.settings.reports, name)
    yield from _copy_report(workspace.settings.reports / name, folder, study.title)
    yield from _write_provenance(workspace.lake, manifests, folder)
    shutil.copyfile(workspace.files[name], folder / f"{name}.yaml")
    yield ExportedFile(f"{name}.yaml", "The study file", "application/yaml")
    (folder / "README.md").write_text(_readme(results, choice, folder), encoding="utf-8")
    yield ExportedFile("README.md", "What is in this folder", "text/markdown")


def _write_tables(
    workspace: Workspace, study: str, manifests: Sequence[Manifest], folder: Path, table_format: TableFormat
) -> Iterator[ExportedFile]:
    database, tables = folder / "study.duckdb", folder / "tables"
    if workspace.lake.is_published and table_format != "tsv":
        raise RequestError("DMICC_LAKE_URL: the warehouse of an object store has no matrices: export with --format tsv")
    holds_matrices = table_format == "duckdb"
    write_study_database(workspace.settings, study, database, holds_matrices)
    what = "Every table of the study" if holds_matrices else "Every table of the study without expression values"
    yield ExportedFile("study.duckdb", f"{what}, for DuckDB", "application/octet-stream")
    yield from write_columns(workspace.settings, tables)
    if table_format != "duckdb":
        yield from write_table_files(database, tables, table_format)
    if table_format == "parquet":
        yield from write_matrix_parquet(workspace.settings, study, tables)
    elif table_format == "tsv":
        yield from write_matrix_files(workspace.lake, manifests, tables)
        for script, title in _SCRIPTS.items():
            shutil.copyfile(Path(__file__).with_name(script), folder / script)
            yield ExportedFile(script, title, "text/x-r-source")


def _copy_report(report: Path, folder: Path, title: str) -> Iterator[ExportedFile]:
    if report.is_dir():
        shutil.copytree(report, folder / "report", ignore=shutil.ignore_patterns(".*"))
        for path in sorted((folder / "report").rglob("*")):
            if path.is_file():
                yield ExportedFile(str(path.relative_to(folder)), f"Report of {title}", _media_type(path))


def _readme(results: Results, choice: ExportChoice, folder: Path) -> str:
    """The verdict, and what is in the folder."""
    name = results.name
    contents = [
        *(line.format(study=name, cohort=next(iter(results.study.cohorts))) for line in _CONTENTS[choice.table_format]),
        "- `tables/columns.tsv`: type and meaning of every column",
        "- `cohorts/`: each cohort as AnnData (`.h5ad`): `X` with the batch removed, the layer `value` as merged where "
        "that differs, the tests of each gene in `var`",
        "- `figures/`: PNG (300 dpi), SVG and PDF (TrueType fonts), and beside each the values drawn as TSV; "
        "`figures/panels/` has those of the paper's Figure 4, lettered in its order; `all.svg` and `all.pdf` have all "
        "of them on one page, `panels.tsv` says which figure each is and where its values are. For "
        "characters that DejaVu Sans lacks (Chinese, emoji) PNG and PDF have boxes, the SVG beside them has the text",
        "- `report/`: the report, one page that needs no network",
        f"- `{name}.yaml`: the study file",
        "- `provenance/`: what each result was made from: recipe, inputs, checksums, versions, seeds",
        "- `environment.json`, `requirements.txt`: what it was computed and exported with",
    ]
    absent = [part for part in ("cohorts", "figures", "report") if not (folder / part).is_dir()]
    kept = [line for line in contents if not line.startswith(tuple(f"- `{part}/`" for part in absent))]
    return _README.format(title=results.study.title, study=name, verdict=_verdict(results), contents="\n".join(kept))


def _verdict(results: Results) -> str:
    """The verdict as Markdown: its line in bold, then its sentences."""
    rows = results.rigor.verdict.to_dicts()
    if not rows:
        return "No verdict was made."
    (row,) = rows
    return "\n\n".join([f"**{row['line']}**", *(row[name] for name in ("found", "trust", "missing"))])


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
