"""Samples in two dimensions, as tables: principal components and t-SNE. `report/figures/` draws the tables."""

# scikit-learn has no stubs: what it returns is declared here.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportArgumentType=false

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from dmicc_assets.tables import TABLES
from dmicc_assets.types import CaseControl, ExpressionMatrix, FloatArray

COMPONENTS_FOR_TSNE = 50
EXACT_UP_TO = 400  # samples; the exact descent of fewer takes a third of the time of scikit-learn's approximate one
_DATASET, _COHORT = TABLES["expression/projection"], TABLES["cohort/projection"]
_Columns = Mapping[str, Any]


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


def tsne(values: FloatArray, perplexity: float = 30.0) -> FloatArray:
    """t-SNE of samples on their first 50 principal components (van der Maaten & Hinton 2008), from the first two.

    Args:
        values: (G, N) log2 expression; genes with a missing value are left out.
        perplexity: lowered to (N - 1) / 3 for few samples.

    Returns:
        (N, 2); only neighbourhoods mean something, not distances or axes.

    Raises:
        ValueError: fewer than four samples.
    """
    n = values.shape[1]
    if n < 4:
        raise ValueError(f"t-SNE needs four samples, got {n}")
    scores = principal_components(values, COMPONENTS_FOR_TSNE).scores
    start = scores[:, :2] / (scores[:, 0].std() or 1.0) * 1e-4
    perplexity = min(perplexity, (n - 1) / 3)
    from sklearn.manifold import TSNE

    method = "exact" if n <= EXACT_UP_TO else "barnes_hut"
    model = TSNE(2, perplexity=perplexity, init=start, learning_rate="auto", random_state=0, method=method)
    return np.asarray(model.fit_transform(scores), dtype=np.float64)


def dataset_projection(matrix: ExpressionMatrix, quality: pl.DataFrame) -> pl.DataFrame:
    """`expression/projection`: principal components and t-SNE of a dataset's samples; no row where it has too few.

    Args:
        matrix: log2 expression by gene.
        quality: rows of `expression/quality`, for the labels.
    """
    rows = [] if not can_project(matrix.values) else [_components(matrix), _neighbourhoods(matrix)]
    labels = dict(quality.select("sample", "label").iter_rows())
    columns = _together(rows)
    return _DATASET.frame(columns | {"label": [labels.get(sample) for sample in columns["sample"]]})


def cohort_projection(merged: CaseControl, adjusted: CaseControl) -> pl.DataFrame:
    """`cohort/projection`: the same of a cohort; components as merged too where it has several datasets or batches.

    Args:
        merged: the cohort with the batch in its values.
        adjusted: the cohort with the batch removed.
    """
    if not (can_project(merged.matrix.values) and can_project(adjusted.matrix.values)):
        return _COHORT.frame()
    before = [_components(merged.matrix)] if len(set(adjusted.dataset)) > 1 else []
    rows = [*before, _components(adjusted.matrix), _neighbourhoods(adjusted.matrix)]
    stages = ["merged"] * len(before) + ["adjusted"] * 2
    return _COHORT.frame(_together(rows) | {"stage": np.repeat(stages, len(adjusted.matrix.samples))})


def _components(matrix: ExpressionMatrix) -> _Columns:
    found = principal_components(matrix.values)
    x, y = found.scores.T
    shares = dict(zip(("x_share", "y_share"), found.explained.tolist(), strict=True))
    return {"sample": matrix.samples, "x": x, "y": y, "method": "pca"} | shares


def _neighbourhoods(matrix: ExpressionMatrix) -> _Columns:
    x, y = tsne(matrix.values).T
    return {"sample": matrix.samples, "x": x, "y": y, "method": "tsne", "x_share": None, "y_share": None}


def _together(parts: Sequence[_Columns]) -> dict[str, Sequence[object]]:
    """Columns of several projections, one below the other."""
    names = ("sample", "method", "x", "y", "x_share", "y_share")
    found: dict[str, list[object]] = {name: [] for name in names}
    for part in parts:
        for name in names:
            cell = part[name]
            is_one = cell is None or isinstance(cell, str | float)
            found[name] += [cell] * len(part["sample"]) if is_one else list(cell)
    return dict(found)
