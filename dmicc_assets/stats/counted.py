"""Differential expression of a cohort that may be counted: voom's weights where it is, none where it is not."""

from dataclasses import replace

import polars as pl

from dmicc_assets.expression.counts import has_counts
from dmicc_assets.expression.matrix import ExpressionMatrix, Subject
from dmicc_assets.stats.differential import Batch, differential_design, differential_statistics
from dmicc_assets.stats.library_size import tmm_factors
from dmicc_assets.stats.voom import voom
from dmicc_assets.study import Differential


def cohort_statistics(subject: Subject, counts: ExpressionMatrix, settings: Differential, batch: Batch) -> pl.DataFrame:
    """`differential_statistics`, by voom for a cohort of counts (Law et al. 2014, doi:10.1186/gb-2014-15-2-r29).

    Args:
        subject: the cohort, (G, N).
        counts: (G, N) counts; missing values where the cohort is not counted.
        settings: thresholds and options of the study.
        batch: as in `differential_statistics`; with "combat" counts are not weighted, since the values are adjusted.
    """
    if not has_counts(counts) or batch == "combat":
        return differential_statistics(subject, settings, batch)
    design, _ = differential_design(subject, settings, batch)
    weighted = voom(counts.values, design, factors=tmm_factors(counts.values))
    matrix = ExpressionMatrix(weighted.values, counts.features, counts.samples)
    return differential_statistics(replace(subject, matrix=matrix), settings, batch, weighted.weights)
