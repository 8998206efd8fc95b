"""Up-to-date and outdated partitions, on a study of local files computed up to its signature."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from dmicc_assets.assets import STEPS
from dmicc_assets.errors import DataError, SourceError
from dmicc_assets.lake import making, remaining
from dmicc_assets.lake.currency import Currency, recorded, served, study_currency
from dmicc_assets.lake.failures import clear_failure, note_failure
from dmicc_assets.lake.making import Outcome
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.recipes import origin, run_step
from dmicc_assets.lake.remaining import Remaining
from dmicc_assets.lake.steps import Result, Step, StepContext, partition_keys
from dmicc_assets.lake.store import Lake
from dmicc_assets.lake.workspace import Workspace, open_workspace
from dmicc_assets.orchestration.judged_study import judge_study
from dmicc_assets.study.settings import Settings
from dmicc_assets.tables import TABLES, Column
from dmicc_assets.tables.table import COUNT
from dmicc_assets.types import PartitionKey
from dmicc_assets.warehouse.build import open_warehouse
from dmicc_assets_tests.worlds.local_study import local_study, run_steps, values_of

NAMES = ("files", "dataset", "cohort", "differential", "signature")
MADE = [step for step in STEPS if step.name in NAMES]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state in which the study was made up to its signature."""
    folder = tmp_path_factory.mktemp("state") / "kept"
    folder.mkdir()
    settings = local_study(folder, {name: values_of(name, 6, 6, seed) for seed, name in enumerate("AB")})
    assert run_steps(settings, without=[step.name for step in STEPS if step not in MADE]) == {}
    return folder


@pytest.fixture
def settings(kept: Path, tmp_path: Path) -> Settings:
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    nowhere = (kept / "nowhere").as_uri()
    return Settings(home=tmp_path / "home", studies=str(tmp_path / "studies"), geo_url=nowhere, xena_url=nowhere)


def edit(settings: Settings, **changes: object) -> None:
    (path,) = settings.study_folders[0].glob("local.yaml")
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))


def step_named(name: str) -> Step:
    (step,) = (step for step in STEPS if step.name == name)
    return step


def stale(settings: Settings) -> dict[str, Currency]:
    states = study_currency(open_workspace(settings), "local", MADE)
    return {state.name: state for state in states if not state.is_current}


def make(workspace: Workspace, name: str, key: str) -> None:
    context = workspace.context(step_named(name), key)
    run_step(context, origin(context))


def test_what_was_just_made_is_up_to_date_and_no_source_is_asked(settings: Settings) -> None:
    (settings.study_folders[0] / "A.tsv").unlink()
    assert stale(settings) == {}
    with pytest.raises(SourceError, match=r"A\.tsv"):
        study_currency(open_workspace(settings), "local", MADE, served)


def test_what_an_earlier_version_hashed_in_another_way_is_up_to_date_and_stays_so(settings: Settings) -> None:
    """Manifests as before hashes had a version: other contents, and the recipes that follow from them."""
    workspace = open_workspace(settings)
    lake, study = workspace.lake, workspace.studies["local"]
    partitions = [(step, key) for step in MADE for key in partition_keys(step.partition, study)]
    for step, key in partitions:
        context = workspace.context(step, key)
        now = origin(context, recorded(context))
        for table in step.outputs:
            path = lake.path(table, key).with_suffix(".json")
            said = json.loads(path.read_text())
            content = sha256(said["content"].encode()).hexdigest()
            del said["content_version"]
            path.write_text(json.dumps(said | {"content": content, "recipe": now.recipe, "inputs": now.inputs}))
    assert stale(settings) == {}
    for step, key in partitions:
        assert making.make(workspace.context(step, key), is_forced=True).state == "unchanged"
    assert stale(settings) == {}


def test_a_changed_setting_reaches_all_that_follows_from_it(settings: Settings) -> None:
    edit(settings, differential={"log_fc": 2.0})
    found = stale(settings)
    assert set(found) == {"differential of local.a", "differential of local.b", "signature of local"}
    assert found["differential of local.a"].because == "the study file changed"
    signature = found["signature of local"]
    assert signature.because == "differential/genes of local.a is out of date"
    assert signature.root_cause == "differential of local.a: the study file changed"


def test_a_new_column_makes_its_table_anew(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    table = TABLES["signature/genes"]
    monkeypatch.setitem(TABLES, table.name, replace(table, columns=(*table.columns, Column("x", COUNT, "x"))))
    assert {name: state.because for name, state in stale(settings).items()} == {
        "signature of local": "the declaration of its tables changed"
    }


def test_a_changed_input_is_named(settings: Settings) -> None:
    edit(settings, differential={"log_fc": 2.0})
    workspace = open_workspace(settings)
    for cohort in ("local.a", "local.b"):
        make(workspace, "differential", cohort)
    because = stale(settings)["signature of local"].because
    assert because.startswith("differential/genes of local.a, ")
    assert because.endswith(" changed")


def test_a_lost_file_is_named(settings: Settings) -> None:
    open_workspace(settings).lake.path("cohort/samples", "local.a").unlink()
    found = stale(settings)
    assert found["cohort of local.a"].because == "the file of cohort/samples is missing or damaged"
    assert found["differential of local.a"].because == "cohort/expression of local.a is out of date"
    assert found["signature of local"].root_cause == (
        "cohort of local.a: the file of cohort/samples is missing or damaged"
    )
    assert "cohort of local.b" not in found


def test_what_a_failure_blocks_says_so_until_it_is_made(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(settings, differential={"log_fc": 2.0})
    workspace = open_workspace(settings)

    def fails(*_: object) -> None:
        raise ValueError("no such luck\nsecond line")

    with monkeypatch.context() as patch:
        patch.setattr("dmicc_assets.assets.differential.model_statistics", fails)
        with pytest.raises(DataError):
            make(workspace, "differential", "local.a")
    found = stale(settings)
    failed = "failed: differential of local.a: no such luck"
    assert found["differential of local.a"].because == failed
    assert found["differential of local.b"].because == "the study file changed"
    assert found["signature of local"].because == "blocked: differential of local.a " + failed
    edit(settings, differential={"log_fc": 1.5})
    assert stale(settings)["differential of local.a"].because == "the study file changed", "what failed was another"
    edit(settings, differential={"log_fc": 2.0})
    for cohort in ("local.a", "local.b"):
        make(workspace, "differential", cohort)
    make(workspace, "signature", "local")
    assert stale(settings) == {}


def test_a_source_that_failed_is_asked_again_whatever_it_serves_now(settings: Settings) -> None:
    """What it would have been made from is not known of a source that did not answer."""
    lake, key = open_workspace(settings).lake, PartitionKey.of("local", "A")
    note_failure(lake, "files", key, "a recipe of other files", SourceError("A.tsv: no answer"))
    assert stale(settings)["files of local.A"].because == "failed: A.tsv: no answer"
    clear_failure(lake, "files", key)
    note_failure(lake, "cohort", PartitionKey.of("local", "a"), "another recipe", DataError("what failed was another"))
    assert stale(settings) == {}


def test_a_failure_of_its_own_comes_before_what_it_reads(settings: Settings) -> None:
    workspace = open_workspace(settings)
    recipe = origin(workspace.context(step_named("signature"), "local")).recipe
    note_failure(workspace.lake, "signature", PartitionKey("local"), recipe, DataError("no gene is shared"))
    workspace.lake.path("cohort/samples", "local.a").unlink()
    found = stale(settings)
    assert found["differential of local.a"].because == "cohort/expression of local.a is out of date"
    assert found["signature of local"].because == "failed: no gene is shared"


def test_a_table_that_is_not_as_declared_leaves_all_tables_of_its_step(settings: Settings) -> None:
    edit(settings, differential={"log_fc": 2.0})
    workspace, step = open_workspace(settings), step_named("differential")
    before = workspace.lake.manifest("differential/statistics", "local.a")

    def without_direction(context: StepContext) -> Result:
        result = step.compute(context)
        genes = result.frames["differential/genes"].drop("direction")
        return Result({**result.frames, "differential/genes": genes}, result.notes)

    context = workspace.context(replace(step, compute=without_direction), "local.a")
    with pytest.raises(DataError, match="the columns direction are missing"):
        run_step(context, origin(context))
    assert workspace.lake.manifest("differential/statistics", "local.a") == before


def test_of_two_equal_runs_the_second_finds_nothing_to_do(settings: Settings) -> None:
    edit(settings, differential={"log_fc": 2.0})
    context = open_workspace(settings).context(step_named("differential"), PartitionKey("local.a"))
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: making.make(context), range(2)))
    assert sorted(each.state for each in made) == ["current", "made"]
    assert made[0].written[0].manifest == made[1].written[0].manifest


def test_the_judgement_is_in_sql(settings: Settings) -> None:
    edit(settings, differential={"log_fc": 2.0})
    judge_study(open_workspace(settings), "local")
    with open_warehouse(settings) as connection:
        counted = dict(
            connection.execute("SELECT is_current, count(*) FROM warehouse.partitions GROUP BY ALL").fetchall()
        )
        assert counted[True] > 10
        (row,) = connection.execute(
            "SELECT because, root_cause, made_from[1], written_at < judged_at FROM warehouse.partitions "
            "WHERE table_name = 'signature/genes' AND partition = 'local'"
        ).fetchall()
        assert row[1] == "differential of local.a: the study file changed"
        assert row[2].startswith("differential/genes of local.a, ")
        assert row[3]
        never = connection.execute(
            "SELECT made_from, written_at, content FROM warehouse.partitions WHERE table_name = 'rigor/findings'"
        ).fetchall()
        assert never == [([], None, None)]
        assert connection.execute("SELECT study FROM warehouse.partitions WHERE partition = 'all'").fetchall() == [
            ("all",)
        ]
    open_workspace(settings).lake.forget("local")
    with open_warehouse(settings) as connection:
        assert connection.execute("SELECT * FROM warehouse.partitions WHERE study = 'local'").fetchall() == []


def test_the_time_left_is_that_of_earlier_runs_for_what_is_out_of_date(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signature was never timed here, as in a lake of an earlier version: then nothing is said."""
    edit(settings, differential={"log_fc": 2.0})
    workspace = open_workspace(settings)
    seconds = {"differential/statistics": 10.0, "signature/genes": 0.0}
    read = Lake.manifest

    def timed(lake: Lake, table: str, partition: str) -> Manifest | None:
        made = read(lake, table, partition)
        assert made is None or made.seconds > 0
        return replace(made, seconds=seconds[table]) if made is not None and table in seconds else made

    monkeypatch.setattr(Lake, "manifest", timed)
    monkeypatch.setattr(remaining, "perf_counter", lambda: 100.0)
    plan = [(step, key) for step in MADE for key in partition_keys(step.partition, workspace.studies["local"])]
    first = ("differential", PartitionKey("local.a"))
    left = Remaining(workspace, "local", plan)
    assert left.seconds is None
    left.started(*first)
    assert left.seconds is None
    seconds["signature/genes"] = 2.0
    left = Remaining(workspace, "local", plan)
    left.started(*first)
    assert left.seconds == pytest.approx(22.0)
    monkeypatch.setattr(remaining, "perf_counter", lambda: 130.0)  # slower than before
    left.ended(Outcome(step_named("differential"), PartitionKey("local.a"), "made", 30.0))
    slowness = (30.0 + 10.0) / (10.0 + 10.0)
    assert left.seconds == pytest.approx(slowness * 12.0, rel=0.01)
    monkeypatch.setattr(remaining, "perf_counter", lambda: 160.0)
    left.ended(Outcome(step_named("differential"), PartitionKey("local.b"), "current"))
    assert left.seconds == pytest.approx(slowness * 2.0, rel=0.01)
