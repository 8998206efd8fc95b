"""The genes that several cohorts share. The arithmetic is in `signature/intersect.py`."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from dmicc_assets.api.differential import DEG_COLUMNS, differential_genes
from dmicc_assets.api.options import checked_statistics
from dmicc_assets.signature.intersect import intersect_cohorts, measured_genes


@dataclass(frozen=True)
class SharedGenes:
    """Genes that cohorts share.

    Attributes:
        genes: one row for each gene and cohort: gene, cohort, log_fc, direction, is_concordant.
        overlap: one row: genes measured in every cohort, shared, expected of random lists, and p-values.
    """

    genes: pl.DataFrame
    overlap: pl.DataFrame


def shared_genes(
    statistics: Mapping[str, pl.DataFrame], *, log_fc: float = 1.0, p_value: float = 0.05, adjust: str = "BH"
) -> SharedGenes:
    """Genes that are differentially expressed in every cohort, and whether their directions agree.

    Args:
        statistics: results of `limma`, by cohort.
        log_fc: threshold of abs(log_fc) in log2 units.
        p_value: threshold of the p-value.
        adjust: "BH" or "none".

    Raises:
        ValueError: no cohort, a cohort without genes or a column, or a gene occurs twice in one.
    """
    if not statistics:
        raise ValueError("no cohort: expected the statistics of one or more, by name")
    for name, frame in statistics.items():
        checked_statistics(frame, DEG_COLUMNS, f"cohort {name!r}")
    chosen = {
        name: differential_genes(frame, log_fc=log_fc, p_value=p_value, adjust=adjust)
        for name, frame in statistics.items()
    }
    found = intersect_cohorts(chosen, measured_genes(statistics))
    return SharedGenes(found.genes, found.overlap)
