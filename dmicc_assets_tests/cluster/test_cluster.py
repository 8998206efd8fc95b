"""Two workers with homes of their own compute what one machine computes, and a killed one loses nothing."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets_tests.cluster.machines import Cluster, Contents, contents, kill
from dmicc_assets_tests.cluster.services import Services, services, wait_for
from dmicc_assets_tests.worlds.local_study import local_study, run_steps, values_of

N_STUDIES = 2  # of one cohort each: a study of more takes a minute of a core


@pytest.fixture(scope="module")
def network() -> Iterator[Services]:
    with services() as found:
        yield found


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Contents]:
    """The folder of study files, and what one machine makes of them without Dagster."""
    folder = tmp_path_factory.mktemp("alone")
    settings = local_study(folder, {name: values_of(name, 8, 8, seed) for seed, name in enumerate("A")})
    (studies,) = settings.study_folders
    text = (studies / "local.yaml").read_text()
    (studies / "local.yaml").unlink()
    names = [f"study_{number}" for number in range(N_STUDIES)]
    for number, name in enumerate(names):
        changed = text.replace("study: local", f"study: {name}").replace("trees: 10", f"trees: {10 + number}")
        (studies / f"{name}.yaml").write_text(changed)
    for name in names:
        assert run_steps(settings, name) == {}
    return studies, contents(open_workspace(settings))


@pytest.fixture
def cluster(
    tmp_path: Path, network: Services, alone: tuple[Path, Contents], monkeypatch: pytest.MonkeyPatch
) -> Cluster:
    for name, value in network.environment().items():
        monkeypatch.setenv(name, value)
    return Cluster(tmp_path, alone[0], network)


def are_made(cluster: Cluster, expected: Contents) -> bool:
    return set(contents(cluster.reader())) >= set(expected)


def test_a_killed_worker_loses_nothing_and_the_results_are_those_of_one_machine(
    cluster: Cluster, alone: tuple[Path, Contents]
) -> None:
    _, expected = alone
    names = sorted({key.partition(".")[0] for _, key in expected})
    with cluster.daemon(), cluster.worker("one") as one, cluster.worker("two"):
        cluster.submit(names)
        wait_for(lambda: len(contents(cluster.reader())) > len(expected) / 10, 600)
        kill(one, signal.SIGKILL)
        begun = time.monotonic()
        wait_for(lambda: are_made(cluster, expected), 1200)
        print(f"{time.monotonic() - begun:.0f} s after the kill")
        statuses = json.loads(cluster.ask("statuses"))
        wait_for(lambda: json.loads(cluster.ask("statuses")).get("STARTED", 0) == 0, 120)
    print(statuses)
    found = contents(cluster.reader())
    assert {each for each in expected if found[each] != expected[each]} == set()
