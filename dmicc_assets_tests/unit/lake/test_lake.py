import json
import multiprocessing
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from threading import Barrier

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from dmicc_assets.errors import DataError
from dmicc_assets.lake.content import content_hash
from dmicc_assets.lake.durable import write_beside
from dmicc_assets.lake.looked_at import looked_at
from dmicc_assets.lake.store import Lake
from dmicc_assets.tables import TABLES
from dmicc_assets.types import ExpressionMatrix, matrix_rows
from dmicc_assets_tests.worlds.two_genes import GENES, ORIGIN


def test_rows_come_back_sorted_by_key_with_the_partition_columns_in_the_file(lake: Lake) -> None:
    lake.write("differential/genes", "s.c", GENES, ORIGIN)
    assert lake.read("differential/genes", "s.c")["gene"].to_list() == ["A", "B"]
    stored = pl.read_parquet(lake.path("differential/genes", "s.c"))
    assert stored.schema == TABLES["differential/genes"].schema
    assert set(stored["study"]) == {"s"}
    assert set(stored["cohort"]) == {"c"}


def test_a_matrix_comes_back_whatever_the_order_it_had(lake: Lake) -> None:
    values = np.array([[1.0, np.nan, 3.0], [4.0, 5.0, 6.5]])
    matrix = ExpressionMatrix(values, ("G2", "G1"), ("S3", "S1", "S2"))
    lake.write("expression/genes", "s.D", matrix_rows({"value": matrix, "count": matrix}), ORIGIN)
    back = lake.read_matrix("expression/genes", "s.D")
    assert back.features == ("G1", "G2")
    assert back.samples == ("S1", "S2", "S3")
    np.testing.assert_array_equal(back.take_features(matrix.features).take_samples(matrix.samples).values, values)


def test_probes_come_back_bit_for_bit_in_the_order_they_were_served_in(lake: Lake) -> None:
    values = np.log2(np.random.default_rng(1).gamma(2, 300, size=(5000, 70)))
    values[3, 5] = np.nan
    matrix = ExpressionMatrix(
        values, tuple(f"{i * 7919 % 5000}_at" for i in range(5000)), tuple(f"S{-i}" for i in range(70))
    )
    lake.write("expression/probes", "s.D", matrix_rows({"value": matrix}, "probe", by_name=False), ORIGIN)
    back = lake.read_matrix("expression/probes", "s.D")
    assert (back.features, back.samples) == (matrix.features, matrix.samples)
    assert back.values.tobytes() == values.tobytes()
    groups = pq.ParquetFile(lake.path("expression/probes", "s.D")).metadata
    n_rows = [groups.row_group(i).num_rows for i in range(groups.num_row_groups)]
    assert len(n_rows) > 1
    assert not [n for n in n_rows if n % 70], "a row group has whole probes"


def test_a_matrix_without_rows_comes_back(lake: Lake) -> None:
    empty = ExpressionMatrix(np.empty((0, 0)), (), ())
    lake.write("expression/probes", "s.D", matrix_rows({"value": empty}, "probe"), ORIGIN)
    assert lake.read_matrix("expression/probes", "s.D").values.shape == (0, 0)


def as_of_another_version(lake: Lake, table: str, partition: str, without: str, recipe: str = "old") -> None:
    """The partition as a version of the package wrote it that did not know a column."""
    path = lake.path(table, partition)
    pl.read_parquet(path).drop(without).write_parquet(path)
    manifest = json.loads(path.with_suffix(".json").read_text())
    content = path.read_bytes()
    manifest |= {"n_bytes": len(content), "sha256": sha256(content).hexdigest(), "content": "old", "recipe": recipe}
    manifest |= {"versions": {"dmicc_assets": "0.0.9"}}
    path.with_suffix(".json").write_text(json.dumps(manifest))


def test_a_file_of_another_version_is_told_from_a_damaged_one_and_replaced(lake: Lake) -> None:
    lake.write("differential/genes", "s.c", GENES, ORIGIN)
    as_of_another_version(lake, "differential/genes", "s.c", "direction")
    said = r"genes of s\.c was written by another version of dmicc_assets \(0\.0\.9\): .* no direction; `dmicc run s`"
    with pytest.raises(DataError, match=said):
        lake.read("differential/genes", "s.c")
    lake.write("differential/genes", "s.c", GENES, ORIGIN)
    assert len(lake.history("differential/genes", "s.c")) == 1
    lake.path("differential/genes", "s.c").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(DataError, match=r"s\.c\.parquet: is damaged \(.*\); `dmicc run s --verify`") as damaged:
        lake.read("differential/genes", "s.c")
    assert len(str(damaged.value).splitlines()) == 1


def test_a_damaged_file_is_no_earlier_result(lake: Lake) -> None:
    lake.write("differential/genes", "s.c", GENES, ORIGIN)
    path = lake.path("differential/genes", "s.c")
    path.write_bytes(bytes(path.stat().st_size))
    lake.write("differential/genes", "s.c", GENES.head(1), ORIGIN)
    assert lake.history("differential/genes", "s.c") == []
    assert lake.read("differential/genes", "s.c")["gene"].to_list() == ["B"]


@pytest.mark.parametrize(
    ("frame", "named"),
    [
        (GENES.drop("direction"), "direction"),
        (GENES.with_columns(extra=pl.lit(1)), "extra"),
        (GENES.with_columns(log_fc=pl.lit("much")), "log_fc"),
        (pl.concat([GENES, GENES]), "duplicate key"),
    ],
)
def test_a_frame_of_another_shape_is_refused_and_nothing_is_written(
    lake: Lake, frame: pl.DataFrame, named: str
) -> None:
    with pytest.raises(DataError, match=named):
        lake.write("differential/genes", "s.c", frame, ORIGIN)
    assert lake.partitions("differential/genes") == []


def test_reading_what_was_never_made_names_it(lake: Lake) -> None:
    with pytest.raises(DataError, match=r"differential/genes of s\.c was never materialised"):
        lake.read("differential/genes", "s.c")


def test_a_damaged_file_is_noticed(lake: Lake) -> None:
    lake.write("differential/genes", "s.c", GENES, ORIGIN)
    path = lake.path("differential/genes", "s.c")
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    path.write_bytes(damaged)
    assert lake.manifest("differential/genes", "s.c") is not None, "the size alone does not show it"
    assert not lake.verify("differential/genes", "s.c")
    path.write_bytes(damaged[:-1])
    assert lake.manifest("differential/genes", "s.c") is None


def test_history_keeps_what_differed_and_only_that(lake: Lake) -> None:
    lake.write("differential/genes", "s.c", GENES, ORIGIN)
    lake.write("differential/genes", "s.c", GENES.reverse(), replace(ORIGIN, recipe="other"))
    assert lake.history("differential/genes", "s.c") == []
    lake.write("differential/genes", "s.c", GENES.head(1), ORIGIN)
    lake.write("differential/genes", "s.c", GENES.head(0), ORIGIN)
    kept = lake.history("differential/genes", "s.c")
    assert [len(pl.read_parquet(path)) for path in kept] == [2, 1]
    assert json.loads(kept[0].with_suffix(".json").read_text())["recipe"] == "other"


def test_a_damaged_file_is_replaced_and_not_kept(lake: Lake) -> None:
    lake.write("differential/genes", "s.c", GENES, ORIGIN)
    path = lake.path("differential/genes", "s.c")
    path.write_bytes(path.read_bytes()[:-4] + b"rot!")
    lake.write("differential/genes", "s.c", GENES.head(1), ORIGIN)
    assert lake.verify("differential/genes", "s.c")
    assert lake.history("differential/genes", "s.c") == []


def test_what_a_killed_process_left_beside_is_swept_away(lake: Lake) -> None:
    folder = lake.path("differential/genes", "s.c").parent
    left, being_written = folder / ".s.c.parquet.1.part", folder / ".s.c.parquet.2.part"
    left.write_bytes(b"half")
    being_written.write_bytes(b"half")
    os.utime(left, (0, 0))
    lake.prepare()
    assert not left.exists()
    assert being_written.exists()


def test_two_threads_that_write_one_file_at_once_leave_a_whole_one(tmp_path: Path) -> None:
    path, both = tmp_path / "state.json", Barrier(2)

    def write(text: str) -> None:
        def slowly(beside: Path) -> None:
            both.wait(10)
            beside.write_text(text)
            both.wait(10)

        write_beside(path, slowly)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, ("one", "another")))
    assert path.read_text() in ("one", "another")
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_written_in_the_moment_of_a_look_is_seen_by_a_quick_one(lake: Lake) -> None:
    def names(*, is_quick: bool = False) -> list[str]:
        return list(looked_at(lake, "differential/genes", "names", lambda key: key, is_quick=is_quick))

    def write(partition: str, at: int) -> None:
        """Write a partition at a time in nanoseconds, as the folder has it."""
        lake.write("differential/genes", partition, GENES, ORIGIN)
        os.utime(lake.path("differential/genes", partition).parent, ns=(at, at))

    moment, long_ago = time.time_ns() + 10**9, time.time_ns() - 10**12
    write("s.a", moment)
    assert names() == ["s.a"]
    write("s.b", moment)
    assert names(is_quick=True) == ["s.a", "s.b"]
    write("s.c", long_ago)
    assert names() == ["s.a", "s.b", "s.c"]
    write("s.d", long_ago)
    assert names(is_quick=True) == ["s.a", "s.b", "s.c"], "an old folder of the same time is not looked at"


def test_another_version_of_the_package_looks_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.write("differential/genes", "s.a", GENES, ORIGIN)
    assert looked_at(lake, "differential/genes", "names", lambda _: "found") == {"s.a": "found"}
    assert looked_at(lake, "differential/genes", "names", lambda _: "found again") == {"s.a": "found"}
    monkeypatch.setattr("dmicc_assets.lake.looked_at.version", lambda _: "of tomorrow")
    assert looked_at(lake, "differential/genes", "names", lambda _: "found again") == {"s.a": "found again"}


def test_forgetting_a_study_leaves_the_others(lake: Lake) -> None:
    for study in ("s", "s2"):
        lake.write("differential/genes", f"{study}.c", GENES, ORIGIN)
        lake.write("differential/genes", f"{study}.c", GENES.head(1), ORIGIN)
    assert lake.forget("s") == 1
    assert lake.partitions("differential/genes") == ["s2.c"]
    assert lake.history("differential/genes", "s.c") == []
    assert len(lake.history("differential/genes", "s2.c")) == 1


def test_what_a_study_no_longer_names_goes_and_its_history_stays(lake: Lake) -> None:
    for partition in ("s.c", "s.old", "s2.old"):
        lake.write("differential/genes", partition, GENES, ORIGIN)
    assert lake.retire("s", {"s.c"}) == ["s.old"]
    assert lake.partitions("differential/genes") == ["s.c", "s2.old"]
    assert not lake.path("differential/genes", "s.old").exists()
    (kept,) = lake.history("differential/genes", "s.old")
    assert len(pl.read_parquet(kept)) == 2
    assert json.loads(kept.with_suffix(".json").read_text())["because"] == "the study file no longer names it"
    assert lake.retire("s", {"s.c"}) == []


def test_between_file_and_manifest_a_kill_leaves_no_manifest_of_other_rows(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = pl.DataFrame({"dataset": ["D", "D"], "sample": ["S1", "S2"], "is_case": [True, False]})
    samples = samples.with_columns(patient=pl.lit(None), unit=pl.lit(None), batch=pl.lit(None), same_as=pl.lit(None))
    before = lake.write("cohort/samples", "s.c", samples, ORIGIN)

    def killed(_path: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("dmicc_assets.lake.store.file_sha256", killed)
    with pytest.raises(KeyboardInterrupt):
        lake.write("cohort/samples", "s.c", samples.with_columns(~pl.col("is_case")), ORIGIN)
    assert lake.path("cohort/samples", "s.c").stat().st_size == before.n_bytes, "the size alone would not show it"
    assert lake.read("cohort/samples", "s.c")["is_case"].to_list() == [False, True]
    assert lake.manifest("cohort/samples", "s.c") is None


def test_rows_without_a_manifest_can_be_forgotten(lake: Lake) -> None:
    lake.write("differential/genes", "s.c", GENES, ORIGIN)
    lake.path("differential/genes", "s.c").with_suffix(".json").unlink()
    assert lake.forget("s") == 1
    assert not lake.path("differential/genes", "s.c").exists()


def test_content_does_not_see_the_last_digits(lake: Lake) -> None:
    digits = [1.0, -0.0, 1e-300, 123456.789012345, np.pi, None]
    nudged = [1.0 + 1e-15, 0.0, 1e-300 * (1 + 1e-15), 123456.789012345 + 1e-10, np.pi * (1 - 1e-15), float("nan")]
    contents: set[str] = set()
    for values in (digits, nudged, [1.0 + 1e-9, *nudged[1:]]):
        frame = pl.DataFrame({"gene": list("abcdef"), "log_fc": values}).with_columns(
            p_value=pl.lit(0.5), adj_p_value=pl.lit(0.5), direction=pl.lit("up")
        )
        contents.add(lake.write("differential/genes", "s.c", frame, ORIGIN).content)
    assert len(contents) == 2


def test_content_sees_values_nulls_and_borders_but_no_volatile_column() -> None:
    table = TABLES["source/files"]
    row = {"study": "s", "dataset": "D", "role": "matrix", "file": "ab", "sha256": "c", "n_bytes": 1, "etag": "x"}

    def content(**changes: object) -> str:
        frame = pl.DataFrame([row | changes]).with_columns(
            *(pl.lit(None).alias(name) for name in table.schema if name not in row)
        )
        return content_hash(table, frame.select(table.schema.names()).cast(dict(table.schema)))

    assert content() == content(etag="y")
    assert (
        len({content(), content(file="a", sha256="bc"), content(sha256=None), content(sha256=""), content(n_bytes=2)})
        == 5
    )


def _write_for_ever(root: object, locks: object) -> None:
    lake = Lake(root, locks)  # type: ignore[arg-type] - paths, pickled
    for i in range(100_000):
        lake.write("differential/genes", "s.c", GENES.with_columns(log_fc=pl.lit(float(i))), ORIGIN)


def test_a_killed_writer_leaves_a_whole_partition(lake: Lake) -> None:
    writer = multiprocessing.get_context("spawn").Process(target=_write_for_ever, args=(lake.root, lake._locks))
    writer.start()
    while not lake.path("differential/genes", "s.c").with_suffix(".json").exists():
        time.sleep(0.01)
    for _ in range(50):
        assert len(lake.read("differential/genes", "s.c")) == 2
    assert writer.pid is not None
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    assert len(pl.read_parquet(lake.path("differential/genes", "s.c"))) == 2
    lake.write("differential/genes", "s.c", GENES, ORIGIN)
    assert lake.verify("differential/genes", "s.c")


def test_a_manifest_is_read_once_while_its_file_is_the_same(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    table, partition = "differential/genes", "s.c"

    def write(rows: pl.DataFrame, at: int) -> int:
        lake.write(table, partition, rows, ORIGIN)
        os.utime(lake.path(table, partition).with_suffix(".json"), ns=(at, at))
        found = lake.manifest(table, partition)
        assert found is not None
        return found.n_rows

    long_ago = time.time_ns() - 10**12
    assert write(GENES, long_ago) == GENES.height
    assert write(GENES.head(1), long_ago) == 1, "another file of the same time"
    path = lake.path(table, partition).with_suffix(".json")
    read = list[Path]()
    monkeypatch.setattr(Path, "read_text", lambda path, **_: read.append(path))
    assert lake.manifest(table, partition) is not None
    assert path not in read
