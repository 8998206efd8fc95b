"""Reading any damaged series matrix or family SOFT file gives a complete table or a clear error."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dmicc_assets.errors import DataError, SourceError
from dmicc_assets.geo.formats.platform import read_platform
from dmicc_assets.geo.formats.series_matrix import read_series_matrix, verify_series_matrix
from dmicc_assets.geo.formats.soft import read_family, verify_family
from dmicc_assets.types import ExpressionMatrix
from dmicc_assets_tests.worlds.small_mirror import annot_text, family_text, matrix_text, small_values

MATRIX = matrix_text("GSE1", "GPL7", small_values(7, 3)).encode()
PROBES = {f"{i}_at": f"GENE{i}" for i in range(4)}
FAMILY = family_text(
    "GSE2", {"GPL7": {f"GSM{i}": dict.fromkeys(PROBES, "1.5") for i in range(3)}}, {"GPL7": PROBES}
).encode()
ANNOT = annot_text("GPL7", PROBES).encode()
PIECES = [
    b'"',
    b'""',
    b"\t",
    b"\n",
    b"\r",
    b"\0",
    b"!",
    b"#",
    b"^",
    b",",
    b"NA",
    b"1e400",
    b"\xff",
    b"!Sample_title",
    b"",
    b"x",
]
Read = TypeVar("Read")
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def mutated(draw: st.DrawFn, text: bytes) -> bytes:
    """The text with some pieces put in, taken out, or whole lines lost, doubled or swapped."""
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["insert", "delete", "line lost", "line doubled", "line moved"]))
        at = draw(st.integers(0, len(text)))
        if kind == "insert":
            text = text[:at] + draw(st.sampled_from(PIECES)) + text[at:]
        elif kind == "delete":
            text = text[:at] + text[at + draw(st.integers(1, 30)) :]
        else:
            lines = text.split(b"\n")
            i, j = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
            changed = {"line lost": [], "line doubled": [lines[i]] * 2, "line moved": [lines[j]]}[kind]
            text = b"\n".join([*lines[:i], *changed, *lines[i + 1 :]])
    return text


def read_or_refused(read: Callable[[Path], Read], path: Path) -> Read | None:
    """What is read; None when the file is refused, with a message that names it."""
    try:
        return read(path)
    except (SourceError, DataError) as error:
        message = str(error)
    assert path.name in message
    return None


def check_whole(matrix: ExpressionMatrix, samples: list[str]) -> None:
    assert matrix.values.shape == (len(matrix.features), len(matrix.samples))
    assert list(matrix.samples) == samples
    assert all(matrix.features)
    assert not np.isinf(matrix.values).any()


@quick
@given(text=mutated(MATRIX))
def test_a_mutated_matrix_is_whole_or_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "GSE1_series_matrix.txt.gz"
    path.write_bytes(gzip.compress(text, 1))
    read = read_or_refused(read_series_matrix, path)
    if read is None:
        return
    check_whole(read.matrix, read.header.samples["sample"].to_list())
    counts = read.header.row_counts
    assert not counts or len(read.matrix.features) >= counts[-1]


@quick
@given(text=mutated(FAMILY))
def test_a_mutated_family_is_whole_or_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "GSE2_family.soft.gz"
    path.write_bytes(gzip.compress(text, 1))
    read = read_or_refused(read_family, path)
    if read is None:
        return
    check_whole(read.matrix, read.header.samples["sample"].to_list())


@quick
@given(text=mutated(ANNOT))
def test_a_mutated_platform_is_a_table_or_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "GPL7.annot.gz"
    path.write_bytes(gzip.compress(text, 1))
    read = read_or_refused(read_platform, path)
    if read is None:
        return
    frame = read.probe_genes
    assert frame.columns == ["probe", "gene", "n_symbols"]
    assert frame["probe"].is_unique().all()
    assert frame.filter((frame["n_symbols"] == 0) != frame["gene"].is_null()).is_empty()


@pytest.mark.parametrize(("text", "read"), [(MATRIX, verify_series_matrix), (FAMILY, verify_family)])
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, text: bytes, read: Callable[[Path], object]) -> None:
    """Cut in its compressed bytes at every place, and in its text wherever a line ends."""
    path = tmp_path / "cut.gz"
    whole = gzip.compress(text, 9)
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        with pytest.raises(SourceError, match=r"cut\.gz"):
            read(path)
    if read is verify_series_matrix:
        for end in range(len(text) - len(b"end\n")):
            path.write_bytes(gzip.compress(text[:end], 1))
            with pytest.raises(SourceError, match=r"cut\.gz"):
                read(path)


@quick
@given(content=st.binary(max_size=300))
def test_random_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "random.gz"
    for data in (content, gzip.compress(content, 1)):
        path.write_bytes(data)
        with pytest.raises(SourceError, match=r"random\.gz"):
            read_series_matrix(path)


@quick
@given(
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6),
    ids=st.lists(st.text("abcXYZ019_-/.'", min_size=1, max_size=9), min_size=1, max_size=9, unique=True),
)
def test_what_is_written_is_read_bit_for_bit(tmp_path: Path, values: list[float], ids: list[str]) -> None:
    table = np.array([values] * len(ids))
    path = tmp_path / "GSE1_series_matrix.txt.gz"
    path.write_bytes(gzip.compress(matrix_text("GSE1", "GPL7", table, probes=ids).encode(), 1))
    matrix = read_series_matrix(path).matrix
    assert matrix.features == tuple(ids)
    assert matrix.values.tobytes() == table.tobytes()
