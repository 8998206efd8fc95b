"""R's answers for linear models and what comes before them, made by `make.R` in this folder."""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

FOLDER = Path(__file__).parent


def golden(name: str) -> pl.DataFrame:
    """One table of the folder; NA is null."""
    return pl.read_csv(FOLDER / f"{name}.tsv.gz", separator="\t", null_values="NA", infer_schema_length=None)


def numbers(table: pl.DataFrame, *columns: str) -> NDArray[np.float64]:
    """Columns as a matrix, null as NaN; without names all of them."""
    return (table.select(columns) if columns else table).cast(pl.Float64).fill_null(float("nan")).to_numpy()


def expression(name: str) -> tuple[list[str], NDArray[np.float64]]:
    """Names and values of an expression table, whose first column holds the names."""
    table = golden(name)
    return table[:, 0].to_list(), np.ascontiguousarray(numbers(table[:, 1:]))


def designs() -> tuple[NDArray[np.float64], NDArray[np.float64], pl.DataFrame]:
    """The design of case against control, the one with batches and age, and the samples."""
    samples = golden("samples")
    case = samples["group"] == "case"
    small = np.column_stack([np.ones(len(samples)), case]).astype(float)
    full = np.column_stack([small, samples["batch"] == "b", samples["batch"] == "c", samples["age"]]).astype(float)
    return small, full, samples


def assert_equal_to_r(ours: NDArray[np.float64], theirs: NDArray[np.float64], *, is_p: bool = False) -> None:
    """The project's tolerances: 1e-9 and a relative 1e-8; for p-values a relative 1e-7 alone."""
    atol, rtol = (0.0, 1e-7) if is_p else (1e-9, 1e-8)
    np.testing.assert_allclose(ours, theirs, atol=atol, rtol=rtol, equal_nan=True)
