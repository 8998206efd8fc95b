"""The results of a study that was run: the tables of SQL as frames, a cohort as AnnData. Nothing is computed here."""

from pathlib import Path
from typing import TYPE_CHECKING

from dmicc_assets.errors import RequestError
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.results.reader import Results
from dmicc_assets.study.settings import load_settings

if TYPE_CHECKING:
    from anndata import AnnData


class StudyResults(Results):
    """A study's results: `results.differential.statistics` is the view `differential.statistics` of this study."""

    def to_anndata(self, cohort: str) -> "AnnData":
        """A cohort as AnnData: samples by genes, batch removed, as merged in the layer `value`.

        `obs` has the columns of `cohort.samples`, `var` those of `differential.statistics`.

        Args:
            cohort: name of a cohort of the study.

        Raises:
            RequestError: there is no such cohort, or anndata is not installed.
            DataError: the cohort was not computed.
        """
        from dmicc_assets.export.anndata import cohort_anndata

        if cohort not in self.study.cohorts:
            raise RequestError(f"{self.name} has no cohort {cohort!r}; there are {', '.join(self.study.cohorts)}")
        return cohort_anndata(self, cohort)


def open(study: str, *, home: Path | str | None = None) -> StudyResults:  # noqa: A001 - as `dm.open`
    """The results of a study that was run.

    Args:
        study: its name.
        home: where its results are; DMICC_HOME by default. DMICC_STUDIES names the folders of study files.

    Raises:
        RequestError: there is no such study, its file is wrong, or it has no results in this home.
    """
    workspace = open_workspace(load_settings(home=Path(home)) if home is not None else load_settings())
    spec = workspace.study(study)
    if not workspace.lake.has(study):
        command = "dmicc demo" if spec.is_simulated else f"dmicc run {study}"
        raise RequestError(f"{study} has no results in {workspace.settings.home}: `{command}` makes them")
    settings = workspace.settings.simulated() if spec.is_simulated else workspace.settings
    return StudyResults.of_study(workspace.lake, spec, settings)
