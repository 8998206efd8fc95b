"""The job that observes every source and verifies every file of lake and downloads; weekly, by `sensors.py`."""

from collections.abc import Iterator

import dagster as dg

from dmicc_assets.errors import DmiccError
from dmicc_assets.geo.http.cache import FileCache
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.keys import CATALOG, GENE_SETS, SERIES
from dmicc_assets.orchestration.observed import accessions, libraries_now, observation, served_now
from dmicc_assets.orchestration.partitions import accession_partition
from dmicc_assets.tables import TABLES
from dmicc_assets.types import PartitionKey
from dmicc_assets.warehouse.build import build_warehouse


def observe_and_verify(workspace: Workspace) -> dg.JobDefinition:
    """Observe every source, check the SHA-256 of every file, build the catalog; fails with a list of what is wrong."""

    @dg.op(name="observe_every_source")
    def observe(context: dg.OpExecutionContext) -> list[str]:
        context.log_event(observation(GENE_SETS, libraries_now(workspace), None))
        needed, problems = _accessions_of_results(workspace), list[str]()
        for accession in accessions(workspace):
            try:
                text = served_now(workspace, accession, thorough=True)
            except DmiccError as error:
                if accession in needed:
                    problems.append(str(error))
                else:  # of a study that was never run: nothing is wrong
                    context.log.warning(str(error))
                continue
            context.log_event(observation(SERIES, text, accession))
        return problems

    @dg.op(name="verify_every_file")
    def verify(context: dg.OpExecutionContext, problems: list[str]) -> None:
        damaged = [*_damaged_results(workspace), *_damaged_downloads(workspace)]
        context.log.info(
            f"{len(damaged)} damaged files in lake and downloads, {len(problems)} sources without an answer"
        )
        if damaged or problems:
            raise dg.Failure("\n".join([*problems, *damaged]), allow_retries=False)
        path = build_warehouse(workspace.settings)
        context.log_event(dg.AssetMaterialization(CATALOG, metadata={"path": dg.MetadataValue.path(path)}))

    @dg.job(name="observe_and_verify", description=observe_and_verify.__doc__, executor_def=dg.in_process_executor)
    def job() -> None:
        verify(observe())

    return job


def _accessions_of_results(workspace: Workspace) -> set[str]:
    """Accessions of studies that have results in the lake."""
    studies = [study for name, study in workspace.studies.items() if workspace.lake.has(name)]
    return {accession_partition(study, dataset) for study in studies for dataset in study.datasets}


def _damaged_results(workspace: Workspace) -> Iterator[str]:
    for table in TABLES:
        for partition in workspace.lake.partitions(table):
            if not workspace.lake.verify(table, partition):
                study = PartitionKey(partition).study if TABLES[table].partition != "all_studies" else "STUDY"
                path = workspace.lake.path(table, partition)
                yield f"{path}: is not what was written; `dmicc run {study} --verify` makes it again"


def _damaged_downloads(workspace: Workspace) -> Iterator[str]:
    for path in FileCache(workspace.settings.downloads).damaged():
        yield f"{path}: is not what was downloaded; `dmicc run STUDY --only source --force` fetches it again"
