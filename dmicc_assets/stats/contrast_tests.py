"""Tests built on a moderated fit: against a threshold (TREAT), over several contrasts (F), and decisions.

The moderated t itself is in `moderation.py`.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.distributions import f_upper_tail, t_upper_tail
from dmicc_assets.stats.linear_model import LinearFit
from dmicc_assets.stats.moderation import ModeratedT
from dmicc_assets.stats.multiplicity import Adjustment, adjust_p_values
from dmicc_assets.types import FloatArray


def treat(effect: FloatArray, error: FloatArray, df: FloatArray, log_fc: float) -> tuple[FloatArray, FloatArray]:
    """Tests that a change is larger than a threshold (McCarthy & Smyth 2009, doi:10.1093/bioinformatics/btp053).

    Args:
        effect: log2 fold changes of G genes, (G,) or (G, K).
        error: their moderated standard errors, of the same shape.
        df: degrees of freedom of the moderated t; broadcasts with `effect`.
        log_fc: threshold in log2 units, not negative.

    Returns:
        t, measured from the nearer threshold and 0 between them, and p-values, as `limma::treat`; NaN where the fold
        change is missing (limma: t = 0 without a p).

    Raises:
        ValueError: a negative threshold.
    """
    if not log_fc >= 0:
        raise ValueError(f"the threshold on the log fold change is {log_fc}: expected 0 or more")
    size = np.abs(effect)
    # A gene without spread has no error: its t is infinite.
    with np.errstate(invalid="ignore", divide="ignore"):
        beyond, opposite = (size - log_fc) / error, (size + log_fc) / error
        t = np.sign(effect) * np.maximum(beyond, 0.0)
    return t, np.minimum(1.0, t_upper_tail(beyond, df) + t_upper_tail(opposite, df))


def moderated_f(fit: LinearFit, moderated: ModeratedT) -> tuple[FloatArray, FloatArray, int]:
    """Moderated F over all coefficients of a fit (Smyth 2004, section 4), as `limma::eBayes`.

    Args:
        fit: the fit, of contrasts usually; they may depend on each other.
        moderated: its moderated t.

    Returns:
        F (G,), its p-values (G,), and its numerator degrees of freedom; NaN for a gene without some coefficient.
    """
    spread = np.sqrt(np.diag(fit.cov_coefficients))
    roots, vectors = np.linalg.eigh(fit.cov_coefficients / np.outer(spread, spread))
    kept = roots > 1e-8 * roots.max()
    rank = int(kept.sum())
    # As limma: degrees of freedom of F, unlike those of t, are not capped at those of all genes pooled.
    df2 = fit.df_residual + moderated.prior.df
    effects = moderated.t @ (vectors[:, kept] / np.sqrt(roots[kept]))
    f = np.einsum("gk,gk->g", effects, effects) / rank
    return f, f_upper_tail(f, rank, df2), rank


def decide_tests(
    fit: LinearFit,
    moderated: ModeratedT,
    *,
    method: Literal["separate", "global"] = "separate",
    adjust: Adjustment | Literal["none"] = "BH",
    p_value: float = 0.05,
    log_fc: float = 0.0,
) -> NDArray[np.int8]:
    """Which genes change in which contrasts, as `limma::decideTests`.

    Args:
        fit: the fit.
        moderated: its moderated t.
        method: adjust each contrast by itself, or all p-values together.
        adjust: the adjustment.
        p_value: a gene counts when its adjusted p is below it.
        log_fc: the change must also be larger than this, in log2 units.

    Returns:
        (G, K) 1 for up, -1 for down, 0 for neither (also where the coefficient is missing).

    Raises:
        ValueError: an unknown method or adjustment.
    """
    p = moderated.p_value
    if method not in ("separate", "global"):
        raise ValueError(f"unknown method {method!r}: expected separate or global")
    if adjust != "none":
        whole = method == "global"
        p = adjust_p_values(p, adjust) if whole else np.column_stack([adjust_p_values(c, adjust) for c in p.T])
    counts = (p < p_value) & (np.abs(fit.coefficients) > log_fc)
    return np.where(counts, np.sign(np.nan_to_num(fit.coefficients)), 0).astype(np.int8)
