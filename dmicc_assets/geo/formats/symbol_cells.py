"""The gene symbols in one cell of a platform's table.

Which column is read is `symbol_columns.py`'s choice. A cell is rarely one symbol: several are joined by `///`, `;` or
`|`, submitters and R write placeholders where no gene is known, and spreadsheets turn symbols into dates and numbers.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from dmicc_assets.expression.symbols import is_gene_symbol, is_human_symbol

_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)"
_LONG_MONTH = "(?:january|february|march|april|june|july|august|september|october|november|december)"
# What a spreadsheet displays for MARCH1, SEPT2 or DEC1, and its serial numbers of days from 1982 to 2036; the symbol
# cannot be recovered (doi:10.1186/s13059-016-1044-7). Letters followed by digits (SEPT9) are a symbol.
_DATE = re.compile(
    rf"\d{{1,2}}[-/. ](?:{_MONTH}|{_LONG_MONTH})(?:[-/. ]\d{{2,4}})?|{_MONTH}[-/.]\d{{1,4}}"
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
    | {"missing", "empty", "false", "true", "nosymbol", "nogene"}
)
_PLACEHOLDER = re.compile(
    r"#[A-Z0/]+[!?]?"  # spreadsheets' errors
    r"|[-+]?[\d.,]+(?:e[-+]?\d+)?"  # numbers: 2.31E+19 was 2310009E19Rik
    r"|[\W_]+"
    r"|(?:no|not) (?:gene|symbol|name|match|data|annotat|assign|availab|known|applicab)\w*.*"
    r"|(?:.*[\W_])?(?:control|negative|permuted|scrambled|random|background|blank|empty)(?:[\W_\d].*)?"
    r"|.*corner|AFFX-.*|\([-+]\)E1A.*|ERCC-\d+",  # manufacturers' control probes
    re.I,
)
_MIRNA = re.compile(r"[a-z]{3,4}-(?:mir|let|lin|bantam)\b.*", re.I)
# The symbol in a RefSeq title: `Homo sapiens olfactory receptor, family 4, member 5 (OR4F5), mRNA.`
_TITLE = re.compile(r"\(([^()\s]+)\)(?:, |\.?$)")


class Cell(NamedTuple):
    """What a cell says of a probe's genes.

    Attributes:
        symbols: distinct symbols, in the cell's order.
        n_dates: entries that a spreadsheet turned into dates.
        n_placeholders: entries that stand for no gene, other than the platforms' own blanks (`---`).
        is_compound: whether `;`, `|`, `,` or white space separated symbols, which no platform's own rule does.
    """

    symbols: tuple[str, ...]
    n_dates: int = 0
    n_placeholders: int = 0
    is_compound: bool = False


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

    `///` and `//` separate symbols. `;`, `|` and `,` do if at least one part is a known symbol, white space if every
    part is. A single `/` or `-` does not (NOP5/NOP58, NKX2-1).
    """
    names: list[str] = []
    n_dates = n_placeholders = 0
    is_compound = False
    for entry in re.split("/{2,3}", cell):
        parts = _parts(_bare(entry))
        is_compound = is_compound or len(parts) > 1
        for part in parts:
            if part.casefold() in _BLANK:
                continue
            if _DATE.fullmatch(part):
                n_dates += 1
            elif part.casefold() in _PLACEHOLDERS or _PLACEHOLDER.fullmatch(part):
                n_placeholders += 1
            elif match := _SPELLED_OUT.fullmatch(part):
                if is_human_symbol(symbol := "".join(match.groups()).upper()):
                    names.append(symbol)
                else:
                    n_dates += 1
            else:
                names.append(part)
    return Cell(tuple(dict.fromkeys(names)), n_dates, n_placeholders, is_compound)


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
    expression = re.compile(pattern)
    return lambda cell: _of_parts(match.group(1) or "" for match in expression.finditer(cell))


def _of_parts(parts: Iterator[str]) -> Cell:
    cells = [read_cell(part) for part in parts]
    return Cell(
        tuple(dict.fromkeys(name for cell in cells for name in cell.symbols)),
        sum(cell.n_dates for cell in cells),
        sum(cell.n_placeholders for cell in cells),
        any(cell.is_compound for cell in cells),
    )


def _parts(entry: str) -> list[str]:
    """The entry, or its parts where a known symbol among them tells that it is several."""
    if is_gene_name(entry):
        return [entry]
    parts = [part for piece in re.split("[;|,]", entry) if (part := _bare(piece))]
    if any(map(is_gene_name, parts)):
        return parts
    words = entry.split()
    return words if len(words) > 1 and all(is_gene_name(word) for word in words) else [entry]


def _bare(text: str) -> str:
    return text.strip().strip('"').strip()
