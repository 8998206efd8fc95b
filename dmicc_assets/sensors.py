"""What observes the sources by itself: the sensor on revisions and the weekly schedule, off until switched on."""

import json

import dagster as dg

from dmicc_assets.assets.keys import GENE_SETS, SERIES
from dmicc_assets.assets.observed import data_version, libraries_now, observation, served_now
from dmicc_assets.errors import DmiccError
from dmicc_assets.partitions import accession_partitions
from dmicc_assets.workspace import Workspace

SIX_HOURS = 6 * 60 * 60


def revisions_sensor(workspace: Workspace) -> dg.SensorDefinition:
    """Notices what a source serves anew: returns observations of what changed, and requests no run itself."""

    @dg.sensor(
        name="source_revisions",
        minimum_interval_seconds=SIX_HOURS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Asks every source for its validators and observes what changed; automation does the rest.",
    )
    def source_revisions(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        known: dict[str, str] = json.loads(context.cursor or "{}")
        seen: list[dg.AssetObservation] = []
        for accession in accession_partitions(workspace.studies).get_partition_keys():
            try:
                text = served_now(workspace, accession)
            except DmiccError as error:
                context.log.warning(str(error))
                continue
            if known.get(accession) != data_version(text).value:
                known[accession] = data_version(text).value
                seen.append(observation(SERIES, text, accession))
        libraries = libraries_now(workspace)
        if known.get("gene_sets") != data_version(libraries).value:
            known["gene_sets"] = data_version(libraries).value
            seen.append(observation(GENE_SETS, libraries, None))
        return dg.SensorResult(asset_events=seen, cursor=json.dumps(known, sort_keys=True))

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
