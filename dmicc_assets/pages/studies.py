"""The index of studies, and the page of one: its verdict, report, file, check and runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from dmicc_assets.assets import STEPS
from dmicc_assets.errors import DmiccError, RequestError
from dmicc_assets.lake.currency import Currency, study_currency
from dmicc_assets.lake.judged import root_causes
from dmicc_assets.lake.store import Lake
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.pages.check_answer import answer_of
from dmicc_assets.pages.forms import Form
from dmicc_assets.pages.runs import when
from dmicc_assets.pages.site import NotThereError, Site
from dmicc_assets.report.report_file import find_report
from dmicc_assets.results.reader import Results
from dmicc_assets.types import ALL_STUDIES

_NEVER, _BEING_MADE = "never run", "being made"


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study in the index.

    Attributes:
        name, title: of the study.
        line: of its verdict; "" before one was made.
        level: of its verdict.
        made: when the verdict was made.
        state: `up to date`, `out of date`, `being made` or `not made yet` as long as some results were never made,
            `never run`, or what else keeps it from being read.
        causes: why it is not up to date; none while it is being made.
        has_report, has_model: what can be opened; a model together with its verdict.
        is_running: whether a run of it is going on.
        problem: of its file; "" for a valid one.
    """

    name: str
    title: str = ""
    line: str = ""
    level: str = ""
    made: str = ""
    state: str = _NEVER
    causes: tuple[str, ...] = ()
    has_report: bool = False
    has_model: bool = False
    is_running: bool = False
    problem: str = ""


def index(site: Site, _: Form) -> Response:
    """Every study, those with results first."""
    workspace = site.workspace()
    rows = [study_row(site, workspace, name) for name in [*workspace.studies, *workspace.broken]]
    rows.sort(key=lambda row: (row.state == _NEVER, bool(row.problem), row.name))
    return site.page("index.html", rows=rows, folder=site.folder)


def study_row(site: Site, workspace: Workspace, name: str) -> StudyRow:
    """What the lake has of a study; a study whose results cannot be read says why."""
    if name in workspace.broken:
        return StudyRow(name, problem=workspace.broken[name], state="its file is not valid")
    study = workspace.study(name)
    is_running = site.runs.state(name).is_going
    if not workspace.lake.has(name):
        return StudyRow(name, study.title, state=_BEING_MADE if is_running else _NEVER, is_running=is_running)
    try:
        states = study_currency(workspace, name, STEPS)
        results = Results.of_study(workspace.lake, study)
        verdict = next(results.rigor.verdict.iter_rows(named=True), {"line": "", "level": ""})
        manifest = workspace.lake.manifest("rigor/verdict", name)
        has_model = manifest is not None and not results.model.coefficients.is_empty()
        state = _state(workspace.lake, states, is_running=is_running)
    except DmiccError as error:
        return StudyRow(name, study.title, state="cannot be read", problem=str(error), is_running=is_running)
    return StudyRow(
        name,
        study.title,
        line=verdict["line"],
        level=verdict["level"],
        made="" if manifest is None else when(manifest.written_at),
        state=state,
        causes=() if state == _BEING_MADE else tuple(root_causes(states)),
        has_report=find_report(workspace.lake, site.settings.reports, name) is not None,
        has_model=has_model,
        is_running=is_running,
    )


def study_page(site: Site, form: Form, name: str, *, checks: bool = False, error: str = "") -> Response:
    """One study.

    Raises:
        NotThereError: there is none of this name.
    """
    workspace = site.workspace()
    if name not in workspace.files:
        raise NotThereError(f"there is no study {name!r}")
    path = workspace.files[name]
    text = path.read_text(encoding="utf-8", errors="replace")
    return site.page(
        "study.html",
        400 if error else 200,
        row=study_row(site, workspace, name),
        path=path,
        text=text,
        run=site.runs.state(name),
        answer=answer_of(site, text, path, with_gene_sets=True) if checks else None,
        error=error,
        was_saved=form.text("saved") == "yes",
    )


def check_study(site: Site, form: Form, name: str) -> Response:
    """The page of a study with the answer of `check`, for which its sources are read again."""
    site.forget()
    return study_page(site, form, name, checks=True)


def run_study(site: Site, form: Form, name: str) -> Response:
    """Start a run, or stop one, and go back to the page of the study."""
    site.workspace().study(name)
    try:
        if form.text("do") == "stop":
            site.runs.stop(name)
        else:
            site.runs.start(name)
    except RequestError as error:
        return study_page(site, form, name, error=str(error))
    return RedirectResponse(f"/studies/{name}#run", 303)


def _state(lake: Lake, states: Sequence[Currency], *, is_running: bool) -> str:
    """Of the study's own results: the atlas of all studies changes with every other study.

    Only a result that exists can be out of date.
    """
    stale = [state for state in states if not state.is_current and state.key != ALL_STUDIES]
    if not stale:
        return "up to date"
    if any(all(lake.was_written(table, state.key) for table in state.step.outputs) for state in stale):
        return "out of date"
    return _BEING_MADE if is_running else "not made yet"
