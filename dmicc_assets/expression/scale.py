"""The scale of a matrix: GEO2R's log2 rule, and quantile normalisation between arrays.

All samples and probes of a dataset take part; a cohort selects its samples later.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from dmicc_assets.study.dataset_parts import KnownValues
from dmicc_assets.types import FloatArray

QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.99, 1.0)


@dataclass(frozen=True, slots=True)
class ScaleDecision:
    """The decision on log2, with its reasons.

    Attributes:
        took_log2: True when the logarithm is to be taken.
        scale_detected: scale by GEO2R's rule, whatever the setting is.
        quantiles: the values' quantiles 0, 25, 50, 75, 99 and 100 % (type 7), missing ones left out.
        rule: the setting.
    """

    took_log2: bool
    scale_detected: KnownValues
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
        raise ValueError("the matrix has no values, so its scale is unknown")
    if np.isinf(observed).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise ValueError(f"row {row + 1}, sample {column + 1} is infinite: expected finite expression values")
    q0, q25, q50, q75, q99, q100 = (float(q) for q in np.quantile(observed, QUANTILES, overwrite_input=True))
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
