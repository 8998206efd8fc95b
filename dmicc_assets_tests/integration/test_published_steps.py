"""Steps of a study on machines that share a lake: each is computed once, and never from inputs that were replaced."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from dmicc_assets.assets import STEPS
from dmicc_assets.errors import SourceError
from dmicc_assets.geo.http.cache import FileCache
from dmicc_assets.lake import published, shelf
from dmicc_assets.lake.currency import Currency
from dmicc_assets.lake.making import Made, make
from dmicc_assets.lake.published import PublishedLake
from dmicc_assets.lake.recipes import origin
from dmicc_assets.lake.shelf import DownloadShelf
from dmicc_assets.lake.steps import Result, Step, StepContext, partition_keys
from dmicc_assets.lake.store import Lake
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.orchestration.build import build_defs
from dmicc_assets.orchestration.keys import asset_key
from dmicc_assets.orchestration.reports import Reports
from dmicc_assets.orchestration.run import StudyRun
from dmicc_assets.study.settings import Settings
from dmicc_assets.types import PartitionKey
from dmicc_assets_tests.worlds.local_study import local_study, run_steps, values_of
from dmicc_assets_tests.worlds.memory_storage import MemoryStorage

NAMES = ("files", "dataset", "cohort", "differential")
MADE = [step for step in STEPS if step.name in NAMES]


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Settings, Settings, Settings]:
    """The same study of local files on a machine alone, and on two that share a lake."""
    alone = local_study(tmp_path, {name: values_of(name, 6, 6, seed) for seed, name in enumerate("AB")})
    storage = MemoryStorage()
    for module in (published, shelf):
        monkeypatch.setattr(module, "open_storage", lambda _: storage)
    homes = [alone.model_copy(update={"home": tmp_path / name, "lake_url": "s3://bucket"}) for name in ("one", "two")]
    for each in homes:
        each.prepare_home()
    return alone, homes[0], homes[1]


def made(settings: Settings, step: Step, key: PartitionKey) -> Made:
    return make(open_workspace(settings).context(step, key))


def contents(settings: Settings) -> dict[tuple[str, str], str]:
    lake = open_workspace(settings).lake
    there = [(table, key) for step in MADE for table in step.outputs for key in lake.partitions(table)]
    return {each: found.content for each in there if (found := lake.manifest(*each))}


def test_two_machines_in_turn_make_what_one_makes_alone(machines: tuple[Settings, Settings, Settings]) -> None:
    alone, *pair = machines
    assert run_steps(alone, without=[step.name for step in STEPS if step not in MADE]) == {}
    study = open_workspace(alone).studies["local"]
    turns = [(step, key) for step in MADE for key in partition_keys(step.partition, study)]
    states = [made(pair[number % 2], step, key).state for number, (step, key) in enumerate(turns)]
    assert set(states) == {"made"}
    assert contents(pair[0]) == contents(pair[1]) == contents(alone)
    assert {made(pair[1], step, key).state for step, key in turns} == {"current"}


def test_a_result_of_inputs_that_were_replaced_meanwhile_is_computed_again(
    machines: tuple[Settings, Settings, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, one, two = machines
    files, dataset, cohort = (next(step for step in MADE if step.name == name) for name in NAMES[:3])
    key = PartitionKey("local.A")
    made(one, files, key)
    made(one, dataset, key)
    n_computed = 0

    def compute(context: StepContext) -> Result:
        """While this machine reads, another publishes other values, and a reader here takes them over."""
        nonlocal n_computed
        n_computed += 1
        if n_computed == 1:
            there = open_workspace(two).context(dataset, key)
            rows = there.lake.read("expression/genes", key).with_columns(pl.col("value") + 1)
            there.lake.refresh("local")
            manifest = there.lake.manifest("expression/genes", key)
            assert manifest is not None
            there.lake.write("expression/genes", key, rows, replace(origin(there), recipe=manifest.recipe))
            open_workspace(one)
        return cohort.compute(context)

    assert made(one, replace(cohort, compute=compute), PartitionKey("local.a")).state == "made"
    assert n_computed == 2
    value = open_workspace(two).lake.read_matrix("cohort/expression", "local.a").values.mean()
    published_now = open_workspace(two).lake.read_matrix("expression/genes", "local.A").values.mean()
    assert value == pytest.approx(published_now, abs=1e-9)


def test_a_sensor_tells_dagster_of_what_other_machines_published_since_it_began(
    machines: tuple[Settings, Settings, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, one, two = machines
    dataset, key = next(step for step in MADE if step.name == "dataset"), PartitionKey("local.A")
    made(one, MADE[0], key)
    made(one, dataset, key)
    definitions, instance = build_defs(open_workspace(one)), dg.DagsterInstance.ephemeral()
    there = open_workspace(two).context(dataset, key)
    there.lake.refresh("local")
    rows = there.lake.read("expression/genes", key).with_columns(pl.col("value") + 1)
    published_now = there.lake.write("expression/genes", key, rows, origin(there))
    monkeypatch.setattr("dmicc_assets.orchestration.sensors.libraries_now", lambda _: "")
    monkeypatch.setattr("dmicc_assets.orchestration.sensors.accessions", lambda _: list[str]())
    sensor, resources = definitions.resolve_sensor_def("source_revisions"), dict(definitions.resources or {})
    sensor.evaluate_tick(dg.build_sensor_context(instance, definitions=definitions, resources=resources))
    (told,) = instance.fetch_materializations(asset_key("expression/genes"), limit=10).records
    assert (told.event_log_entry.tags or {})[DATA_VERSION_TAG] == published_now.content

    def gone(_: object) -> list[str]:
        raise SourceError("s3://bucket: no answer")

    monkeypatch.setattr(MemoryStorage, "folders", gone)
    tick = sensor.evaluate_tick(dg.build_sensor_context(instance, definitions=definitions, resources=resources))
    assert tick.skip_message == "s3://bucket: no answer"
    cursor = json.dumps({"versions": {}, "next": "study local", "begun": time.time(), "failed": []})
    going_on = dg.build_sensor_context(instance, cursor, definitions=definitions, resources=resources)
    assert json.loads(sensor.evaluate_tick(going_on).cursor or "") == json.loads(cursor), "the next tick begins there"


def test_the_weekly_job_sweeps_whatever_else_is_wrong(
    machines: tuple[Settings, Settings, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, one, _ = machines
    key, swept = PartitionKey("local.A"), list[str]()
    made(one, MADE[0], key)
    monkeypatch.setattr(PublishedLake, "sweep", lambda lake: swept.append("swept") or 0)
    monkeypatch.setattr("dmicc_assets.orchestration.jobs._damaged_results", lambda _: ["a damaged file"])
    monkeypatch.setattr("dmicc_assets.orchestration.jobs.libraries_now", lambda _: "")
    monkeypatch.setattr("dmicc_assets.orchestration.jobs.accessions", lambda _: list[str]())
    weekly = build_defs(open_workspace(one)).resolve_job_def("observe_and_verify")
    assert not weekly.execute_in_process(instance=dg.DagsterInstance.ephemeral(), raise_on_error=False).success
    assert swept == ["swept"]


def test_a_run_that_waited_for_another_machine_begins_with_what_that_published(
    machines: tuple[Settings, Settings, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, one, two = machines
    seen = list[str]()

    class Seen(Exception):  # noqa: N818 - it only ends the run
        pass

    def reconcile(_: Reports, states: Callable[[], Sequence[Currency]]) -> None:
        seen.extend(state.name for state in states() if state.is_current)
        raise Seen

    monkeypatch.setattr(Reports, "reconcile", reconcile)
    run = StudyRun(open_workspace(one), "local")
    made(two, MADE[0], PartitionKey("local.A"))
    with pytest.raises(Seen):
        run.materialise(run.plan())
    assert seen == ["files of local.A"]


def test_a_download_of_one_machine_is_a_file_of_the_other(tmp_path: Path) -> None:
    here, there = (FileCache(tmp_path / name, DownloadShelf(SHELF)) for name in ("here", "there"))
    part = tmp_path / "part"
    part.write_text("values")
    adopted = here.adopt(part, "matrix.txt", "matrix", "https://host/matrix.txt", etag="1")
    found = there.recorded("https://host/matrix.txt", "matrix")
    assert found is not None
    assert found.sha256 == adopted.sha256
    assert found.path.read_text() == "values"
    found.path.unlink()
    assert there.is_whole(found)
    assert there.recorded("https://host/other.txt", "matrix") is None


SHELF = MemoryStorage()


def test_a_lake_in_a_folder_is_no_shared_one(machines: tuple[Settings, Settings, Settings]) -> None:
    alone, one, _ = machines
    assert type(open_workspace(alone).lake) is Lake
    assert alone.lake == alone.home / "lake"
    assert one.lake != one.home / "lake", "the home's own lake stays as it is"
