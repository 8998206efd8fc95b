"""Asset keys, and tags of runs: a table asset has the table's name as key; series, gene_sets, catalog are no tables."""

import dagster as dg

SERIES = dg.AssetKey(["source", "series"])
GENE_SETS = dg.AssetKey(["enrichment", "gene_sets"])
CATALOG = dg.AssetKey(["warehouse", "catalog"])
OWNERS = ["team:dmicc"]
STUDY_TAG = "dmicc/study"
RUN_TAG = "dmicc/run"


def asset_key(table: str) -> dg.AssetKey:
    """The asset of a table: `differential/statistics`."""
    return dg.AssetKey(table.split("/"))


def tags_of_run(study: str, name: str) -> dict[str, str]:
    """Tags of the Dagster runs of one run of a study, which the UI lists by them."""
    return {STUDY_TAG: study, RUN_TAG: name}
