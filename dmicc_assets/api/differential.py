"""Differential expression and batch removal of labelled frames, equal to limma, voom, TREAT and ComBat.

The arithmetic is in `differential/`, `expression/` and `stats/`.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from dmicc_assets.api.cohort import Cohort, aligned, frame_of, matrix_of, named
from dmicc_assets.api.options import checked_statistics, settings_of
from dmicc_assets.differential import statistics as tests
from dmicc_assets.differential.blocking import blocking
from dmicc_assets.differential.statistics import Batch, cohort_statistics
from dmicc_assets.expression.counts import no_counts
from dmicc_assets.study.schema import Differential
from dmicc_assets.types import CaseControl, ExpressionMatrix


def limma(
    cohort: Cohort,
    *,
    counts: bool = False,
    block: str = "auto",
    trend: bool = False,
    robust: bool = False,
    quality_weights: bool = False,
    version: str = "3.63",
) -> pl.DataFrame:
    """Moderated t-statistics of every gene, cases against controls (Ritchie et al. 2015, doi:10.1093/nar/gkv007).

    Args:
        cohort: log2 expression, or read counts; with `batch` the design has a column for each batch but the first.
        counts: whether the values are read counts, which are weighted by voom (doi:10.1186/gb-2014-15-2-r29).
        block: "none", "fixed" (a column a patient) or "duplicate_correlation"; the last two need `patient`. "auto"
            takes the first if every patient has one sample, the second if each has both groups, else the third.
        trend: whether the prior variance depends on the mean expression.
        robust: whether outlying variances are shrunk less.
        quality_weights: whether samples far from the model weigh less, as `arrayWeights` and
            `voomWithQualityWeights` (doi:10.1186/1471-2105-7-261, doi:10.1093/nar/gkv412).
        version: limma version of the variance prior, "3.63" or "3.54".

    Returns:
        One row for each gene in the order of the expression: gene, log_fc (log2), ave_expr, t, p_value, adj_p_value
        (Benjamini-Hochberg), b, ci_low, ci_high, sigma, df_total, n_case, n_control.

    Raises:
        ValueError: the design is not of full rank, there are no residual degrees of freedom, or an option is unknown.
    """
    given = tests_of(cohort, counts, {"block": block, "trend": trend, "robust": robust, "limma": version})
    return cohort_statistics(given.subject, given.counts, given.settings, given.batch, quality_weights=quality_weights)


# What `differential_genes` reads of a table of statistics.
DEG_COLUMNS = ("gene", "log_fc", "p_value", "adj_p_value")


class Tests(NamedTuple):
    """How a cohort's genes are tested: what `cohort_statistics` takes."""

    subject: CaseControl
    counts: ExpressionMatrix
    settings: Differential
    batch: Batch


def tests_of(cohort: Cohort, counts: bool, options: Mapping[str, object]) -> Tests:
    """A cohort with the options of its tests, as `limma` takes them."""
    subject = cohort.subject("cohort")
    counted = subject.matrix if counts else no_counts(subject.matrix)
    settings = settings_of(Differential, options)
    settings = settings.model_copy(update={"block": blocking(subject, settings.block).block})
    return Tests(subject, counted, settings, "covariate" if cohort.batch else "none")


def treat(statistics: pl.DataFrame, *, log_fc: float = 1.0) -> pl.DataFrame:
    """Tests that a change is larger than a threshold, not only other than 0, as limma's `treat`.

    McCarthy & Smyth 2009, doi:10.1093/bioinformatics/btp053.

    Args:
        statistics: what `limma` gave.
        log_fc: threshold in log2 units, not negative.

    Returns:
        One row for each gene in their order: gene, log_fc, t (0 within the threshold), p_value, adj_p_value
        (Benjamini-Hochberg).

    Raises:
        ValueError: a negative threshold, no gene, or a column is missing.
    """
    checked_statistics(statistics, ("gene", "log_fc", "df_total", "ci_low", "ci_high"))
    return tests.treat_statistics(statistics, log_fc)


def differential_genes(
    statistics: pl.DataFrame, *, log_fc: float = 1.0, p_value: float = 0.05, adjust: str = "BH"
) -> pl.DataFrame:
    """The genes with abs(log_fc) >= `log_fc` and p (adjusted with "BH", raw with "none") < `p_value`.

    Args:
        statistics: what `limma` gave.
        log_fc: threshold in log2 units.
        p_value: threshold.
        adjust: "BH" or "none".

    Returns:
        Columns gene, log_fc, p_value, adj_p_value, direction ("up" or "down").

    Raises:
        ValueError: no gene, a column is missing, or an option is unknown.
    """
    settings = settings_of(Differential, {"log_fc": log_fc, "p_value": p_value, "adjust": adjust})
    return tests.differential_genes(checked_statistics(statistics, DEG_COLUMNS), settings)


def combat(
    expression: pl.DataFrame,
    samples: pl.DataFrame,
    batch: str,
    *,
    keep: Sequence[str] = (),
    reference: str | None = None,
    parametric: bool = True,
    mean_only: bool = False,
) -> pl.DataFrame:
    """Expression without batch effects by ComBat (Johnson et al. 2007, doi:10.1093/biostatistics/kxj037), as sva's.

    Args:
        expression: a column `gene`, then one numeric column for each sample.
        samples: a column `sample` and the columns that the other arguments name.
        batch: the column of the batches.
        keep: columns whose groups are covariates, so that differences between them are kept.
        reference: the batch that is left unchanged.
        parametric: whether the priors are parametric.
        mean_only: whether only means are adjusted.

    Returns:
        The expression, genes and samples in their order.

    Raises:
        ValueError: a sample is in one frame only, or without batch or what is kept, or a batch is confounded with
            what is kept.
    """
    from dmicc_assets.expression.combat import combat as adjust

    matrix = matrix_of(expression)
    described = aligned(samples, matrix, [batch, *keep])
    covariates = _indicators(described, keep)
    values = adjust(
        matrix.values,
        named(described, batch),
        covariates,
        parametric=parametric,
        mean_only=mean_only,
        reference=reference,
    )
    return frame_of(ExpressionMatrix(values, matrix.features, matrix.samples))


def _indicators(samples: pl.DataFrame, columns: Sequence[str]) -> np.ndarray | None:
    """A 0/1 column for each level but the first of each column; None without columns."""
    kept = [pl.Series(named(samples, column), dtype=pl.String) for column in columns]
    found = [
        (values == level).to_numpy().astype(np.float64)
        for values in kept
        for level in values.unique(maintain_order=True)[1:]
    ]
    return np.column_stack(found) if found else None
