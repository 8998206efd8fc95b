"""Asset of the group `warehouse`: the DuckDB file that users query, views over the lake."""

from datetime import timedelta
from pathlib import Path

import dagster as dg

from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.steps import Step
from dmicc_assets.orchestration.automation import rebuild_when_changed
from dmicc_assets.orchestration.keys import CATALOG, OWNERS, asset_key
from dmicc_assets.orchestration.resources import WorkspaceResource
from dmicc_assets.warehouse.build import build_warehouse, view_files

NOT_ASKED = timedelta(days=30)
FORGOTTEN = timedelta(days=90)


def catalog_asset(steps: list[Step]) -> dg.AssetsDefinition:
    """The catalog: downstream of every table."""

    @dg.asset(
        key=CATALOG,
        deps=[asset_key(table) for step in steps for table in step.outputs],
        group_name="warehouse",
        kinds={"duckdb"},
        owners=OWNERS,
        automation_condition=rebuild_when_changed(),
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=FORGOTTEN, warn_window=NOT_ASKED),
        description="The file dmicc.duckdb: every result of every study as a table to query, from any program that "
        "reads DuckDB.\n\n*Freshness:* every `dmicc run` and the weekly schedule check the sources, which updates this "
        "asset at least once a week. The policy warns after 30 days without an update and fails after 90, because GEO "
        "may have revised a series since.",
    )
    def catalog(workspace: WorkspaceResource) -> dg.MaterializeResult:
        try:
            path = build_warehouse(workspace.settings())
        except DmiccError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        return dg.MaterializeResult(metadata=catalog_metadata(path))

    return catalog


def catalog_metadata(path: Path) -> dict[str, dg.MetadataValue]:
    """Metadata of the built catalog."""
    return {"path": dg.MetadataValue.path(path), "views": dg.MetadataValue.int(len(view_files()))}
