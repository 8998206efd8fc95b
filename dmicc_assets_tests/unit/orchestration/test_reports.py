"""How a run gets ready to tell Dagster; what it tells is tested with Dagster itself."""

from threading import Event
from typing import Any, cast

import pytest

from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration import reports as module
from dmicc_assets.orchestration.reports import Reports
from dmicc_assets.study.schema import Study
from dmicc_assets.study.settings import Settings


class Named:
    """What is asked of a study here."""

    study = "local"


def reports_of(settings: Settings) -> Reports:
    study = cast(Study, Named())
    return Reports(Workspace(settings, {}, {}), {}, {}, study, "local, now", {}, lambda _: None)


def test_dagster_is_loaded_once_beside_other_work(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, loaded = Event(), list[str]()

    def load(name: str) -> None:
        assert goes_on.wait(60)
        loaded.append(name)

    monkeypatch.setattr(module, "import_module", load)
    reports = reports_of(settings)
    assert [reports.get_ready(), reports.get_ready()] == [False, False], "nobody waits for it"
    goes_on.set()
    while not reports.get_ready():
        pass
    assert loaded == ["dmicc_assets.orchestration.launch"]


def test_what_prevents_it_is_not_said_in_the_middle_of_the_work(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails(_: str) -> Any:
        raise ImportError("no dagster")

    monkeypatch.setattr(module, "import_module", fails)
    reports = reports_of(settings)
    while not reports.get_ready():
        pass
    assert capfd.readouterr().err == "", "it is said where Dagster is needed"
