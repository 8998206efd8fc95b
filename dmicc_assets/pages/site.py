"""What the pages share while the server runs: settings, token, templates, started runs, headers that were read.

Each page is a module of its own; `server.py` says which address leads to which.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from dmicc_assets.errors import RequestError
from dmicc_assets.geo.describe import SeriesDescription, describe_series
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.preview import DatasetPreview, Fetched, preview_dataset
from dmicc_assets.lake.workspace import Workspace, open_workspace
from dmicc_assets.pages.loopback import Token
from dmicc_assets.pages.runs import Runs
from dmicc_assets.study.schema import Dataset
from dmicc_assets.study.settings import Settings

_MOST_KEPT = 200


class NotThereError(RequestError):
    """There is no such study, report or file: HTTP status 404."""


# Widest field of a form, in characters; a longer text scrolls in it.
_WIDEST = 90


def wide(text: str, least: int) -> int:
    """Characters of a field that shows its text whole."""
    return max(least, min(len(text) + 1, _WIDEST))


def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("dmicc_assets.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["urlize.rel"] = "noopener"
    environment.filters["wide"] = wide
    return environment


@dataclass
class Site:
    """The state of the pages.

    Attributes:
        settings: of the server.
        dagster: address of Dagster's UI.
        saved: called after a study file was saved, so that Dagster's UI learns of it.
        token: of this server's forms.
        runs: that pages have started.
    """

    settings: Settings
    dagster: str = ""
    saved: Callable[[], None] = lambda: None
    token: Token = field(default_factory=Token)
    runs: Runs = field(init=False)
    _templates: Environment = field(default_factory=_templates)
    _described: dict[str, SeriesDescription] = field(default_factory=dict[str, SeriesDescription])
    _previews: dict[tuple[str, str], DatasetPreview] = field(default_factory=dict[tuple[str, str], DatasetPreview])
    coverage: dict[tuple[object, ...], list[str]] = field(default_factory=dict[tuple[object, ...], list[str]])

    def __post_init__(self) -> None:
        self.runs = Runs(self.settings)

    @property
    def folder(self) -> Path:
        """The folder of new study files."""
        return next(iter(self.settings.study_folders), Path.cwd())

    def workspace(self) -> Workspace:
        """The studies as their files say now."""
        return open_workspace(self.settings)

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page of a template; every text in it is escaped."""
        shared = {"token": self.token.text, "dagster": self.dagster}
        return HTMLResponse(self._templates.get_template(template).render(**shared, **values), status)

    def describe(self, accession: str, *, anew: bool = False) -> SeriesDescription:
        """A series by its headers, which are read once, or anew.

        Raises:
            DmiccError: as in `describe_series`.
        """
        known = self._described.get(accession)
        if known is None or anew:
            known = describe_series(accession, self.workspace().client())
            _forget_oldest(self._described)
            self._described[accession] = known
        return known

    def preview(self, name: str, spec: Dataset, client: GeoClient, folder: Path, fetched: Fetched) -> DatasetPreview:
        """A dataset before its download; a good answer is kept, since labels do not change it."""
        files = spec.model_dump_json(exclude={"labels", "tissue", "patient", "batch", "normalise", "collapse"})
        if (name, files) not in self._previews:
            seen = preview_dataset(name, spec, client, folder, fetched)
            if seen.problem is not None:
                return seen
            _forget_oldest(self._previews)
            self._previews[name, files] = seen
        return self._previews[name, files]

    def forget(self) -> None:
        """Read headers again, as a person who asks for a check expects."""
        self._described.clear()
        self._previews.clear()


def _forget_oldest(kept: dict[Any, Any]) -> None:
    while len(kept) >= _MOST_KEPT:
        kept.pop(next(iter(kept)), None)
