"""Every parser of foreign text answers mutated text with something whole, or refuses it; what once failed does not."""

import gzip
from pathlib import Path

import pytest

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats.orthologue_tables import verify_pairs
from dmicc_assets.geo.formats.tabular import read_matrix
from tools.fuzz import fuzz
from tools.fuzz_parsers import PAIRS, PARSERS


def test_no_parser_fails_on_mutated_text(tmp_path: Path) -> None:
    found = fuzz(60.0, 40 * len(PARSERS), 1, tmp_path / "faults")
    assert found.faults == []
    assert set(found.counts.values()) == {40}
    assert all(found.answered[name] for name in PARSERS), "right texts, changed a little, are read now and then"


def test_a_parser_that_fails_is_named_with_its_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(path: Path, _: bytes) -> None:
        raise ZeroDivisionError(path.name)

    monkeypatch.setattr("tools.fuzz.PARSERS", {"GMT": type(PARSERS["GMT"])(["A\t\tTP53\n"], fails)})
    found = fuzz(60.0, 3, 1, tmp_path / "faults")
    assert found.n_faults.total() == 3
    assert [line.split(": ", 1)[1] for line in found.faults] == [next(iter(found.n_faults))]
    assert "ZeroDivisionError: GMT" in (tmp_path / "faults" / "GMT.1.txt").read_text()


@pytest.mark.parametrize("put", [b"\xff", b"\xed\xa0\x80", "\u2028".encode(), b"\x85"])
def test_bytes_that_are_no_text_stop_no_reading_of_orthologues(tmp_path: Path, put: bytes) -> None:
    """A byte that is in no UTF-8 ended in a traceback."""
    path = tmp_path / "pairs.gz"
    path.write_bytes(gzip.compress(PAIRS.encode() + b"9606\t1\tOrtholog" + put + b"\t10090\t2\n"))
    verify_pairs(path)
    path.write_bytes(gzip.compress(put))
    with pytest.raises(SourceError, match=r"pairs\.gz: expected pairs of orthologues"):
        verify_pairs(path)


def test_a_sample_named_as_a_column_beside_it_is_refused(tmp_path: Path) -> None:
    """Both columns were read, and ended in a traceback."""
    path = tmp_path / "matrix.tsv"
    path.write_text("#1.2\nx\n2\t2\nNA\t1\t2\n")
    with pytest.raises(SourceError, match=r"matrix\.tsv: duplicate sample column '2'"):
        read_matrix(path)


@pytest.mark.parametrize("version", ["#1.2\n2\t2\n", "#1.3\n2\t2\t3\t1\n"])
def test_a_gct_file_whose_header_has_fewer_columns_than_it_says_is_refused(tmp_path: Path, version: str) -> None:
    """The columns that describe genes were looked for beyond the header's end, which ended in a traceback."""
    path = tmp_path / "matrix.gct"
    path.write_text(f"{version}NAME\nTP53\tna\t1\t2\nEGFR\tna\t3\t4\n")
    with pytest.raises(SourceError, match=r"matrix\.gct"):
        read_matrix(path)
