"""No cell of an export's TSV is a formula for a spreadsheet, if that is asked for; numbers and all else stay."""

import csv
import gzip
from pathlib import Path

from dmicc_assets.export.spreadsheet import quote_formulas

FORMULAS = ["=1+1", "+SUM(A1)", "-2+3", "@x", "\tx", "\r=1", "\n=1", '=HYPERLINK("http://x","y")', "-", "+1-1"]
NUMBERS = ["-1.5", "+2", "-1e-05", "-.5", "-inf", "3", ""]
TEXTS = ["TP53", "a\tb", 'say "so"', "'=1", "two\nlines"]


def test_formulas_are_quoted_and_numbers_and_texts_stay(tmp_path: Path) -> None:
    lines = [["=name", "value"], *([cell, "1"] for cell in (*FORMULAS, *NUMBERS, *TEXTS))]
    (tmp_path / "below").mkdir()
    plain, packed = tmp_path / "a.tsv", tmp_path / "below" / "b.tsv.gz"
    with plain.open("w", newline="") as file:
        csv.writer(file, delimiter="\t", quoting=csv.QUOTE_ALL).writerows(lines)
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    (tmp_path / "c.txt").write_text("=1")
    quote_formulas(tmp_path)
    expected = [["'=name", "value"], *([f"'{cell}", "1"] for cell in FORMULAS), *([c, "1"] for c in (*NUMBERS, *TEXTS))]
    with plain.open(newline="") as file:
        assert list(csv.reader(file, delimiter="\t")) == expected
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    assert (tmp_path / "c.txt").read_text() == "=1"
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["a.tsv", "b.tsv.gz", "c.txt"]
