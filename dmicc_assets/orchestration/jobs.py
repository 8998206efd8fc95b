"""The jobs of the UI: a whole study, as in `dmicc run`, and the weekly check of every source and every file."""

from collections.abc import Iterator
from dataclasses import replace

import dagster as dg

from dmicc_assets.errors import DmiccError
from dmicc_assets.geo.http.cache import FileCache
from dmicc_assets.lake.making import Outcome
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.keys import CATALOG, GENE_SETS, SERIES, tags_of_run
from dmicc_assets.orchestration.observed import accessions, libraries_now, observation, served_now
from dmicc_assets.orchestration.partitions import accession_partition
from dmicc_assets.orchestration.resources import WorkspaceResource
from dmicc_assets.orchestration.run import StudyRun
from dmicc_assets.tables import TABLES
from dmicc_assets.types import PartitionKey
from dmicc_assets.warehouse.build import build_warehouse


class StudyConfig(dg.Config):
    """Configuration of a run of a study.

    Attributes:
        force: compute everything, also what is up to date.
        verify: check the SHA-256 of every file; damaged ones are computed again.
        only: a group of the asset graph; empty for all groups.
    """

    force: bool = False
    verify: bool = False
    only: str = ""


def run_study(workspace: Workspace) -> dg.JobDefinition:
    """Compute everything of a study that is not up to date, as `dmicc run` does; its runs share one tag `dmicc/run`."""

    @dg.op(name="make_what_is_not_up_to_date")
    def make(context: dg.OpExecutionContext, config: StudyConfig, workspace: WorkspaceResource) -> None:
        here, study = workspace.opened(), context.partition_key

        def log(outcome: Outcome) -> None:
            seconds = f" in {outcome.seconds:.1f} s" if outcome.seconds else ""
            message = f": {outcome.message}" if outcome.message else ""
            context.log.info(f"{outcome.step.name} of {outcome.key}: {outcome.state}{seconds}{message}")

        def say(text: str) -> None:
            if text:  # an empty one ends what was said, in a line that changes
                context.log.info(text)

        try:
            with here.hold_study(study, report_waiting=context.log.info):
                here = replace(here, report_progress=say)
                run = StudyRun(here, study, force=config.force, verify=config.verify)
                context.instance.add_run_tags(context.run_id, tags_of_run(study, run.name))
                outcomes = run.materialise(run.plan(config.only or None), ended=log)
        except DmiccError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        for warning in dict.fromkeys(run.warnings):
            context.log.warning(warning)
        if failed := [f"{one.step.name} of {one.key}: {one.message}" for one in outcomes if one.state == "failed"]:
            raise dg.Failure("\n".join(failed), allow_retries=False)

    @dg.job(
        name="run_study",
        description=run_study.__doc__,
        partitions_def=dg.StaticPartitionsDefinition(sorted(workspace.studies)),
        executor_def=dg.in_process_executor,
    )
    def job() -> None:
        make()

    return job


def observe_and_verify() -> dg.JobDefinition:
    """Observe every source, check the SHA-256 of every file, build the catalog; fails with a list of what is wrong."""

    @dg.op(name="observe_every_source")
    def observe(context: dg.OpExecutionContext, workspace: WorkspaceResource) -> list[str]:
        here = workspace.opened()
        context.log_event(observation(GENE_SETS, libraries_now(here), None))
        needed, problems = _accessions_of_results(here), list[str]()
        for accession in accessions(here):
            try:
                text = served_now(here, accession, thorough=True)
            except DmiccError as error:
                if accession in needed:
                    problems.append(str(error))
                else:  # for a study that was never run this is no problem
                    context.log.warning(str(error))
                continue
            context.log_event(observation(SERIES, text, accession))
        return problems

    @dg.op(name="verify_every_file")
    def verify(context: dg.OpExecutionContext, workspace: WorkspaceResource, problems: list[str]) -> None:
        here = workspace.opened()
        damaged = [*_damaged_results(here), *_damaged_downloads(here)]
        context.log.info(
            f"{len(damaged)} damaged files in lake and downloads, {len(problems)} sources without an answer"
        )
        if n_swept := here.lake.sweep():
            context.log.info(f"{n_swept} objects of killed processes are deleted from the object store")
        if damaged or problems:
            raise dg.Failure("\n".join([*problems, *damaged]), allow_retries=False)
        path = build_warehouse(here.settings)
        context.log_event(dg.AssetMaterialization(CATALOG, metadata={"path": dg.MetadataValue.path(path)}))

    @dg.job(name="observe_and_verify", description=observe_and_verify.__doc__, executor_def=dg.in_process_executor)
    def job() -> None:
        verify(problems=observe())

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
                yield f"{path}: was changed after it was written; `dmicc run {study} --verify` computes it again"


def _damaged_downloads(workspace: Workspace) -> Iterator[str]:
    for path in FileCache(workspace.settings.downloads).damaged():
        yield f"{path}: was changed after the download; `dmicc run STUDY --only source --force` downloads it again"
