"""Declarations of every table of the lake: schemas, keys and meanings."""

from dmicc_assets.tables import differential, expression, rigor, signature, source, validation
from dmicc_assets.tables.table import Column, Table
from dmicc_assets.tables.warehouse import PARTITIONS
from dmicc_assets.types import PartitionKind

TABLES: dict[str, Table] = {
    table.name: table
    for module in (source, expression, differential, signature, validation, rigor)
    for table in module.TABLES
}

__all__ = ["PARTITIONS", "TABLES", "Column", "PartitionKind", "Table"]
