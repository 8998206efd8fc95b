"""The table of a moderated fit, with the columns and order of limma's `topTable`.

Only confidence limits are computed here.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl

from dmicc_assets.stats.contrast_tests import moderated_f
from dmicc_assets.stats.distributions import t_upper_quantile
from dmicc_assets.stats.linear_model import LinearFit
from dmicc_assets.stats.moderation import ModeratedT
from dmicc_assets.stats.multiplicity import adjust_p_values

# Columns of the table of all coefficients that are no coefficient's.
F_COLUMNS = ("gene", "ave_expr", "f", "p_value", "adj_p_value")
SortBy = Literal["b", "p_value", "t", "log_fc", "ave_expr", "none"]


def top_table(
    fit: LinearFit,
    moderated: ModeratedT,
    coefficient: str,
    genes: Sequence[str],
    *,
    sort_by: SortBy = "b",
    number: int | None = None,
) -> pl.DataFrame:
    """One coefficient's statistics, the most significant genes first, as `limma::topTable(confint=TRUE)`.

    Args:
        fit: the fit.
        moderated: its moderated t.
        coefficient: name of the coefficient or contrast.
        genes: the G names.
        sort_by: "b" (limma's default) or "p_value" sort by the value, "t" or "log_fc" by the absolute value.
        number: number of rows; None for all.

    Returns:
        Columns gene, log_fc, ci_low, ci_high (95 %), ave_expr, t, p_value, adj_p_value (Benjamini-Hochberg), b;
        NULL where a gene's values do not determine the statistic, last.

    Raises:
        ValueError: an unknown coefficient.
    """
    if coefficient not in fit.names:
        raise ValueError(f"unknown coefficient {coefficient!r}: expected one of {', '.join(fit.names)}")
    k = fit.names.index(coefficient)
    log_fc, p_value = fit.coefficients[:, k], moderated.p_value[:, k]
    margin = np.sqrt(moderated.variance) * fit.stdev_unscaled[:, k] * t_upper_quantile(0.025, moderated.df_total)
    table = pl.DataFrame(
        {
            "gene": list(genes),
            "log_fc": log_fc,
            "ci_low": log_fc - margin,
            "ci_high": log_fc + margin,
            "ave_expr": fit.ave_expr,
            "t": moderated.t[:, k],
            "p_value": p_value,
            "adj_p_value": adjust_p_values(p_value),
            "b": moderated.log_odds[:, k],
        }
    ).with_columns(pl.col(pl.Float64).fill_nan(None))
    if sort_by != "none":
        column = pl.col(sort_by).abs() if sort_by in ("t", "log_fc") else pl.col(sort_by)
        table = table.sort(column, descending=sort_by != "p_value", nulls_last=True, maintain_order=True)
    return table if number is None else table.head(number)


def top_table_f(
    fit: LinearFit, moderated: ModeratedT, genes: Sequence[str], *, sort: bool = True, number: int | None = None
) -> pl.DataFrame:
    """All coefficients tested together, the largest F first, as `limma::topTable` with several coefficients.

    Returns:
        Columns gene, one a coefficient (its log fold change, under its name), ave_expr, f, p_value, adj_p_value.

    Raises:
        ValueError: a coefficient has the name of another column.
    """
    if taken := set(fit.names) & set(F_COLUMNS):
        raise ValueError(f"coefficient {min(taken)!r} has the name of a column of the table; choose another name")
    f, p_value, _ = moderated_f(fit, moderated)
    columns = {name: fit.coefficients[:, k] for k, name in enumerate(fit.names)}
    table = pl.DataFrame(
        {
            "gene": list(genes),
            **columns,
            "ave_expr": fit.ave_expr,
            "f": f,
            "p_value": p_value,
            "adj_p_value": adjust_p_values(p_value),
        }
    ).with_columns(pl.col(pl.Float64).fill_nan(None))
    if sort:
        table = table.sort("f", descending=True, nulls_last=True, maintain_order=True)
    return table if number is None else table.head(number)
