"""The `dmicc` command: arguments in, tables and exit status out. Thin: what a command does is in the package."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from dmicc_assets.errors import DmiccError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
out = Console(highlight=False, markup=False)
err = Console(stderr=True, highlight=False, markup=False)

StudyName = Annotated[str, typer.Argument(metavar="STUDY", help="Name of a study: its file without .yaml.")]


@app.command()
def run(
    study: StudyName,
    force: Annotated[bool, typer.Option("--force", help="Compute everything, up to date or not.")] = False,
    only: Annotated[str | None, typer.Option("--only", metavar="GROUP", help="Only this group of the graph.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Check the SHA-256 of every file in the lake.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Fail if another run of the study goes on.")] = False,
) -> None:
    """Materialise all of a study through Dagster, skipping what is up to date."""
    from dmicc_assets.terminal import run_and_show

    run_and_show(out, err, _workspace(), study, force=force, only=only, verify=verify, wait=not no_wait)


@app.command()
def demo(seed: Annotated[int, typer.Option(help="Seed of the simulated data.")] = 1) -> None:
    """Simulate a GEO mirror with a planted truth, run the study `demo` on it, and say how much was found."""
    from dmicc_assets.terminal import demo_and_show

    demo_and_show(out, err, _workspace(), seed)


@app.command()
def check(study: StudyName) -> None:
    """Validate a study file and show its datasets, labels and cohorts, without fetching or computing."""
    from dmicc_assets.terminal import show_study

    show_study(out, _workspace(), study)


@app.command()
def init(
    accessions: Annotated[list[str], typer.Argument(metavar="GSE...", help="Series of GEO.")],
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Name of the study.")],
) -> None:
    """Read the headers of series and write a study file to start from, with proposed labels."""
    from dmicc_assets.terminal import init_study

    init_study(out, _workspace(), accessions, name)


@app.command()
def outdated(study: Annotated[str | None, typer.Argument(metavar="[STUDY]")] = None) -> None:
    """Say what the sources have revised since the last run, and what would be computed again."""
    from dmicc_assets.terminal import show_outdated

    show_outdated(out, _workspace(), study)


@app.command()
def sql(
    query: Annotated[str | None, typer.Argument(metavar="[QUERY or FILE]", help="SQL, or a file of SQL.")] = None,
    output_format: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="How to print.")] = "table",
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE.parquet", help="Write to a Parquet file.")] = None,
) -> None:
    """Query the warehouse; without a query, a prompt."""
    from dmicc_assets.query import prompt, query_and_print
    from dmicc_assets.settings import load_settings

    settings = load_settings()
    settings.prepare_home()
    if query is None:
        prompt(out, settings)
    else:
        query_and_print(out, settings, query, output_format, to)


@app.command()
def score(
    study: StudyName,
    matrix: Annotated[Path, typer.Argument(metavar="MATRIX", help="Genes by samples: TSV, CSV or Parquet.")],
    scale: Annotated[
        Literal["auto", "log2", "linear"], typer.Option("--scale", help="What the values are; auto is GEO2R's rule.")
    ] = "auto",
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE.tsv", help="Write the scores to a file.")] = None,
    figures: Annotated[Path | None, typer.Option("--figures", metavar="DIR", help="Folder of the nomograms.")] = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw no nomograms.")] = False,
) -> None:
    """Apply the frozen risk model to new patients, and draw each on the nomogram."""
    from dmicc_assets.score import score_and_show

    score_and_show(out, _workspace(), study, matrix, scale, to, figures, draws=not no_figures)


@app.command()
def export(
    study: StudyName,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder to make; it must not hold anything.")],
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw no figures.")] = False,
) -> None:
    """Export a study: every table, figure and the report, with provenance, as an RO-Crate."""
    from dmicc_assets.export.study_export import export_and_show

    export_and_show(out, err, _workspace(), study, to, draws=not no_figures)


@app.command()
def forget(
    study: StudyName,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a study's results, its history included; the downloads stay in the cache."""
    from dmicc_assets.terminal import forget_study

    if not yes and not typer.confirm(f"Delete every result of {study}?"):
        raise typer.Exit(1)
    forget_study(out, _workspace(), study)


@app.command()
def ui(port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine.")] = 3000) -> None:
    """Open the Dagster UI on this project, with its daemon, on loopback only."""
    from dmicc_assets.ui import become_ui

    become_ui(out, _workspace().settings, port)


def _workspace():
    """The workspace of the environment, with the environment passed on to every child."""
    from dmicc_assets.workspace import open_workspace

    workspace = open_workspace()
    workspace.settings.prepare_home()
    os.environ.update(workspace.settings.environment())
    return workspace


def main() -> None:
    """Run the command; a user's mistake is one or two lines on standard error, without a traceback unless asked for."""
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
    try:
        app()
    except DmiccError as error:
        if debug:
            raise
        err.print(f"dmicc: {error}", markup=False, soft_wrap=True)
        sys.exit(error.exit_status)
    except (OSError, UnicodeDecodeError) as error:
        if debug:
            raise
        err.print(f"dmicc: {error}", soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("dmicc: interrupted; nothing half-written stays, run again to go on")
        sys.exit(130)
