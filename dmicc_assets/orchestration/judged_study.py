"""After a command on a study: decides what is up to date, and updates lake and report. Without dagster."""

import errno

from dmicc_assets.assets import STEPS
from dmicc_assets.lake.currency import Currency, study_currency
from dmicc_assets.lake.judged import keep
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.report.stale_banner import mark_report

_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


def judge_study(workspace: Workspace, study: str) -> list[Currency]:
    """State of every partition of a study, in the order of the steps; also shown in warehouse and report.

    No source is read. In a read-only home nothing is stored.

    Raises:
        RequestError: there is no such study.
    """
    try:
        with workspace.lake.lock(f"judged.{study}"):  # so that of two runs in the UI the later decision is stored
            states = study_currency(workspace, study, STEPS)
            keep(workspace.lake, study, states)
            mark_report(workspace.lake, workspace.settings.reports, study, states)
            return states
    except OSError as error:
        if error.errno not in _READ_ONLY:
            raise
    return study_currency(workspace, study, STEPS)
