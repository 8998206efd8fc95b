"""`--json` of `find` and `demo`: an object for each series or set of planted names, and the outcome last."""

import json
from collections.abc import Callable
from io import StringIO
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from dmicc_assets.cli import demo, find, terminal
from dmicc_assets.cli.json_lines import last_object
from dmicc_assets.errors import RequestError
from dmicc_assets.simulation import mirror

SERIES = pl.DataFrame({"accession": ["GSE46239", "GSE1551"], "samples": [52, 23], "title": ["DM skin", "DM muscle"]})
PLANTED = pl.DataFrame({"set": ["signature"], "planted": [3], "found": [2], "missed_names": [["GENE1"]]})
Fill = Callable[[Console, dict[str, Any]], None]


def objects(fill: Fill) -> list[dict[str, Any]]:
    text = StringIO()
    out = Console(file=text)
    with last_object(out, is_asked=True) as last:
        assert last is not None
        fill(out, last)
    return [json.loads(line) for line in text.getvalue().splitlines()]


def test_each_series_that_is_found_is_an_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "find_series", lambda *_, **__: SERIES)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    workspace: Any = SimpleNamespace(settings=SimpleNamespace(ncbi_api_key=None, eutils_url=""), client=SimpleNamespace)

    def fill(out: Console, last: dict[str, Any]) -> None:
        find.find_and_show(out, workspace, "dm", "human", "array", 5, only_accessions=False, last=last)

    assert objects(fill) == [*SERIES.to_dicts(), {"outcome": "succeeded", "n_series": 2}]
    with pytest.raises(RequestError, match="leave out --accessions or --json"):
        find.find_and_show(Console(), workspace, "dm", "human", "array", 5, only_accessions=True, last={})


def test_each_set_of_planted_names_is_an_object_behind_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(out: Console, *_: object, last: dict[str, Any]) -> None:
        last["study"] = "demo"
        out.print('{"step": "files"}')

    monkeypatch.setattr(mirror, "simulate_mirror", lambda *_: None)
    monkeypatch.setattr(terminal, "run_and_show", run)
    monkeypatch.setattr(terminal.Results, "of_study", lambda *_: None)
    monkeypatch.setattr(demo, "truth_found", lambda *_: PLANTED)
    workspace: Any = SimpleNamespace(
        settings=SimpleNamespace(simulated_mirror=None),
        hold_study=lambda *_, **__: last_object(Console(), is_asked=False),  # pyright: ignore[reportUnknownLambdaType]
        lake=None,
        studies={"demo": None},
    )
    found = objects(lambda out, last: terminal.demo_and_show(out, Console(), workspace, 1, last))
    assert found == [{"step": "files"}, *PLANTED.to_dicts(), {"outcome": "succeeded", "study": "demo"}]
