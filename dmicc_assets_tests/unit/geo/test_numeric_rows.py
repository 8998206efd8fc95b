"""Rows of numbers: how much work a wide table is, counted and not timed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats import numeric_rows
from dmicc_assets.geo.formats.numeric_rows import MISSING, parse_rows, read_rows
from dmicc_assets.geo.formats.wide_rows import COLUMNS_AT_LEAST, parse_wide


def test_wide_tables_are_described_to_arrow_as_often_as_narrow_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow describes every column anew for every block: blocks of few wide rows were quadratic in the columns."""
    described: list[int] = []
    parse = numeric_rows.parse_rows

    def counted(block: bytes, *args: object) -> object:
        described.append(block.count(b"\n"))
        return parse(block, *args)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(numeric_rows, "parse_rows", counted)
    n_rows = 2500
    for n_columns in (2, 500):
        described.clear()
        columns = [f"S{i}" for i in range(n_columns)]
        line = "\t".join(["1"] * n_columns)
        blocks = (f"G{i}\t{line}\n".encode() for i in range(n_rows))  # a wide line is a block of its own
        ids, values = read_rows(blocks, columns, "m.tsv")
        assert (len(ids), values.shape, np.unique(values).tolist()) == (n_rows, (n_rows, n_columns), [1.0])
        assert len(described) == 3
        assert min(described[:-1]) >= 1024


ODD = [
    *("1", "-2.5", "7.12345", "1e-3", "+4", "5.", " 6", "1e999", "infinity", "NA", "null", "--", "1.#QNAN", "0x1"),
    *("x", '"', '"1', '"3"', '""', "1,5", "1 2", "é", "1\r2", ""),
]
CELLS = st.sampled_from(ODD)
IDS = st.sampled_from(["1007_s_at", "é", "a b", "", '"q"', '"a\tb"', '"a""b"', '"', '""', 'a"b', "7"])


@given(data=st.data(), quoted=st.booleans(), end=st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=40)
def test_rows_of_many_numbers_are_read_as_by_the_general_reader_or_left_to_it(
    data: st.DataObject, quoted: bool, end: str
) -> None:
    n_columns = COLUMNS_AT_LEAST
    usual = st.sampled_from(["1", "-2.5", "NA", ""])
    cells = st.one_of(usual, usual.map(lambda cell: f'"{cell}"'), CELLS)
    lines: list[str] = []
    for _ in range(data.draw(st.integers(1, 3))):
        fill = data.draw(usual)
        row = [fill] * n_columns
        for _ in range(data.draw(st.integers(0, 2))):
            row[data.draw(st.integers(0, n_columns - 1))] = data.draw(cells)
        if data.draw(st.booleans()):
            row = [f'"{cell}"' for cell in row]
        lines.append("\t".join([data.draw(IDS), *row[: data.draw(st.sampled_from([n_columns, n_columns, 3]))]]))
    block = (end.join(lines) + data.draw(st.sampled_from([end, "", end * 2]))).encode()
    columns = [f"S{i}" for i in range(n_columns)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numeric_rows, "parse_wide", lambda *_: None)
        try:
            ids, values = parse_rows(block, columns, "m.tsv", quoted=quoted)
        except SourceError:
            assert parse_wide(block, n_columns, b"\t", quoted, ".", MISSING) is None
            return
    found = parse_wide(block, n_columns, b"\t", quoted, ".", MISSING)
    if found is not None:
        assert found[0] == ids
        np.testing.assert_array_equal(found[1], values)


@pytest.mark.parametrize(
    "block",
    [
        b"a\t1\tNA\n\nb\t-2.5\t\n",
        b'"a"\t1\tNA\r\n"b"\t-2.5\t\r\n',
        b'"a"\t"1"\t"NA"\n"b"\t"-2.5"\t""\n',
    ],
)
def test_usual_rows_of_many_numbers_need_no_general_reader(block: bytes) -> None:
    found = parse_wide(block, 2, b"\t", True, ".", MISSING)
    assert found is not None
    assert found[0] == ["a", "b"]
    np.testing.assert_array_equal(found[1], [[1.0, np.nan], [-2.5, np.nan]])
    assert parse_wide(b"a;1,5;2\n", 2, b";", True, ",", MISSING) == (["a"], pytest.approx(np.array([[1.5, 2.0]])))


@pytest.mark.parametrize("cell", ["\ufeff1.5", '"\ufeff1.5"'])
@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("n_columns", [3, COLUMNS_AT_LEAST])
def test_a_byte_order_mark_before_a_number_is_no_part_of_it_wherever_it_stands(
    cell: str, row: int, n_columns: int
) -> None:
    """Arrow skips one at the beginning of what it reads, which in a wide table is the first number."""
    quote = '"' if cell[0] == '"' else ""
    cells = [[f"{quote}2{quote}"] * n_columns for _ in range(2)]
    cells[row][0] = cell
    lines = [[f"{quote}g{number}{quote}", *each] for number, each in enumerate(cells)]
    block = "".join("\t".join(line) + "\n" for line in lines).encode()
    assert parse_wide(block, n_columns, b"\t", True, ".", MISSING) is None
    with pytest.raises(SourceError, match=f"the row 'g{row}' has .*1.5.* for S0, expected a number"):
        read_rows([block], [f"S{number}" for number in range(n_columns)], "f.tsv")
