"""A cohort's values and design freed from the correlation within patients, so that resamples are least squares.

The correlation itself is estimated by `stats/duplicate_correlation.py`.
"""

from dataclasses import dataclass

import numpy as np

from dmicc_assets.differential.blocking import repeats, tells_correlation
from dmicc_assets.stats.duplicate_correlation import duplicate_correlation, within_blocks
from dmicc_assets.stats.observed import mean_of_observed
from dmicc_assets.study.schema import Differential
from dmicc_assets.types import BoolArray, CaseControl, FloatArray

# Genes that the consensus of a resample is estimated from: its standard error is then far below 0.01.
MOST_GENES = 2000


@dataclass(frozen=True, slots=True)
class Whitened:
    """A cohort as least squares takes it, with or without a correlation within patients.

    Attributes:
        filled: (G, N) values less the gene's mean, whitened; a missing value counts as the mean.
        design: (N, K) whitened.
        lacking: (G,) True for genes with missing values.
        consensus: the correlation of two samples of one patient; 0 where none is modelled.
    """

    filled: FloatArray
    design: FloatArray
    lacking: BoolArray
    consensus: float


def whitened(subject: CaseControl, design: FloatArray, settings: Differential) -> Whitened:
    """The cohort's values and design; with `duplicate_correlation` whitened by the consensus of its own samples.

    A whitened row mixes samples of its patient only, so that patients can be drawn and left out as rows are.
    """
    values = subject.matrix.values
    lacking = np.asarray(np.isnan(values).any(axis=1), dtype=np.bool_)
    mean = mean_of_observed(values, 1, keepdims=True) if lacking.any() else values.mean(axis=1, keepdims=True)
    filled = np.nan_to_num(values - mean) if lacking.any() else values - mean
    if settings.block != "duplicate_correlation":
        return Whitened(filled, design, lacking, 0.0)
    consensus = consensus_of(subject, design)
    root = np.linalg.inv(np.linalg.cholesky(within_blocks(subject.unit, consensus)))
    return Whitened(filled @ root.T, root @ design, lacking, consensus)


def consensus_of(subject: CaseControl, design: FloatArray) -> float:
    """The correlation within patients from 2,000 genes at most, evenly spaced; 0 where the samples tell of none."""
    values = subject.matrix.values[:: -(-len(subject.matrix.values) // MOST_GENES)]
    found = repeats(subject.unit, subject.is_case.tolist())
    if not tells_correlation(found) or found.n_samples <= design.shape[1] + 2:
        return 0.0
    return duplicate_correlation(values, design, subject.unit).consensus
