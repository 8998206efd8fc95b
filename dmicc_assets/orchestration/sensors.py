"""Automatic observation of the sources: the sensor on revisions and the weekly schedule, off until switched on."""

import json
import os
import time
from dataclasses import dataclass, field

import dagster as dg

from dmicc_assets.assets import STEPS
from dmicc_assets.errors import DmiccError
from dmicc_assets.orchestration.keys import GENE_SETS, SERIES
from dmicc_assets.orchestration.observed import accessions, data_version, libraries_now, observation, served_now
from dmicc_assets.orchestration.reconcile import agree
from dmicc_assets.orchestration.resources import WorkspaceResource

SIX_HOURS = 6 * 60 * 60


@dataclass
class _Cursor:
    """State of the sensor between ticks.

    Attributes:
        versions: the data version of each accession (and of `gene_sets`) when it was last observed.
        next: the accession at which to begin: the first that the last tick did not reach.
    """

    versions: dict[str, str] = field(default_factory=dict)
    next: str = ""


def revisions_sensor() -> dg.SensorDefinition:
    """Detects revisions at the sources and reports them as observations; it requests no run itself."""

    @dg.sensor(
        name="source_revisions",
        minimum_interval_seconds=SIX_HOURS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Checks every source and reports an observation for each revised one; automation does the rest.",
    )
    def source_revisions(context: dg.SensorEvaluationContext, workspace: WorkspaceResource) -> dg.SensorResult:
        here = workspace.session().workspace
        cursor = _read_cursor(context.cursor)
        seen: list[dg.AssetObservation] = []
        libraries = libraries_now(here)
        if _is_new(cursor, "gene_sets", libraries):
            seen.append(observation(GENE_SETS, libraries, None))
        first, cursor.next, ends = cursor.next, "", time.monotonic() + _seconds_a_tick()
        for accession in _beginning_with(accessions(here), first):
            if time.monotonic() > ends:
                cursor.next = accession
                context.log.info(f"no time for {accession} and those after it: the next tick begins there")
                break
            try:
                text = served_now(here, accession)
            except DmiccError as error:
                context.log.warning(str(error))
                continue
            if _is_new(cursor, accession, text):
                seen.append(observation(SERIES, text, accession))
        for study in (each for each in here.studies if here.lake.has(each) and time.monotonic() < ends):
            try:
                reported = agree(context.instance, here, study, STEPS)
            except DmiccError as error:  # one study does not stop the others
                context.log.warning(str(error))
                continue
            for result in reported:
                context.log.info(f"{result} is reported: the process that made it was killed before it could")
        return dg.SensorResult(asset_events=seen, cursor=json.dumps(vars(cursor), sort_keys=True))

    return source_revisions


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
    at = names.index(first) if first in names else 0
    return names[at:] + names[:at]


def _seconds_a_tick() -> float:
    """Two thirds of Dagster's time limit for a tick (60 s by default), after which Dagster discards its results."""
    return float(os.environ.get("DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS", "60")) * 2 / 3
