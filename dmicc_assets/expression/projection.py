"""Samples in two dimensions: principal components and t-SNE. `report/figures/` only draws them."""

# scikit-learn has no stubs: what it returns is declared here.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from dataclasses import dataclass

import numpy as np

from dmicc_assets.types import FloatArray

COMPONENTS_FOR_TSNE = 50
EXACT_UP_TO = 400


@dataclass(frozen=True, slots=True)
class PrincipalComponents:
    """Scores of N samples on their first components.

    Attributes:
        scores: (N, K), in log2 units; the largest absolute score of each component is positive.
        explained: (K,) share of the total variance of each component.
    """

    scores: FloatArray
    explained: FloatArray


def principal_components(values: FloatArray, n_components: int = 2) -> PrincipalComponents:
    """Principal components of samples, genes centred and not scaled, as R's `prcomp(t(x))` up to sign.

    By the eigenvectors of the N x N Gram matrix, since genes far outnumber samples.

    Args:
        values: (G, N) log2 expression; genes with a missing value are left out.
        n_components: components to return; fewer when there are fewer than that.

    Raises:
        ValueError: fewer than two samples, no complete gene, or an infinite value.
    """
    if np.isinf(values).any():
        gene, sample = np.argwhere(np.isinf(values))[0]
        raise ValueError(f"row {gene + 1}, sample {sample + 1} is infinite: expected finite log2 expression")
    complete = values[~np.isnan(values).any(axis=1)]
    n = values.shape[1]
    if n < 2 or complete.shape[0] == 0:
        raise ValueError(f"components need two samples and a complete gene, got {n} and {complete.shape[0]}")
    centred = complete - complete.mean(axis=1, keepdims=True)
    eigenvalues, vectors = np.linalg.eigh(centred.T @ centred)
    kept = min(n_components, n - 1)
    eigenvalues, vectors = np.maximum(eigenvalues[::-1], 0.0), vectors[:, ::-1][:, :kept]
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(kept)])
    total = eigenvalues.sum()
    explained = eigenvalues[:kept] / total if total > 0 else np.zeros(kept)
    return PrincipalComponents(vectors * signs * np.sqrt(eigenvalues[:kept]), explained)


def can_project(values: FloatArray) -> bool:
    """Whether a projection is possible: at least four samples, and three complete genes that vary."""
    complete = values[~np.isnan(values).any(axis=1)]
    return values.shape[1] >= 4 and int((np.ptp(complete, axis=1) > 0).sum()) >= 3


def tsne(values: FloatArray, seed: int, perplexity: float = 30.0) -> FloatArray:
    """t-SNE of samples on their first 50 principal components (van der Maaten & Hinton 2008), seeded.

    Args:
        values: (G, N) log2 expression; genes with a missing value are left out.
        seed: of the optimiser.
        perplexity: lowered to (N - 1) / 3 for few samples.

    Returns:
        (N, 2); only neighbourhoods mean something, not distances or axes.

    Raises:
        ValueError: fewer than four samples.
    """
    n = values.shape[1]
    if n < 4:
        raise ValueError(f"t-SNE needs four samples, got {n}")
    from sklearn.manifold import TSNE

    scores = principal_components(values, COMPONENTS_FOR_TSNE).scores
    model = TSNE(
        2,
        perplexity=min(perplexity, (n - 1) / 3),
        init="pca",
        learning_rate="auto",
        random_state=seed,
        # for few samples the exact gradient is faster, and needs no threads
        method="exact" if n <= EXACT_UP_TO else "barnes_hut",
    )
    return np.asarray(model.fit_transform(scores), dtype=np.float64)
