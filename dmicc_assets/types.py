"""The types that the whole core shares: array aliases, partition keys, expression matrices, cases against controls.

No arithmetic and no I/O: each computation has a module of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

PartitionKind = Literal["dataset", "cohort", "study", "all_studies"]


class PartitionKey(str):
    """Key of one partition: `study.part` of a dataset or cohort, `study` of a study, `all` of all studies."""

    __slots__ = ()

    @classmethod
    def of(cls, study: str, part: str) -> "PartitionKey":
        """The key of a dataset or cohort of a study."""
        return cls(f"{study}.{part}")

    @property
    def study(self) -> str:
        """The study; `all` for the partition that all studies share."""
        return self.partition(".")[0]

    @property
    def part(self) -> str:
        """The dataset or cohort; of a study's own partition, the study."""
        return self.names[-1]

    @property
    def names(self) -> tuple[str, ...]:
        """Values of a table's partition columns: study and part, or the study alone."""
        return tuple(self.split(".", 1))


ALL_STUDIES = PartitionKey("all")


@lru_cache(maxsize=8)
def _positions(names: tuple[str, ...]) -> dict[str, int]:
    """Where each name is; of the matrices used last, from which genes are taken again and again."""
    return {name: i for i, name in enumerate(names)}


@dataclass(frozen=True, slots=True)
class ExpressionMatrix:
    """Expression of G features (probes or genes) in N samples.

    Attributes:
        values: (G, N) float64; a missing value is NaN.
        features: the G probe ids or gene symbols, unique.
        samples: the N sample accessions, unique.

    Raises:
        ValueError: the shape does not fit the names, or a name is a duplicate.
    """

    values: FloatArray
    features: tuple[str, ...]
    samples: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.features), len(self.samples)):
            raise ValueError(
                f"a matrix of shape {self.values.shape} does not fit "
                f"{len(self.features)} features x {len(self.samples)} samples"
            )
        for kind, names in (("feature", self.features), ("sample", self.samples)):
            if len(set(names)) != len(names):
                twice = next(name for i, name in enumerate(names) if name in names[:i])
                raise ValueError(f"duplicate {kind} {twice!r}")

    def take_samples(self, samples: Sequence[str]) -> "ExpressionMatrix":
        """The given samples, in the given order.

        Raises:
            KeyError: a sample is not in the matrix.
        """
        position = {name: i for i, name in enumerate(self.samples)}
        index = np.array([position[name] for name in samples], dtype=np.intp)
        return replace(self, values=self.values[:, index], samples=tuple(samples))

    def take_features(self, features: Sequence[str]) -> "ExpressionMatrix":
        """The given features, in the given order.

        Raises:
            KeyError: a feature is not in the matrix.
        """
        position = _positions(self.features)
        index = np.array([position[name] for name in features], dtype=np.intp)
        return replace(self, values=self.values[index], features=tuple(features))


@dataclass(frozen=True, slots=True)
class CaseControl:
    """Case and control samples of a cohort or a validation dataset.

    Attributes:
        name: the cohort's or the dataset's name.
        kind: which of the two it is.
        matrix: gene-level log2 expression, (G, N).
        is_case: (N,) True for the case samples.
        dataset: for each of the N samples, the batch it came from: the dataset, or `dataset/centre` where the dataset
            names its batches.
        patient: for each of the N samples, the patient it is of; None when the study does not say.
        given_unit: `unit`, where it is more than dataset and patient say (arrays that are the same); else empty.

    Raises:
        ValueError: a column's length is not the number of samples.
    """

    name: str
    kind: Literal["cohort", "dataset"]
    matrix: ExpressionMatrix
    is_case: BoolArray
    dataset: tuple[str, ...]
    patient: tuple[str | None, ...]
    given_unit: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.matrix.samples)
        lengths = {len(self.dataset), len(self.patient), len(self.given_unit) or n}
        if self.is_case.shape != (n,) or lengths != {n}:
            raise ValueError(f"{self.kind} {self.name}: group, dataset and patient must have {n} entries each")

    @property
    def unit(self) -> tuple[str, ...]:
        """For each of the N samples, what is drawn, held out and tested as one: its patient, or the sample itself."""
        if self.given_unit:
            return self.given_unit
        return tuple(map(unit_of, self.dataset, self.patient, self.matrix.samples))


def unit_of(dataset: str, patient: str | None, sample: str) -> str:
    """The unit of a sample: its patient, whose name is of one dataset, or the sample when the patient is not known."""
    return f"{dataset}//{sample}" if patient is None else f"{dataset}/{patient}"


def matrix_rows(
    matrices: Mapping[str, ExpressionMatrix], feature: str = "gene", *, by_name: bool = True
) -> pl.DataFrame:
    """Matrices of the same features and samples as one long frame, feature-major.

    Args:
        matrices: value column to matrix; all have the same features and samples.
        feature: what the features are: `gene` or `probe`, the name of their column.
        by_name: features and samples sorted by name; False leaves them in the order of the matrices.

    Returns:
        (G x N rows) feature and sample as `pl.Enum`, and the value columns, where a missing value is NULL.
    """
    first = next(iter(matrices.values()))
    names = (np.array(first.features), np.array(first.samples))
    by_feature, by_sample = (np.argsort(each) if by_name else np.arange(len(each)) for each in names)
    n_features, n_samples = (len(each) for each in names)
    columns = [
        _repeated(feature, names[0][by_feature], np.repeat(np.arange(n_features, dtype=np.uint32), n_samples)),
        _repeated("sample", names[1][by_sample], np.tile(np.arange(n_samples, dtype=np.uint32), n_features)),
    ]
    # Most matrices are in order: their values are shared, not copied.
    in_order = all(bool((np.diff(each) > 0).all()) for each in (by_feature, by_sample))
    for name, matrix in matrices.items():
        values = matrix.values if in_order else matrix.values[np.ix_(by_feature, by_sample)]
        column = pl.Series(name, values.ravel())
        columns.append(column.fill_nan(None) if column.is_nan().any() else column)
    return pl.DataFrame(columns)


def _repeated(name: str, names: NDArray[np.str_], at: NDArray[np.uint32]) -> pl.Series:
    """A column of names, each of which stands in many rows: a text in each would take more memory than the values."""
    each = names.tolist()
    return pl.Series(name, each, dtype=pl.Enum(each)).gather(at)
