"""What a person types and is offered: help that fits a terminal of 80 columns, and words with and without quotes."""

from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from dmicc_assets.cli.main import app

COMMANDS = sorted(get_command(app).commands)  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids="".join)
def test_help_is_not_cut_at_80_columns(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = CliRunner().invoke(app, [*command, "--help"])
    assert said.exit_code == 0
    lines = said.output.splitlines()
    assert len(lines) > 3
    assert [line for line in lines if len(line) > 80] == []
    cut = [line for line in lines if line.rstrip().endswith("...") and not line.startswith("Usage")]
    assert cut == []


@pytest.mark.parametrize("words", [["rheumatoid", "arthritis", "synovium"], ["rheumatoid arthritis", "synovium"]])
def test_words_are_looked_for_with_and_without_quotes(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setenv("DMICC_HOME", str(tmp_path))
    monkeypatch.setattr("dmicc_assets.cli.find.find_and_show", lambda _out, _work, text, *_, **__: asked.append(text))
    assert CliRunner().invoke(app, ["find", *words, "--type", "array"]).exit_code == 0
    assert asked == ["rheumatoid arthritis synovium"]
