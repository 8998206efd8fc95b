"""How much of a list of genes a gene-set library knows, and libraries of Entrez or Ensembl identifiers by symbol.

Where the platform's identifiers come from is said in `expression/gene_ids.py`; the tests of sets are in other modules.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from heapq import nsmallest
from typing import Any, Self

from dmicc_assets.enrichment.gene_sets import GeneSet, GeneSetLibrary
from dmicc_assets.enrichment.measured_sets import MeasuredSets, measured_sets
from dmicc_assets.expression.gene_ids import TITLES, Namespace, namespace_of, plain_id
from dmicc_assets.study.schema import Enrichment

LEAST = 0.5  # of the smaller list: below it the two probably name genes in different ways
_FIRST = 3


@dataclass(frozen=True, slots=True)
class Coverage:
    """The genes that a library and a list of genes have in common.

    Attributes:
        n_genes: genes in the list.
        n_covered: those of them that are in a set.
        n_library: genes of the library.
        n_sets: sets of the library.
        n_testable: sets with as many genes of the list as the study tests.
        first: the first genes of the list and of the library, to compare their spellings; those before the others that
            the other side lacks.
    """

    n_genes: int
    n_covered: int
    n_library: int
    n_sets: int
    n_testable: int
    first: tuple[tuple[str, ...], tuple[str, ...]]

    @classmethod
    def of_notes(cls, notes: Mapping[str, Any]) -> Self | None:
        """As the notes of a library in use have it; None in notes of an earlier version."""
        said: dict[str, Any] | None = notes.get("coverage")
        if said is None:
            return None
        ours, theirs = said["first"]
        counts = {key: int(value) for key, value in said.items() if key != "first"}
        return cls(**counts, first=(tuple(ours), tuple(theirs)))

    def notes(self) -> dict[str, Any]:
        """For the notes of a library in use."""
        return asdict(self)

    @property
    def is_low(self) -> bool:
        """Whether the two have less than half of the smaller list in common."""
        return self.n_covered < LEAST * min(self.n_genes, self.n_library)

    @property
    def share(self) -> float:
        """Genes of the list that are in a set, as a share of the list."""
        return self.n_covered / self.n_genes if self.n_genes else 0.0

    @property
    def share_of_smaller(self) -> float:
        """The same as a share of the smaller list: a library of few genes knows few of any array's."""
        smaller = min(self.n_genes, self.n_library)
        return self.n_covered / smaller if smaller else 0.0

    def sides(self) -> str:
        """`measured: Tp53, Gapdh, ...; library: GAPDH, TP53`."""
        ours, theirs = self.first
        sides = (("measured", ours, self.n_genes), ("library", theirs, self.n_library))
        return "; ".join(
            f"{what}: {', '.join(first) or 'none'}{', ...' if n > len(first) else ''}" for what, first, n in sides
        )


def coverage(library: GeneSetLibrary, genes: Collection[str], enrichment: Enrichment) -> Coverage:
    """Compare a library with genes; earlier and later symbols of a gene are the same.

    Args:
        library: the sets.
        genes: that are measured.
        enrichment: the study's limits of set sizes.
    """
    return coverage_of(library, measured_sets(library, sorted(genes)), enrichment)


def coverage_of(library: GeneSetLibrary, measured: MeasuredSets, enrichment: Enrichment) -> Coverage:
    """The same of a library whose sets within the measured genes are known."""
    named, covered = library.genes, measured.genes
    return Coverage(
        len(measured.measured),
        len(covered),
        len(named),
        len(library.sets),
        len(measured.of_size(enrichment.min_size, enrichment.max_size).terms),
        (_first(measured.measured, covered), _first(named, {*covered, *measured.by_previous})),
    )


def with_symbols(
    libraries: Sequence[GeneSetLibrary], symbols_of: Callable[[Namespace], Mapping[str, str]]
) -> list[GeneSetLibrary]:
    """The libraries, with symbols in place of Entrez or Ensembl identifiers; one without a symbol stays as it is.

    Args:
        libraries: as read.
        symbols_of: symbol by identifier of a namespace, by the platforms' annotation; not called for symbols.
    """
    return [_with_symbols(library, symbols_of) for library in libraries]


def _with_symbols(library: GeneSetLibrary, symbols_of: Callable[[Namespace], Mapping[str, str]]) -> GeneSetLibrary:
    namespace = namespace_of(library.genes)
    if namespace is None:
        return library
    symbols = symbols_of(namespace)
    sets = {term: GeneSet(each.name, named(each.genes, symbols)) for term, each in library.sets.items()}
    return replace(library, sets=sets, identifiers=TITLES[namespace])


def named(genes: Sequence[str], symbols: Mapping[str, str]) -> tuple[str, ...]:
    """Genes by symbol where it is known, sorted."""
    return tuple(sorted({symbols.get(plain_id(gene), gene) for gene in genes}))


def _first(genes: Collection[str], common: Collection[str]) -> tuple[str, ...]:
    """The first genes by name that are not common, then the first that are."""
    others = nsmallest(_FIRST, set(genes).difference(common))
    return (*others, *nsmallest(_FIRST - len(others), set(genes).intersection(common)))
