"""Makes `gene_ontology.tsv.xz` from the databases of Debian's packages r-bioc-go.db and r-bioc-org.hs.eg.db (3.16.0).

    python -m dmicc_assets.enrichment.bundled.make_gene_ontology GO.sqlite org.Hs.eg.sqlite

All terms of the three aspects with a human gene, and those above them; nothing is chosen. Reading is `library.py`'s.
"""

import lzma
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from dmicc_assets.enrichment.bundled.library import FILE

ASPECTS = {"bp": "biological_process", "cc": "cellular_component", "mf": "molecular_function"}
_RELATIONS = ("isa", "part of")
_NO_DATA = "ND"  # "no biological data available"; rows with NOT are not in the database
_PARENTS = """
    SELECT c.go_id, p.go_id FROM go_{aspect}_parents AS x
    JOIN go_term AS c ON c._id = x._id JOIN go_term AS p ON p._id = x._parent_id
    WHERE x.relationship_type IN (?, ?) AND c.ontology = ? AND p.ontology = ?
"""
_GENES = """
    SELECT g.go_id, i.symbol FROM go_{aspect} AS g JOIN gene_info AS i ON i._id = g._id WHERE g.evidence <> ?
"""


def lines(ontology: sqlite3.Connection, genes: sqlite3.Connection) -> Iterator[str]:
    """A line of facts about the file, then one for each term: aspect, accession, name, parents, genes."""
    facts: dict[str, str] = dict(ontology.execute("SELECT name, value FROM metadata"))
    yield (
        f"# Gene Ontology of {facts['GOSOURCEDATE']} ({facts['GOSOURCEURL']}) with NCBI Gene's human annotations of "
        f"{facts['GOEGSOURCEDATE']}; CC BY 4.0, doi:10.1093/genetics/iyad031"
    )
    names: dict[str, str] = dict(ontology.execute("SELECT go_id, term FROM go_term"))
    for aspect, title in ASPECTS.items():
        parents: dict[str, set[str]] = defaultdict(set)
        where = (*_RELATIONS, aspect.upper(), aspect.upper())
        for child, parent in ontology.execute(_PARENTS.format(aspect=aspect), where):
            parents[child].add(parent)
        own: dict[str, set[str]] = defaultdict(set)
        for term, symbol in genes.execute(_GENES.format(aspect=aspect), (_NO_DATA,)):
            own[term].add(symbol)
        for term in sorted(_with_parents(own, parents)):
            cells = (title, term, names[term], " ".join(sorted(parents[term])), " ".join(sorted(own[term])))
            yield "\t".join(cells)


def _with_parents(terms: dict[str, set[str]], parents: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(terms)
    while waiting:
        term = waiting.pop()
        if term not in found:
            found.add(term)
            waiting.extend(parents[term])
    return found


def main(ontology: str, genes: str) -> None:
    """Write the file beside this module."""
    with (
        closing(sqlite3.connect(f"{Path(ontology).resolve().as_uri()}?mode=ro", uri=True)) as terms,
        closing(sqlite3.connect(f"{Path(genes).resolve().as_uri()}?mode=ro", uri=True)) as annotations,
    ):
        text = "".join(f"{line}\n" for line in lines(terms, annotations))
    FILE.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    main(*sys.argv[1:])
