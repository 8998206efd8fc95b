"""How much of a list of genes a gene-set library knows. The tests of sets are in the other modules here."""

from collections.abc import Collection
from dataclasses import dataclass

from dmicc_assets.enrichment.gene_sets import GeneSetLibrary, measured_sets
from dmicc_assets.study.schema import Enrichment

LEAST = 0.5  # of the smaller list: below it the two probably name genes in different ways


@dataclass(frozen=True, slots=True)
class Coverage:
    """The genes that a library and a list of genes have in common.

    Attributes:
        n_genes: genes in the list.
        n_covered: those of them that are in a set.
        n_library: genes of the library.
        n_sets: sets of the library.
        n_testable: sets with as many genes of the list as the study tests.
        first: the first genes of the list and of the library, to compare their spellings.
    """

    n_genes: int
    n_covered: int
    n_library: int
    n_sets: int
    n_testable: int
    first: tuple[tuple[str, ...], tuple[str, ...]]

    @property
    def is_low(self) -> bool:
        """Whether the two have less than half of the smaller list in common."""
        return self.n_covered < LEAST * min(self.n_genes, self.n_library)


def coverage(library: GeneSetLibrary, genes: Collection[str], enrichment: Enrichment) -> Coverage:
    """Compare a library with genes; earlier and later symbols of a gene are the same.

    Args:
        library: the sets.
        genes: that are measured.
        enrichment: the study's limits of set sizes.
    """
    measured = measured_sets(library, sorted(genes))
    named = {gene for gene_set in library.sets.values() for gene in gene_set.genes}
    sizes = [len(own) for own in measured.sets.values()]
    return Coverage(
        len(genes),
        len(measured.genes),
        len(named),
        len(library.sets),
        sum(enrichment.min_size <= size <= enrichment.max_size for size in sizes),
        (tuple(sorted(genes)[:3]), tuple(sorted(named)[:3])),
    )
