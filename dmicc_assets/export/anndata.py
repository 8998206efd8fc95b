"""A cohort as AnnData (doi:10.21105/joss.04371), for Python's omics libraries; needs the extra `anndata`."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from dmicc_assets.errors import RequestError
from dmicc_assets.export.tables import ExportedFile, below
from dmicc_assets.results.reader import Results

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

HDF5 = "application/x-hdf5"


def refuse_without_anndata() -> None:
    """Raise a RequestError when anndata is not installed."""
    if find_spec("anndata") is None:
        raise RequestError("AnnData needs anndata: `python -m pip install 'dmicc_assets[anndata]'`")


def cohort_anndata(results: Results, cohort: str) -> "AnnData":
    """Samples by genes: `X` with the batch removed, the layer `value` as merged, both log2; NaN is missing.

    Args:
        results: of the study.
        cohort: its name.

    Raises:
        RequestError: anndata is not installed.
        DataError: the cohort was not computed.
    """
    refuse_without_anndata()
    from anndata import AnnData

    adjusted, merged = results.cohort(cohort), results.cohort(cohort, "value")
    matrix = adjusted.matrix
    samples = results.rows("cohort/samples", cohort=cohort).drop("study", "cohort")
    statistics = results.rows("differential/statistics", cohort=cohort).drop("study", "cohort")
    obs = pl.DataFrame({"sample": matrix.samples}).join(samples, on="sample", how="left", maintain_order="left")
    var = pl.DataFrame({"gene": matrix.features}).join(statistics, on="gene", how="left", maintain_order="left")
    values = merged.matrix.take_samples(matrix.samples).take_features(matrix.features).values
    return AnnData(
        X=matrix.values.T.copy(),
        obs=_frame(obs, "sample"),
        var=_frame(var, "gene"),
        layers={"value": values.T.copy()},
        uns={"study": results.name, "cohort": cohort, "title": results.study.cohorts[cohort].title},
    )


def write_cohort_files(results: Results, folder: Path) -> Iterator[ExportedFile]:
    """Each computed cohort as `<cohort>.h5ad`; the layer `value` is left out where it equals `X`.

    Raises:
        RequestError: anndata is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for cohort, spec in results.study.cohorts.items():
        if results.rows("cohort/samples", cohort=cohort).is_empty():
            continue
        data = cohort_anndata(results, cohort)
        if np.array_equal(np.asarray(data.X), np.asarray(data.layers["value"]), equal_nan=True):
            del data.layers["value"]
        path = folder / f"{cohort}.h5ad"
        data.write_h5ad(path, compression="gzip")
        yield ExportedFile(below(folder, path), f"{spec.title} as AnnData, samples by genes", HDF5)


def _frame(rows: pl.DataFrame, index: str) -> "pd.DataFrame":
    """Text as categories, which a file of AnnData can hold with missing values."""
    text = [name for name, dtype in rows.schema.items() if dtype == pl.String and name != index]
    return rows.to_pandas().set_index(index).astype(dict.fromkeys(text, "category"))
