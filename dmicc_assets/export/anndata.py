"""A cohort as AnnData (doi:10.21105/joss.04371), for Python's omics libraries; needs the extra `anndata`."""

from typing import TYPE_CHECKING

import polars as pl

from dmicc_assets.errors import RequestError
from dmicc_assets.results.reader import Results

if TYPE_CHECKING:
    from anndata import AnnData


def cohort_anndata(results: Results, cohort: str) -> "AnnData":
    """Samples by genes: `X` with the batch removed, the layer `value` as merged, both log2; NaN is missing.

    Args:
        results: of the study.
        cohort: its name.

    Raises:
        RequestError: anndata is not installed.
        DataError: the cohort was not computed.
    """
    try:
        from anndata import AnnData
    except ImportError:
        raise RequestError("to_anndata needs anndata: `python -m pip install 'dmicc_assets[anndata]'`") from None
    adjusted, merged = results.cohort(cohort), results.cohort(cohort, "value")
    matrix = adjusted.matrix
    samples = results.rows("cohort/samples", cohort=cohort).drop("study", "cohort")
    statistics = results.rows("differential/statistics", cohort=cohort).drop("study", "cohort")
    obs = pl.DataFrame({"sample": matrix.samples}).join(samples, on="sample", how="left", maintain_order="left")
    var = pl.DataFrame({"gene": matrix.features}).join(statistics, on="gene", how="left", maintain_order="left")
    values = merged.matrix.take_samples(matrix.samples).take_features(matrix.features).values
    return AnnData(
        X=matrix.values.T.copy(),
        obs=obs.to_pandas().set_index("sample"),
        var=var.to_pandas().set_index("gene"),
        layers={"value": values.T.copy()},
        uns={"study": results.name, "cohort": cohort, "title": results.study.cohorts[cohort].title},
    )
