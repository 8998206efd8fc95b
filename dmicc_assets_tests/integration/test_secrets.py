"""Secrets of the environment are in nothing that is made: lake, Dagster's records, warehouse, export, output."""

from pathlib import Path

import pytest

from dmicc_assets.export.study_export import ExportChoice, export_study
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.warehouse.query import run_query
from dmicc_assets_tests.worlds import made_study as made
from dmicc_assets_tests.worlds.local_study import local_study, values_of

KEY, PASSWORD = "planted-key-4711", "planted-password-0815"


def holding(folder: Path, *secrets: str) -> list[Path]:
    """Files below a folder with one of the secrets in them."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if any(secret.encode() in path.read_bytes() for secret in secrets)]


def test_a_planted_secret_is_in_nothing_that_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NCBI_API_KEY", KEY)
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://user:{PASSWORD}@127.0.0.1:9")
    (tmp_path / "state").mkdir()
    settings = local_study(tmp_path / "state", {name: values_of(name, 8, 8, seed) for seed, name in enumerate("AB")})
    made.enter(settings, monkeypatch)
    made.without_pictures(monkeypatch)
    assert KEY not in repr(settings) + str(settings.environment())
    assert set(made.states(made.run_local(settings))) == {"made"}
    run_query(settings, "SELECT 1")
    workspace = open_workspace(settings)
    export_study(workspace, workspace.study("local"), tmp_path / "state" / "export", ExportChoice(draws=False))
    assert holding(tmp_path / "state", KEY, PASSWORD) == []
    said = capfd.readouterr()
    assert not any(secret in said.out + said.err for secret in (KEY, PASSWORD))
    (tmp_path / "state" / "planted").write_text(KEY)
    assert holding(tmp_path / "state", KEY, PASSWORD) == [tmp_path / "state" / "planted"]
