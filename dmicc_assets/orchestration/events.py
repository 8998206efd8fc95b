"""The event of a partition: its content as data version, and metadata for people."""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from dmicc_assets.lake.making import Made
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.recipes import Written
from dmicc_assets.lake.steps import StepContext
from dmicc_assets.orchestration.first_rows import first_rows, written_files
from dmicc_assets.orchestration.keys import asset_key
from dmicc_assets.orchestration.metadata import column_lineage
from dmicc_assets.orchestration.pictures import Picture
from dmicc_assets.orchestration.provenance import versions
from dmicc_assets.orchestration.told import Stale
from dmicc_assets.tables import TABLES
from dmicc_assets.types import ALL_STUDIES

_SHOWN = ("picture", "first_rows")


def materialized(written: Written, shown: Mapping[str, dg.MetadataValue]) -> dg.MaterializeResult:
    """The result of a partition in the lake, computed now or earlier, for a run of Dagster."""
    manifest = written.manifest
    return dg.MaterializeResult(
        asset_key=asset_key(manifest.table),
        metadata=_metadata(written, shown),
        data_version=dg.DataVersion(manifest.content),
    )


def materialization(
    written: Written, shown: Mapping[str, dg.MetadataValue], inputs: Mapping[str, str]
) -> dg.AssetMaterialization:
    """The event of a partition in the lake, as a run of Dagster would make it of `materialized`.

    Args:
        written: the partition, computed now or earlier.
        shown: metadata to read.
        inputs: tags of its inputs (`provenance`).
    """
    manifest = written.manifest
    return dg.AssetMaterialization(
        asset_key(manifest.table),
        partition=None if manifest.partition == ALL_STUDIES else manifest.partition,
        metadata=_metadata(written, shown),
        tags={**versions(manifest), **inputs},
    )


def shown_of(
    instance: dg.DagsterInstance,
    context: StepContext,
    made: Made,
    manifest: Manifest,
    draw: Callable[[], Picture | None],
) -> dict[str, dg.MetadataValue]:
    """Picture, first rows and files of a table; for a skipped step what Dagster has already.

    Drawing a picture takes longer than skipping a step, and needs matrices.
    """
    files = written_files(context)
    if made.state == "current":
        return (_shown_before(instance, manifest) or first_rows(context, manifest)) | files
    drawn = draw()
    return ({} if drawn is None else {"picture": shown(drawn)}) | first_rows(context, manifest) | files


def _metadata(written: Written, shown: Mapping[str, dg.MetadataValue]) -> dict[str, Any]:
    manifest = written.manifest
    return {
        "dagster/row_count": manifest.n_rows,
        "what_changed": written.difference,
        **shown,
        **{name: _value(note) for name, note in manifest.notes.items()},
        "n_bytes": dg.MetadataValue.int(manifest.n_bytes),
        "recipe": manifest.recipe,
        "seconds": dg.MetadataValue.float(manifest.seconds),
        **column_lineage(TABLES[manifest.table]),
    }


def _shown_before(instance: dg.DagsterInstance, manifest: Manifest) -> dict[str, dg.MetadataValue]:
    """Picture and first rows in the latest event of a partition, if that event has the same content."""
    partitions = None if TABLES[manifest.table].partition == "all_studies" else [manifest.partition]
    known = dg.AssetRecordsFilter(asset_key=asset_key(manifest.table), asset_partitions=partitions)
    for record in instance.fetch_materializations(known, limit=1).records:
        event = record.asset_materialization
        if event is not None and (event.tags or {}).get(DATA_VERSION_TAG) == manifest.content:
            return {name: event.metadata[name] for name in _SHOWN if name in event.metadata}
    return {}


def shown(picture: Picture) -> dg.MetadataValue:
    """A picture, or why there is none, as metadata."""
    return dg.MetadataValue.md(picture.text) if picture.is_drawn else dg.MetadataValue.text(picture.text)


def tell_stale(instance: dg.DagsterInstance, before: Stale, now: Stale) -> None:
    """Report on the assets why they are outdated, or that they are current again; an observation triggers nothing."""
    for each in sorted({**before, **now}):
        if before.get(each) != now.get(each):
            table, key = each
            text = now.get(each, "no longer: it is up to date")
            partition = None if key == ALL_STUDIES else key
            event = dg.AssetObservation(asset_key(table), partition=partition, metadata={"out_of_date": text})
            instance.report_runless_asset_event(event)


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
