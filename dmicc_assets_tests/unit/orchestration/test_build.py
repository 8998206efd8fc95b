import logging
import sys
from pathlib import Path

import dagster as dg
import pytest

from dmicc_assets.assets import STEPS
from dmicc_assets.definitions import defs
from dmicc_assets.errors import RequestError
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.orchestration import build
from dmicc_assets.orchestration.asset import asset_of
from dmicc_assets.orchestration.keys import asset_key
from dmicc_assets.study.settings import load_settings


def test_an_executor_whose_package_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    assert build._executor("in_process").name == "in_process"
    for name, module in (("celery", "dagster_celery"), ("k8s", "dagster_k8s")):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(RequestError, match=rf"DMICC_EXECUTOR: {name} needs the extra: .*\[cluster\]"):
            build._executor(name)


@pytest.mark.parametrize("port", [3001, 4321])
def test_reports_lead_to_the_pages_at_the_port_that_they_have_now(port: int, tmp_path: Path) -> None:
    """What is stored of a report names no port: the pages of another day are at another."""
    workspace = open_workspace(load_settings(home=tmp_path / "home", studies=str(tmp_path), pages_port=port))
    (step,) = (each for each in STEPS if "report/study" in each.outputs)
    (spec,) = (each for each in asset_of(step, workspace).specs if each.key == asset_key("report/study"))
    assert spec.metadata["pages"].value == f"http://127.0.0.1:{port}/"


def test_an_invalid_study_file_is_said_once_though_dagster_loads_it_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("first", "second"):
        (tmp_path / f"{name}.yaml").write_text(f"study: {name}\ntitle: without datasets\n")
    monkeypatch.setenv("DMICC_STUDIES", str(tmp_path))
    monkeypatch.setenv("DMICC_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("dmicc_assets.definitions.build_defs", lambda _: dg.Definitions())
    with caplog.at_level(logging.WARNING, "dmicc_assets.definitions"):
        for _ in range(2):
            defs()
    said = [record.getMessage() for record in caplog.records if "datasets" in record.getMessage()]
    assert len(said) == 2
    assert [("first.yaml" in each, "second.yaml" in each) for each in sorted(said)] == [(True, False), (False, True)]
