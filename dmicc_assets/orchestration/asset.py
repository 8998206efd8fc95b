"""Dagster assets of steps: keys, partitions, mappings, checks, metadata, data versions. No computation.

The body of a step computes; `lake/currency.py` decides whether it must run. An up-to-date step reports the state of the
lake again, with the same data versions, so that nothing downstream is requested.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import dagster as dg

from dmicc_assets.assets import STEPS
from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.making import Made, make
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.steps import Step, StepContext
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.automation import (
    fetch_when_changed,
    rebuild_when_changed,
    recompute_when_changed,
    tables_to_wait_for,
)
from dmicc_assets.orchestration.checks import (
    failed_check,
    finding_checks,
    finding_results,
    integrity_checks,
    passed_checks,
)
from dmicc_assets.orchestration.events import materialized, shown_of, tell_stale
from dmicc_assets.orchestration.judged_study import judge_study
from dmicc_assets.orchestration.keys import GENE_SETS, OWNERS, SERIES, asset_key
from dmicc_assets.orchestration.metadata import table_metadata
from dmicc_assets.orchestration.partitions import accession_mapping, mapping, partitions_of
from dmicc_assets.orchestration.pictures import Pictures
from dmicc_assets.orchestration.resources import WorkspaceResource
from dmicc_assets.orchestration.told import go_on_telling, last_told, to_be_told
from dmicc_assets.study.schema import Study
from dmicc_assets.tables import TABLES
from dmicc_assets.types import ALL_STUDIES, PartitionKey


class StepConfig(dg.Config):
    """Configuration of one step.

    Attributes:
        force: compute it even if it is up to date.
        verify: check the SHA-256 of its files; damaged ones are computed again.
    """

    force: bool = False
    verify: bool = False


def asset_of(step: Step, workspace: Workspace) -> dg.AssetsDefinition:
    """The multi-asset of a step: one asset a table, all of them from one computation."""
    partitions = partitions_of(workspace.studies)[step.partition]
    deps = _deps(step, workspace.studies)
    condition = _condition(step)
    specs = [
        dg.AssetSpec(
            asset_key(table),
            deps=deps,
            description=f"{TABLES[table].meaning}\n\n*How it is computed:* {step.description}",
            metadata=table_metadata(step, TABLES[table], workspace.settings.pages_url),
            group_name=TABLES[table].group,
            code_version=step.version,
            automation_condition=condition,
            owners=OWNERS,
            kinds={"polars", "parquet"},
        )
        for table in step.outputs
    ]

    @dg.multi_asset(
        name=step.name,
        specs=specs,
        partitions_def=partitions,
        check_specs=[*integrity_checks(step, partitions), *finding_checks(step, partitions)],
    )
    def compute(
        context: dg.AssetExecutionContext, config: StepConfig, workspace: WorkspaceResource
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        here = workspace.opened()
        key = PartitionKey(context.partition_key) if context.has_partition_key else ALL_STUDIES
        of = here.context(step, key, context.run.run_id, context.log.info)
        try:
            with _shared(here, key, context.log.info), _judged(here, key, context.instance):
                made = make(of, is_forced=config.force, verified=of.lake.verify if config.verify else None)
                pictures = Pictures(of)
                written = [(each, _shown(context.instance, of, made, each.manifest, pictures)) for each in made.written]
        except DmiccError as error:
            yield from failed_check(step, error)
            raise dg.Failure(str(error), metadata={"exit_status": error.exit_status}, allow_retries=False) from None
        for each, shown in written:
            yield materialized(each, shown)
        yield from passed_checks(step)
        yield from finding_results(step, of)

    return compute


def _shown(
    instance: dg.DagsterInstance, of: StepContext, made: Made, manifest: Manifest, pictures: Pictures
) -> dict[str, dg.MetadataValue]:
    return shown_of(instance, of, made, manifest, lambda: pictures.picture(manifest))


@contextmanager
def _judged(workspace: Workspace, key: PartitionKey, instance: dg.DagsterInstance) -> Iterator[None]:
    """After a step in a run of the UI, decide which results of its study are up to date, and report it on the assets.

    After a success the next steps of the same run update the rest, so this is reported only after a failure.
    """
    if key == ALL_STUDIES:
        yield
        return
    has_failed = True
    try:
        yield
        has_failed = False
    finally:
        settings, study = workspace.settings, key.study
        before = last_told(settings, study)
        now = to_be_told(workspace.lake, judge_study(workspace, study))
        if not has_failed:
            now = {each: because for each, because in before.stale.items() if each in now}
        if now != before.stale:
            tell_stale(instance, before.stale, now)
            go_on_telling(settings, study, before, now)


@contextmanager
def _shared(workspace: Workspace, key: PartitionKey, report: Callable[[str], None]) -> Iterator[None]:
    """Share the study's lock with other runs of the UI, which excludes `dmicc run`, `forget` and retirement."""
    if key == ALL_STUDIES:
        yield
    else:
        with workspace.hold_study(key.study, is_shared=True, report_waiting=report):
            yield


def _condition(step: Step) -> dg.AutomationCondition:
    if "source/files" in step.outputs:
        return fetch_when_changed()
    if step.partition == "all_studies":
        return rebuild_when_changed()
    only_order = [asset_key(each.table) for each in step.inputs if not each.is_read]
    waits_for = [[asset_key(table) for table in tables] for tables in tables_to_wait_for(step, STEPS)]
    return recompute_when_changed(waits_for, only_order)


def _deps(step: Step, studies: Mapping[str, Study]) -> list[dg.AssetDep]:
    deps = [
        dg.AssetDep(asset_key(i.table), partition_mapping=mapping(studies, step.partition, i.through, i.table))
        for i in step.inputs
    ]
    if "source/files" in step.outputs:
        deps.append(dg.AssetDep(SERIES, partition_mapping=accession_mapping(studies)))
    elif step.observe is not None:
        deps.append(dg.AssetDep(GENE_SETS))
    return deps
