"""Asset keys: a table asset has the table's name as key; series, gene_sets and catalog are not tables."""

import dagster as dg

SERIES = dg.AssetKey(["source", "series"])
GENE_SETS = dg.AssetKey(["enrichment", "gene_sets"])
CATALOG = dg.AssetKey(["warehouse", "catalog"])
OWNERS = ["team:dmicc"]


def asset_key(table: str) -> dg.AssetKey:
    """The asset of a table: `differential/statistics`."""
    return dg.AssetKey(table.split("/"))
