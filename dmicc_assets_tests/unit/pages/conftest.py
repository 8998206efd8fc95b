"""A browser on the pages of the simulated lake."""

import polars as pl
import pytest

from dmicc_assets.model.frozen_model import RiskModel
from dmicc_assets.pages.site import Site
from dmicc_assets.report.report_file import report_path, write_page
from dmicc_assets.results.patient_scores import study_model
from dmicc_assets.results.reader import Results
from dmicc_assets_tests.worlds.pages_browser import Browser
from dmicc_assets_tests.worlds.simulated_lake import STUDY, simulated_workspace


@pytest.fixture(scope="session")
def lake_browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    workspace = simulated_workspace(tmp_path_factory.mktemp("lake") / "home")
    write_page(report_path(workspace.settings.reports, STUDY), "<title>The report</title>")
    beside = report_path(workspace.settings.reports, STUDY).parent
    (beside / "figures").mkdir()
    (beside / "figures" / "volcano.svg").write_text("<svg/>")
    (beside / ".hidden").write_text("no")
    return Browser(Site(workspace.settings))


@pytest.fixture(scope="session")
def model(lake_browser: Browser) -> tuple[RiskModel, pl.DataFrame]:
    workspace = lake_browser.site.workspace()
    return study_model(Results.of_study(workspace.lake, workspace.study(STUDY)))
