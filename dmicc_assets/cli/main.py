"""The `dmicc` command: arguments in, tables and exit status out. The commands themselves are in other modules."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dmicc_assets.cli.doctor import doctor
from dmicc_assets.cli.exits import Stream, run_command
from dmicc_assets.errors import RequestError

if TYPE_CHECKING:
    from dmicc_assets.lake.workspace import Workspace
    from dmicc_assets.study.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="DMICC_HOME is the folder of results (./dmicc_home), DMICC_STUDIES that of study files; docs/commands.md "
    "lists all variables. --debug, in any position, shows the traceback of an error.",
)
# lines are not wrapped: a terminal wraps them itself, and a file or a pipe gets whole lines
out = Stream(highlight=False, markup=False, soft_wrap=True)
err = Stream(stderr=True, highlight=False, markup=False, soft_wrap=True)

JSON_HELP = "Objects of JSON, one a line, the last with the outcome; nothing else on standard output."
StudyName = Annotated[str, typer.Argument(metavar="STUDY", help="A study: its name, or its file.")]


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version as version_of

        out.print(f"dmicc_assets {version_of('dmicc_assets')}")
        raise typer.Exit


@app.callback()
def dmicc(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """Find genes that diseases share, in public transcriptomes. Begin with `dmicc demo` or `dmicc init`."""


@app.command()
def run(
    study: StudyName,
    force: Annotated[bool, typer.Option("--force", help="Compute everything, up to date or not.")] = False,
    only: Annotated[
        str | None,
        typer.Option(
            "--only", metavar="GROUP", help="Only this group of the graph, without its inputs from other groups."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="GROUP", help="This group and all that it needs; no more.")
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option("--skip", metavar="GROUP", help="Not this group, nor what reads it; may be given several times."),
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Check the SHA-256 of every file in the lake.")] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Fail if another run of the study is in progress.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Compute a study; results that are up to date are skipped."""
    from dmicc_assets.cli.json_lines import last_object

    with last_object(out, is_asked=as_json) as last:
        workspace, name = _study(study, prepares=True, reads_first=True)
        from dmicc_assets.cli.terminal import run_and_show
        from dmicc_assets.lake.chosen_steps import Chosen

        chosen = Chosen(only, until, tuple(skip or ()))
        run_and_show(out, err, workspace, name, chosen, force=force, verify=verify, wait=not no_wait, last=last)


@app.command()
def demo(
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulated data.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Run a study on simulated data, whose truth is known.

    A GEO mirror with a planted truth is simulated first, and the results are compared with it; nothing is downloaded.
    """
    from dmicc_assets.cli.json_lines import last_object
    from dmicc_assets.cli.terminal import demo_and_show

    with last_object(out, is_asked=as_json) as last:
        demo_and_show(out, err, _workspace(prepares=True), seed, last)


@app.command()
def check(
    study: StudyName,
    offline: Annotated[bool, typer.Option("--offline", help="Read the study file only; ask no server.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read SOFT files and platform tables by GEOparse too; downloads them.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Validate a study file; show what a run would find.

    Only headers and annotations are read, no matrix: samples of each label, platforms, patients, genes in common, gene
    sets, what would be downloaded, and what would stop a run, as far as these tell.
    """
    from dmicc_assets.cli.json_lines import last_object

    if verify and (offline or as_json):
        why = "--json has no place for what it finds" if as_json else "--offline asks no server"
        raise RequestError(f"check: --verify downloads files, {why}: leave one out")
    with last_object(out, is_asked=as_json) as last:
        settings, name = _named(study)
        from dmicc_assets.cli.check import Checked, check_and_show, check_in_json

        checked = Checked(settings, name)
        if last is not None:
            check_in_json(out, err, checked, last, looks=not offline)
        else:
            check_and_show(out, err, checked, looks=not offline)
    if verify:
        from dmicc_assets.cli.verify import verify_and_show

        verify_and_show(out, _workspace(settings), name)


@app.command()
def init(
    accessions: Annotated[list[str], typer.Argument(metavar="GSE...", help="Series of GEO.")],
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Name of the study.")],
) -> None:
    """Write a first study file from the headers of series.

    Labels, cohorts and tissues are proposals: check them.
    """
    from dmicc_assets.cli.terminal import init_study

    init_study(out, _workspace(prepares=True), accessions, name)


@app.command()
def find(
    words: Annotated[list[str], typer.Argument(metavar="WORD...", help="As in GEO's search box.")],
    organism: Annotated[str, typer.Option("--organism", help="human, mouse, rat, or a scientific name.")] = "human",
    kind: Annotated[Literal["array", "sequencing", "any"], typer.Option("--type", help="Kind of data.")] = "any",
    most: Annotated[int, typer.Option("--most", min=1, max=500, help="Series at most.")] = 50,
    accessions: Annotated[bool, typer.Option("--accessions", help="Only accessions, one a line, for `init`.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Find series of GEO by words.

    `--accessions` lists what `dmicc init` takes.
    """
    from dmicc_assets.cli.find import find_and_show
    from dmicc_assets.cli.json_lines import last_object

    with last_object(out, is_asked=as_json) as last:
        find_and_show(out, _workspace(), " ".join(words), organism, kind, most, only_accessions=accessions, last=last)


@app.command()
def outdated(
    study: Annotated[str | None, typer.Argument(metavar="STUDY", help="A study; without, all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """List revisions at the sources since the last run.

    Also list the results that would be computed again; nothing is computed.
    """
    from dmicc_assets.cli.json_lines import last_object
    from dmicc_assets.cli.terminal import show_outdated

    with last_object(out, is_asked=as_json):
        where = (_workspace(), None) if study is None else _study(study, prepares=True)
        show_outdated(out, *where, as_json=as_json)


@app.command()
def sql(
    query: Annotated[
        str | None,
        typer.Argument(metavar="QUERY or FILE", help="SQL, or a file of SQL; by default standard input."),
    ] = None,
    output_format: Annotated[
        Literal["table", "csv", "tsv", "json"], typer.Option("--format", help="How to print.")
    ] = "table",
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="Write to a file instead: .parquet, .csv, .tsv or .json."),
    ] = None,
    excel: Annotated[
        bool, typer.Option("--excel", help="Put ' before texts that a spreadsheet would take for formulas.")
    ] = False,
    safe: Annotated[
        bool, typer.Option("--safe", help="Only one SELECT, which reads the lake and nothing else; no FILE.")
    ] = False,
) -> None:
    """Query the warehouse; without a query, a prompt.

    A terminal shows the first hundred rows; a pipe gets every row, each in one line. `.tables` at the prompt lists the
    views; sql/README.md describes them.
    """
    from dmicc_assets.study.settings import load_settings
    from dmicc_assets.warehouse.build import left_out, refuse_absent
    from dmicc_assets.warehouse.query import prompt, query_and_print

    settings = load_settings()
    if note := refuse_absent(settings):
        err.print(note)
    if query is None and not sys.stdin.isatty():
        query = sys.stdin.read()
    if query is None:
        prompt(out, settings, is_safe=safe)
    else:
        query_and_print(out, settings, query, output_format, to, is_safe=safe, for_excel=excel)
    for line in left_out(settings):
        err.print(f"warning: {line}")


@app.command("gene-sets")
def gene_sets(
    action: Annotated[
        Literal["list", "get", "pin", "unpin", "remove"], typer.Argument(metavar="ACTION", help="What to do.")
    ] = "list",
    library: Annotated[
        str | None, typer.Argument(metavar="LIBRARY", help="GO_BP, KEGG, HALLMARK, ..., or a name of Enrichr's.")
    ] = None,
    organism: Annotated[
        Literal["human", "mouse", "rat"] | None, typer.Option("--organism", help="Whose genes; human unless said.")
    ] = None,
    study: Annotated[
        str | None, typer.Option("--study", metavar="STUDY", help="The libraries of a study, as its file pins them.")
    ] = None,
) -> None:
    """List, get, pin, unpin or remove gene-set libraries.

    A run fetches what its study asks for; `get --study STUDY` fetches all of it before. A pinned library stays as it
    is, whatever its provider serves.
    """
    from dmicc_assets.cli.gene_sets import gene_sets_and_show

    if study is not None and organism is not None:
        raise RequestError("gene-sets: the organism is that of the study's file: leave out --organism or --study")
    gets = action == "get"
    workspace, name = (_workspace(prepares=gets), None) if study is None else _study(study, prepares=gets)
    asked = None if name is None else workspace.study(name)
    gene_sets_and_show(out, workspace.settings, action, library, organism or "human", asked)


@app.command()
def score(
    study: StudyName,
    matrix: Annotated[Path, typer.Argument(metavar="MATRIX", help="Genes by samples: TSV, CSV or Parquet.")],
    values: Annotated[
        Literal["auto", "log2", "ln", "log10", "linear", "counts", "tpm", "fpkm"],
        typer.Option("--values", "--scale", help="What the values are; auto tells log2 from linear by GEO2R's rule."),
    ] = "auto",
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE.tsv", help="Write the scores to a file.")] = None,
    figures: Annotated[Path | None, typer.Option("--figures", metavar="DIR", help="Folder of the nomograms.")] = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw no nomograms.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Score new patients by the frozen model, and draw each."""
    from dmicc_assets.assets import STEPS
    from dmicc_assets.cli.json_lines import last_object
    from dmicc_assets.cli.score import score_and_show
    from dmicc_assets.results.patient_scores import stale_model

    with last_object(out, is_asked=as_json) as last:
        workspace, name = _study(study)
        if warning := stale_model(workspace, name, STEPS):
            err.print(f"warning: {warning}")
        score_and_show(out, workspace, name, matrix, values, to, figures, draws=not no_figures, last=last)


@app.command()
def export(
    study: StudyName,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="New or empty folder.")],
    table_format: Annotated[
        Literal["tsv", "parquet", "duckdb"],
        typer.Option("--format", help="Tables as TSV (R reloads them), as Parquet, or in the DuckDB file alone."),
    ] = "tsv",
    h5ad: Annotated[bool, typer.Option("--h5ad", help="Also write each cohort as AnnData (.h5ad).")] = False,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw no figures.")] = False,
    excel: Annotated[bool, typer.Option("--excel", help="In TSV, ' before texts that look like formulas.")] = False,
) -> None:
    """Export a study as one folder, an RO-Crate.

    It needs no dmicc: every table, every figure (PNG, SVG, PDF), the report, and what each was made from.
    """
    from dmicc_assets.cli.stale_lines import stale_lines
    from dmicc_assets.export.study_export import ExportChoice, export_and_show
    from dmicc_assets.orchestration.judged_study import judge_study

    if excel and table_format != "tsv":
        raise RequestError(f"--excel is for tables as TSV, not for --format {table_format}: leave one of the two out")
    workspace, name = _study(study)
    for line in stale_lines(workspace.lake, judge_study(workspace, name)) if workspace.lake.has(name) else ():
        err.print(line)
    export_and_show(out, err, workspace, name, to, ExportChoice(table_format, not no_figures, h5ad, excel))


@app.command()
def forget(
    study: StudyName,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a study's results and its history."""
    from dmicc_assets.cli.terminal import forget_study, refuse_without_results

    workspace, name = _study(study)
    refuse_without_results(workspace, name)
    if not yes and not typer.confirm(f"Delete every result of {name} in {workspace.settings.home}?"):
        raise typer.Exit(1)
    forget_study(out, err, workspace, name)


@app.command()
def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Dagster UI.")] = 3000,
    pages_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of studies, reports, new study; the next one.")
    ] = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen at.")] = "127.0.0.1",
    without_login: Annotated[
        bool, typer.Option("--without-login", help="At another address than 127.0.0.1, though there is no login.")
    ] = False,
) -> None:
    """Open studies, reports, new study and the Dagster UI.

    Dagster's daemon runs with them. They are for this machine unless --host says more.
    """
    from dmicc_assets.cli.ui import serve_ui
    from dmicc_assets.study.settings import load_settings

    pages = pages_port or (port + 1 if port < 65535 else port - 1)
    settings = load_settings(pages_port=pages).with_study_folder()
    serve_ui(out, _workspace(settings, prepares=True).settings, port, pages, host, has_no_login=without_login)


app.command()(doctor)


def _workspace(settings: "Settings | None" = None, *, prepares: bool = False) -> "Workspace":
    """The workspace of the environment, which children get too; only commands that write results make the home."""
    from dmicc_assets.lake.workspace import open_workspace

    workspace = open_workspace(settings)
    if prepares:
        workspace.settings.prepare_home()
    os.environ.update(workspace.settings.environment())
    return workspace


def _study(given: str, *, prepares: bool = False, reads_first: bool = False) -> "tuple[Workspace, str]":
    """The workspace, and the name of the study given by name or file; an error in its file is said at once if read."""
    settings, name = _named(given)
    if reads_first:  # before the large libraries are loaded
        from dmicc_assets.study.loading import load_study, study_files

        if path := study_files(settings.study_folders).get(name):
            load_study(path)
    return _workspace(settings, prepares=prepares), name


def _named(given: str) -> "tuple[Settings, str]":
    """The settings, by which the study's file is found, and the name of the study given by name or file."""
    from dmicc_assets.study.loading import named_study
    from dmicc_assets.study.settings import load_settings

    settings = load_settings()
    name, folders = named_study(given, settings.study_folders)
    if folders != settings.study_folders:
        err.print(f"{name} is found by its name if DMICC_STUDIES contains {folders[0]}")
        settings = settings.model_copy(update={"studies": ":".join(map(str, folders))})
    return settings, name


def main() -> None:
    """Run the command."""
    run_command(app, err, out)
