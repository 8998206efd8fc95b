import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from dmicc_assets.orchestration import held_databases as module
from dmicc_assets.orchestration.held_databases import held_databases


@dg.asset
def made() -> int:
    return 1


def n_materialised(index: Path) -> int:
    """How often the asset was materialised, as another process would read it."""
    with closing(sqlite3.connect(index)) as connection:
        asked = "SELECT count(*) FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION'"
        return connection.execute(asked).fetchone()[0]


def creators() -> list[object]:
    """What makes the engines of Dagster's storages now."""
    return [getattr(storage, module._CREATE) for storage in module._STORAGES]


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test(temp_dir=str(tmp_path_factory.mktemp("dagster"))) as found:
        yield found


@pytest.fixture
def index(instance: dg.DagsterInstance) -> Path:
    """The file of all events."""
    return Path(instance.root_directory) / "history" / "runs" / "index.db"


def test_others_read_what_is_told_while_the_files_are_held(instance: dg.DagsterInstance, index: Path) -> None:
    log, before = index.with_name("index.db-wal"), n_materialised(index)
    with held_databases():
        for n in (1, 2):
            assert dg.materialize([made], instance=instance).success
            assert n_materialised(index) == before + n
        assert log.exists()  # a connection that was closed did not copy it back
        assert sa.create_engine not in creators()
    assert not log.exists()
    assert set(creators()) == {sa.create_engine}
    assert dg.materialize([made], instance=instance).success
    assert n_materialised(index) == before + 3


def test_what_is_told_is_in_the_file_at_the_end_though_the_ui_has_it_open(
    instance: dg.DagsterInstance, index: Path, tmp_path: Path
) -> None:
    before, alone = n_materialised(index), tmp_path / "alone.db"
    with closing(sqlite3.connect(index)) as of_ui:
        with held_databases():
            assert dg.materialize([made], instance=instance).success
            of_ui.execute("SELECT count(*) FROM event_logs").fetchone()
        shutil.copy(index, alone)  # without its log, which is on the disk only after a checkpoint
        assert n_materialised(alone) == before + 1
