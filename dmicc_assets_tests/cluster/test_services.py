"""Redis, PostgreSQL and S3 themselves: conditional writes, locks and the request rate that machines share."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from pydantic import SecretStr

from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.advisory_locks import AdvisoryLocks, HeldError, try_advisory_locks
from dmicc_assets.lake.object_store import open_storage
from dmicc_assets.lake.store_trial import try_store
from dmicc_assets_tests.cluster.services import Services, services
from dmicc_assets_tests.worlds.fake_geo import FakeGeo

RATE = 20.0
ASK = """
import sys
from pathlib import Path
from pydantic import SecretStr
from dmicc_assets.geo.http.client import GeoClient
url, database, home, rate = sys.argv[1:]
client = GeoClient(url, f"{url}/query/acc.cgi", url, Path(home) / "cache", Path(home) / "locks", rate=float(rate),
                   locks_url=SecretStr(database))
for number in range(12):
    client.listing(f"{url}/folder_{number}/")
"""

PIDS = """
import sys
from sqlalchemy import text
from dagster_postgres import PostgresEventLogStorage, PostgresRunStorage
from dmicc_assets.orchestration.held_connections import hold_connections
hold_connections()
for storage in [kind(sys.argv[1]) for kind in (PostgresEventLogStorage, PostgresRunStorage) for _ in range(3)]:
    with (storage.index_connection if hasattr(storage, "index_connection") else storage.connect)() as connection:
        print(connection.execute(text("SELECT pg_backend_pid()")).scalar())
"""


@pytest.fixture(scope="module")
def network() -> Iterator[Services]:
    with services() as found:
        yield found


@pytest.fixture
def _network(network: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in network.environment().items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("_network")
def test_an_s3_server_has_the_conditional_writes_that_are_needed(tmp_path: Path) -> None:
    storage = open_storage("s3://lake/storage")
    try_store(storage)
    path = tmp_path / "rows"
    path.write_bytes(bytes(range(256)) * 40_000)  # of several parts
    storage.upload("study/objects/rows", path)
    assert storage.download("study/objects/rows", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == path.read_bytes()
    assert not storage.download("study/objects/none", tmp_path / "none")
    assert storage.read("study/none") is None
    assert list(storage.listing("study")) == ["study/objects/rows"]
    assert storage.folders() == ["study"]
    storage.delete("study/objects/rows")
    storage.delete("study/objects/rows")
    assert storage.folders() == []


@pytest.mark.usefixtures("_network")
def test_a_forked_process_says_that_it_cannot_use_the_store_and_a_spawned_one_can() -> None:
    assert open_storage("s3://lake/forked").folders() == []
    for method, found in (("fork", "SourceError"), ("spawn", "nothing")):
        with ProcessPoolExecutor(1, mp_context=get_context(method)) as pool:
            assert pool.submit(what_is_raised).result(60) == found


def what_is_raised() -> str:
    try:
        open_storage("s3://lake/forked").folders()
    except DmiccError as error:
        return type(error).__name__
    return "nothing"


def test_a_lock_of_one_machine_is_waited_for_by_another_and_freed_by_its_death(network: Services) -> None:
    url = SecretStr(network.postgres)
    try_advisory_locks(url)
    locks = AdvisoryLocks(url, "lake")
    with locks.hold("study s", is_shared=True), locks.hold("study s", is_shared=True):
        with pytest.raises(HeldError, match="study s is held on another machine"), locks.hold("study s", waits=False):
            pass
        with AdvisoryLocks(url, "another lake").hold("study s", waits=False):
            pass
    holder = (
        "import sys, time; from pydantic import SecretStr; from dmicc_assets.lake.advisory_locks import AdvisoryLocks\n"
        "with AdvisoryLocks(SecretStr(sys.argv[1]), 'lake').hold('study s'): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", holder, network.postgres], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        waited: list[str] = []
        with ThreadPoolExecutor(1) as pool:
            killed = pool.submit(lambda: (time.sleep(0.5), other.kill()))
            with locks.hold("study s", report_waiting=waited.append):
                assert killed.done()
        assert waited == ["study s is held on another machine; waiting for it"]


def test_three_machines_together_ask_no_faster_than_the_rate(network: Services, tmp_path: Path) -> None:
    with FakeGeo(tmp_path) as geo:
        homes = [str(tmp_path / f"home_{each}") for each in range(3)]
        command = [sys.executable, "-c", ASK, geo.geo_url, network.postgres]
        asking = [subprocess.Popen([*command, home, str(RATE)]) for home in homes]
        assert [each.wait() for each in asking] == [0, 0, 0]
        assert len(geo.requests) == 36
        assert geo.keeps_pace(RATE)


def test_a_worker_keeps_its_connection_to_dagster_s_database(network: Services) -> None:
    url = network.environment()["DAGSTER_POSTGRES_URL"]
    printed = subprocess.run([sys.executable, "-c", PIDS, url], capture_output=True, text=True, check=True).stdout
    assert len(printed.split()) == 6
    assert len(set(printed.split())) <= 2  # two were needed at once while tables were made
