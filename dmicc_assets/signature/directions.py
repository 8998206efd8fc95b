"""Which way each signature gene is expected to move in each cohort and validation dataset.

Expected from the training statistics, never from the data that validate (design section 8.9).
"""

from collections.abc import Mapping

import polars as pl

from dmicc_assets.study import Direction, Study


def expected_directions(genes: pl.DataFrame, study: Study) -> dict[str, dict[str, Direction]]:
    """Direction of each signature gene: a cohort's own in a cohort, the model cohort's in a validation dataset.

    Args:
        genes: rows of `signature.genes` (gene, cohort, direction).
        study: names the cohorts, the model's cohort and the validation datasets.
    """
    by_cohort: dict[str, dict[str, Direction]] = {
        cohort: dict(genes.filter(pl.col("cohort") == cohort).select("gene", "direction").iter_rows())
        for cohort in study.cohorts
    }
    return by_cohort | {entry.dataset: by_cohort[study.model_cohort] for entry in study.validation}


def measured_genes(statistics: Mapping[str, pl.DataFrame]) -> dict[str, list[str]]:
    """Genes in each cohort's matrix, by `differential.statistics`."""
    return {cohort: frame["gene"].to_list() for cohort, frame in statistics.items()}
