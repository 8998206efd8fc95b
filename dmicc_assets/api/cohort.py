"""Labelled frames converted to the core's types; genes and samples are matched by name, never by position.

No statistic is computed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
import polars as pl

from dmicc_assets.types import CaseControl, ExpressionMatrix


@dataclass(frozen=True)
class Cohort:
    """Expression of one disease's cases and controls, with the samples' labels, batches and patients.

    Samples with other labels are left out; a sample in only one of the frames is an error.

    Attributes:
        expression: a column `gene` (or `probe`), then one numeric column for each sample: log2 values, or counts.
        samples: a column `sample`, and the columns that the other arguments name; one row a sample of `expression`.
        case: the label of the cases.
        control: the label of the controls; samples of any other label are left out.
        label: the column of the labels.
        batch: column of each sample's batch (data set, centre); None for one batch.
        patient: column of each sample's patient; None when every sample is from a different patient. A sample whose
            patient is null, NaN or "" is taken for a patient of its own.

    Raises:
        ValueError: a column is missing, a name occurs twice, a value is not a number, a sample is in one frame only, a
            label has no sample, or a case or control has no batch; the message names it.
    """

    expression: pl.DataFrame
    samples: pl.DataFrame
    case: str
    control: str
    label: str = "label"
    batch: str | None = None
    patient: str | None = None

    def __post_init__(self) -> None:
        self.subject("cohort")

    def subject(self, name: str) -> CaseControl:
        """The cases and controls as the core's type, samples in the order of `expression`."""
        matrix = matrix_of(self.expression)
        columns = [column for column in (self.label, self.batch, self.patient) if column is not None]
        if self.case == self.control:
            raise ValueError(f"expected two labels, but cases and controls are both {self.case!r}")
        described = aligned(self.samples, matrix, columns)
        known = {row["sample"]: row for row in described.iter_rows(named=True)}
        used = [sample for sample in matrix.samples if known[sample][self.label] in (self.case, self.control)]
        is_case = np.array([known[sample][self.label] == self.case for sample in used], dtype=np.bool_)
        for label, n in ((self.case, int(is_case.sum())), (self.control, int((~is_case).sum()))):
            if n == 0:
                there = ", ".join(sorted({str(row[self.label]) for row in known.values()}))
                raise ValueError(f"no sample has the {self.label} {label!r}; there are {there}")
        groups = described.filter(pl.col("sample").is_in(used))
        batches = dict(zip(groups["sample"], named(groups, self.batch), strict=True)) if self.batch else {}
        return CaseControl(
            name,
            "cohort",
            matrix.take_samples(used),
            is_case,
            tuple(batches.get(s, name) for s in used),
            tuple(_text(known[s][self.patient]) if self.patient else s for s in used),
        )


def matrix_of(frame: pl.DataFrame) -> ExpressionMatrix:
    """A frame of one column of names and one numeric column for each sample as a matrix; a null is a missing value.

    Raises:
        ValueError: the first column is not `gene` or `probe`, a column is not numeric, or a name occurs twice.
    """
    if not frame.columns or frame.columns[0] not in ("gene", "probe"):
        first = frame.columns[0] if frame.columns else "none"
        raise ValueError(f"expected 'gene' or 'probe' as the first column of the expression, got {first!r}")
    names, values = frame.columns[0], frame.columns[1:]
    for column in values:
        if not frame[column].dtype.is_numeric():
            raise ValueError(f"expected numbers in column {column!r} of the expression, got {frame[column].dtype}")
    if frame[names].null_count():
        raise ValueError(f"row {int(frame[names].is_null().arg_max() or 0) + 1} of the expression has no {names}")
    numbers = frame.select(pl.col(values).cast(pl.Float64).fill_null(float("nan"))).to_numpy()
    return ExpressionMatrix(np.ascontiguousarray(numbers), tuple(frame[names].cast(pl.String)), tuple(values))


def frame_of(matrix: ExpressionMatrix) -> pl.DataFrame:
    """A matrix as a frame: `gene`, then one column for each sample; a missing value is null."""
    columns = {sample: matrix.values[:, j] for j, sample in enumerate(matrix.samples)}
    return pl.DataFrame({"gene": matrix.features, **columns}).with_columns(pl.col(pl.Float64).fill_nan(None))


def aligned(samples: pl.DataFrame, matrix: ExpressionMatrix, columns: Sequence[str]) -> pl.DataFrame:
    """The rows of `samples` in the order of the matrix's samples.

    Raises:
        ValueError: a column is missing, or a sample is in one of the two only.
    """
    for column in ("sample", *columns):
        if column not in samples.columns:
            raise ValueError(f"the samples have no column {column!r}; there are {', '.join(samples.columns)}")
    names = samples["sample"].cast(pl.String)
    if names.is_duplicated().any():
        raise ValueError(f"sample {names.filter(names.is_duplicated())[0]!r} has more than one row in the samples")
    there, wanted = set(names), set(matrix.samples)
    for sample in matrix.samples:
        if sample not in there:
            raise ValueError(f"sample {sample!r} of the expression has no row in the samples")
    for sample in names:
        if sample not in wanted:
            raise ValueError(f"sample {sample!r} of the samples has no column in the expression")
    order = pl.DataFrame({"sample": matrix.samples}, schema={"sample": pl.String})
    return order.join(samples.with_columns(sample=names), on="sample", maintain_order="left")


def named(samples: pl.DataFrame, column: str) -> list[str]:
    """A column's values as text, one a sample.

    Raises:
        ValueError: a value is null, NaN or "".
    """
    values = [_text(value) for value in samples[column]]
    for sample, value in zip(samples["sample"], values, strict=True):
        if value is None:
            raise ValueError(f"sample {sample!r} has no {column}: name it, or leave the sample out of both frames")
    return [value for value in values if value is not None]


def _text(value: object) -> str | None:
    """A value's name; None where nothing is stated: null, NaN, or an empty cell of a table."""
    is_nan = isinstance(value, float) and isnan(value)
    return None if value is None or is_nan or str(value).strip() == "" else str(value)
