"""Files that would fill all memory are refused with the limit; up to the limit the time is linear in the size."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from dmicc_assets.enrichment.gene_sets import read_gmt
from dmicc_assets.enrichment.providers.provider import read_text
from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats import limits
from dmicc_assets.geo.formats.numeric_rows import whole_lines
from dmicc_assets.geo.formats.soft import read_entities
from dmicc_assets.geo.formats.tabular import names_of, read_matrix, text_table
from dmicc_assets.geo.formats.text_file import with_line_feeds


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same limits for files of a few kB."""
    small = {
        "LONGEST_LINE": 1 << 16,
        "MOST_TEXT": 1 << 18,
        "MOST_VALUES": 1 << 12,
        "MOST_SAMPLES": 500,
        "MOST_SETS": 100,
    }
    for name, value in small.items():
        monkeypatch.setattr(limits, name, value)
    for module in ("dmicc_assets.enrichment.gene_sets", "dmicc_assets.geo.formats.soft"):
        monkeypatch.setattr(f"{module}.MOST_TEXT", small["MOST_TEXT"])
    monkeypatch.setattr("dmicc_assets.enrichment.gene_sets.MOST_SETS", small["MOST_SETS"])
    yield
    limits.multiply_limits(1.0)


def blocks(n: int, block: bytes = b"a" * 4096) -> Iterator[bytes]:
    """Far more than may be read: whoever reads on fails."""
    for _ in range(n):
        yield block
    raise AssertionError("the limit was passed")


@pytest.mark.parametrize("block", [b"a" * 4096, b"1\t" * 2048, b'"' * 4096, b"\0" * 4096])
def test_a_file_without_line_ends_is_refused_before_it_is_in_memory(block: bytes) -> None:
    for read in (whole_lines, with_line_feeds):
        with pytest.raises(SourceError, match="at most 65,536 bytes in a line, and a table with line ends, found more"):
            list(read(blocks(40, block)))


def test_lines_up_to_the_limit_are_whole() -> None:
    pieces = [b"a" * 1000] * 60 + [b"\nb", b"c\n", b"", b"d"]
    assert list(whole_lines(pieces)) == [b"a" * 60_000 + b"\n", b"bc\n", b"d"]
    assert b"".join(with_line_feeds([b"a", b"\r", b"b\r", b"c"])) == b"a\nb\nc"
    assert b"".join(with_line_feeds([b"a", b"\r", b"\nb\r", b"\n"])) == b"a\r\nb\r\n"


def bomb(path: Path, text: bytes) -> Path:
    path.write_bytes(gzip.compress(text))
    assert path.stat().st_size < 1 << 12
    return path


def test_a_small_archive_of_a_large_text_is_refused(tmp_path: Path) -> None:
    line = b"SET\tof a\tTP53\tEGFR\n"
    large = bomb(tmp_path / "large.gmt.gz", line * 20_000)
    for read in (read_gmt, read_text, text_table):
        with pytest.raises(SourceError, match=r"large\.gmt\.gz: expected at most 262,144 bytes, decompressed"):
            read(large)
    with pytest.raises(SourceError, match="expected at most 100 lines of a set each, found more"):
        read_gmt(bomb(tmp_path / "many.gmt.gz", line * 200))
    with pytest.raises(SourceError, match="at most 65,536 bytes in a line"):
        read_matrix(bomb(tmp_path / "line.tsv.gz", b"a" * (1 << 20)))


def test_a_soft_table_without_end_is_refused() -> None:
    head = b"^SAMPLE = GSM1\n!sample_table_begin\nID_REF\tVALUE\n"
    with pytest.raises(SourceError, match="expected at most 262,144 bytes in a table, found more"):
        list(read_entities([head, *([b"1007_s_at\t1.5\n" * 1000] * 40)], "family.soft"))


def test_a_matrix_of_too_many_samples_or_values_is_refused(tmp_path: Path) -> None:
    wide, long = tmp_path / "wide.tsv", tmp_path / "long.tsv"
    wide.write_text("gene\t" + "\t".join(f"S{i}" for i in range(600)) + "\nG\t" + "\t".join(["1.5"] * 600) + "\n")
    for read in (read_matrix, names_of):
        with pytest.raises(SourceError, match=r"wide\.tsv: expected at most 500 samples, found more; DMICC_SIZE"):
            read(wide)
    long.write_text("gene\tS1\tS2\n" + "".join(f"G{i}\t1.5\t2.5\n" for i in range(3000)))
    with pytest.raises(SourceError, match=r"long\.tsv: expected at most 4,096 values, found more"):
        read_matrix(long)
    limits.multiply_limits(2)
    assert read_matrix(wide)[0].values.shape == (1, 600)
    assert read_matrix(long)[0].values.shape == (3000, 2)


def test_a_set_of_many_genes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "l.gmt"
    genes = [f"GENE{i}" for i in range(20_000)]
    path.write_text("ALL\tof them\t" + "\t".join(genes) + "\n")
    assert len(read_gmt(path).sets["ALL"].genes) == 20_000
