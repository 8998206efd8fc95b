"""The Gene Ontology: the consortium's terms and its annotations of genes, propagated to each term's parents.

Files as named since the release of 2026-06-19 (go-announcements 1153 and 1163): `goa_human` and the like are gone.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from dmicc_assets.enrichment.providers.provider import Contents, LibrarySource, Remote, Roots, read_text, verify_text
from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats.gzip_stream import text_blocks
from dmicc_assets.geo.formats.numeric_rows import whole_lines

_GAF = {"human": "HUMAN-uniprot", "mouse": "MOUSE-mod", "rat": "RAT-mod"}
_CODES = {"biological_process": "P", "cellular_component": "C", "molecular_function": "F"}
_SYMBOL, _QUALIFIER, _TERM, _EVIDENCE, _ASPECT = 2, 3, 4, 6, 8  # columns of GAF 2.2
_NO_DATA = "ND"  # "no biological data available": it annotates the root alone
_MOST_UNKNOWN = 0.05  # of the annotated terms: releases of the two files may be days apart
_IDENTIFIER = re.compile(r"^(?:alt_)?id: (\S+)", re.MULTILINE)
_PARENT = re.compile(r"^(?:is_a:|relationship: part_of) (\S+)", re.MULTILINE)
_VERSION = re.compile(r"^data-version: \D*(?P<date>\d{4}-\d\d-\d\d)", re.MULTILINE)


class GeneOntology:
    """Gene Ontology (10.1093/genetics/iyad031)."""

    title = "Gene Ontology"
    licence = "CC BY 4.0"

    def remotes(self, source: LibrarySource, roots: Roots) -> list[Remote]:
        """The ontology and one organism's annotations; all three libraries are made of the same two files."""
        gaf = f"{_GAF[source.organism]}.gaf.gz"
        return [
            Remote(f"{roots.go}/ontology/go-basic.obo", "go-basic.obo", verify_ontology),
            Remote(f"{roots.go}/annotations/gaf/{gaf}", gaf),
        ]

    def is_pinned(self, source: LibrarySource) -> bool:
        """Never: the addresses serve the current release."""
        return False

    def read(self, source: LibrarySource, paths: Sequence[Path]) -> Contents:
        """A set a term of one aspect, with the genes annotated to it or to a term below it by is_a or part_of.

        Rows with the qualifier NOT are left out, and the evidence code ND; every other evidence counts, that of
        computers (IEA) too.

        Raises:
            SourceError: a file is damaged, or is no ontology or no annotation.
        """
        terms = _terms(paths[0], source.name)
        annotations = list(_annotations(paths[1], _CODES[source.name]))
        _refuse_unknown({term for _, term in annotations}, paths[0])
        sets = _propagated(annotations, terms)
        if not sets:
            raise SourceError(f"{paths[1].name}: expected annotations in GAF format of {source.name}, found none")
        return Contents(
            [(f"{terms.names[term]} ({term})", sorted(genes)) for term, genes in sorted(sets.items())],
            terms.release,
            terms.release,
            {"evidence": "all codes but ND, without NOT", "propagated over": "is_a and part_of within the aspect"},
        )


def propagated(
    annotated: Iterable[tuple[str, str]], names: Mapping[str, str], parents: Mapping[str, Sequence[str]]
) -> dict[str, set[str]]:
    """Genes of each term, those of the terms below it included.

    Args:
        annotated: symbol and term of each annotation.
        names: of the terms of one aspect; an annotation with another term is left out.
        parents: of each term, by is_a or part_of.
    """
    return _propagated(annotated, _Terms(None, names, parents, {}))


def _propagated(annotated: Iterable[tuple[str, str]], terms: "_Terms") -> dict[str, set[str]]:
    sets: dict[str, set[str]] = defaultdict(set)
    for symbol, term in annotated:
        for each in terms.with_parents(term):
            sets[each].add(symbol)
    return sets


def verify_ontology(path: Path) -> None:
    """Check that an ontology in OBO format is whole; a file that ends with a stanza does not show otherwise that it is.

    Raises:
        SourceError: no text, or a term's parent (is_a, part_of) that is not in the file.
    """
    verify_text(path)
    text = read_text(path)
    known = _identifiers(text)
    terms = (stanza for stanza in text.split("\n[") if stanza.startswith("Term]"))
    for stanza in terms:
        for parent in _PARENT.findall(stanza):
            if parent not in known:
                term = _IDENTIFIER.search(stanza)
                raise SourceError(
                    f"{path.name}: {parent}, a parent of {term[1] if term else 'a term'}, is not in it: it is cut short"
                )


def _refuse_unknown(annotated: set[str], ontology: Path) -> None:
    """Refuse an ontology that lacks terms to which genes are annotated."""
    unknown = annotated - _identifiers(read_text(ontology))
    if len(unknown) > _MOST_UNKNOWN * len(annotated):
        raise SourceError(
            f"{ontology.name}: {len(unknown)} of {len(annotated)} annotated terms are not in it, as {min(unknown)}: "
            "it is cut short, or of another release than the annotations"
        )


def _identifiers(text: str) -> set[str]:
    """Identifiers of all terms, of merged and obsolete ones too."""
    return set(_IDENTIFIER.findall(text))


class _Terms:
    """Terms of one aspect: names, identifiers of merged terms, and parents."""

    def __init__(
        self,
        release: str | None,
        names: Mapping[str, str],
        parents: Mapping[str, Sequence[str]],
        merged: Mapping[str, str],
    ) -> None:
        self.release, self.names, self._parents, self._merged = release, names, parents, merged
        self._above = cache(self._climb)

    def with_parents(self, term: str) -> frozenset[str]:
        """A term and all above it; nothing where it is not of this aspect, or obsolete."""
        term = self._merged.get(term, term)
        return self._above(term) if term in self.names else frozenset()

    def _climb(self, term: str) -> frozenset[str]:
        above, waiting = {term}, [term]
        while waiting:
            new = set(self._parents.get(waiting.pop(), ())) - above
            above |= new
            waiting.extend(new)
        return frozenset(above)


def _terms(path: Path, aspect: str) -> _Terms:
    import obonet

    text = read_text(path)
    try:
        graph: Any = obonet.read_obo(StringIO(text))  # pyright: ignore[reportUnknownMemberType] - it has no types
    except Exception as error:  # of any kind: the parser raises what it meets
        raise SourceError(f"{path.name}: expected an ontology in OBO format ({error})") from None
    nodes = {term: data for term, data in graph.nodes(data=True) if data.get("namespace") == aspect}
    if not nodes:
        raise SourceError(f"{path.name}: expected an ontology in OBO format with terms of {aspect}, found none")
    parents: dict[str, list[str]] = defaultdict(list)
    for child, parent, relation in graph.edges(keys=True):
        if relation in ("is_a", "part_of") and child in nodes and parent in nodes:
            parents[child].append(parent)
    release = _VERSION.search(text[:4096])
    return _Terms(
        release["date"] if release else None,
        {term: str(data.get("name", term)) for term, data in nodes.items()},
        parents,
        {alt: term for term, data in nodes.items() for alt in data.get("alt_id", ())},
    )


def _annotations(path: Path, code: str) -> Iterator[tuple[str, str]]:
    """Symbol and term of each annotation of one aspect."""
    for block in whole_lines(text_blocks(path)):
        for line in block.decode("utf-8", errors="replace").split("\n"):
            row = line.split("\t")
            if line.startswith("!") or len(row) <= _ASPECT or row[_ASPECT] != code:
                continue
            if row[_EVIDENCE] != _NO_DATA and "NOT" not in row[_QUALIFIER].split("|"):
                yield row[_SYMBOL], row[_TERM]
