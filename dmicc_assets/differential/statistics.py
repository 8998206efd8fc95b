"""Differential expression of a cohort: its design, the moderated statistics of every gene, and the DEGs.

The statistics themselves are in `linear_model.py` and `moderation.py`; merging and batch adjustment in `expression/`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl

from dmicc_assets.differential.blocking import Blocking, decided
from dmicc_assets.expression.counts import has_counts
from dmicc_assets.stats.array_weights import array_weights, array_weights_by_gene
from dmicc_assets.stats.contrast_tests import treat
from dmicc_assets.stats.distributions import t_upper_quantile
from dmicc_assets.stats.duplicate_correlation import DuplicateCorrelation, duplicate_correlation
from dmicc_assets.stats.library_size import tmm_factors
from dmicc_assets.stats.linear_model import checked_columns, fit_linear_model, non_estimable
from dmicc_assets.stats.moderation import moderated_t
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.stats.random_axes import ResidualSpace, residual_space
from dmicc_assets.stats.top_table import top_table
from dmicc_assets.stats.voom import voom, voom_with_quality_weights
from dmicc_assets.study.schema import Differential
from dmicc_assets.tables import TABLES
from dmicc_assets.types import CaseControl, ExpressionMatrix, FloatArray

Batch = Literal["covariate", "combat", "none"]


def differential_statistics(
    subject: CaseControl, settings: Differential, batch: Batch, weights: FloatArray | None = None
) -> pl.DataFrame:
    """Moderated statistics of case against control for every gene, in the matrix's order.

    Args:
        subject: the cohort; its matrix holds `value` for batch "covariate" and "none", `value_adjusted` for "combat".
        settings: thresholds and options of the study.
        batch: with "covariate" the design has a column for each dataset but the first.
        weights: precision weights, (N,) of samples or (G, N) of cells.

    Returns:
        One row for each gene: gene, log_fc (log2, case minus control), ave_expr, t, p_value, adj_p_value
        (Benjamini-Hochberg), b, ci_low, ci_high (95 %), sigma, df_total, n_case, n_control (values present).
        NULL where a gene's values do not determine the statistic.

    Raises:
        ValueError: a group is empty; the design is not of full rank (dataset or patient and group are confounded);
            no residual degrees of freedom; an infinite value; a gene without any value where a trend is.
    """
    return model_statistics(subject, cohort_model(subject, settings, batch, weights), settings)


@dataclass(frozen=True, slots=True)
class CohortModel:
    """The linear model that tests a cohort's genes.

    Attributes:
        values: (G, N) log2 expression.
        genes: the G names.
        design: (N, K); column 1 is case against control.
        names: of the K columns.
        weights: precision weights, (N,) or (G, N); None without any.
        correlation: (N, N) of a gene's samples; None where samples are independent.
        within_patients: how it was estimated; None without `block: duplicate_correlation`.
    """

    values: FloatArray
    genes: tuple[str, ...]
    design: FloatArray
    names: list[str]
    weights: FloatArray | None
    correlation: FloatArray | None
    within_patients: DuplicateCorrelation | None


def cohort_model(
    subject: CaseControl,
    settings: Differential,
    batch: Batch,
    weights: FloatArray | None = None,
    consensus: float | None = None,
) -> CohortModel:
    """The linear model of a cohort; arguments and errors as `differential_statistics`.

    Args:
        subject: the cohort.
        settings: of the study.
        batch: as in `differential_statistics`.
        weights: precision weights, (N,) of samples or (G, N) of cells.
        consensus: correlation of two samples of one patient, for `duplicate_correlation`; None estimates it.
    """
    settings = decided(settings, subject)
    design, names = differential_design(subject, settings, batch)
    values, correlation, within = subject.matrix.values, None, None
    if settings.block == "duplicate_correlation":
        checked_columns(values, design, names)
        if consensus is None:
            within = duplicate_correlation(values, design, subject.unit, weights=weights)
        else:
            within = DuplicateCorrelation(consensus, np.empty(0))
        correlation = within.matrix(subject.unit)
    return CohortModel(values, subject.matrix.features, design, names, weights, correlation, within)


def differential_design(subject: CaseControl, settings: Differential, batch: Batch) -> tuple[FloatArray, list[str]]:
    """The design (N, K) of a cohort and its columns' names: intercept, case, then datasets or patients.

    With `block: fixed` every patient but one has a column, and a dataset only if the patients do not determine it. A
    patient with samples of only one group does not contribute to the difference, as in any paired test.

    Args:
        subject: the cohort.
        settings: of the study; `block: auto` is decided by these samples.
        batch: as in `differential_statistics`.

    Raises:
        ValueError: a group is empty.
    """
    is_case = subject.is_case
    for group, n in (("case", int(is_case.sum())), ("control", int((~is_case).sum()))):
        if n == 0:
            raise ValueError(f"{subject.kind} {subject.name} has no {group} sample")
    columns, names = [np.ones(len(is_case)), is_case.astype(np.float64)], ["(Intercept)", "case"]
    is_paired = decided(settings, subject).block == "fixed"
    if is_paired:
        _add_levels(columns, names, "patient", subject.unit, always=True)
    if batch == "covariate":
        _add_levels(columns, names, "dataset", subject.dataset, always=not is_paired)
    return np.column_stack(columns), names


def _add_levels(
    columns: list[FloatArray], names: list[str], prefix: str, levels: Sequence[str], *, always: bool
) -> None:
    """Adds a column for each level but the first; not `always`: only those that the columns before do not tell."""
    for level in list(dict.fromkeys(levels))[1:]:
        column = np.array([each == level for each in levels], dtype=np.float64)
        if always or level not in non_estimable(np.column_stack([*columns, column]), [*names, level]):
            columns.append(column)
            names.append(f"{prefix} {level}")


def model_statistics(subject: CaseControl, model: CohortModel, settings: Differential) -> pl.DataFrame:
    """`differential_statistics` of a cohort by its model."""
    fit = fit_linear_model(
        model.values,
        model.design,
        names=model.names,
        genes=model.genes,
        weights=model.weights,
        correlation=model.correlation,
    )
    empty = np.isnan(fit.ave_expr)
    if settings.trend and empty.any():
        gene = model.genes[int(np.argmax(empty))]
        raise ValueError(f"gene {gene} has no value in {subject.name}: `trend: true` needs the mean of every gene")
    moderated = moderated_t(fit, trend=settings.trend, robust=settings.robust, limma=settings.limma)
    present = ~np.isnan(model.values)
    table = top_table(fit, moderated, "case", model.genes, sort_by="none")
    more = {
        "sigma": fit.sigma,
        "df_total": moderated.df_total,
        "n_case": present[:, subject.is_case].sum(axis=1),
        "n_control": present[:, ~subject.is_case].sum(axis=1),
    }
    return TABLES["differential/statistics"].frame(table.to_dict() | more)


def differential_genes(statistics: pl.DataFrame, settings: Differential) -> pl.DataFrame:
    """The genes that count as differentially expressed, in the table's order.

    Args:
        statistics: result of `differential_statistics`.
        settings: abs(log_fc) >= `log_fc` and p (or adjusted p, by `adjust`) < `p_value`.

    Returns:
        Columns gene, log_fc, p_value, adj_p_value, direction ("up" or "down").
    """
    p = pl.col("p_value") if settings.adjust == "none" else pl.col("adj_p_value")
    chosen = (pl.col("log_fc").abs() >= settings.log_fc) & (p < settings.p_value)
    direction = pl.when(pl.col("log_fc") > 0).then(pl.lit("up")).otherwise(pl.lit("down"))
    columns = TABLES["differential/genes"].rows_schema
    return statistics.filter(chosen).with_columns(direction=direction).select(*columns)


def treat_statistics(statistics: pl.DataFrame, log_fc: float) -> pl.DataFrame:
    """TREAT of every gene: is its change larger than the threshold (doi:10.1093/bioinformatics/btp053)?

    Args:
        statistics: what `differential_statistics` gave; the standard error is that of its 95 % limits.
        log_fc: threshold, log2, at least 0.

    Returns:
        Columns gene, log_fc, t (0 within the threshold), p_value, adj_p_value (Benjamini-Hochberg), in the table's
        order; NULL where the table has none.

    Raises:
        ValueError: a negative threshold.
    """
    effect, df, low, high = (
        statistics[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in ("log_fc", "df_total", "ci_low", "ci_high")
    )
    error = (high - low) / (2 * t_upper_quantile(0.025, df))
    t, p = treat(effect, error, df, log_fc)
    columns = {"log_fc": effect, "t": t, "p_value": p, "adj_p_value": adjust_p_values(p)}
    return pl.DataFrame({"gene": statistics["gene"], **columns}).with_columns(pl.col(pl.Float64).fill_nan(None))


def cohort_statistics(
    subject: CaseControl,
    counts: ExpressionMatrix,
    settings: Differential,
    batch: Batch,
    *,
    quality_weights: bool = False,
) -> pl.DataFrame:
    """`differential_statistics`, by voom for a cohort of counts (Law et al. 2014, doi:10.1186/gb-2014-15-2-r29).

    Args:
        subject: the cohort, (G, N).
        counts: (G, N) counts; missing values where the cohort is not counted.
        settings: thresholds and options of the study.
        batch: as in `differential_statistics`; with "combat" counts are not weighted, since the values are adjusted.
        quality_weights: samples far from the model weigh less (Ritchie et al. 2006, doi:10.1186/1471-2105-7-261).

    Raises:
        ValueError: the counts are of other genes or samples than the cohort, or as `differential_statistics`.
    """
    return model_statistics(subject, weighted_model(subject, counts, settings, batch, quality_weights), settings)


def weighted_model(
    subject: CaseControl, counts: ExpressionMatrix, settings: Differential, batch: Batch, quality_weights: bool = False
) -> CohortModel:
    """The model by which `cohort_statistics` tests a cohort, with voom's values and weights for counts."""
    weighted = _weighted(subject, counts, settings, batch, quality_weights)
    return cohort_model(weighted.subject, settings, batch, weighted.weights)


def block_notes(model: CohortModel) -> dict[str, float | int]:
    """The correlation within patients and the genes that told nothing of it; empty where none was estimated."""
    found = model.within_patients
    if found is None:
        return {}
    return {"block_correlation": found.consensus, "n_without_variance": found.n_without_variance}


@dataclass(frozen=True, slots=True)
class _Weighted:
    """A cohort with the tested values, and weights by voom or of sample quality."""

    subject: CaseControl
    weights: FloatArray | None


def _weighted(
    subject: CaseControl, counts: ExpressionMatrix, settings: Differential, batch: Batch, quality_weights: bool = False
) -> _Weighted:
    if not has_counts(counts) or batch == "combat":
        if not quality_weights:
            return _Weighted(subject, None)
        values, (design, _) = subject.matrix.values, differential_design(subject, settings, batch)
        # As limma: REML needs complete genes.
        estimate = array_weights_by_gene if np.isnan(values).any() else array_weights
        return _Weighted(subject, estimate(values, design))
    counts = _aligned(counts, subject.matrix)
    design, _ = differential_design(subject, settings, batch)
    weigh = voom_with_quality_weights if quality_weights else voom
    weighted = weigh(counts.values, design, factors=tmm_factors(counts.values))
    matrix = ExpressionMatrix(weighted.values, counts.features, counts.samples)
    return _Weighted(replace(subject, matrix=matrix), weighted.weights)


def design_table(model: CohortModel, chosen: Blocking, asked: str) -> pl.DataFrame:
    """The table `differential/design`: one row.

    Args:
        model: by which the genes were tested.
        chosen: how samples of one patient are modelled in it.
        asked: what the study file says of that.
    """
    row = {
        "block": chosen.block,
        "block_asked": asked,
        "block_reason": chosen.reason,
        "n_samples": chosen.repeats.n_samples,
        "n_patients": chosen.repeats.n_patients,
        "n_several": chosen.repeats.n_several,
        "n_both": chosen.repeats.n_both,
        "consensus_correlation": None if model.within_patients is None else model.within_patients.consensus,
        "coefficients": model.names,
    }
    return TABLES["differential/design"].frame([row])


def cohort_residuals(
    subject: CaseControl, counts: ExpressionMatrix, settings: Differential, batch: Batch
) -> ResidualSpace:
    """The genes in the residual space of the model by which `cohort_statistics` tests them; arguments as there."""
    model = weighted_model(subject, counts, settings, batch)
    return residual_space(
        model.values,
        model.design,
        1,
        genes=model.genes,
        weights=model.weights,
        correlation=model.correlation,
        trend=settings.trend,
        robust=settings.robust,
        limma=settings.limma,
    )


def _aligned(counts: ExpressionMatrix, like: ExpressionMatrix) -> ExpressionMatrix:
    """The counts with genes and samples in the order of the cohort's."""
    for kind, ours, theirs in (("gene", counts.features, like.features), ("sample", counts.samples, like.samples)):
        if strangers := sorted(set(ours) ^ set(theirs)):
            raise ValueError(
                f"{kind} {strangers[0]!r} is in the counts or in the cohort only, expected the same {kind}s"
            )
    return counts.take_features(like.features).take_samples(like.samples)
