"""Every pair of cohorts of all studies: how much their differentially expressed genes overlap. No I/O."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import polars as pl

from dmicc_assets.stats.overlap import expected_overlap, overlap_p_value
from dmicc_assets.tables import TABLES
from dmicc_assets.types import PartitionKey


def disease_overlap(
    genes: Mapping[str, pl.DataFrame], statistics: Mapping[str, pl.DataFrame], samples: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Overlap of the gene lists of each pair of cohorts, over the genes that both measure.

    Args:
        genes: `differential.genes` rows by partition (`study.cohort`).
        statistics: `differential.statistics` rows by partition.
        samples: `cohort.samples` rows by partition.

    Returns:
        the columns of `atlas.disease_overlap`; a pair is one row, its cohorts in order of their names.
    """
    known = sorted(set(genes) & set(statistics) & set(samples))
    measured = {key: set(statistics[key]["gene"]) for key in known}
    direction = {key: dict(genes[key].select("gene", "direction").iter_rows()) for key in known}
    rows: list[dict[str, Any]] = []
    for a, b in combinations(known, 2):
        universe = measured[a] & measured[b]
        in_a, in_b = universe & direction[a].keys(), universe & direction[b].keys()
        shared = in_a & in_b
        row: dict[str, Any] = dict(zip(("study_a", "cohort_a"), PartitionKey(a).names, strict=True))
        row |= dict(zip(("study_b", "cohort_b"), PartitionKey(b).names, strict=True))
        rows.append(
            row
            | {
                "n_universe": len(universe),
                "n_a": len(in_a),
                "n_b": len(in_b),
                "n_shared": len(shared),
                "n_expected": expected_overlap(len(universe), [len(in_a), len(in_b)]),
                "p_value": overlap_p_value(len(universe), [len(in_a), len(in_b)], len(shared)),
                "n_concordant": sum(direction[a][gene] == direction[b][gene] for gene in shared),
                "shares_samples": not set(samples[a]["sample"]).isdisjoint(samples[b]["sample"]),
            }
        )
    return TABLES["atlas/disease_overlap"].frame(rows)
