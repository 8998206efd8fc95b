"""Arrays that are the same though they are named as two samples, and the units that samples then form.

What is said of copies is `checks/identity.py`'s; who is whose patient is `labels.py`'s.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from dmicc_assets.types import ExpressionMatrix, FloatArray, unit_of

# Correlation of gene-centred values: replicates of real series reach 0.92 by it (and 0.997 uncentred).
ALIKE = 0.99
# From here two arrays differ by rounding alone: values of spread 1 that were rounded to one decimal reach it.
SAME = 0.999
# Over fewer genes two arrays can agree by chance; with fewer samples the other samples' mean makes arrays alike.
_FEWEST_GENES, _FEWEST_SAMPLES = 50, 6
# Columns of a block of correlations: bounds their memory to some tens of megabytes.
_BLOCK = 512


class Alike(NamedTuple):
    """Two samples of one matrix whose arrays agree, and the correlation of their gene-centred values."""

    first: str
    second: str
    correlation: float


def alike_arrays(matrix: ExpressionMatrix, least: float = ALIKE) -> list[Alike]:
    """Pairs of samples whose gene-centred values correlate above `least`, in the samples' order.

    Missing values count as the gene's mean. With fewer than six samples the values themselves must correlate above
    0.999 too. Empty with fewer than 50 genes that vary. Correlations are products of blocks of the matrix.
    """
    centred = _centred(matrix.values)
    if len(centred) < _FEWEST_GENES:
        return []
    length = np.sqrt((centred**2).sum(axis=0))
    unit = np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)
    few = len(matrix.samples) < _FEWEST_SAMPLES
    return [
        Alike(matrix.samples[i], matrix.samples[j], r)
        for i, j, r in _above(unit, least)
        if not few or _plain_correlation(matrix.values[:, i], matrix.values[:, j]) > SAME
    ]


def _centred(values: FloatArray) -> FloatArray:
    """Rows that vary, less their mean; 0 for a missing value."""
    known = ~np.isnan(values)
    n = known.sum(axis=1, keepdims=True)
    total = np.where(known, values, 0.0).sum(axis=1, keepdims=True)
    centred = np.where(known, values - total / np.maximum(n, 1), 0.0)
    spread, size = np.abs(centred).max(axis=1, initial=0.0), np.abs(total[:, 0]) / np.maximum(n[:, 0], 1)
    return centred[spread > 1e-9 * np.maximum(size, 1e-300)]


def _above(unit: FloatArray, least: float) -> Iterator[tuple[int, int, float]]:
    """Pairs of unit columns whose product is above `least`; found in single precision, then computed in double."""
    short = unit.astype(np.float32)
    for start in range(0, unit.shape[1], _BLOCK):
        product = short[:, start : start + _BLOCK].T @ short[:, start:]
        for i, j in np.argwhere(np.triu(product > least - 1e-4, 1)).tolist():
            r = float(unit[:, start + i] @ unit[:, start + j])
            if r > least:
                yield start + i, start + j, r


def _plain_correlation(first: FloatArray, second: FloatArray) -> float:
    known = ~(np.isnan(first) | np.isnan(second))
    a, b = first[known] - first[known].mean(), second[known] - second[known].mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else float(np.array_equal(first[known], second[known]))


def copy_of(matrix: ExpressionMatrix) -> list[str | None]:
    """For each sample the first one whose array is the same up to rounding; None where there is none before it."""
    first: dict[str, str] = {}
    for pair in alike_arrays(matrix, SAME):
        first.setdefault(pair.second, first.get(pair.first, pair.first))
    return [first.get(sample) for sample in matrix.samples]


def sample_units(samples: pl.DataFrame, copies: Iterable[tuple[str, str]] = ()) -> list[str]:
    """The unit of each sample: its patient or the sample itself, joined where arrays are the same.

    Args:
        samples: columns dataset, sample, patient and, where it is known, same_as (a sample of the same dataset).
        copies: pairs of further samples that are the same, by name.
    """
    rows = samples.select("dataset", "patient", "sample").iter_rows()
    unit = {sample: unit_of(dataset, patient, sample) for dataset, patient, sample in rows}
    pairs = [(unit[a], unit[b]) for a, b in copies if a in unit and b in unit]
    if "same_as" in samples.columns:
        known = samples.drop_nulls("same_as").select("dataset", "sample", "same_as").iter_rows()
        # Copies of one sample that is not here are copies of each other.
        pairs += [(unit[copy], unit.get(same, unit_of(dataset, None, same))) for dataset, copy, same in known]
    merged = joined(pairs)
    return [merged.get(name, name) for name in unit.values()]


def without_copies(samples: pl.DataFrame) -> pl.DataFrame:
    """The samples without those that are the same array as an earlier one of the same group.

    Args:
        samples: as for `analysed_as`.
    """
    return samples[sorted(set(analysed_as(samples)))]


def analysed_as(samples: pl.DataFrame) -> list[int]:
    """For each sample the position of the one that is analysed: the first of its group whose array is the same.

    Args:
        samples: columns sample, is_case and, where it is known, same_as, which may name a sample that is not here.
    """
    if "same_as" not in samples.columns or samples["same_as"].null_count() == len(samples):
        return list(range(len(samples)))
    root = joined(list(samples.drop_nulls("same_as").select("sample", "same_as").iter_rows()))
    first: dict[tuple[str, bool], int] = {}
    arrays = samples.select(pl.col("sample").replace(root), "is_case").iter_rows()
    return [first.setdefault((array, is_case), at) for at, (array, is_case) in enumerate(arrays)]


def joined(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """For each name of the pairs the first name of all that are tied to it, in a chain or directly."""
    root: dict[str, str] = {}

    def top(name: str) -> str:
        while root.setdefault(name, name) != name:
            name = root[name]
        return name

    for pair in pairs:
        low, high = sorted(map(top, pair))
        root[high] = low
    return {name: top(name) for name in list(root)}


def identical_arrays(first: ExpressionMatrix, second: ExpressionMatrix) -> list[tuple[str, str]]:
    """Pairs of samples whose correlation over the common genes (at least 50) exceeds 0.999."""
    common = sorted(set(first.features) & set(second.features))
    left, right = first.take_features(common).values, second.take_features(common).values
    complete = ~(np.isnan(left).any(axis=1) | np.isnan(right).any(axis=1))
    if complete.sum() < _FEWEST_GENES:
        return []
    correlation = _standardised(left[complete]).T @ _standardised(right[complete])
    return [(first.samples[i], second.samples[j]) for i, j in np.argwhere(correlation > SAME).tolist()]


def _standardised(values: FloatArray) -> FloatArray:
    centred = values - values.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    return centred / np.where(length > 0, length, 1.0)
