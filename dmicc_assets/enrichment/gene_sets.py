"""Gene-set libraries read from GMT files, and their sets within the measured genes.

Where the files come from is said in `libraries.py`; testing is `ora.py`'s and `gsea.py`'s.
"""

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from itertools import chain
from operator import lt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.errors import RequestError, SourceError
from dmicc_assets.expression.symbols import is_gene_symbol
from dmicc_assets.geo.formats.limits import MOST_SETS, MOST_TEXT, limited, refuse_beyond
from dmicc_assets.geo.formats.text_file import decoded, utf8_blocks

NAME_AND_ACCESSION = re.compile(r"^(?P<name>.+) \((?P<term>[A-Za-z][A-Za-z0-9]*:[A-Za-z0-9]+|R-[A-Z]{3}-\d+)\)$")
SUFFIXES = (".gmt", ".gmt.gz")
_WEIGHT = re.compile(r"[-+]?[\d.]+(?:e[-+]?\d+)?", re.I)
_FRACTION = re.compile(r"[-+]?\d*\.\d*(?:e[-+]?\d+)?", re.I)
_BETWEEN = re.compile(r"[\s,;]+")
_PLAIN = re.compile(r"[^\s,;\"']+")
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class GeneSet:
    """One set: its name, where the library gives one, and its genes, sorted."""

    name: str | None
    genes: tuple[str, ...]


class SetsByTerm(dict[str, GeneSet]):
    """Sets by term, which are not changed any more, so that their genes are numbered once."""

    @cached_property
    def coded(self) -> tuple[list[str], NDArray[np.intp], NDArray[np.intp]]:
        """The genes, sorted; the number of every gene of every set, set after set; and how many each set has."""
        named = [each.genes for each in self.values()]
        genes = sorted(set[str]().union(*named))
        number = {gene: i for i, gene in enumerate(genes)}
        numbers = np.array([number[gene] for gene in chain.from_iterable(named)], dtype=np.intp)
        return genes, numbers, np.array([len(each) for each in named], dtype=np.intp)


@dataclass(frozen=True, slots=True)
class GeneSetLibrary:
    """A library: its sets by term, in the file's order, and what the file is.

    Attributes:
        name: the file's name without its suffix, e.g. GO_BP.
        version: as stated in `<name>.json` beside the file; None without one.
        date: as stated there, or else the day of the file's last change, ISO 8601.
        sha256: of the file's content, unpacked.
        path: the file.
        sets: each set by its term.
        identifiers: how the file names genes: Symbol, Entrez or Ensembl.
        left_out: lines of the file that are no set, each with the reason.
    """

    name: str
    version: str | None
    date: str
    sha256: str
    path: Path
    sets: dict[str, GeneSet]
    identifiers: str = "Symbol"
    left_out: tuple[str, ...] = ()

    @property
    def genes(self) -> set[str]:
        """The genes of all sets."""
        if isinstance(self.sets, SetsByTerm):
            return set(self.sets.coded[0])
        return set[str]().union(*(each.genes for each in self.sets.values()))


def library_path(folder: Path, name: str) -> Path:
    """The file of a library in the user's folder of gene sets.

    Raises:
        RequestError: no such library in it.
    """
    for suffix in SUFFIXES:
        if (path := folder / f"{name}{suffix}").is_file():
            return path
    there = sorted({path.name.split(".gmt")[0] for suffix in SUFFIXES for path in folder.glob(f"*{suffix}")})
    raise RequestError(
        f"gene-set library {name}: expected {name}.gmt[.gz] in {folder} (there: {', '.join(there) or 'none'})\n"
        "put the file there, unset DMICC_GENE_SETS to have it fetched, or take the library out of enrichment.libraries"
    )


def read_gmt(path: Path, name: str | None = None) -> GeneSetLibrary:
    """Read a library in GMT format: a set a line, tab-separated: term, description, genes.

    A first column "name (GO:0000002)" gives the term GO:0000002 and its name; otherwise the description is the name,
    unless it is an address. A weight behind a gene ("TP53,1.0", as Enrichr writes it) and quotes are dropped; a file
    whose symbols are in lower case is read as in upper case. A line that is no set is left out and named.

    Raises:
        SourceError: the file cannot be read, or most of its lines are no sets.
    """
    content = _content(path)
    sets, left_out = _parsed(path, content)
    version, date = _stated(path)
    digest = hashlib.sha256(content).hexdigest()
    return GeneSetLibrary(name or _name(path), version, date, digest, path, sets, left_out=left_out)


# The steps of a run read the same libraries: the text tells whether they are the same.
@lru_cache(maxsize=16)
def _parsed(path: Path, content: bytes) -> tuple[SetsByTerm, tuple[str, ...]]:
    """The sets of a file by term, and its lines that are none."""
    sets: dict[str, GeneSet] = {}
    left_out: list[str] = []
    for line, term, gene_set in _sets(path, content):
        if not term or not gene_set.genes:
            left_out.append(f"line {line}: expected term, description and genes by tabs, got {term[:40]!r}")
        elif term in sets:
            left_out.append(f"line {line}: duplicate term {term}")
        else:
            sets[term] = gene_set
    if len(left_out) > len(sets):
        n_lines = len(left_out) + len(sets)
        raise SourceError(f"{path}, {left_out[0]}; {len(left_out)} of {n_lines} lines are no gene sets")
    if not sets:
        raise SourceError(f"{path}: expected gene sets in GMT format (term, description, genes, by tabs), found none")
    described = [each.name for term, each in sets.items() if each.name and each.name.casefold() not in term.casefold()]
    if 2 * sum(map(is_gene_symbol, described)) > len(sets):
        raise SourceError(
            f"{path}: the second column holds genes ({described[0]}), but in GMT format it describes the set "
            "and they would be lost: put an empty column before the genes"
        )
    if _is_lower(set[str]().union(*(each.genes for each in sets.values()))):
        sets = {term: GeneSet(each.name, tuple(sorted(map(str.upper, each.genes)))) for term, each in sets.items()}
    return SetsByTerm(sets), tuple(left_out)


def _is_lower(genes: Collection[str]) -> bool:
    """Whether most names are known symbols in lower case."""
    return sum(gene.islower() and is_gene_symbol(gene) for gene in genes) > len(genes) / 2


def _sets(path: Path, content: bytes) -> Iterator[tuple[int, str, GeneSet]]:
    text = decoded(b"".join(utf8_blocks(path, [content])))
    plain: dict[str, str] = {}
    for number, line in enumerate(re.split("\r\n|\n|\r", text), start=1):
        refuse_beyond(number, MOST_SETS, "lines of a set each", path.name)
        if not line.strip():
            continue
        first, *cells = line.split("\t")
        first, description = _bare(first), _bare("".join(cells[:1]))
        genes = _genes_of_line(cells[1:], plain)
        match = NAME_AND_ACCESSION.match(first)
        term, name = (match["term"], match["name"]) if match else (first, _described(description))
        yield number, term, GeneSet(name, genes)


def _genes_of_line(cells: list[str], plain: dict[str, str]) -> tuple[str, ...]:
    """The genes of a set, sorted; `plain` holds the cells so far that are a gene as they are: each is in dozens."""
    plain |= {cell: cell for cell in cells if cell not in plain and _PLAIN.fullmatch(cell)}
    try:
        genes = list(map(plain.__getitem__, cells))
    except KeyError:
        return tuple(sorted(set[str]().union(*map(_genes, cells)) - {""}))
    is_sorted = all(map(lt, genes, genes[1:]))
    return tuple(genes if is_sorted else sorted(set(genes)))


def _bare(cell: str) -> str:
    return cell.strip().strip('"').strip()


def _genes(cell: str) -> tuple[str, ...]:
    """The genes of a cell: one, without the weight behind it (`TP53,1.0`), or several by commas, semicolons or spaces.

    A whole number behind another one is an Entrez identifier.
    """
    first, *others = [part.strip("\"'") for part in _BETWEEN.split(_bare(cell))]
    weight = _FRACTION if first.isdecimal() else _WEIGHT
    return first, *(other for other in others if not weight.fullmatch(other))


def _described(description: str) -> str | None:
    is_name = description and "://" not in description and description.lower() not in ("na", "n/a", "-")
    return description if is_name else None


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:  # a browser may have unpacked it, or left the suffix out
            is_gzip = file.read(2) == _GZIP
        with (gzip.open if is_gzip else open)(path, "rb") as file:
            content = file.read(limited(MOST_TEXT) + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: expected a readable gene-set library ({error or type(error).__name__})") from None
    refuse_beyond(len(content), MOST_TEXT, "bytes, decompressed", path.name)
    return content


def _name(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".gmt")


def _stated(path: Path) -> tuple[str | None, str]:
    """Version and date of `<name>.json` beside the file; without it no version, and the day of the last change."""
    day = datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
    beside = path.with_name(f"{_name(path)}.json")
    if not beside.is_file():
        return None, day
    try:
        stated = json.loads(beside.read_text(encoding="utf-8"))
        version = stated.get("version")
        return (None if version is None else str(version)), str(stated.get("date", day))
    except (ValueError, AttributeError):
        raise SourceError(f"{beside}: expected a JSON object with version and date of the library") from None
