"""Several groups compared at once, in labelled frames. The arithmetic is in `stats/contrast_tests.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from dmicc_assets.api.cohort import aligned, matrix_of, named
from dmicc_assets.stats.contrast_tests import decide_tests
from dmicc_assets.stats.linear_model import fit_contrasts, fit_linear_model
from dmicc_assets.stats.moderation import LimmaVersion, moderated_t
from dmicc_assets.stats.multiplicity import Adjustment
from dmicc_assets.stats.top_table import F_COLUMNS, top_table, top_table_f
from dmicc_assets.types import FloatArray


@dataclass(frozen=True)
class Contrasts:
    """Differences between groups of samples.

    Attributes:
        together: all differences tested at once by the moderated F, one row a gene in the order of the expression:
            gene, one column a contrast (log2 fold change), ave_expr, f, p_value, adj_p_value (Benjamini-Hochberg).
        apart: each difference by name: gene, log_fc, ci_low, ci_high, ave_expr, t, p_value, adj_p_value, b.
        decided: gene, then one column for each contrast: 1 for up, -1 for down, 0 for neither.
    """

    together: pl.DataFrame
    apart: dict[str, pl.DataFrame]
    decided: pl.DataFrame


def contrasts(
    expression: pl.DataFrame,
    samples: pl.DataFrame,
    group: str,
    pairs: Mapping[str, tuple[str, str]],
    *,
    batch: str | None = None,
    trend: bool = False,
    robust: bool = False,
    version: LimmaVersion = "3.63",
    method: Literal["separate", "global"] = "separate",
    adjust: Adjustment | Literal["none"] = "BH",
    p_value: float = 0.05,
    log_fc: float = 0.0,
) -> Contrasts:
    """Compares several groups in one linear model, as limma's `contrasts.fit`, `topTable` and `decideTests`.

    The variance of a gene is estimated from all groups together. With missing values it is limma's approximation.

    Args:
        expression: a column `gene`, then one numeric column for each sample: log2 values.
        samples: a column `sample` and the columns that the other arguments name; one row for each sample.
        group: the column of the groups.
        pairs: contrast name to two groups, the first less the second: `{"ra": ("rheumatoid arthritis", "healthy")}`.
        batch: a column whose differences are taken out of the comparison; None for one batch.
        trend: whether the prior variance depends on the mean expression.
        robust: whether outlying variances are shrunk less.
        version: the limma whose prior is taken: "3.63" or "3.54".
        method: for `decided`, adjust each contrast by itself, or all p-values together.
        adjust: for `decided`, "BH", "holm", "bonferroni" or "none".
        p_value: for `decided`, threshold of the adjusted p.
        log_fc: for `decided`, a change is larger than this, in log2 units.

    Raises:
        ValueError: no pair, a contrast with the name of another column, a group that no sample has, a sample in one
            frame only or without group or batch, or batch and group confounded.
    """
    matrix = matrix_of(expression)
    described = aligned(samples, matrix, [group, *([batch] if batch else [])])
    labels = pl.Series(named(described, group), dtype=pl.String)
    groups = labels.unique(maintain_order=True).to_list()
    _check_pairs(pairs, group, groups)
    columns = {name: labels == name for name in groups}
    if batch:
        batches = pl.Series(named(described, batch), dtype=pl.String)
        columns |= {f"{batch} {level}": batches == level for level in batches.unique(maintain_order=True)[1:]}
    genes, design = matrix.features, np.column_stack([column.to_numpy() for column in columns.values()])
    fit = fit_linear_model(matrix.values, design.astype(np.float64), names=list(columns), genes=genes)
    compared = fit_contrasts(fit, _weights(pairs, list(columns)), list(pairs))
    moderated = moderated_t(compared, trend=trend, robust=robust, limma=version)
    chosen = decide_tests(compared, moderated, method=method, adjust=adjust, p_value=p_value, log_fc=log_fc)
    return Contrasts(
        top_table_f(compared, moderated, genes, sort=False),
        {name: top_table(compared, moderated, name, genes, sort_by="none") for name in pairs},
        pl.DataFrame({"gene": genes, **{name: chosen[:, k] for k, name in enumerate(pairs)}}),
    )


def _check_pairs(pairs: Mapping[str, tuple[str, str]], group: str, groups: Sequence[str]) -> None:
    if not pairs:
        raise ValueError("expected one pair of groups or more")
    for name, pair in pairs.items():
        if name in F_COLUMNS:
            raise ValueError(f"contrast {name!r}: the result has a column of that name; choose another name")
        if isinstance(pair, str) or len(pair) != 2:
            raise ValueError(f"contrast {name!r}: expected two groups, the first less the second, got {pair!r}")
        for each in pair:
            if each not in groups:
                raise ValueError(f"no sample has the {group} {each!r}; there are {', '.join(sorted(groups))}")


def _weights(pairs: Mapping[str, tuple[str, str]], columns: Sequence[str]) -> FloatArray:
    """(K, C): 1 for the first group of a pair and -1 for the second."""
    return np.array(
        [[(name == first) - (name == second) for first, second in pairs.values()] for name in columns], float
    )
