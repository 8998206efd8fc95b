"""Batch effects estimated by a linear model and subtracted: limma's `removeBatchEffect`, fit and transform apart.

`combat.py` adjusts means and variances by empirical Bayes; its functions are also available here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dmicc_assets.expression.combat import Combat, apply_combat, combat, fit_combat
from dmicc_assets.stats.linear_model import fit_linear_model
from dmicc_assets.types import FloatArray

__all__ = [
    "BatchEffect",
    "Combat",
    "apply_batch_effect",
    "apply_combat",
    "combat",
    "fit_batch_effect",
    "fit_combat",
    "remove_batch_effect",
]


@dataclass(frozen=True, slots=True)
class BatchEffect:
    """Effect of each batch on each gene.

    Attributes:
        levels: the batches, sorted.
        levels2: the batches of the second factor, sorted; empty without one.
        coefficients: (G, B) effects, columns as in `batch_columns`; 0 where a gene's values do not determine the
            effect.
    """

    levels: tuple[str, ...]
    levels2: tuple[str, ...]
    coefficients: FloatArray


def remove_batch_effect(
    values: FloatArray,
    batch: Sequence[str],
    design: FloatArray | None = None,
    batch2: Sequence[str] | None = None,
    covariates: FloatArray | None = None,
) -> FloatArray:
    """Expression without batch effects, as `limma::removeBatchEffect` (Ritchie et al. 2015, doi:10.1093/nar/gkv007).

    Args:
        values: (G, N) log2 expression, NaN missing.
        batch: the N samples' batches; two at least, or covariates.
        design: (N, K) effects to keep, with an intercept; None keeps only the mean.
        batch2: the N samples' levels of a second, independent batch factor.
        covariates: (N,) or (N, C) numeric nuisance variables to remove.

    Raises:
        ValueError: a batch is confounded with the design (names the column); an infinite value; shapes do not fit.
    """
    effect = fit_batch_effect(values, batch, design, batch2, covariates)
    return apply_batch_effect(effect, values, batch, batch2, covariates)


def fit_batch_effect(
    values: FloatArray,
    batch: Sequence[str],
    design: FloatArray | None = None,
    batch2: Sequence[str] | None = None,
    covariates: FloatArray | None = None,
) -> BatchEffect:
    """Learns the batch effects of these samples; see `remove_batch_effect` for arguments and errors."""
    n = values.shape[1]
    kept = np.ones((n, 1)) if design is None else np.asarray(design, dtype=np.float64)
    if kept.ndim != 2 or len(kept) != n:
        raise ValueError(f"a design of shape {kept.shape} does not fit {n} samples")
    if len(batch) != n or (batch2 is not None and len(batch2) != n):
        raise ValueError(f"{len(batch)} batches for {n} samples")
    levels, levels2 = tuple(sorted(set(batch))), tuple(sorted(set(batch2 or ())))
    numeric = _numeric(covariates, n)
    columns, names = batch_columns(levels, levels2, numeric, batch, batch2)
    if columns.shape[1] == 0:
        return BatchEffect(levels, levels2, np.zeros((values.shape[0], 0)))
    design_names = [f"design column {k + 1}" for k in range(kept.shape[1])]
    fit = fit_linear_model(values, np.column_stack([kept, columns]), names=design_names + names)
    return BatchEffect(levels, levels2, np.nan_to_num(fit.coefficients[:, kept.shape[1] :]))


def apply_batch_effect(
    effect: BatchEffect,
    values: FloatArray,
    batch: Sequence[str],
    batch2: Sequence[str] | None = None,
    covariates: FloatArray | None = None,
) -> FloatArray:
    """Subtracts learnt batch effects from samples of the same batches, without knowledge of their groups.

    Raises:
        ValueError: a batch is not in the fit, or shapes do not fit.
    """
    n = values.shape[1]
    numeric = _numeric(covariates, n)
    for level, known in [(b, effect.levels) for b in batch] + [(b, effect.levels2) for b in batch2 or ()]:
        if level not in known:
            raise ValueError(f"batch {level!r} is not in the fit, which has the batches {', '.join(known)}")
    columns, _ = batch_columns(effect.levels, effect.levels2, numeric, batch, batch2)
    if columns.shape != (n, effect.coefficients.shape[1]):
        raise ValueError(f"batches and covariates make a design of shape {columns.shape}, not the one of the fit")
    if columns.shape[1] == 0:
        return values.copy()
    added = effect.coefficients @ columns.T
    return np.subtract(values, added, out=added)


def batch_columns(
    levels: Sequence[str],
    levels2: Sequence[str],
    numeric: FloatArray,
    batch: Sequence[str],
    batch2: Sequence[str] | None,
) -> tuple[FloatArray, list[str]]:
    """Sum-to-zero columns of the factors and the unchanged numeric covariates, with names."""
    columns: list[FloatArray] = []
    names: list[str] = []
    for known, given in ((levels, batch), (levels2, batch2 or ())):
        labels = np.array(list(given), dtype=object)
        for level in known[:-1]:
            columns.append((labels == level).astype(np.float64) - (labels == known[-1]))
            names.append(f"batch {level}")
    columns += list(numeric.T)
    names += [f"covariate {c + 1}" for c in range(numeric.shape[1])]
    return np.column_stack(columns) if columns else np.zeros((len(numeric), 0)), names


def _numeric(covariates: FloatArray | None, n: int) -> FloatArray:
    if covariates is None:
        return np.zeros((n, 0))
    numeric = np.asarray(covariates, dtype=np.float64)
    numeric = numeric[:, None] if numeric.ndim == 1 else numeric
    if numeric.shape[0] != n:
        raise ValueError(f"covariates of shape {numeric.shape} do not fit {n} samples")
    return numeric
