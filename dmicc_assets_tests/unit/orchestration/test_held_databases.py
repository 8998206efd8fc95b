import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from dmicc_assets.orchestration.held_databases import HeldDatabases, Transactions


@dg.asset
def made() -> int:
    return 1


def n_materialised(events: Path) -> int:
    """How often the asset was materialised, as another process would read it."""
    with closing(sqlite3.connect(events)) as connection:
        asked = "SELECT count(*) FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION'"
        return connection.execute(asked).fetchone()[0]


def write(events: Path) -> None:
    """Write to a file as another process, which does not wait."""
    with closing(sqlite3.connect(events, timeout=0)) as connection:
        connection.execute("DELETE FROM event_logs WHERE id < 0")


def broken_off(instance: dg.DagsterInstance, transactions: Transactions) -> None:
    with transactions.whole():
        assert dg.materialize([made], instance=instance).success
        raise KeyboardInterrupt


def interrupted(instance: dg.DagsterInstance, run_id: str) -> None:
    with HeldDatabases(instance).held(run_id):
        assert report(instance, run_id)
        raise KeyboardInterrupt


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test(temp_dir=str(tmp_path_factory.mktemp("dagster"))) as found:
        yield found


@pytest.fixture
def files(instance: dg.DagsterInstance) -> Path:
    """Where the files of events are."""
    return Path(instance.root_directory) / "history" / "runs"


def report(instance: dg.DagsterInstance, run_id: str) -> bool:
    job = dg.Definitions([made]).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(instance=instance, run_id=run_id).success


def test_what_is_told_is_there_for_others_at_the_end_of_each_block(instance: dg.DagsterInstance, files: Path) -> None:
    databases, before = HeldDatabases(instance), n_materialised(files / "index.db")
    for n in (1, 2, 3):  # the files of the second and third run are copies of the first, as it was when it was empty
        run_id = str(uuid4())
        with databases.held(run_id):
            assert report(instance, run_id)
            assert n_materialised(files / "index.db") == before + n - 1
        assert n_materialised(files / "index.db") == before + n
        assert n_materialised(files / f"{run_id}.db") == 1
        assert len(instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)) == 1
    assert not list(files.glob("*-wal"))


def test_another_writer_waits(instance: dg.DagsterInstance, files: Path) -> None:
    run_id = str(uuid4())
    with HeldDatabases(instance).held(run_id):
        assert report(instance, run_id)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            write(files / "index.db")
    write(files / "index.db")


def test_others_read_at_once_what_is_committed_in_the_block(instance: dg.DagsterInstance, files: Path) -> None:
    run_id, before = str(uuid4()), n_materialised(files / "index.db")
    with HeldDatabases(instance).held(run_id) as transactions:
        assert report(instance, run_id)
        transactions.commit()
        assert n_materialised(files / "index.db") == before + 1
        write(files / "index.db")
        assert dg.materialize([made], instance=instance).success
        assert n_materialised(files / "index.db") == before + 1
    assert n_materialised(files / "index.db") == before + 2


def test_the_file_of_runs_is_never_held(instance: dg.DagsterInstance) -> None:
    runs = Path(instance.root_directory) / "history" / "runs.db"
    with HeldDatabases(instance).held(str(uuid4())):
        assert dg.materialize([made], instance=instance).success
        with closing(sqlite3.connect(runs, timeout=0)) as connection:
            connection.execute("DELETE FROM runs WHERE id < 0")
            connection.commit()
            (n,) = connection.execute("SELECT count(*) FROM runs").fetchone()
        assert n == instance.get_runs_count(), "each change is there for others at once"


def test_what_is_written_whole_is_taken_back_by_an_error(instance: dg.DagsterInstance, files: Path) -> None:
    before = n_materialised(files / "index.db")
    with HeldDatabases(instance).held() as transactions:
        with pytest.raises(KeyboardInterrupt):
            broken_off(instance, transactions)
        with transactions.whole():
            assert dg.materialize([made], instance=instance).success
        assert n_materialised(files / "index.db") == before + 1
    assert n_materialised(files / "index.db") == before + 1


def test_what_was_told_before_an_error_is_kept(instance: dg.DagsterInstance, files: Path) -> None:
    run_id, before = str(uuid4()), n_materialised(files / "index.db")
    with pytest.raises(KeyboardInterrupt):
        interrupted(instance, run_id)
    assert n_materialised(files / "index.db") == before + 1
    assert report(instance, str(uuid4()))  # as ever
    assert n_materialised(files / "index.db") == before + 2


def test_a_file_of_a_run_is_as_dagster_makes_it(instance: dg.DagsterInstance, files: Path) -> None:
    databases, by_copy, by_dagster = HeldDatabases(instance), str(uuid4()), str(uuid4())
    for run_id in (str(uuid4()), by_copy):
        with databases.held(run_id):
            assert report(instance, run_id)
    assert report(instance, by_dagster)

    def schema(run_id: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(files / f"{run_id}.db")) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
            marks = connection.execute("SELECT * FROM alembic_version").fetchall()
            return [(mode,), *marks, *connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name")]

    assert schema(by_copy) == schema(by_dagster)


def test_another_storage_is_left_alone() -> None:
    with dg.DagsterInstance.ephemeral() as instance, HeldDatabases(instance).held(str(uuid4())):
        assert not isinstance(instance.event_log_storage, SqliteEventLogStorage)
        assert dg.materialize([made], instance=instance).success
