import sys
from pathlib import Path

import pytest

from dmicc_assets.assets import STEPS
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
