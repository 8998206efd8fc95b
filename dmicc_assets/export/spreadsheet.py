"""The TSV files of an export with a quotation mark before each text that a spreadsheet would take for a formula.

What is quoted is what OWASP names (CSV injection); the rows of a query are quoted in `warehouse/query.py`.
"""

import csv
import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from dmicc_assets.export.tables import gzipped

_FORMULA = re.compile(r"[=+\-@\t\r\n]")
_SPECIAL = re.compile(r'["\t\r\n]')
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf|nan|NaN)")


def quote_formulas(folder: Path) -> None:
    """Rewrite every `.tsv` and `.tsv.gz` below a folder; numbers stay as they are."""
    csv.field_size_limit(1 << 30)
    for path in sorted(folder.rglob("*.tsv")):
        with path.open(newline="", encoding="utf-8") as read:
            _rewrite(read, path)
    for path in sorted(folder.rglob("*.tsv.gz")):
        plain = path.with_suffix("")
        with gzip.open(path, "rt", newline="", encoding="utf-8") as read:
            _rewrite(read, plain)
        gzipped(plain)


def _rewrite(read: TextIO, path: Path) -> None:
    beside = path.with_name(f".{path.name}.part")
    with beside.open("w", newline="", encoding="utf-8") as file:
        file.writelines(_quoted(read))
    beside.replace(path)


def _quoted(read: TextIO) -> Iterator[str]:
    for row in csv.reader(read, delimiter="\t"):
        yield "\t".join(map(_cell, row)) + "\n"


def _cell(text: str) -> str:
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text
