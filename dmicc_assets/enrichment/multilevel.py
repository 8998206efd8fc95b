"""Small p-values of preranked enrichment by adaptive multilevel splitting (Korotkevich et al., doi:10.1101/060012).

gseapy's port of it is called here, offline and seeded. Scores, and p-values that permutations tell, are `gsea.py`'s.
"""

from collections.abc import Collection, Mapping
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any

import numpy as np
import polars as pl

from dmicc_assets.types import FloatArray

_LEAST_WEIGHT = 1e-5
MULTILEVEL = pl.Schema({"term": pl.String, "p_value": pl.Float64, "log2_error": pl.Float64})


def multilevel_p(
    ranked: pl.DataFrame,
    sets: Mapping[str, Collection[str]],
    seed: int,
    *,
    sample_size: int = 51,
    permutations: int = 1000,
    smallest: float = 1e-50,
    threads: int = 1,
) -> pl.DataFrame:
    """P-value of each set's enrichment score among random sets of its size and sign, weight 1, however small.

    Meant for sets whose score no permutation reached: the time of a set goes with its genes, `sample_size` and -log p,
    about 0.1 s a set of 100 genes. The standard error of log2 p is about 0.7 at 1e-4 and 1.2 at 1e-10. The p-value of
    a set depends a little on which others are asked, since they share the random sets that tell how often a score is
    positive.

    Args:
        ranked: columns gene and t, as ranked: t descending, ties by gene.
        sets: the genes of each term, all of them ranked, fewer than all.
        seed: of the random sets; terms, genes and threads in another order give the same.
        sample_size: random sets a level; the error of log2 p falls with its root.
        permutations: random sets that tell how often a score has the set's sign.
        smallest: a smaller p-value is given as this one.
        threads: of gseapy, outside the interpreter's lock.

    Returns:
        By term: term, p_value and log2_error, the standard error of log2 p as estimated by the method. Both are NULL
        where fewer than 10 random scores have the set's sign, log2_error also at `smallest`.

    Raises:
        ValueError: a gene is a duplicate, or is not ranked.
    """
    genes = ranked["gene"].to_list()
    position = {gene: str(i) for i, gene in enumerate(genes)}
    if len(position) < len(genes):
        raise ValueError("duplicate gene in the ranked list")
    if strangers := sorted({gene for hits in sets.values() for gene in hits} - position.keys()):
        raise ValueError(f"gene {strangers[0]!r} is not in the ranked list")
    if not sets:
        return MULTILEVEL.to_frame()
    asked = {term: [position[gene] for gene in sorted(sets[term])] for term in sorted(sets)}
    most = max(len(hits) for hits in asked.values())
    found = compiled_gseapy()["fgsea_rs"](
        list(position.values()), _weighable(ranked["t"].to_numpy()).tolist(), asked,
        1.0, 1, most, sample_size, permutations, smallest, threads, seed,
    ).summaries  # fmt: skip
    rows = {str(one.term): (float(one.pval), float(one.log2err)) for one in found}
    p, error = (np.array([rows[term][i] for term in asked]) for i in (0, 1))
    table = pl.DataFrame({"term": list(asked), "p_value": p, "log2_error": error}, schema=MULTILEVEL)
    return table.with_columns(pl.col("p_value", "log2_error").fill_nan(None))


def _weighable(t: FloatArray) -> FloatArray:
    """The statistics with no abs(t) under a hundred thousandth of the largest: sets of weight 0 make gseapy panic."""
    least = _LEAST_WEIGHT * float(np.abs(t).max())
    return np.where(np.abs(t) < least, np.where(t < 0, -least, least), t)


def compiled_gseapy() -> dict[str, Any]:
    """The compiled functions of gseapy by name, without the package around them, which takes 2 s to import."""
    package = find_spec("gseapy")
    found = PathFinder.find_spec("gse", package.submodule_search_locations if package else None)
    if found is None or found.loader is None:
        raise ImportError("gseapy has no compiled module gse: expected gseapy 1.1.8 or newer; install it anew")
    compiled = module_from_spec(found)
    found.loader.exec_module(compiled)
    return vars(compiled)
