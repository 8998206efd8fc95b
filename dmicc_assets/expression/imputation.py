"""Missing expression values filled in from similar samples: for the ranking's forests only, never for tests.

scikit-learn's nearest neighbours do the work; fit and transform are apart, so that a fold learns from its training
samples only.
"""

# scikit-learn has no stubs: what it returns is declared here.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class KnnImputation:
    """Samples to fill in from.

    Attributes:
        values: (G, N) expression of the training samples, NaN missing.
        neighbours: how many samples a missing value is the mean of.
    """

    values: FloatArray
    neighbours: int


def fit_knn_imputation(values: FloatArray, genes: Sequence[str], neighbours: int = 10) -> KnnImputation:
    """Takes training samples as the ones to fill in from.

    Args:
        values: (G, N) log2 expression, NaN missing.
        genes: the G names, for the message.
        neighbours: how many nearest samples that have the gene a missing value is the mean of.

    Raises:
        ValueError: a gene without any value (names it); no neighbour; an infinite value.
    """
    if neighbours < 1:
        raise ValueError(f"{neighbours} neighbours: expected one at least")
    if np.isinf(values).any():
        raise ValueError(f"gene {genes[int(np.argmax(np.isinf(values).any(axis=1)))]} has an infinite value")
    empty = np.isnan(values).all(axis=1)
    if empty.any():
        raise ValueError(f"gene {genes[int(np.argmax(empty))]} has no value in any sample: it cannot be filled in")
    return KnnImputation(np.array(values, dtype=np.float64), neighbours)


def apply_knn_imputation(fit: KnnImputation, values: FloatArray) -> FloatArray:
    """(G, N) the samples with missing values filled in (Troyanskaya et al. 2001, doi:10.1093/bioinformatics/17.6.520).

    Distances are Euclidean over the genes that two samples share.

    Args:
        fit: the training samples.
        values: (G, N) of the same genes; the training samples themselves, or new ones.

    Raises:
        ValueError: another number of genes.
    """
    from sklearn.impute import KNNImputer

    if values.shape[0] != fit.values.shape[0]:
        raise ValueError(f"{values.shape[0]} genes, but the training samples have {fit.values.shape[0]}")
    imputer = KNNImputer(n_neighbors=fit.neighbours).fit(fit.values.T)
    return np.ascontiguousarray(np.asarray(imputer.transform(values.T), dtype=np.float64).T)
