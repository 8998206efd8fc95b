"""The gene symbols in one cell of a platform's table.

Which column is read is `symbol_columns.py`'s choice. A cell is rarely one symbol: several are joined by `///`, `;` or
`|`, submitters and R write placeholders where no gene is known, and spreadsheets turn symbols into dates and numbers.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from dmicc_assets.expression.symbols import current_symbols, is_gene_symbol, is_human_symbol
from dmicc_assets.study.patterns import find_all

_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)"
# Of other languages those that a spreadsheet displays otherwise (1. Mrz, 1-déc); AGO-2 and SET-1 are genes.
_GERMAN = "(?:mrz|mär|okt|dez)"
_OTHER_MONTH = f"(?:{_GERMAN}|mai|févr?|mars|avr|août|déc|ene|abr|ago|dic|fev|set|out|mag|giu|lug|ott|mrt|mei)"
_LONG_MONTH = "(?:january|february|march|april|june|july|august|september|october|november|december)"
# What a spreadsheet displays for MARCH1, SEPT2 or DEC1, and its serial numbers of days from 1982 to 2036; the symbol
# cannot be recovered (doi:10.1186/s13059-016-1044-7). Letters followed by digits (SEPT9) are a symbol.
_DATE = re.compile(
    rf"\d{{1,2}}(?:[-/. ]|\. )(?:{_MONTH}|{_OTHER_MONTH}|{_LONG_MONTH})(?:[-/. ]\d{{2,4}})?|{_MONTH}[-/.]\d{{1,4}}"
    rf"|{_GERMAN}[-/. ]\d{{1,4}}"
    r"|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[ T][\d:.]+)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|[34]\d{4}(?:\.0+)?",
    re.I,
)
# A symbol that was spelled out: `March 2` and `Septin 12` of GPL8432.
_SPELLED_OUT = re.compile(r"(mar|march|sep|sept|septin|dec|oct|nov|apr|feb) (\d{1,2})", re.I)
# What platforms write where a probe has no gene.
_BLANK = frozenset({"", "-", "--", "---"})
# What R, spreadsheets and submitters write instead of a gene.
_PLACEHOLDERS = frozenset(
    {"na", "n/a", "n.a.", "nan", "nil", "null", "none", "unknown", "unassigned", "unannotated", "unmapped", "undefined"}
    | {"missing", "empty", "false", "true", "nosymbol", "nogene", "tbd", "n.d.", "uncharacterized", "hypothetical"}
    | {
        "intergenic",
        "pseudogene",
        "withdrawn",
        "retired",
        "deleted",
        "obsolete",
        "discontinued",
        "noncoding",
        "unnamed",
    }
    | {"non-coding", "other", "others", "unidentified", "undetermined", "unnamed gene", "novel", "novel gene"}
)
_PLACEHOLDER = re.compile(
    r"#[A-Z0/]+[!?]?"  # spreadsheets' errors
    r"|[-+]?[\d.,]+(?:e[-+]?\d+)?"  # numbers: 2.31E+19 was 2310009E19Rik
    r"|[\W_]+"
    r"|(?:uncharacteri[sz]ed|hypothetical|unnamed|unknown|predicted|novel) (?:gene|protein|transcript)s?(?: product)?"
    r"|(?:no|not) (?:gene|symbol|name|match|hit|found|data|annotat|assign|availab|known|applicab)\w*.*"
    r"|(?:.*[\W_])?empty(?:[\W_\d].*)?",
    re.I,
)
# Manufacturers' probes that measure no gene of the sample.
_CONTROL = re.compile(
    r"(?:.*[\W_])?(?:controls?|negative|permuted|scrambled|random|background|blank|spike-?in)(?:[\W_\d].*)?"
    r"|(?:negative|positive|hyb\w*)_?controls?\d*|.*corner\d*|AFFX\b.*|(?:\([-+]\))?E1A[\W_].*|(?:\([-+]\))?3xSLv\d+"
    r"|ERCC[-_]\d+.*|eQC(?:-\d+)?|NC\d*_\d{5,}|ETG\d+_\d+|phage_lambda.*|cy3_hyb|low_stringency_hyb|labeling|biotin"
    r"|housekeeping|(?:POS|NEG)_[A-Z](?:\(\d*\.?\d+\))?",  # NanoString's
    re.I,
)
_MIRNA = re.compile(r"[a-z]{3,4}-(?:mir|let|lin|bantam)\b[^\s;|,:&+=~/]*", re.I)
# A name without any sign that separates, joins or explains.
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
# What joins symbols: none of these signs is in one.
_JOINED = re.compile(r"[:&+=~\\]")
# A symbol and what stands in brackets behind it: `TP53 (human)`, `tumor protein p53 (TP53)`.
_BRACKETS = re.compile(r"(.*\S)\s*[(\[]([^()\[\]]+)[)\]]")
# A symbol and its title: `TP53: tumor protein p53`, `TP53 - tumor protein p53`.
_TITLED = re.compile(r"(\S+?)(?::| -)\s+(?:\S+\s.*|[a-z]{4,})")
# A symbol and a word that says what it is: `TP53 gene`, `Gene TP53`, `TP53 variant 2`.
_SAID = re.compile(
    r"(?:(?:gene|symbol)[\s:=]+)?(\S+)(?:\s+(?:gene|protein|mrna|transcript|homolog(?:ue)?|ortholog(?:ue)?)"
    r"|\s+(?:transcript )?(?:variant|isoform)\s+\w+)?",
    re.I,
)
# Names of data bases before an entry (`HGNC:TP53`): no genes, though some are symbols too (HSA is one of ALB's).
_DATA_BASE = re.compile(
    r"(?:hgnc|hsa|hs|mmu|rno|ncbi|refseq|entrez|ensembl|gene|symbol|name|gb|lcl|homo sapiens)", re.I
)
# Words that describe a gene, and its identifiers, beside its symbol.
_DESCRIPTION = re.compile(r".*\s.*|[a-z]{4,}|ENS[A-Z]*\d{6,}(?:\.\d+)?|[NX][MRP]_\d+(?:\.\d+)?", re.S)
# The symbol in a RefSeq title: `Homo sapiens olfactory receptor, family 4, member 5 (OR4F5), mRNA.`
_TITLE = re.compile(r"\(([^()\s]+)\)(?:, |\.?$)")


# White space, and what web pages and spreadsheets leave beside a name.
_INVISIBLE = " \t\r\n\v\f\u00a0\u200b\u200c\u200d\u2060\ufeff"


class Cell(NamedTuple):
    """What a cell says of a probe's genes.

    Attributes:
        symbols: distinct symbols, in the cell's order.
        n_dates: entries that a spreadsheet turned into dates.
        n_placeholders: entries that stand for no gene, other than the platforms' own blanks (`---`).
        is_compound: whether anything but `///` and `//` separated symbols, which no platform's own rule does.
        n_controls: manufacturers' control probes (`AFFX-BioB`, `ERCC-00002`, `DarkCorner`).
    """

    symbols: tuple[str, ...]
    n_dates: int = 0
    n_placeholders: int = 0
    is_compound: bool = False
    n_controls: int = 0


Read = Callable[[str], Cell]


def is_gene_name(name: str) -> bool:
    """Whether a name is a known symbol, or the name of a micro-RNA (hsa-miR-21-5p)."""
    return is_gene_symbol(name) or _MIRNA.fullmatch(name) is not None


def is_date(name: str) -> bool:
    """Whether a name is what a spreadsheet displays for a symbol that it took for a date."""
    return _DATE.fullmatch(name) is not None


@lru_cache(maxsize=1 << 17)
def read_cell(cell: str) -> Cell:
    """The symbols of a cell.

    `///` and `//` separate symbols. `;`, `|`, `,`, `:`, `&` and `+` do if at least one part is a known symbol, white
    space if every part is. A single `/` or `-` does not (NOP5/NOP58, NKX2-1). Descriptions and identifiers beside a
    known symbol are left out, in brackets too: `TP53, tumor protein p53`, `TP53 (human)`.
    """
    if is_human_symbol(cell) and not _is_placeholder(cell) and not is_date(cell):
        return Cell((cell,))  # as most cells: several times as fast, and the same
    return _read_entries(cell)


def _read_entries(cell: str) -> Cell:
    return _together([_read_entry(entry) for entry in re.split("/{3,}", cell)])


def _read_entry(entry: str) -> Cell:
    """The symbols of an entry between `///`: of those, descriptions stand beside their symbol."""
    names: list[str] = []
    n_dates = n_placeholders = n_controls = 0
    pieces = [_parts(_bare(piece)) for piece in entry.split("//")]
    for part in (part for parts in pieces for part in parts):
        if part.casefold() in _BLANK:
            continue
        if _DATE.fullmatch(part):
            n_dates += 1
        elif _is_placeholder(part):
            n_placeholders += 1
        elif _CONTROL.fullmatch(part) and not is_human_symbol(part):
            n_controls += 1
        elif match := _SPELLED_OUT.fullmatch(part):
            if is_human_symbol(symbol := "".join(match.groups()).upper()):
                names.append(symbol)
            else:
                n_dates += 1
        else:
            names.append(part)
    if any(map(is_gene_name, names)):
        names = [name for name in names if is_gene_name(name) or not _DESCRIPTION.fullmatch(name)]
    return Cell(tuple(names), n_dates, n_placeholders, any(len(parts) > 1 for parts in pieces), n_controls)


def read_assignments(cell: str) -> Cell:
    """Second field of each `accession // SYMBOL // title // ...` part (GPL6244, GPL17586, GPL5175)."""
    return _of_parts(fields[1] for part in cell.split("///") if len(fields := part.split("//")) > 1)


def read_titles(cell: str) -> Cell:
    """The symbol in the title of each `accession // RefSeq // title // ...` part (GPL23159)."""
    titles = (fields[2] for part in cell.split("///") if len(fields := part.split("//")) > 2)
    return _of_parts(found[-1] for title in titles if (found := _TITLE.findall(title.strip())))


def read_identifiers(cell: str) -> Cell:
    """Identifiers, as they are, between `///`."""
    names = (_bare(part) for part in cell.split("///"))
    return Cell(tuple(dict.fromkeys(name for name in names if name.casefold() not in _BLANK | _PLACEHOLDERS)))


def read_captured(pattern: str) -> Read:
    """A reader of what the group of a study file's pattern captures, each time that it matches in a cell."""
    return lambda cell: _of_parts(match.group(1) or "" for match in find_all(pattern, cell))


def _of_parts(parts: Iterator[str]) -> Cell:
    return _together([read_cell(part) for part in parts])


def _together(cells: Sequence[Cell]) -> Cell:
    return Cell(
        tuple(dict.fromkeys(name for cell in cells for name in cell.symbols)),
        sum(cell.n_dates for cell in cells),
        sum(cell.n_placeholders for cell in cells),
        any(cell.is_compound for cell in cells),
        sum(cell.n_controls for cell in cells),
    )


def _parts(entry: str) -> list[str]:
    """The entry, or its parts where a known symbol among them tells that it is several."""
    if _PLAIN.fullmatch(entry) or is_gene_name(entry):
        return [entry]
    parts = [part for piece in re.split("[;|,]", entry) if (part := _bare(piece))]
    if any(is_gene_name(part) or _is_known(_joined(part)) for part in parts):
        return [name for part in parts for name in _joined(part)]
    if len(parts) > 1 and all(map(_is_placeholder, parts)):
        return parts  # `?|100130426` of TCGA
    joined = _joined(entry)
    words = entry.split()
    return words if joined == [entry] and len(words) > 1 and _is_known(words) else joined


def _joined(part: str) -> list[str]:
    """The symbols of a part that `:`, `&` or `+` joins, or the one beside a bracket or a title; else the part."""
    if is_gene_name(part):
        return [part]
    if is_gene_name(plain := part.rstrip("*#?:&+.")):
        return [plain]
    match = _BRACKETS.fullmatch(part)
    if match and (known := [name for name in map(_bare, match.groups()) if is_gene_name(name)]):
        exact = [name for name in known if is_human_symbol(name)] or known
        return exact if len(set(current_symbols(exact).values())) > 1 else exact[:1]
    said = (pattern.fullmatch(part) for pattern in (_TITLED, _SAID))
    if known := [match[1] for match in said if match and is_gene_name(match[1])]:
        return known[:1]
    pieces = [piece for each in _JOINED.split(part) if (piece := _bare(each))]
    if _DATA_BASE.fullmatch(pieces[0] if len(pieces) > 1 else ""):
        pieces = pieces[1:]
    words = re.split(r"\s+and\s+", part)
    return pieces if any(map(is_gene_name, pieces)) else words if _is_known(words) else [part]


def _is_placeholder(part: str) -> bool:
    return part.casefold() in _PLACEHOLDERS or _PLACEHOLDER.fullmatch(part) is not None


def _is_known(names: list[str]) -> bool:
    return all(is_gene_name(name) for name in names)


def _bare(text: str) -> str:
    return text.strip(_INVISIBLE).strip("\"'\u201c\u201d\u2018\u2019`").strip(_INVISIBLE)
