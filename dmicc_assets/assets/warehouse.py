"""Asset of the group `warehouse`: the DuckDB file that users query, views over the lake."""

import dagster as dg

from dmicc_assets.assets.keys import CATALOG, OWNERS, asset_key
from dmicc_assets.automation import rebuild_when_changed
from dmicc_assets.errors import DmiccError
from dmicc_assets.step import Step
from dmicc_assets.warehouse import build_warehouse, view_files
from dmicc_assets.workspace import Workspace


def catalog_asset(workspace: Workspace, steps: list[Step]) -> dg.AssetsDefinition:
    """The catalog: downstream of every table."""

    @dg.asset(
        key=CATALOG,
        deps=[asset_key(table) for step in steps for table in step.outputs],
        group_name="warehouse",
        kinds={"duckdb"},
        owners=OWNERS,
        automation_condition=rebuild_when_changed(),
        description="dmicc.duckdb: every table of the lake as a view, rebuilt beside and swapped in.",
    )
    def catalog() -> dg.MaterializeResult:
        try:
            path = build_warehouse(workspace.settings)
        except DmiccError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path(path), "views": len(view_files())})

    return catalog
