"""A matrix is written once: a column that equals an earlier one, or has no value, gives no file."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import polars as pl
import pytest

from dmicc_assets.export.matrices import write_matrix_files
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.store import Lake
from dmicc_assets.types import ExpressionMatrix

VALUE = np.array([[7.123456789012345, np.nan], [1 / 3, -2.0]])


def files_of(adjusted: np.ndarray, folder: Path) -> dict[str, np.ndarray]:
    columns = {"value": VALUE, "value_adjusted": adjusted, "count": np.full((2, 2), np.nan)}

    def read_matrix(_table: str, _key: str, column: str) -> ExpressionMatrix:
        return ExpressionMatrix(columns[column], ("G1", "G2"), ("S 1", "S2"))

    lake = cast(Lake, SimpleNamespace(read_matrix=read_matrix))
    manifest = cast(Manifest, SimpleNamespace(table="cohort/expression", partition="study.a"))
    written = list(write_matrix_files(lake, [manifest], folder))
    frames = {Path(file.path).name: pl.read_csv(folder.parent / file.path, separator="\t") for file in written}
    assert all(frame.columns == ["gene", "S 1", "S2"] for frame in frames.values())
    return {name: frame.drop("gene").to_numpy() for name, frame in frames.items()}


def test_equal_matrices_are_written_once_with_every_digit(tmp_path: Path) -> None:
    files = files_of(VALUE.copy(), tmp_path / "tables")
    assert list(files) == ["a.value.tsv.gz"]
    np.testing.assert_array_equal(files["a.value.tsv.gz"], VALUE)


@pytest.mark.parametrize("change", [1e-15, np.nan])
def test_a_matrix_that_differs_in_one_value_is_written(tmp_path: Path, change: float) -> None:
    files = files_of(VALUE + np.array([[0, 0], [change, 0]]), tmp_path / "tables")
    assert list(files) == ["a.value.tsv.gz", "a.value_adjusted.tsv.gz"]
