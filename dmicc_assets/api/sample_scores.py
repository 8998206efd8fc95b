"""Scores of gene sets in each sample of labelled expression. The arithmetic is in `enrichment/sample_scores.py`."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from dmicc_assets.api.cohort import matrix_of
from dmicc_assets.api.options import settings_of
from dmicc_assets.enrichment.gene_sets import GeneSet, GeneSetLibrary, read_gmt
from dmicc_assets.enrichment.sample_scores import sample_scores
from dmicc_assets.study.gene_sets import ScoreMethod, Scores

GeneSets = Path | str | Mapping[str, Iterable[str]]


def ssgsea(expression: pl.DataFrame, sets: GeneSets, *, min_size: int = 10, max_size: int = 500) -> pl.DataFrame:
    """Single-sample GSEA: how high the genes of each set rank within each sample (Barbie 2009, 10.1038/nature08460).

    A sample's score needs no other sample. It is the sum over the ranked genes of the set's share seen so far, ranks
    weighted to the power 0.25, less that of the other genes; not divided by the range of all scores. It describes a
    sample: `camera` tests whether a set moves.

    Args:
        expression: `gene`, then one column for each sample, log2; genes with a missing value are left out.
        sets: a library of gene sets, `.gmt` or `.gmt.gz`, or genes by name of the set.
        min_size: measured genes of a set, at least.
        max_size: measured genes of a set, at most.

    Returns:
        sample, library, term, method, term_name, n_genes, score, by term in the order of the library, then by sample.
        Earlier symbols of a gene are found too; a set that holds every measured gene has no score.

    Raises:
        SourceError: the library cannot be read.
        ValueError: the expression is not `gene` and one numeric column for each sample, a name occurs twice, no set
            has enough measured genes, or an option is not valid.
    """
    return _scores(expression, sets, "ssgsea", min_size, max_size)


def gsva(expression: pl.DataFrame, sets: GeneSets, *, min_size: int = 10, max_size: int = 500) -> pl.DataFrame:
    """Gene set variation analysis: scores relative to the other samples (Haenzelmann 2013, 10.1186/1471-2105-14-7).

    Each gene is first compared with its values in the other samples (Gaussian kernel), then genes are ranked within
    the sample. The score is between -1 and 1, and changes with the samples that are there. Constant genes are left
    out. Otherwise as `ssgsea`.

    Raises:
        SourceError: the library cannot be read.
        ValueError: as for `ssgsea`, or there are fewer than two samples.
    """
    return _scores(expression, sets, "gsva", min_size, max_size)


def _scores(
    expression: pl.DataFrame, sets: GeneSets, method: ScoreMethod, min_size: int, max_size: int
) -> pl.DataFrame:
    options = settings_of(Scores, {"libraries": ["sets"], "min_size": min_size, "max_size": max_size})
    if options.min_size > options.max_size:
        raise ValueError(f"min_size: expected at most max_size ({max_size}), got {min_size}")
    library = read_gmt(Path(sets)) if isinstance(sets, (str, Path)) else _library(sets)
    matrix = matrix_of(expression)
    found = sample_scores(matrix, [library], method, options.min_size, options.max_size)
    if found.scores.is_empty():
        ours, theirs = ", ".join(matrix.features[:3]), ", ".join(next(iter(library.sets.values())).genes[:3])
        raise ValueError(
            f"no set has {min_size} to {max_size} of the {found.n_genes} genes that take part, and not all of them "
            f"({found.n_missing} left out for a missing value, {found.n_constant} as constant; measured: {ours}, ...; "
            f"sets: {theirs}, ...)"
        )
    return found.scores


def _library(sets: Mapping[str, Iterable[str]]) -> GeneSetLibrary:
    if text := next((name for name, genes in sets.items() if isinstance(genes, str)), None):
        raise ValueError(f"sets: expected several genes in {text!r}, got the text {sets[text]!r}")
    held = {str(name): GeneSet(None, tuple(sorted({str(gene) for gene in genes}))) for name, genes in sets.items()}
    if not held or not all(each.genes for each in held.values()):
        empty = next((name for name, each in held.items() if not each.genes), None)
        raise ValueError("sets: expected one or more" if empty is None else f"sets: no gene in {empty!r}")
    return GeneSetLibrary("sets", None, "", "", Path(), held)
