"""Automatic observation of the sources: the sensor on revisions and the weekly schedule, off until switched on."""

import json
import os
import time
from dataclasses import dataclass, field
from functools import cache

import dagster as dg
from dagster._time import get_current_timestamp

from dmicc_assets.assets import STEPS
from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.steps import Step
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.keys import GENE_SETS, SERIES
from dmicc_assets.orchestration.observed import accessions, data_version, libraries_now, observation, served_now
from dmicc_assets.orchestration.overdue import not_taken_up, requests_of
from dmicc_assets.orchestration.reconcile import Agreement, agree, agree_on_shared
from dmicc_assets.orchestration.resources import WorkspaceResource
from dmicc_assets.types import PartitionKey

TEN_MINUTES, SIX_HOURS = 10 * 60, 6 * 60 * 60
_STUDY = "study "
_Late = list[tuple[Step, PartitionKey]]


@dataclass
class _Cursor:
    """State of the sensor between ticks.

    Attributes:
        versions: the data version of each accession (and of `gene_sets`) when it was last observed.
        next: the accession or study at which to go on: the first that the last tick did not reach; "" after a round.
        begun: when the round began, in seconds.
        failed: accessions of the round without an answer, which every tick asks again when it has time.
    """

    versions: dict[str, str] = field(default_factory=dict)
    next: str = ""
    begun: float = 0.0
    failed: list[str] = field(default_factory=list)


def revisions_sensor() -> dg.SensorDefinition:
    """Detects revisions at the sources and reports them as observations; automation requests the runs.

    It requests one itself only of what is overdue: reported in an earlier round and not taken up since. Ticks of less
    than a minute make a round of all sources and studies, the stalest first; a round begins six hours after the last
    began, or when that is over.
    """

    @dg.sensor(
        name="source_revisions",
        minimum_interval_seconds=TEN_MINUTES,
        default_status=dg.DefaultSensorStatus.STOPPED,
        asset_selection=dg.AssetSelection.all(),
        description="Checks every source and reports an observation for each revised one; automation does the rest. "
        "What is out of date although nothing is at work on it, as after a killed run, is requested here.",
    )
    def source_revisions(context: dg.SensorEvaluationContext, workspace: WorkspaceResource) -> dg.SensorResult:
        cursor, ends = _read_cursor(context.cursor), time.monotonic() + _seconds_a_tick()
        is_new_round = not cursor.next and get_current_timestamp() - cursor.begun >= SIX_HOURS
        if not (is_new_round or cursor.next or cursor.failed):
            return dg.SensorResult(cursor=context.cursor)
        here = workspace.opened()
        why_silent = cache(lambda: _why_silent(here))  # for a series its run takes over what there is
        if is_new_round and why_silent():
            return dg.SensorResult(skip_reason=why_silent(), cursor=context.cursor)
        seen, late = _begin_round(here, cursor) if is_new_round else ([], [])
        again, cursor.failed = cursor.failed, []
        going_on = _beginning_with(_round_of(here), cursor.next) if is_new_round or cursor.next else []
        cursor.next = ""
        for at, name in enumerate(names := list(dict.fromkeys([*going_on, *again]))):
            is_study = name.startswith(_STUDY)
            if stop := "there is no time left" if time.monotonic() > ends else is_study and why_silent():
                cursor.next = name if name in going_on else ""
                cursor.failed += [each for each in names[at:] if each in again]
                context.log.info(f"{stop}: the next tick begins with {name}")
                break
            if is_study:
                late += _reconcile(context, here, name.removeprefix(_STUDY))
                continue
            try:
                text = served_now(here, name)
            except DmiccError as error:
                context.log.warning(str(error))
                cursor.failed.append(name)
                continue
            if _is_new(cursor, name, text):
                seen.append(observation(SERIES, text, name))
            else:
                late += not_taken_up(here, text, name)
        if going_on and not cursor.next:  # what all studies share waits for what it is made of
            late += [] if late else _told(context, agree_on_shared(context.instance, here, STEPS))
        return dg.SensorResult(requests_of(late), asset_events=seen, cursor=json.dumps(vars(cursor), sort_keys=True))

    return source_revisions


def _why_silent(here: Workspace) -> str:
    """Take over what other machines published since this process began; why it cannot be had, where it cannot."""
    try:
        here.lake.refresh()
    except DmiccError as error:
        return str(error)
    return ""


def _begin_round(here: Workspace, cursor: _Cursor) -> tuple[list[dg.AssetObservation], _Late]:
    """The observation of the gene sets, if they are new, and what was not made from them: once a round."""
    cursor.begun, cursor.failed = get_current_timestamp(), []
    libraries = libraries_now(here)
    if _is_new(cursor, "gene_sets", libraries):
        return [observation(GENE_SETS, libraries, None)], []
    return [], list(not_taken_up(here, libraries))


def _round_of(here: Workspace) -> list[str]:
    """What a round visits: every accession, then every study."""
    return [*accessions(here), *(f"{_STUDY}{study}" for study in here.studies)]


def _reconcile(context: dg.SensorEvaluationContext, here: Workspace, study: str) -> _Late:
    """Report results of which Dagster never heard, and give what is overdue; one study does not stop the others."""
    try:
        return _told(context, agree(context.instance, here, study, STEPS)) if here.lake.has(study) else []
    except DmiccError as error:
        context.log.warning(str(error))
        return []


def _told(context: dg.SensorEvaluationContext, agreed: Agreement) -> _Late:
    for result in agreed.reported:
        context.log.info(f"{result} is reported: the process that made it was killed before it could")
    return list(agreed.overdue)


def weekly_verification(job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """Every Sunday night: observe every source, verify every file."""
    return dg.ScheduleDefinition(
        name="weekly_observe_and_verify",
        job=job,
        cron_schedule="0 3 * * 0",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description=weekly_verification.__doc__,
    )


def _read_cursor(text: str | None) -> _Cursor:
    """The cursor; one of an earlier version has only the versions."""
    stored = json.loads(text or "{}")
    return _Cursor(**stored) if "versions" in stored else _Cursor(versions=stored)


def _is_new(cursor: _Cursor, name: str, text: str) -> bool:
    """Whether this version differs from the last observation; it is then stored."""
    version = data_version(text).value
    changed = cursor.versions.get(name) != version
    cursor.versions[name] = version
    return changed


def _beginning_with(names: list[str], first: str) -> list[str]:
    """What is left of a round; all of it if it begins, or if what was to be next is gone."""
    return names[names.index(first) :] if first in names else names


def _seconds_a_tick() -> float:
    """Two thirds of Dagster's time limit for a tick (60 s by default), after which Dagster discards its results."""
    return float(os.environ.get("DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS", "60")) * 2 / 3
