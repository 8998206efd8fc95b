"""Human GO libraries from the file that comes with the package, `gene_ontology.tsv.xz` (CC BY 4.0).

It is read where a library of GO can neither be fetched nor was fetched before; `make_gene_ontology.py` made it.
"""

import lzma
import re
from functools import cache
from hashlib import sha256
from pathlib import Path

from dmicc_assets.enrichment.gene_sets import GeneSet, GeneSetLibrary
from dmicc_assets.enrichment.providers.gene_ontology import propagated
from dmicc_assets.enrichment.providers.provider import LibrarySource

FILE = Path(__file__).with_name("gene_ontology.tsv.xz")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def is_bundled(source: LibrarySource) -> bool:
    """Whether the package has a library of this source: GO of human genes."""
    return source.provider == "gene_ontology" and source.organism == "human"


def bundled_sha256() -> str:
    """SHA-256 of the file."""
    return sha256(FILE.read_bytes()).hexdigest()


def bundled_library(name: str, source: LibrarySource) -> GeneSetLibrary:
    """The library of one aspect, each term with the genes of the terms below it by is_a or part_of.

    Args:
        name: what the study calls it.
        source: GO of human genes; its name is the aspect.
    """
    date, sets = _sets(source.name)
    return GeneSetLibrary(name, f"{date}, bundled", date, bundled_sha256(), FILE, sets)


@cache
def _sets(aspect: str) -> tuple[str, dict[str, GeneSet]]:
    """The date of the ontology, and the sets of an aspect."""
    facts, *lines = lzma.decompress(FILE.read_bytes()).decode().splitlines()
    rows = [cells[1:] for cells in (line.split("\t") for line in lines) if cells[0] == aspect]
    names = {term: name for term, name, _, _ in rows}
    parents = {term: above.split() for term, _, above, _ in rows}
    annotated = ((gene, term) for term, _, _, genes in rows for gene in genes.split())
    found = propagated(annotated, names, parents)
    date = _DATE.search(facts)
    sets = {term: GeneSet(names[term], tuple(sorted(genes))) for term, genes in sorted(found.items())}
    return date[0] if date else "", sets
