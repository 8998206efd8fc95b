"""The content hash: what it sees and what not, the grid of a matrix, its versions, and columns stored once."""

import json
from dataclasses import replace
from hashlib import sha256

import numpy as np
import polars as pl
import pytest

from dmicc_assets.errors import DataError
from dmicc_assets.lake.content import CONTENT_VERSION, content_hash
from dmicc_assets.lake.contents import read_columns
from dmicc_assets.lake.declared_rows import declared_rows
from dmicc_assets.lake.manifest import Manifest, Origin
from dmicc_assets.lake.store import Lake
from dmicc_assets.tables import TABLES
from dmicc_assets.types import ExpressionMatrix, PartitionKey, matrix_rows

ORIGIN = Origin("recipe", "1", {}, [], {}, "run")
VALUES = ExpressionMatrix(np.array([[1.0, np.nan, 3.0], [4.0, 5.0, 6.5]]), ("G1", "G2"), ("S1", "S2", "S3"))
ADJUSTED = replace(VALUES, values=VALUES.values + np.array([[0.0], [0.25]]))
NO_COUNTS = replace(VALUES, values=np.full((2, 3), np.nan))
COHORT = "cohort/expression"


def cohort_rows(adjusted: ExpressionMatrix, value: ExpressionMatrix = VALUES) -> pl.DataFrame:
    return matrix_rows({"value": value, "value_adjusted": adjusted, "count": NO_COUNTS})


def content(frame: pl.DataFrame, table: str = COHORT) -> str:
    return content_hash(TABLES[table], declared_rows(TABLES[table], "s.c", frame))


def test_content_sees_every_name_and_value_of_a_matrix_and_not_its_chunks_or_last_digits() -> None:
    rows = cohort_rows(ADJUSTED)
    last = pl.int_range(pl.len()) == pl.len() - 1
    others = [
        cohort_rows(VALUES),
        cohort_rows(ADJUSTED, ADJUSTED),
        rows.with_columns(gene=pl.col("gene").cast(pl.String).str.replace("G2", "G3")),
        rows.with_columns(sample=pl.col("sample").cast(pl.String).str.replace("S3", "S4")),
        rows.with_columns(value=pl.when(last).then(None).otherwise("value")),
        rows.with_columns(value=pl.when(last).then(pl.col("value") * (1 + 1e-9)).otherwise("value")),
    ]
    assert len({content(each) for each in [rows, *others]}) == 1 + len(others)
    same = [
        pl.concat([rows.head(2), rows.slice(2)], rechunk=False),
        rows.with_columns(pl.col("value", "value_adjusted") * (1 + 1e-15)),
    ]
    assert {content(each) for each in same} == {content(rows)}


def test_content_does_not_depend_on_how_many_rows_are_hashed_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = declared_rows(TABLES[COHORT], "s.c", cohort_rows(ADJUSTED))
    at_once = content_hash(TABLES[COHORT], rows)
    for module in ("content", "grid"):
        monkeypatch.setattr(f"dmicc_assets.lake.{module}._ROWS_AT_ONCE", 2)
    assert content_hash(TABLES[COHORT], rows) == at_once


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ([0, 1, 2, 3, 4], "5 rows are not 3 samples for each gene"),
        ([0, 1, 2, 3, 5, 4], "not each gene has the same samples in the same order"),
        ([0, 3, 1, 4, 2, 5], "not each gene has the same samples in the same order"),
        ([0, 1, 3, 4, 5, 2], "not each gene has 2 samples"),
        ([0, 1, 2, 3, 4, 5, 0, 1, 2], "the gene \\w+ has rows in two places"),
    ],
)
def test_a_matrix_that_is_no_grid_is_refused(lake: Lake, order: list[int], message: str) -> None:
    with pytest.raises(DataError, match=f"cohort/expression: {message}"):
        lake.write(COHORT, "s.c", cohort_rows(ADJUSTED)[order], ORIGIN)


def test_a_matrix_is_read_whatever_the_number_of_its_samples(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dmicc_assets.lake.grid._ROWS_OF_FIRST", 2)
    lake.write(COHORT, "s.c", cohort_rows(ADJUSTED), ORIGIN)
    found = lake.read_matrix(COHORT, "s.c")
    assert (found.features, found.samples) == (VALUES.features, VALUES.samples)
    np.testing.assert_array_equal(found.values, VALUES.values)


def test_an_adjusted_value_is_stored_only_where_it_differs_and_is_read_everywhere(lake: Lake) -> None:
    whole = lake.write(COHORT, "s.c", cohort_rows(ADJUSTED), ORIGIN)
    stored = pl.read_parquet(lake.path(COHORT, "s.c"))
    assert stored["value_adjusted"].to_list() == [None, None, None, 4.25, 5.25, 6.75]
    np.testing.assert_array_equal(lake.read_matrix(COHORT, "s.c", "value_adjusted").values, ADJUSTED.values)
    together = read_columns(lake, COHORT, [PartitionKey("s.c")], ["value_adjusted"])["s.c"]
    assert together["value_adjusted"].to_list() == [1.0, None, 3.0, 4.25, 5.25, 6.75]
    rows = lake.read(COHORT, "s.c")
    assert rows["value_adjusted"].to_list() == [1.0, None, 3.0, 4.25, 5.25, 6.75]
    assert lake.write(COHORT, "s.c", rows, ORIGIN).content == whole.content, "the content is that of the meaning"
    lake.write(COHORT, "s.c", cohort_rows(VALUES), ORIGIN)
    assert pl.read_parquet(lake.path(COHORT, "s.c"))["value_adjusted"].null_count() == 6
    np.testing.assert_array_equal(lake.read_matrix(COHORT, "s.c", "value_adjusted").values, VALUES.values)


def test_a_missing_adjusted_value_of_a_measured_gene_cannot_be_stored(lake: Lake) -> None:
    with pytest.raises(DataError, match="value_adjusted is missing where value has a value"):
        lake.write(COHORT, "s.c", cohort_rows(NO_COUNTS), ORIGIN)


def as_by_an_earlier_version(lake: Lake, manifest: Manifest, frame: pl.DataFrame) -> str:
    """Give a partition the manifest and the file (both value columns in full) of an earlier version."""
    path = lake.path(manifest.table, manifest.partition)
    declared = TABLES[manifest.table]
    declared_rows(declared, manifest.partition, frame).cast(declared.schema).write_parquet(path)
    said = json.loads(path.with_suffix(".json").read_text())
    del said["content_version"]
    earlier = sha256(manifest.content.encode()).hexdigest()
    file = {"content": earlier, "sha256": sha256(path.read_bytes()).hexdigest(), "n_bytes": path.stat().st_size}
    path.with_suffix(".json").write_text(json.dumps(said | file))
    return earlier


def test_rows_hashed_by_an_earlier_version_keep_their_content_until_they_change(lake: Lake) -> None:
    new = lake.write(COHORT, "s.c", cohort_rows(VALUES), ORIGIN)
    earlier = as_by_an_earlier_version(lake, new, cohort_rows(VALUES))
    old = lake.manifest(COHORT, "s.c")
    assert old is not None
    assert (old.content, old.content_version) == (earlier, 1)
    for _ in range(2):  # in the file of the earlier version, and in the one written in its place
        again = lake.write(COHORT, "s.c", cohort_rows(VALUES), ORIGIN)
        assert (again.content, again.content_version) == (earlier, 1)
    other = lake.write(COHORT, "s.c", cohort_rows(ADJUSTED), ORIGIN)
    assert (other.content, other.content_version) == (content(cohort_rows(ADJUSTED)), CONTENT_VERSION)


def test_a_damaged_file_of_an_earlier_version_counts_as_other_rows(lake: Lake) -> None:
    new = lake.write(COHORT, "s.c", cohort_rows(VALUES), ORIGIN)
    as_by_an_earlier_version(lake, new, cohort_rows(VALUES))
    path = lake.path(COHORT, "s.c")
    path.write_bytes(b"\0" * path.stat().st_size)
    assert lake.write(COHORT, "s.c", cohort_rows(VALUES), ORIGIN).content == new.content


def test_a_replaced_result_of_an_earlier_version_is_kept_only_if_its_rows_changed(lake: Lake) -> None:
    table = "signature/genes"
    frame = TABLES[table].frame(
        {name: [None] for name in TABLES[table].rows_schema if name != "gene"} | {"gene": ["A"]}
    )
    as_by_an_earlier_version(lake, lake.write(table, "s", frame, ORIGIN), frame)
    lake.write(table, "s", frame, ORIGIN)
    assert lake.history(table, "s") == []
    lake.write(table, "s", frame.with_columns(gene=pl.lit("B")), ORIGIN)
    assert [pl.read_parquet(path)["gene"].to_list() for path in lake.history(table, "s")] == [["A"]]
