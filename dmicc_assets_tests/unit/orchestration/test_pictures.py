"""The picture in an asset's metadata never fails the step that computed the table."""

from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from dmicc_assets.orchestration import pictures
from dmicc_assets.orchestration.events import shown
from dmicc_assets.report.figures import catalog, kept


@pytest.mark.parametrize("place", ["study_figures", "KeptFigures", "upstream"])
def test_a_picture_that_cannot_be_drawn_says_why(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("a fault")

    where = {"study_figures": catalog, "KeptFigures": kept}.get(place, pictures)
    monkeypatch.setattr(where, place, fails)
    context: Any = SimpleNamespace(
        key=SimpleNamespace(part="b"),
        study=SimpleNamespace(model_cohort="b", study="s", enrichment=None),
        settings=SimpleNamespace(reports=None),
        lake=None,
        step=None,
        report_progress=None,
    )
    monkeypatch.setattr(pictures.Results, "of_study", lambda *_: None)
    monkeypatch.setattr(pictures, "report_path", lambda *_: SimpleNamespace(parent=None))
    if place != "KeptFigures":
        monkeypatch.setattr(kept, "KeptFigures", lambda *_: SimpleNamespace(results=None))
    if place != "upstream":
        monkeypatch.setattr(pictures, "upstream", lambda *_: set())
    manifest: Any = SimpleNamespace(table="differential/statistics", n_rows=3)
    told = pictures.Pictures(context).picture(manifest)
    assert told is not None
    assert told.text.startswith("The picture could not be drawn (RuntimeError: a fault), a defect in dmicc")
    assert not told.is_drawn
    assert isinstance(shown(told), dg.TextMetadataValue)
