"""The matrices of a study as gzipped TSV, genes (or probes) by samples: `expression/genes/<dataset>.value.tsv.gz`.

Rows of tables are in `tables.py`, AnnData in `anndata.py`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from dmicc_assets.export.tables import GZIP, ExportedFile, below, gzipped
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.store import Lake
from dmicc_assets.tables import TABLES
from dmicc_assets.types import ExpressionMatrix, PartitionKey


def write_matrix_files(lake: Lake, manifests: Sequence[Manifest], folder: Path) -> Iterator[ExportedFile]:
    """Each column of each matrix as one file.

    A column without values gives no file, nor does one that equals an earlier column of the same matrix (a cohort of
    one dataset has no batch to remove: `value_adjusted` is `value`).

    Raises:
        DataError: a file of the lake is damaged.
    """
    for table, key in ((each.table, PartitionKey(each.partition)) for each in manifests):
        written: list[ExpressionMatrix] = []
        for column in TABLES[table].columns if TABLES[table].is_matrix else ():
            if column.is_key:
                continue
            matrix = lake.read_matrix(table, key, column.name)
            if not np.isnan(matrix.values).all() and not any(_is_equal(matrix, other) for other in written):
                path = _write(matrix, TABLES[table].feature, folder / table / f"{key.part}.{column.name}.tsv")
                written.append(matrix)
                title = f"{key.part}, {TABLES[table].feature}s by samples: {column.meaning}"
                yield ExportedFile(below(folder, path), title, GZIP)


def _is_equal(matrix: ExpressionMatrix, other: ExpressionMatrix) -> bool:
    return np.array_equal(matrix.values, other.values, equal_nan=True)


def _write(matrix: ExpressionMatrix, feature: str, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame(matrix.values, schema=list(matrix.samples), orient="row").fill_nan(None)
    frame.insert_column(0, pl.Series(feature, matrix.features)).write_csv(path, separator="\t")
    return gzipped(path)
