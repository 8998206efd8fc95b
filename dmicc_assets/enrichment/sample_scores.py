"""Scores of gene sets in each sample: ssGSEA (Barbie 2009, doi:10.1038/nature08460), GSVA (doi:10.1186/1471-2105-14-7).

ssGSEA is computed here, GSVA by gseapy's compiled function. A score describes a sample; tests are in other modules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any

import numpy as np
import polars as pl

from dmicc_assets.enrichment.gene_sets import GeneSetLibrary
from dmicc_assets.enrichment.measured_sets import measured_sets
from dmicc_assets.stats.probability import midranks
from dmicc_assets.study.gene_sets import ScoreMethod
from dmicc_assets.tables import TABLES
from dmicc_assets.types import BoolArray, ExpressionMatrix, FloatArray

# Weight of the ranks in ssGSEA, and of the symmetric ranks in GSVA, as in the papers.
SSGSEA_WEIGHT = 0.25
GSVA_TAU = 1.0


@dataclass(frozen=True)
class SampleScores:
    """Scores of every set in every sample.

    Attributes:
        scores: table `expression.scores`.
        n_genes: genes that took part.
        n_missing: genes left out because a value is missing.
        n_constant: genes left out because they are constant (GSVA compares a gene with its values in other samples).
    """

    scores: pl.DataFrame
    n_genes: int
    n_missing: int
    n_constant: int

    def notes(self) -> dict[str, int]:
        """The counts, for a manifest."""
        return {"n_genes": self.n_genes, "n_missing": self.n_missing, "n_constant": self.n_constant}


def sample_scores(
    matrix: ExpressionMatrix,
    libraries: Sequence[GeneSetLibrary],
    method: ScoreMethod,
    min_size: int = 10,
    max_size: int = 500,
    threads: int = 1,
) -> SampleScores:
    """Score of each set of each library in each sample.

    ssGSEA ranks the genes of one sample: the score is the sum, over the ranked list, of the share of the set's ranks
    (to the power 0.25) seen so far less the share of the other genes. It needs no other sample; it is not divided by
    the range of all scores, which would make it depend on the other sets and samples. GSVA first compares each gene
    with its values in the other samples of the matrix (Gaussian kernel, a bandwidth of a quarter of the standard
    deviation), then ranks: the score is the largest deviation up plus the largest down of a running sum with weight 1.
    It depends on which samples are there.

    Genes of one value (0 in TPM) have no order: ssGSEA gives them their mean rank, and the mean over all their orders
    comes out. GSVA orders genes whose density is the same by name.

    Args:
        matrix: (G, N) log2 expression, NaN missing.
        libraries: the gene sets; none gives an empty table.
        method: `ssgsea` or `gsva`.
        min_size: genes of a set that take part, at least.
        max_size: genes of a set that take part, at most; a set of all genes has no score.
        threads: of GSVA; the result does not depend on them.

    Raises:
        ValueError: GSVA of fewer than two samples.
    """
    if method == "gsva" and len(matrix.samples) < 2 and libraries:
        raise ValueError("GSVA compares samples: expected two or more, got one; ssGSEA scores one sample")
    is_missing: BoolArray = np.asarray(np.isnan(matrix.values).any(axis=1), dtype=np.bool_)
    highest, lowest = matrix.values.max(axis=1, initial=-np.inf), matrix.values.min(axis=1, initial=np.inf)
    is_constant: BoolArray = np.asarray(~is_missing & (highest == lowest), dtype=np.bool_)
    is_left_out: list[bool] = (is_missing | is_constant if method == "gsva" else is_missing).tolist()
    used = sorted(gene for gene, left in zip(matrix.features, is_left_out, strict=True) if not left)
    values = matrix.take_features(used).values
    frames = [
        _scored(library, _sets_of(library, used, min_size, max_size), used, values, matrix.samples, method, threads)
        for library in libraries
    ]
    n_constant = int(is_constant.sum()) if method == "gsva" else 0
    table = pl.concat([TABLES["expression/scores"].frame(), *frames])
    return SampleScores(table, len(used), int(is_missing.sum()), n_constant)


def _sets_of(library: GeneSetLibrary, genes: Sequence[str], least: int, most: int) -> dict[str, list[str]]:
    sets = measured_sets(library, genes).sets
    return {term: sorted(hits) for term, hits in sets.items() if least <= len(hits) <= most and len(hits) < len(genes)}


def _scored(
    library: GeneSetLibrary,
    sets: Mapping[str, list[str]],
    genes: Sequence[str],
    values: FloatArray,
    samples: Sequence[str],
    method: ScoreMethod,
    threads: int,
) -> pl.DataFrame:
    """The rows of one library, by term as in the file and sample."""
    if not sets:
        return TABLES["expression/scores"].frame()
    scores = _SCORES[method](list(genes), values, dict(sets), threads)
    n, terms = len(samples), list(sets)
    return TABLES["expression/scores"].frame(
        {
            "sample": list(samples) * len(terms),
            "library": library.name,
            "term": [term for term in terms for _ in range(n)],
            "method": method,
            "term_name": [library.sets[term].name for term in terms for _ in range(n)],
            "n_genes": [len(sets[term]) for term in terms for _ in range(n)],
            "score": np.concatenate([scores[term] for term in terms]),
        }
    )


def _ssgsea(genes: list[str], values: FloatArray, sets: dict[str, list[str]], threads: int) -> dict[str, FloatArray]:
    """Each step of the running sum counts once for every place from the gene's own to the last: as often as its rank.

    So the sum of the walk is, for the set, the mean rank weighted by rank ** 0.25, less the mean rank of the others.
    """
    ranks, position = midranks(values.T).T, {gene: i for i, gene in enumerate(genes)}
    total = ranks.sum(axis=0)
    scores: dict[str, FloatArray] = {}
    for term, hits in sets.items():
        own = ranks[[position[gene] for gene in hits]]
        others = (total - own.sum(axis=0)) / (len(genes) - len(hits))
        scores[term] = np.average(own, axis=0, weights=own**SSGSEA_WEIGHT) - others
    return scores


def _gsva(genes: list[str], values: FloatArray, sets: dict[str, list[str]], threads: int) -> dict[str, FloatArray]:
    most = max(map(len, sets.values()))
    is_kernel, is_poisson, is_difference, is_absolute = True, False, True, False
    found = compiled_gseapy()["gsva_rs"](
        genes, values.tolist(), sets, is_kernel, is_poisson, is_difference, is_absolute, GSVA_TAU, 1, most, threads
    )
    return _by_term(found, values.shape[1])


_SCORES = {"ssgsea": _ssgsea, "gsva": _gsva}


def _by_term(found: Any, n_samples: int) -> dict[str, FloatArray]:
    scores: dict[str, FloatArray] = {}
    for one in found.summaries:
        scores.setdefault(str(one.term), np.full(n_samples, np.nan))[int(one.index)] = float(one.es)
    return scores


def compiled_gseapy() -> dict[str, Any]:
    """The compiled functions of gseapy by name, without the package around them, which takes 2 s to import."""
    package = find_spec("gseapy")
    found = PathFinder.find_spec("gse", package.submodule_search_locations if package else None)
    if found is None or found.loader is None:
        raise ImportError("gseapy has no compiled module gse: expected gseapy 1.1.8 or newer; install it anew")
    compiled = module_from_spec(found)
    found.loader.exec_module(compiled)
    return vars(compiled)
