"""The running sum of a gene set along a ranked list: the curve whose largest deviation is the enrichment score."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dmicc_assets.types import FloatArray


@dataclass(frozen=True, slots=True)
class RunningSum:
    """A gene set along G ranked genes.

    Attributes:
        curve: (G,) running sum after each gene.
        hits: (H,) positions of the set's genes, 0 is the gene that is highest in cases.
        peak: position of the largest deviation from zero.
    """

    curve: FloatArray
    hits: NDArray[np.intp]
    peak: int

    @property
    def score(self) -> float:
        """The enrichment score: the curve at its peak."""
        return float(self.curve[self.peak])


def running_sum(statistics: pl.DataFrame, genes: Collection[str], weight: float = 1.0) -> RunningSum:
    """Running sum of a gene set over genes ranked by t (Subramanian 2005, doi:10.1073/pnas.0506580102).

    Args:
        statistics: columns gene and t; genes without a t are left out, ties are broken by gene name.
        genes: the gene set.
        weight: exponent of abs(t).

    Raises:
        ValueError: none or all of the ranked genes are in the set.
    """
    ranked = statistics.drop_nulls("t").drop_nans("t").sort(["t", "gene"], descending=[True, False])
    t = ranked["t"].to_numpy()
    is_hit = ranked["gene"].is_in(list(genes)).to_numpy()
    n_hits = int(is_hit.sum())
    if n_hits in (0, len(t)):
        raise ValueError(f"{n_hits} of {len(t)} ranked genes are in the set: a running sum needs some in and some out")
    weights = np.where(is_hit, np.abs(t) ** weight, 0.0)
    if weights.sum() == 0:
        weights = is_hit.astype(np.float64)
    curve = np.cumsum(weights / weights.sum() - ~is_hit / (len(t) - n_hits))
    highest, lowest = int(curve.argmax()), int(curve.argmin())
    # Of deviations that are equal, up to rounding, the upper one counts: as in the enrichment scores.
    is_high = curve[highest] >= -curve[lowest] * (1 - 1e-12)
    return RunningSum(curve, np.flatnonzero(is_hit), highest if is_high else lowest)
