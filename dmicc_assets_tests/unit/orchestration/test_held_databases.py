import sqlite3
from contextlib import closing
from pathlib import Path

import dagster as dg
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


def test_others_read_what_is_told_while_the_files_are_held(tmp_path: Path) -> None:
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        index = tmp_path / "history" / "runs" / "index.db"
        log = index.with_name("index.db-wal")
        with held_databases():
            for n in (1, 2):
                assert dg.materialize([made], instance=instance).success
                assert n_materialised(index) == n
            assert log.exists()  # a connection that was closed did not copy it back
            assert sa.create_engine not in creators()
        assert not log.exists()
        assert set(creators()) == {sa.create_engine}
        assert dg.materialize([made], instance=instance).success
        assert n_materialised(index) == 3
