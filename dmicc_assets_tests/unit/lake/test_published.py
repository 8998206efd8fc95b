"""A lake that machines share: what one publishes the others have, and of two at once one wins."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from dmicc_assets.errors import DataError
from dmicc_assets.lake.failures import clear_failure, failure_of, note_failure
from dmicc_assets.lake.manifest import Origin
from dmicc_assets.lake.published import PublishedLake
from dmicc_assets.lake.storage import LostRaceError
from dmicc_assets.tables import TABLES
from dmicc_assets.types import ExpressionMatrix, PartitionKey, matrix_rows
from dmicc_assets_tests.worlds.memory_storage import MemoryStorage, machine
from dmicc_assets_tests.worlds.two_genes import GENES, ORIGIN

OTHER = replace(ORIGIN, recipe="another", settings={"log_fc": 2})
TABLE, KEY = "differential/genes", "s.c"


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def here(storage: MemoryStorage, tmp_path: Path) -> PublishedLake:
    return machine(storage, tmp_path / "here")


@pytest.fixture
def there(storage: MemoryStorage, tmp_path: Path) -> PublishedLake:
    return machine(storage, tmp_path / "there")


def test_another_machine_has_rows_matrices_and_manifests_after_it_refreshes(
    here: PublishedLake, there: PublishedLake
) -> None:
    matrix = ExpressionMatrix(np.array([[1.0, np.nan], [4.0, 5.0]]), ("G1", "G2"), ("S1", "S2"))
    written = here.write(TABLE, KEY, GENES, ORIGIN)
    here.write("expression/genes", "s.D", matrix_rows({"value": matrix, "count": matrix}), ORIGIN)
    assert there.manifest(TABLE, KEY) is None
    there.refresh("s")
    assert there.manifest(TABLE, KEY) == written
    assert there.partitions(TABLE) == [KEY]
    assert not there.path(TABLE, KEY).exists(), "rows are copied when they are read"
    assert there.read(TABLE, KEY).equals(here.read(TABLE, KEY))
    np.testing.assert_array_equal(there.read_matrix("expression/genes", "s.D").values, matrix.values)
    assert there.verify(TABLE, KEY)


def test_the_loser_of_a_race_with_the_same_recipe_takes_the_winner_s_result(
    here: PublishedLake, there: PublishedLake
) -> None:
    here.refresh("s")
    there.refresh("s")
    won = here.write(TABLE, KEY, GENES, replace(ORIGIN, run_id="winner"))
    assert there.write(TABLE, KEY, GENES, replace(ORIGIN, run_id="loser")) == won
    assert there.manifest(TABLE, KEY) == won


def test_the_loser_of_a_race_with_another_recipe_is_told_and_has_the_winner_s_rows(
    here: PublishedLake, there: PublishedLake, storage: MemoryStorage
) -> None:
    here.write(TABLE, KEY, GENES, ORIGIN)
    here.refresh("s")
    there.refresh("s")
    won = here.write(TABLE, KEY, GENES.head(1), OTHER)
    with pytest.raises(LostRaceError, match="another process replaced it"):
        there.write(TABLE, KEY, GENES, replace(ORIGIN, recipe="third"))
    assert there.manifest(TABLE, KEY) == won
    assert there.read(TABLE, KEY)["gene"].to_list() == ["B"]


def test_no_result_is_lost_when_four_machines_count_together(storage: MemoryStorage, tmp_path: Path) -> None:
    """Each reads what is there, adds a gene, and begins again when another was faster: all of 12 are there."""
    machines = [machine(storage, tmp_path / str(each)) for each in range(4)]
    machines[0].write(TABLE, KEY, GENES, ORIGIN)

    def add(number: int, lake: PublishedLake) -> int:
        n_lost = 0
        for turn in range(3):
            while True:
                lake.refresh("s")
                rows = lake.read(TABLE, KEY).select(GENES.columns)
                more = pl.concat([rows, GENES.head(1).with_columns(gene=pl.lit(f"G{number}_{turn}"))])
                try:
                    lake.write(TABLE, KEY, more, replace(ORIGIN, recipe=f"{number} {turn}"))
                    break
                except LostRaceError:
                    n_lost += 1
        return n_lost

    with ThreadPoolExecutor(4) as pool:
        lost = sum(pool.map(add, range(4), machines))
    assert lost > 0, "no race was run"
    machines[0].refresh("s")
    assert len(machines[0].read(TABLE, KEY)) == len(GENES) + 12
    assert len(machines[0].history(TABLE, KEY)) == 12


def test_what_a_process_wrote_before_it_was_killed_is_not_published_and_goes(
    here: PublishedLake, there: PublishedLake, storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = here.write(TABLE, KEY, GENES, ORIGIN)

    def killed(*_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(storage, "swap", killed)
        with pytest.raises(KeyboardInterrupt):
            here.write(TABLE, KEY, GENES.head(1), OTHER)
    for lake in (here, there):
        lake.refresh("s")
        assert lake.manifest(TABLE, KEY) == first
        assert len(lake.read(TABLE, KEY)) == len(GENES)
        assert lake.history(TABLE, KEY) == [], "nothing was replaced"


def test_objects_that_no_manifest_names_are_swept_after_a_day(
    here: PublishedLake, storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.age = timedelta(hours=25)
    here.write(TABLE, KEY, GENES, ORIGIN)
    here.write(TABLE, KEY, GENES.head(1), OTHER)  # the first content is history, and stays
    here.write("source/samples", "s.D", pl.DataFrame(schema=samples()), ORIGIN)
    here.write(
        "source/samples", "s.D", pl.DataFrame(schema=samples()), OTHER
    )  # no history: the first object is orphaned
    here.write("source/samples", "s.D", pl.DataFrame(schema=samples()), replace(OTHER, recipe="third"))
    storage.age = timedelta()
    storage.upload("s/objects/source/samples/s.D/whose manifest is about to be swapped.parquet", b"")
    assert here.sweep() == 2
    assert here.sweep() == 0
    here.refresh("s")
    assert here.verify(TABLE, KEY)
    assert here.verify("source/samples", "s.D")
    assert [len(pl.read_parquet(path)) for path in here.history(TABLE, KEY)] == [2]


def test_what_a_reader_follows_is_not_swept_when_its_manifest_was_replaced_just_now(
    here: PublishedLake, there: PublishedLake, storage: MemoryStorage
) -> None:
    storage.age = timedelta(days=30)
    here.write("source/samples", "s.D", pl.DataFrame(schema=samples()), ORIGIN)
    there.refresh("s")
    storage.age = timedelta()
    here.write("source/samples", "s.D", pl.DataFrame(schema=samples()), OTHER)
    assert here.sweep() == 0
    assert there.read("source/samples", "s.D").is_empty()
    storage.age = timedelta(hours=25)
    here.write("source/samples", "s.D", pl.DataFrame(schema=samples()), replace(OTHER, recipe="third"))
    assert here.sweep() == 1


def samples() -> dict[str, pl.DataType]:
    table = TABLES["source/samples"]
    return {name: kind for name, kind in table.schema.items() if name not in table.partition_columns}


def test_earlier_contents_are_there_on_every_machine_with_dates_and_reasons(
    here: PublishedLake, there: PublishedLake
) -> None:
    here.write(TABLE, KEY, GENES, ORIGIN)
    there.refresh("s")
    there.write(TABLE, KEY, GENES.head(1), OTHER)
    here.refresh("s")
    here.write(TABLE, KEY, GENES, ORIGIN)
    there.refresh("s")
    there.bring_tables()
    kept = there.history(TABLE, KEY)
    assert [path.name for path in kept] == ["1.parquet", "2.parquet"]
    assert [pl.read_parquet(path)["gene"].to_list() for path in kept] == [["A", "B"], ["B"]]
    assert '"because": "the study file changed"' in kept[0].with_suffix(".json").read_text()


def test_what_a_study_no_longer_names_and_what_is_forgotten_goes_everywhere(
    here: PublishedLake, there: PublishedLake, storage: MemoryStorage
) -> None:
    here.write(TABLE, KEY, GENES, ORIGIN)
    here.write(TABLE, "s.d", GENES, ORIGIN)
    here.write(TABLE, "t.c", GENES, ORIGIN)
    there.refresh()
    assert there.retire("s", {"s.c"}) == ["s.d"]
    here.refresh("s")
    assert here.partitions(TABLE) == ["s.c", "t.c"]
    assert [len(pl.read_parquet(path)) for path in here.history(TABLE, "s.d")] == [2]
    assert here.forget("s") == 1
    there.refresh()
    assert there.partitions(TABLE) == ["t.c"]
    assert storage.folders() == ["t"]


def test_a_failure_is_known_everywhere_until_the_partition_is_computed(
    here: PublishedLake, there: PublishedLake
) -> None:
    note_failure(here, "dataset", PartitionKey("s.D"), "recipe", DataError("two labels"))
    there.refresh("s")
    failure = failure_of(there, "dataset", PartitionKey("s.D"))
    assert failure is not None
    assert failure.message == "two labels"
    clear_failure(there, "dataset", PartitionKey("s.D"))
    here.refresh("s")
    assert failure_of(here, "dataset", PartitionKey("s.D")) is None


def test_a_failure_is_shared_though_another_process_of_the_machine_deletes_its_file(
    here: PublishedLake, there: PublishedLake, storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh that listed the store before the failure was there takes the file for one that was deleted."""
    key, upload = PartitionKey("s.D"), storage.upload

    def after_a_deletion(name: str, content: bytes | Path) -> None:
        (here.root / "failures" / "dataset" / f"{key}.json").unlink()
        upload(name, content)

    with monkeypatch.context() as patch:
        patch.setattr(storage, "upload", after_a_deletion)
        note_failure(here, "dataset", key, "recipe", DataError("two labels"))
    being_written = here.root / ".published" / "files" / "s" / "failures" / "dataset" / f".{key}.json.1.part"
    being_written.write_text("")
    for lake in (here, there):
        lake.refresh("s")
        assert failure_of(lake, "dataset", key) is not None
    assert being_written.exists(), "another process is about to rename it"


def test_what_is_published_after_a_refresh_listed_the_store_is_not_dropped(
    storage: MemoryStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, other = (machine(storage, tmp_path / "home") for _ in range(2))
    writer.write(TABLE, KEY, GENES, ORIGIN)
    with monkeypatch.context() as patch:
        patch.setattr(storage, "listing", lambda _: {})
        other.refresh("s")
    assert len(writer.read(TABLE, KEY)) == len(GENES)


def test_a_file_beside_the_lake_goes_with_its_manifest(here: PublishedLake, there: PublishedLake) -> None:
    pages = [lake.root.parent / "reports" / "s" / "index.html" for lake in (here, there)]

    def publish(text: str, origin: Origin) -> None:
        pages[0].parent.mkdir(parents=True, exist_ok=True)
        pages[0].write_text(text)
        rows = pl.DataFrame({"study": ["s"], "file": ["index.html"], "title": [text], "n_bytes": [len(text)]})
        rows = rows.with_columns(content_sha256=pl.lit("0" * 64))
        here.write_declared("report/study", "s", rows.cast({"n_bytes": pl.Int64}), origin, files=[pages[0]])

    for text, origin in (("first", ORIGIN), ("second", OTHER)):
        publish(text, origin)
        there.refresh("s")
        assert not pages[1].exists()
        assert there.has_file("report/study", "s", pages[1])
        assert there.bring("report/study", "s", pages[1])
        assert pages[1].read_text() == text


def test_a_damaged_copy_is_replaced_and_a_damaged_object_is_no_result(
    here: PublishedLake, there: PublishedLake, storage: MemoryStorage
) -> None:
    here.write(TABLE, KEY, GENES, ORIGIN)
    path = here.path(TABLE, KEY)
    path.write_bytes(bytes(path.stat().st_size))
    assert here.verify(TABLE, KEY)
    assert len(here.read(TABLE, KEY)) == len(GENES)
    path.write_bytes(b"PAR1 and then nothing")
    assert len(here.read(TABLE, KEY)) == len(GENES), "a copy that was cut is copied again"
    (name,) = storage.listing("s/objects")
    storage.upload(name, b"PAR1 and then nothing")
    there.refresh("s")
    with pytest.raises(DataError, match=r"genes of s\.c: its object .* is damaged .*; `dmicc run s --verify`"):
        there.read(TABLE, KEY)
    assert not there.verify(TABLE, KEY)
    assert not there.is_readable(TABLE, KEY)
    storage.delete(name)
    with pytest.raises(DataError, match=r"is missing in the object store; `dmicc run s --verify` computes"):
        there.read(TABLE, KEY)


def test_processes_of_one_machine_read_and_refresh_its_copy_while_it_changes(
    storage: MemoryStorage, tmp_path: Path
) -> None:
    """Two write on machines of their own, two read one working copy: rows are always those of some manifest."""
    writers = [machine(storage, tmp_path / name) for name in ("one", "two")]
    readers = [machine(storage, tmp_path / "reader") for _ in range(2)]
    writers[0].write(TABLE, KEY, GENES, ORIGIN)

    def write(number: int, lake: PublishedLake) -> None:
        for turn in range(10):
            lake.refresh("s")
            with suppress(LostRaceError):
                lake.write(TABLE, KEY, GENES.head(1 + turn % 2), replace(ORIGIN, recipe=f"{number} {turn}"))

    def read(lake: PublishedLake) -> list[list[str]]:
        found: list[list[str]] = []
        for _ in range(25):
            lake.refresh("s")
            found.append(lake.read(TABLE, KEY)["gene"].to_list())
        return found

    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, *each) for each in enumerate(writers)]
        seen = [rows for rows_of_one in pool.map(read, readers) for rows in rows_of_one]
        for each in writing:
            each.result()
    assert len(seen) == 50
    assert all(rows in (["B"], ["A", "B"]) for rows in seen)
