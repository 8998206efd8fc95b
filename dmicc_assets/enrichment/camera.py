"""Camera: do the genes of a set move more than the other genes, given that they are correlated (Wu & Smyth 2012)?

The reference is doi:10.1093/nar/gks461. Tests that take genes as independent are `ora.py`'s and `gsea.py`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dmicc_assets.enrichment.camera_genes import CameraGenes, camera_genes
from dmicc_assets.enrichment.gene_sets import GeneSetLibrary
from dmicc_assets.enrichment.measured_sets import measured_sets
from dmicc_assets.stats.distributions import two_sided_p
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.study.schema import Enrichment
from dmicc_assets.tables import TABLES
from dmicc_assets.types import FloatArray

# limma's default, kept beside the estimate for comparison; where genes are more correlated it is far too small.
PRESET_CORRELATION = 0.01


@dataclass(frozen=True, slots=True)
class CameraTerms:
    """Camera of one cohort in all libraries.

    Attributes:
        terms: table `enrichment.camera`.
        n_genes: genes that took part.
        n_missing: genes left out because a value is missing.
        n_without_variance: genes left out because they have no residual variance.
    """

    terms: pl.DataFrame
    n_genes: int
    n_missing: int
    n_without_variance: int


def camera(
    values: FloatArray,
    genes: Sequence[str],
    design: FloatArray,
    coefficient: int,
    libraries: Sequence[GeneSetLibrary],
    settings: Enrichment,
    *,
    weights: FloatArray | None = None,
    correlation: FloatArray | None = None,
    trend: bool = False,
) -> CameraTerms:
    """Competitive test of every set for one coefficient, as limma's `camera` with `inter.gene.cor=NA`.

    The genes' moderated t, as normal scores, are compared inside and outside the set by a t-test whose variance is
    inflated by the correlation of the set's genes, estimated from their residuals. A negative correlation is reported
    and counts as 0, as with `allow.neg.cor=FALSE`. Genes with a missing value, or without residual variance, are left
    out; limma refuses the former and keeps the latter. Blocks, which limma's `camera` does not know, are whitened.

    Args:
        values: (G, N) log2 expression, NaN missing.
        genes: the G names.
        design: (N, K) of full column rank.
        coefficient: which column of the design is tested, from 0.
        libraries: the gene sets; none gives an empty table.
        settings: `min_size` and `max_size` of a set within the genes that take part.
        weights: (N,) or (G, N) positive precision weights; a cell of weight 0 or NaN counts as missing.
        correlation: (N, N) correlation matrix of the samples of a blocked cohort; None for independence.
        trend: the prior variance follows mean expression; with weights of samples, the mean of the values times the
            root of their weights, as limma's `camera`.

    Returns:
        Table by library, p-value and term: library, term, term_name (NULL where the library has none), n_genes,
        direction ("up" or "down"), inter_gene_correlation (NULL for a set of one gene), p_value (two-sided),
        adj_p_value (Benjamini-Hochberg within the library), p_value_preset (at a correlation of 0.01); and counts.

    Raises:
        ValueError: as `fit_linear_model`; a gene is a duplicate; the design has no such column.
    """
    if len(genes) != len(values) or len(set(genes)) != len(genes):
        raise ValueError(f"expected {len(values)} different genes, got {len(set(genes))}")
    effects = camera_genes(values, genes, design, coefficient, weights, correlation, trend)
    names = [genes[int(i)] for i in effects.index]
    frames = [_tested(effects, names, library, settings) for library in libraries]
    table = pl.concat([TABLES["enrichment/camera"].frame(), *frames])
    return CameraTerms(table, len(names), effects.n_missing, effects.n_without_variance)


def _tested(effects: CameraGenes, genes: list[str], library: GeneSetLibrary, settings: Enrichment) -> pl.DataFrame:
    """The rows of one library."""
    n = len(genes)
    most = min(settings.max_size, n - 1) if n > 2 else 0
    sets = measured_sets(library, genes).of_size(settings.min_size, most)
    size, member = sets.size, sets.incidence()
    inside: FloatArray = member @ effects.z / size
    inflation: FloatArray = np.square(member @ effects.residuals).mean(axis=1) / size
    estimated = np.divide(inflation - 1, size - 1, out=np.full(len(size), np.nan), where=size > 1)
    used = np.maximum(np.nan_to_num(estimated), 0.0)
    difference, variance = _difference(effects.z, inside, size)
    p = [
        two_sided_p(difference / np.sqrt(variance * ((1 + (size - 1) * rho) / size + 1 / (n - size))), float(df))
        for rho, df in ((used, min(effects.residuals.shape[1], n - 2)), (PRESET_CORRELATION, n - 2))
    ]
    columns = {
        "library": library.name,
        "term": list(sets.terms),
        "term_name": [library.sets[term].name for term in sets.terms],
        "n_genes": size,
        "direction": np.where(difference < 0, "down", "up"),
        "inter_gene_correlation": estimated,
        "p_value": p[0],
        "adj_p_value": adjust_p_values(p[0], "BH"),
        "p_value_preset": p[1],
    }
    return TABLES["enrichment/camera"].frame(columns).sort("p_value", "term")


def _difference(z: FloatArray, inside: FloatArray, size: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Mean of each set minus that of the other genes, and the scores' variance within both."""
    n = len(z)
    difference = n / (n - size) * (inside - z.mean()) if len(size) else inside
    within = (n - 1) * z.var(ddof=1) if len(size) else 0.0
    return difference, (within - difference**2 * size * (n - size) / n) / (n - 2)
