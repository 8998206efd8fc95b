"""A cohort as labelled frames with a planted difference, for tests of the Python interface."""

import numpy as np
import polars as pl

import dmicc_assets as dm

GENES = [f"G{i:03d}" for i in range(200)]


def cohort(seed: int = 1, n: int = 24, moved: int = 20) -> dm.Cohort:
    """A cohort in which the first genes are two log2 units higher in cases."""
    values = np.random.default_rng(seed).normal(8, 0.5, (len(GENES), n))
    is_case = np.arange(n) % 2 == 0
    values[:moved, is_case] += 2
    names = [f"s{j}" for j in range(n)]
    expression = pl.DataFrame({"gene": GENES, **{name: values[:, j] for j, name in enumerate(names)}})
    samples = pl.DataFrame({"sample": names, "label": ["case" if c else "control" for c in is_case]})
    samples = samples.with_columns(centre=pl.Series([f"c{j % 3}" for j in range(n)]))
    return dm.Cohort(expression, samples, case="case", control="control")
