"""Tags by which Dagster tells whether a result is stale: its versions, and those of the inputs that it was made from.

They are the tags that a run of Dagster gives its materialisations; the contents come from the lake.
"""

from collections.abc import Collection, Iterator
from hashlib import sha256

import dagster as dg
import sqlalchemy as sa
from dagster import _check as check
from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    extract_data_version_from_entry,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.steps import Input, StepContext, related
from dmicc_assets.orchestration.keys import GENE_SETS, SERIES, asset_key
from dmicc_assets.tables import TABLES


def provenance(instance: dg.DagsterInstance, context: StepContext) -> dict[str, str]:
    """Tags of the inputs of a partition, of those that Dagster knows: version, and the latest event.

    Args:
        instance: Dagster's.
        context: the step and its partition.
    """
    latest = latest_events(instance, {asset_key(each.table) for each in context.step.inputs})
    tags: dict[str, str] = {}
    for each in context.step.inputs:
        key = asset_key(each.table)
        if (contents := _contents(context, each)) and key in latest:
            tags |= _tags(key, _joined(each, contents), latest[key])
    for key in _observed(context):
        record = instance.get_latest_data_version_record(key, is_source=True)
        version = None if record is None else extract_data_version_from_entry(record.event_log_entry)
        if record is not None and version is not None:
            tags |= _tags(key, version.value, record.storage_id)
    return tags


def versions(manifest: Manifest) -> dict[str, str]:
    """Tags of a result's own versions."""
    return {
        DATA_VERSION_TAG: manifest.content,
        DATA_VERSION_IS_USER_PROVIDED_TAG: "true",
        CODE_VERSION_TAG: manifest.code_version,
    }


def latest_events(instance: dg.DagsterInstance, keys: Collection[dg.AssetKey]) -> dict[dg.AssetKey, int]:
    """Storage id of the latest materialisation of each asset, of any partition."""
    rows = SqlEventLogStorageTable.c
    asked = (
        sa.select(rows.asset_key, sa.func.max(rows.id))
        .where(rows.asset_key.in_(sorted(key.to_string() for key in keys)))
        .where(rows.dagster_event_type == dg.DagsterEventType.ASSET_MATERIALIZATION.value)
        .group_by(rows.asset_key)
    )
    with check.inst(instance.event_log_storage, SqlEventLogStorage).index_connection() as connection:
        found = {text: int(storage_id) for text, storage_id in connection.execute(asked)}
    return {key: found[key.to_string()] for key in keys if key.to_string() in found}


def _contents(context: StepContext, of: Input) -> list[str]:
    """Contents of the partitions of an input that are in the lake, in the order of the partitions' names."""
    keys = related(context.study, context.key, of.through, of.table, context.studies)
    manifests = (context.lake.manifest(of.table, key) for key in sorted(keys))
    return [manifest.content for manifest in manifests if manifest is not None]


def _joined(of: Input, contents: list[str]) -> str:
    """One version of all partitions, as Dagster makes it; of an asset without partitions its own."""
    if TABLES[of.table].partition == "all_studies":
        return contents[0]
    return sha256("".join(contents).encode()).hexdigest()


def _observed(context: StepContext) -> Iterator[dg.AssetKey]:
    """The asset outside the lake that a step observes, if any."""
    if context.step.asks_source:
        yield SERIES
    elif context.step.observe is not None:
        yield GENE_SETS


def _tags(key: dg.AssetKey, version: str, storage_id: int) -> dict[str, str]:
    return {get_input_data_version_tag(key): version, get_input_event_pointer_tag(key): str(storage_id)}
