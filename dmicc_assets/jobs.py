"""The job that observes every source and verifies every file of the lake; scheduled weekly in `sensors.py`."""

from collections.abc import Iterator

import dagster as dg

from dmicc_assets.assets.keys import CATALOG, SERIES
from dmicc_assets.assets.observed import observation, served_now
from dmicc_assets.errors import DmiccError
from dmicc_assets.partitions import accession_partitions
from dmicc_assets.tables import TABLES
from dmicc_assets.warehouse import build_warehouse
from dmicc_assets.workspace import Workspace


def observe_and_verify(workspace: Workspace) -> dg.JobDefinition:
    """Observe every source, check the SHA-256 of every file, build the catalog; fails with a list of what is wrong."""

    @dg.op(name="observe_every_source")
    def observe(context: dg.OpExecutionContext) -> list[str]:
        problems: list[str] = []
        for accession in accession_partitions(workspace.studies).get_partition_keys():
            try:
                context.log_event(observation(SERIES, served_now(workspace, accession), accession))
            except DmiccError as error:
                problems.append(str(error))
        return problems

    @dg.op(name="verify_every_file")
    def verify(context: dg.OpExecutionContext, problems: list[str]) -> None:
        damaged = list(_damaged(workspace))
        context.log.info(f"{len(damaged)} damaged files in the lake, {len(problems)} sources without an answer")
        if damaged or problems:
            raise dg.Failure("\n".join([*problems, *damaged]), allow_retries=False)
        path = build_warehouse(workspace.settings)
        context.log_event(dg.AssetMaterialization(CATALOG, metadata={"path": dg.MetadataValue.path(path)}))

    @dg.job(name="observe_and_verify", description=observe_and_verify.__doc__, executor_def=dg.in_process_executor)
    def job() -> None:
        verify(observe())

    return job


def _damaged(workspace: Workspace) -> Iterator[str]:
    for table in TABLES:
        for partition in workspace.lake.partitions(table):
            if not workspace.lake.verify(table, partition):
                path = workspace.lake.path(table, partition)
                yield f"{path}: is not what was written; `dmicc run {partition.split('.')[0]} --verify` makes it again"
