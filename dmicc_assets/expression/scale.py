"""The scale of a matrix: GEO2R's log2 rule, and quantile normalisation between arrays.

Every sample and every probe of a dataset takes part here; which samples a cohort keeps is decided later.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.99, 1.0)


@dataclass(frozen=True, slots=True)
class ScaleDecision:
    """Whether a matrix was taken to log2, and why.

    Attributes:
        took_log2: True when the logarithm is to be taken.
        scale_detected: what GEO2R's rule sees in the values, whatever was asked for.
        quantiles: the values' quantiles 0, 25, 50, 75, 99 and 100 % (type 7), missing ones left out.
        rule: what was asked for.
    """

    took_log2: bool
    scale_detected: Literal["log2", "linear"]
    quantiles: tuple[float, float, float, float, float, float]
    rule: Literal["auto", "log2", "linear"]


def log2_decision(values: FloatArray, rule: Literal["auto", "log2", "linear"] = "auto") -> ScaleDecision:
    """Decides on the logarithm by GEO2R's rule (https://www.ncbi.nlm.nih.gov/geo/info/geo2r.html).

    Values are linear when q99 > 100, or max - min > 50 with q25 > 0.

    Args:
        values: (G, N) expression as served, NaN missing.
        rule: "auto" decides by the rule, "log2" and "linear" state what the values are.

    Raises:
        ValueError: no value at all, an infinite value, or an unknown rule.
    """
    if rule not in ("auto", "log2", "linear"):
        raise ValueError(f"unknown scale {rule!r}: expected auto, log2 or linear")
    values = np.asarray(values, dtype=np.float64)
    observed = values[~np.isnan(values)]
    if observed.size == 0:
        raise ValueError("the matrix has no values: its scale cannot be told")
    if np.isinf(observed).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise ValueError(f"row {row + 1}, sample {column + 1} is infinite: expected finite expression values")
    q0, q25, q50, q75, q99, q100 = (float(q) for q in np.quantile(observed, QUANTILES))
    linear = q99 > 100 or (q100 - q0 > 50 and q25 > 0)
    took = linear if rule == "auto" else rule == "linear"
    return ScaleDecision(took, "linear" if linear else "log2", (q0, q25, q50, q75, q99, q100), rule)


def to_log2(values: FloatArray, decision: ScaleDecision) -> FloatArray:
    """The values on the log2 scale, (G, N): as they are, or their logarithm with values <= 0 missing."""
    if not decision.took_log2:
        return values
    result = np.full(values.shape, np.nan)
    np.log2(values, out=result, where=values > 0)
    return result


def quantile_normalise(values: FloatArray) -> FloatArray:
    """Gives every sample the same distribution, as `limma::normalizeBetweenArrays(method="quantile")`.

    Bolstad et al. 2003, doi:10.1093/bioinformatics/19.2.185; ties share the mean of their quantiles' position,
    and a sample with missing values is interpolated to the full length.

    Args:
        values: (G, N) on the log2 scale, NaN missing.

    Raises:
        ValueError: an infinite value; a sample without any value.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.shape[1] < 2:
        return values.copy()
    orders = np.empty(values.shape[::-1], dtype=np.int32)
    target = _mean_quantiles(values, orders)
    return _with_distribution(values, target, orders)


def fit_quantile_target(values: FloatArray) -> FloatArray:
    """(G,) mean over the samples of their sorted values: the distribution that all are given.

    Raises:
        ValueError: an infinite value; a sample without any value.
    """
    return _mean_quantiles(values, np.empty(values.shape[::-1], dtype=np.int32))


def apply_quantile_target(values: FloatArray, target: FloatArray) -> FloatArray:
    """Gives samples the distribution `target`, which was learnt from these samples or from others.

    A rank is mapped to the target's quantile at the same relative position; tied values get their mean rank's.

    Args:
        values: (G, N) on the log2 scale, NaN missing.
        target: (G,) ascending, as `fit_quantile_target` gives it.
    """
    return _with_distribution(values, target, None)


def _blocks(n: int) -> Iterator[slice]:
    """Samples that are copied together: a whole cache line of each gene's, and never the whole matrix."""
    return (slice(start, start + 16) for start in range(0, n, 16))


def _mean_quantiles(values: FloatArray, orders: NDArray[np.int32]) -> FloatArray:
    """The mean of the samples' sorted values (G,); fills `orders` (N, G), so that each sample is sorted once."""
    g, n = values.shape
    target = np.zeros(g, dtype=np.float64)
    for block in _blocks(n):
        for j, column in enumerate(np.ascontiguousarray(values[:, block].T), start=block.start):
            orders[j] = np.argsort(column)
            ascending = column[orders[j]]
            observed = g - int(np.isnan(column).sum())
            if observed == 0:
                raise ValueError(f"sample {j + 1} has no value at all: leave it out before normalising")
            if np.isinf(ascending[[0, observed - 1]]).any():
                raise ValueError(f"sample {j + 1} has an infinite value")
            if observed < g:
                positions = np.linspace(0, 1, observed) if observed > 1 else np.array([0.5])
                ascending = np.asarray(
                    np.interp(np.linspace(0, 1, g), positions, ascending[:observed]), dtype=np.float64
                )
            target += ascending
    return target / n


def _with_distribution(values: FloatArray, target: FloatArray, orders: NDArray[np.int32] | None) -> FloatArray:
    result = np.empty(values.shape)
    for block in _blocks(values.shape[1]):
        columns = np.array(values[:, block].T, order="C")
        for j, column in enumerate(columns, start=block.start):
            order = np.argsort(column) if orders is None else orders[j]
            column[:] = _given_distribution(column, order, target)
        result[:, block] = columns.T
    return result


def _given_distribution(column: FloatArray, order: NDArray[np.integer], target: FloatArray) -> FloatArray:
    """One sample's values replaced by the target's at their ranks; NaN sorts last and stays."""
    observed = len(column) - int(np.isnan(column).sum())
    order = order[:observed]
    ascending = column[order]
    result = np.full(len(column), np.nan)
    if observed == len(target) and not (ascending[1:] == ascending[:-1]).any():
        result[order] = target
    else:
        positions = _mean_ranks(ascending) / max(observed - 1, 1)
        result[order] = np.interp(positions, np.linspace(0, 1, len(target)), target)
    return result


def _mean_ranks(ascending: FloatArray) -> FloatArray:
    """Ranks from 0 of sorted values, ties sharing their mean."""
    starts = np.flatnonzero(np.concatenate([[True], ascending[1:] != ascending[:-1]]))
    stops = np.append(starts[1:], len(ascending))
    return np.repeat((starts + stops - 1) / 2, stops - starts)
