"""Every estimate of an AUC in one table: apparent and external ones beside the resampled ones. Nothing is computed."""

import polars as pl

from dmicc_assets.model.validation import RocTables
from dmicc_assets.rigor.resampled_roc import ResampledRoc


def all_estimates(measured: RocTables, resampled: ResampledRoc) -> RocTables:
    """Rows of both; a column that resampling does not have (the direction, the counts) is null in its rows."""
    return RocTables(
        pl.concat([measured.roc, resampled.roc], how="diagonal"),
        pl.concat([measured.roc_curve, resampled.roc_curve], how="diagonal"),
    )
