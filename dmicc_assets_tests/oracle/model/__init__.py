"""R's answers on ROC curves, two-sample tests and logistic models: `model.R` made them, `versions.txt` has versions."""

from pathlib import Path

import polars as pl


def golden(name: str) -> pl.DataFrame:
    """A table that R wrote; NA is null, NaN and Inf are numbers."""
    return pl.read_csv(Path(__file__).parent / name, separator="\t", null_values=["NA"], infer_schema_length=None)
