"""Dagster assets of steps: keys, partitions, mappings, checks, metadata, data versions. No computation.

What a step computes is in its body; whether it must run is decided by the lake (`dmicc run`), never here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from dmicc_assets.assets import STEPS
from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.recipes import Written, origin, run_step
from dmicc_assets.lake.steps import Step
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.automation import (
    fetch_when_changed,
    levels_to_wait_for,
    rebuild_when_changed,
    recompute_when_changed,
)
from dmicc_assets.orchestration.checks import (
    failed_check,
    finding_checks,
    finding_results,
    integrity_checks,
    passed_checks,
)
from dmicc_assets.orchestration.first_rows import first_rows, written_files
from dmicc_assets.orchestration.keys import GENE_SETS, OWNERS, SERIES, asset_key
from dmicc_assets.orchestration.metadata import column_lineage, table_metadata
from dmicc_assets.orchestration.partitions import accession_mapping, mapping, partitions_of
from dmicc_assets.orchestration.pictures import picture
from dmicc_assets.study.schema import Study
from dmicc_assets.tables import TABLES
from dmicc_assets.types import ALL_STUDIES, PartitionKey


def asset_of(step: Step, workspace: Workspace) -> dg.AssetsDefinition:
    """The multi-asset of a step: one asset a table, all of them from one computation."""
    partitions = partitions_of(workspace.studies)[step.partition]
    deps = _deps(step, workspace.studies)
    condition = _condition(step)
    specs = [
        dg.AssetSpec(
            asset_key(table),
            deps=deps,
            description=f"{TABLES[table].meaning}\n\n*How it is made:* {step.description}",
            metadata=table_metadata(step, TABLES[table]),
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
    def compute(context: dg.AssetExecutionContext) -> Iterator[Any]:
        key = PartitionKey(context.partition_key) if context.has_partition_key else ALL_STUDIES
        step_context = workspace.context(step, key, context.run.run_id, context.log.info)
        try:
            written = run_step(step_context, origin(step_context))
            shown = [picture(step_context, one.manifest) | first_rows(step_context, one.manifest) for one in written]
        except DmiccError as error:
            yield from failed_check(step, error)
            raise dg.Failure(str(error), metadata={"exit_status": error.exit_status}, allow_retries=False) from None
        for each, seen in zip(written, shown, strict=True):
            yield _materialized(each, seen | written_files(step_context))
        yield from passed_checks(step)
        yield from finding_results(step, step_context)

    return compute


def _condition(step: Step) -> dg.AutomationCondition:
    if "source/files" in step.outputs:
        return fetch_when_changed()
    if step.partition == "all_studies":
        return rebuild_when_changed()
    return recompute_when_changed(levels_to_wait_for(step, STEPS))


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


def _materialized(written: Written, shown: Mapping[str, dg.MetadataValue]) -> dg.MaterializeResult:
    """The event of a written partition: its content as data version, and what a person wants to know of it."""
    manifest = written.manifest
    metadata: dict[str, Any] = {
        "dagster/row_count": manifest.n_rows,
        "what_changed": written.difference,
        **shown,
        **{name: _value(note) for name, note in manifest.notes.items()},
        "n_bytes": dg.MetadataValue.int(manifest.n_bytes),
        "recipe": manifest.recipe,
        **column_lineage(TABLES[manifest.table]),
    }
    return dg.MaterializeResult(
        asset_key=asset_key(manifest.table), metadata=metadata, data_version=dg.DataVersion(manifest.content)
    )


def _value(note: Any) -> dg.MetadataValue:
    match note:
        case bool():
            return dg.MetadataValue.bool(note)
        case int():
            return dg.MetadataValue.int(note)
        case float():
            return dg.MetadataValue.float(note)
        case str():
            return dg.MetadataValue.text(note)
        case _:
            return dg.MetadataValue.json(note)
