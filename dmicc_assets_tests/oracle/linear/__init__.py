"""R's answers for linear models and what comes before them, made by `make.R` in this folder."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dmicc_assets.stats.contrast_tests import treat
from dmicc_assets.stats.linear_model import LinearFit
from dmicc_assets.stats.moderation import moderated_t

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


def treat_of(fit: LinearFit, log_fc: float, **moderation: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """TREAT of every coefficient of a fit; `moderation` are the options of the moderated t."""
    moderated = moderated_t(fit, **moderation)
    error = fit.stdev_unscaled * np.sqrt(moderated.variance)[:, None]
    return treat(fit.coefficients, error, moderated.df_total[:, None], log_fc)


def assert_equal_to_r(ours: NDArray[np.float64], theirs: NDArray[np.float64], *, is_p: bool = False) -> None:
    """The project's tolerances: 1e-9 and a relative 1e-8; for p-values a relative 1e-7 alone."""
    atol, rtol = (0.0, 1e-7) if is_p else (1e-9, 1e-8)
    np.testing.assert_allclose(ours, theirs, atol=atol, rtol=rtol, equal_nan=True)
