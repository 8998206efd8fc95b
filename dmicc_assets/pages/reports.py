"""The reports as the lake's folder has them: a page, and files beside it. Nothing else of that folder is served."""

import re
from mimetypes import guess_type
from pathlib import Path

from starlette.responses import FileResponse, RedirectResponse, Response

from dmicc_assets.lake.published import lake_of
from dmicc_assets.pages.site import NotThereError, Site
from dmicc_assets.report.report_file import find_report, report_path
from dmicc_assets.study.dataset_parts import NAME

# A report has its own styles and scripts, and texts of other people's data: it is opened as if from another site.
_POLICY = (
    "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads allow-modals; "
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def report(site: Site, study: str, inside: str) -> Response:
    """A study's report, or a file beside it.

    Raises:
        NotThereError: there is none.
    """
    if not re.fullmatch(NAME, study):
        raise NotThereError("there is no such report")
    page = report_path(site.settings.reports, study)
    if not inside:
        if find_report(lake_of(site.settings), site.settings.reports, study) is None:
            raise NotThereError(f"there is no report of {study} yet: a run makes it")
        return _served(page)
    folder = page.parent.resolve()
    path = (folder / inside).resolve()
    if (
        not path.is_relative_to(folder)
        or not path.is_file()
        or any(part.startswith(".") for part in Path(inside).parts)
    ):
        raise NotThereError(f"there is no such file beside the report of {study}")
    return _served(path)


def report_without_slash(site: Site, study: str) -> Response:
    """The address with a slash, from which links beside the page work."""
    if not re.fullmatch(NAME, study):
        raise NotThereError("there is no such report")
    return RedirectResponse(f"/reports/{study}/", 307)


def _served(path: Path) -> Response:
    kind = guess_type(path.name)[0] or "application/octet-stream"
    # Its pictures are asked for by a page that is as if from another site.
    headers = {"content-security-policy": _POLICY, "cross-origin-resource-policy": "cross-origin"}
    return FileResponse(path, media_type=kind, headers=headers)
