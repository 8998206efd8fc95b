"""The correlation between samples of one patient that resamples and labellings of a cohort use.

It is estimated by `stats/duplicate_correlation.py`.
"""

from dmicc_assets.differential.blocking import repeats, tells_correlation
from dmicc_assets.stats.duplicate_correlation import duplicate_correlation
from dmicc_assets.types import CaseControl, ExpressionMatrix, FloatArray

# Genes that the consensus of a resample is estimated from: its standard error is then far below 0.01.
MOST_GENES = 2000


def spaced_genes(n: int) -> slice:
    """The rows, evenly spaced, of at most 2,000 of n genes."""
    return slice(None, None, -(-n // MOST_GENES))


def consensus_of(subject: CaseControl, design: FloatArray) -> float:
    """The correlation within patients from 2,000 genes at most, evenly spaced; 0 where the samples tell of none."""
    values = subject.matrix.values[spaced_genes(len(subject.matrix.values))]
    found = repeats(subject.unit, subject.is_case.tolist())
    if not tells_correlation(found) or found.n_samples <= design.shape[1] + 2:
        return 0.0
    return duplicate_correlation(values, design, subject.unit).consensus


def few_genes(matrix: ExpressionMatrix) -> ExpressionMatrix:
    """Those genes of a matrix from which `consensus_of` estimates."""
    rows = spaced_genes(len(matrix.features))
    return ExpressionMatrix(matrix.values[rows], matrix.features[rows], matrix.samples)
