"""What Dagster's UI shows of a table before anything is computed: columns, their exact lineage, links to source.

Everything is read from the declarations in `tables/` and from the step's body; nothing is stated twice.
"""

from collections.abc import Mapping
from inspect import getsourcefile, getsourcelines
from typing import Any

import dagster as dg

from dmicc_assets.lake.steps import Step
from dmicc_assets.orchestration.keys import asset_key
from dmicc_assets.tables import TABLES, Table
from dmicc_assets.warehouse.build import sql_folder


def table_metadata(step: Step, table: Table) -> Mapping[str, Any]:
    """Metadata of the asset of a table: SQL name, columns, column lineage where it is exact, body and view."""
    return {
        "dagster/column_schema": _column_schema(table),
        **column_lineage(table),
        "dagster/code_references": dg.CodeReferencesMetadataValue(code_references=_references(step, table)),
        "dagster/table_name": table.view,
    }


def column_lineage(table: Table) -> dict[str, dg.TableColumnLineage]:
    """Which columns are taken over unchanged, and from where; nothing for a table that takes none over."""
    sources: dict[str, list[dg.TableColumnDep]] = {}
    for taken in table.taken:
        for column in taken.columns:
            sources.setdefault(column, []).append(dg.TableColumnDep(asset_key(taken.table), column))
    return {"dagster/column_lineage": dg.TableColumnLineage(sources)} if sources else {}


def _column_schema(table: Table) -> dg.TableSchema:
    """Columns with types and meanings; a column that is taken over says from where."""
    origin = {column: TABLES[taken.table].view for taken in table.taken for column in taken.columns}
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                type=column.sql_type,
                description=column.meaning,
                constraints=dg.TableColumnConstraints(
                    nullable=not column.is_key,
                    unique=False,
                    other=[f"as in {origin[column.name]}"] if column.name in origin else [],
                ),
            )
            for column in table.columns
        ]
    )


def _references(step: Step, table: Table) -> list[dg.LocalFileCodeReference | dg.UrlCodeReference]:
    """The step's body and the table's SQL view, where they are on this machine."""
    body = dg.LocalFileCodeReference(
        file_path=str(getsourcefile(step.compute)),
        line_number=getsourcelines(step.compute)[1],
        label=f"step {step.name}",
    )
    view = sql_folder() / "views" / f"{table.name}.sql"
    return [body, dg.LocalFileCodeReference(file_path=str(view), line_number=1, label="SQL view")]
