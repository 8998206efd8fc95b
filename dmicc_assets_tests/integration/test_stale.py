"""What is out of date is nowhere shown beside new numbers without a word: summary, report, SQL, Dagster."""

import io

import dagster as dg
import pytest
from rich.console import Console

from dmicc_assets.checks.verdict_rules import LINES
from dmicc_assets.cli.main import main as cli
from dmicc_assets.cli.terminal import run_and_show
from dmicc_assets.errors import DataError
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.orchestration.keys import asset_key
from dmicc_assets.report.report_file import report_path
from dmicc_assets.study.settings import Settings
from dmicc_assets.warehouse.build import open_warehouse
from dmicc_assets_tests.worlds import made_study as made

OUT_OF_DATE = "This page is out of date."


@pytest.fixture
def settings(made_study: Settings) -> Settings:
    return made_study


def shown_by_run(settings: Settings) -> tuple[dict[str, str], list[str], str]:
    """What `dmicc run local` prints: its results by name, the lines after them, and its error."""
    out, error = Console(file=io.StringIO(), soft_wrap=True), ""
    try:
        run_and_show(out, made.SILENT, open_workspace(settings), "local")
    except DataError as failed:
        error = str(failed)
    lines = out.file.getvalue().splitlines()  # type: ignore[attr-defined]
    end = next(i for i, line in enumerate(lines) if " made, " in line)
    # A slow machine shows a first look above them.
    begin = max(i for i, line in enumerate(lines[:end]) if any(text in line for text in LINES.values()))
    results = {"verdict": lines[begin]} | dict(line.split("  ", 1) for line in lines[begin + 1 : end] if "  " in line)
    return {what: result.strip() for what, result in results.items()}, lines[end + 1 :], error


def page(settings: Settings) -> str:
    return report_path(settings.reports, "local").read_text()


def observed(asset: str) -> list[str]:
    """What Dagster was told of an asset being out of date, the latest first."""
    records = dg.DagsterInstance.get().fetch_observations(asset_key(asset), limit=10).records
    return [str(record.asset_observation.metadata["out_of_date"].value) for record in records]  # type: ignore[union-attr]


def test_after_a_failed_step_what_it_blocks_says_so_everywhere(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, _, _ = shown_by_run(settings)
    assert not [text for text in before.values() if text.startswith("out of date")]
    assert OUT_OF_DATE not in page(settings)
    made.edit_study(settings, differential={"log_fc": 0.3, "p_value": 0.3})

    def fails(*_: object) -> None:
        raise ValueError("the forest does not grow")

    with monkeypatch.context() as patch:
        patch.setattr("dmicc_assets.assets.signature.rank_signature", fails)
        results, after, error = shown_by_run(settings)
    assert error.startswith("ranking of local failed: ranking of local: the forest does not grow")
    assert results["signature"] != before["signature"]
    assert not results["signature"].startswith("out of date"), "it is new"
    for what in ("verdict", "biomarkers", "findings", "AUC of the model in V"):
        assert results[what] == f"out of date: {before[what]}", "and this is of the old signature"
    cause = "ranking of local failed: ranking of local: the forest does not grow"
    assert after[0].endswith("tables are out of date (warehouse.partitions has each):")
    assert after[1].startswith("  ranking of local failed (signature/ranking of local, "), "why is the last line"

    assert OUT_OF_DATE in page(settings)
    assert cause in page(settings)
    assert page(settings).index(cause) < page(settings).index("</header>")
    with open_warehouse(settings) as connection:
        rows = connection.execute(
            "SELECT table_name, because FROM warehouse.partitions WHERE NOT is_current"
        ).fetchall()
    because = dict(rows)
    assert because["signature/ranking"] == cause.removeprefix("ranking of local ").replace("failed ", "failed: ")
    assert because["rigor/findings"] == because["report/study"] == f"blocked: {cause}"
    assert "signature/genes" not in because
    assert observed("rigor/findings") == [f"blocked: {cause}"]
    assert observed("signature/genes") == []

    results, after, error = shown_by_run(settings)
    assert error == ""
    assert after[0].startswith("Look: ")
    assert not [text for text in results.values() if text.startswith("out of date")]
    assert OUT_OF_DATE not in page(settings)
    assert observed("rigor/findings")[0] == "no longer: it is up to date"


def test_a_run_of_one_group_says_what_it_left_behind(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made.edit_study(settings, differential={"log_fc": 0.3, "p_value": 0.3})
    made.run_local(settings, only="differential")
    assert "signature of local: differential/genes of local.a, " in page(settings)
    monkeypatch.setattr("sys.argv", ["dmicc", "check", "local"])
    with pytest.raises(SystemExit):
        cli()
    said = capsys.readouterr().out
    assert "tables are out of date" in said
    assert "\n  signature of local: differential/genes of local.a, differential/genes of local.b changed (sig" in said


def test_an_edit_of_the_study_file_shows_before_anything_runs(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["dmicc", "check", "local"])
    for title, said in (("Local files", "every table is up to date"), ("Renamed", "report of local: the study file")):
        made.edit_study(settings, title=title)
        with pytest.raises(SystemExit):
            cli()
        assert said in capsys.readouterr().out
        assert (OUT_OF_DATE in page(settings)) is (title == "Renamed")
