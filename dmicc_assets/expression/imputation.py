"""Imputation of missing expression values from similar samples, only for the ranking's forests, never for tests.

scikit-learn finds the nearest neighbours; `signature/ranking.py` decides when and for which genes.
"""

# scikit-learn has no stubs: what it returns is declared here.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import numpy as np

from dmicc_assets.types import FloatArray

NEIGHBOURS = 10


def fill_in(values: FloatArray, training: FloatArray) -> FloatArray:
    """Missing values as the mean of the nearest 10 training samples that have the gene.

    As Troyanskaya et al. 2001, doi:10.1093/bioinformatics/17.6.520, but with samples as neighbours: distances are
    Euclidean over the genes that two samples share. A gene that no training sample has is filled in with 0.

    Args:
        values: (G, N) log2 expression, NaN missing; the training samples themselves, or new ones.
        training: (G, M) of the same genes, the samples to fill in from.

    Returns:
        (G, N) complete.

    Raises:
        ValueError: an infinite value, or another number of genes.
    """
    from sklearn.impute import KNNImputer

    if values.shape[0] != training.shape[0]:
        raise ValueError(f"{values.shape[0]} genes, but the training samples have {training.shape[0]}")
    for matrix in (values, training):
        infinite = np.isinf(matrix).any(axis=1)
        if infinite.any():
            raise ValueError(f"the gene in row {int(np.argmax(infinite))} has an infinite value")
    imputer = KNNImputer(n_neighbors=NEIGHBOURS, keep_empty_features=True).fit(training.T)
    return np.ascontiguousarray(np.asarray(imputer.transform(values.T), dtype=np.float64).T)
