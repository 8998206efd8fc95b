"""Rows of numbers: how much work a wide table is, counted and not timed."""

import numpy as np
import pytest

from dmicc_assets.geo.formats import numeric_rows
from dmicc_assets.geo.formats.numeric_rows import read_rows


def test_wide_tables_are_described_to_arrow_as_often_as_narrow_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow describes every column anew for every block: blocks of few wide rows were quadratic in the columns."""
    described: list[int] = []
    parse = numeric_rows.parse_rows

    def counted(block: bytes, *args: object) -> object:
        described.append(block.count(b"\n"))
        return parse(block, *args)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(numeric_rows, "parse_rows", counted)
    n_rows = 600
    for n_columns in (2, 500):
        described.clear()
        columns = [f"S{i}" for i in range(n_columns)]
        line = "\t".join(["1"] * n_columns)
        blocks = (f"G{i}\t{line}\n".encode() for i in range(n_rows))  # a wide line is a block of its own
        ids, values = read_rows(blocks, columns, "m.tsv")
        assert (len(ids), values.shape, np.unique(values).tolist()) == (n_rows, (n_rows, n_columns), [1.0])
        assert len(described) == 3
        assert min(described[:-1]) >= 256
