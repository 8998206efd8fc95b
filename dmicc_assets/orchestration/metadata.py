"""Static metadata of a table in Dagster's UI: columns, their exact lineage, links to source.

Everything comes from the declarations in `tables/` and from the step's body.
"""

from collections.abc import Mapping
from inspect import getsourcefile, getsourcelines
from typing import Any

import dagster as dg

from dmicc_assets.lake.steps import Step
from dmicc_assets.orchestration.keys import asset_key
from dmicc_assets.tables import TABLES, Table
from dmicc_assets.warehouse.build import sql_folder


def table_metadata(step: Step, table: Table, pages_url: str) -> Mapping[str, Any]:
    """Metadata of the asset of a table: SQL name, columns, column lineage where it is exact, body and view.

    Reports have the address of the pages too. It is not among what is stored of a report: the port is that of today.
    """
    pages = {"pages": dg.MetadataValue.url(pages_url)} if table.group == "report" else {}
    return {
        **pages,
        "dagster/column_schema": _column_schema(table),
        **column_lineage(table),
        "dagster/code_references": dg.CodeReferencesMetadataValue(code_references=_references(step, table)),
        "dagster/table_name": table.view,
    }


def column_lineage(table: Table) -> dict[str, dg.TableColumnLineage]:
    """Columns that are copied unchanged, with their origin; empty for a table without copies."""
    sources: dict[str, list[dg.TableColumnDep]] = {}
    for taken in table.taken:
        for column in taken.columns:
            sources.setdefault(column, []).append(dg.TableColumnDep(asset_key(taken.table), column))
    return {"dagster/column_lineage": dg.TableColumnLineage(sources)} if sources else {}


def _column_schema(table: Table) -> dg.TableSchema:
    """Columns with types and meanings; a copied column names its origin."""
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
    """Local paths of the step's body and of the table's SQL view."""
    body = dg.LocalFileCodeReference(
        file_path=str(getsourcefile(step.compute)),
        line_number=getsourcelines(step.compute)[1],
        label=f"step {step.name}",
    )
    view = sql_folder() / "views" / f"{table.name}.sql"
    return [body, dg.LocalFileCodeReference(file_path=str(view), line_number=1, label="SQL view")]
