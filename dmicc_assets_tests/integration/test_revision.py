"""A revision at GEO: the sensor detects it, and Dagster's daemons compute only results that depend on it."""

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from dmicc_assets.cli.outdated import outdated_sources
from dmicc_assets.errors import SourceError
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.orchestration.build import build_defs
from dmicc_assets.orchestration.keys import GENE_SETS, SERIES
from dmicc_assets.orchestration.run import StudyRun
from dmicc_assets.study.settings import Settings
from dmicc_assets.warehouse.build import open_warehouse
from dmicc_assets_tests.worlds import fake_geo as fake
from dmicc_assets_tests.worlds.daemon import QUICK, Daemon, Ran, daemon_over
from dmicc_assets_tests.worlds.fake_geo import FakeGeo
from dmicc_assets_tests.worlds.living_definitions import NAMES
from dmicc_assets_tests.worlds.living_geo import COHORTS, PLATFORMS, LivingGeo, living_settings
from dmicc_assets_tests.worlds.small_mirror import CONTACT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.* is deprecated and will be removed:DeprecationWarning"),  # Dagster's own use
]


@pytest.fixture
def geo(tmp_path: Path) -> LivingGeo:
    return LivingGeo(tmp_path / "mirror")


@pytest.fixture
def server(geo: LivingGeo) -> Iterator[FakeGeo]:
    with FakeGeo(geo.root) as server:
        yield server


@pytest.fixture
def settings(tmp_path: Path, server: FakeGeo, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home whose sources are all on the fake GEO."""
    monkeypatch.setattr(
        "dmicc_assets.orchestration.pictures.Pictures.picture", lambda _context, _manifest: None
    )  # seen elsewhere
    settings = living_settings(tmp_path, server)
    settings.prepare_home()
    with (settings.dagster_home / "dagster.yaml").open("a") as configuration:
        configuration.write(QUICK.format(folder=settings.dagster_home / "events"))
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    return settings


@pytest.fixture
def daemon(settings: Settings) -> Iterator[Daemon]:
    """The daemons, switched on after both studies were run from the command line."""
    for study in COHORTS:
        run = StudyRun(open_workspace(settings), study)
        plan = [(step, key) for step, key in run.plan() if step.name in NAMES]
        outcomes = run.materialise(plan, lambda _step, _key: None)
        assert {outcome.state for outcome in outcomes} == {"made"}, [outcome.message for outcome in outcomes]
    with daemon_over("dmicc_assets_tests.worlds.living_definitions") as daemon:
        yield daemon


def steps_of(ran: Ran) -> set[str]:
    """What ran as `dmicc outdated` says it: step and partition; the catalog, which reads every study, left out."""
    from dmicc_assets.assets import STEPS

    step = {table: step.name for step in STEPS for table in step.outputs}
    return {f"{step[table]} of {partition}" for table, partition in ran if table != "warehouse/catalog"}


def outdated(settings: Settings) -> dict[str, set[str]]:
    """What `dmicc outdated` would have computed again, of the steps at hand, by the dataset that was revised."""
    workspace = open_workspace(settings)
    states = [state for study in COHORTS for state in outdated_sources(workspace, workspace.studies[study])]
    assert {state.state for state in states} <= {"up to date", "revised"}, states
    revised = {state.key: state.recomputed for state in states if state.state == "revised"}
    return {key: {each for each in steps if each.split(" of ")[0] in NAMES} for key, steps in revised.items()}


def of_dataset(*keys: str) -> set[str]:
    return {f"{step} of {key}" for key in keys for step in ("files", "dataset")}


def of_cohort(key: str) -> set[str]:
    return {f"{step} of {key}" for step in ("cohort", "differential")}


OF_STUDY = {f"{step} of living" for step in ("signature", "ranking", "out_of_fold", "model", "roc")}


# by way of what they do not read themselves, these hang on the cohorts that they read
ONCE = ("signature/biomarkers", "model/coefficients", "validation/roc")


def test_a_revision_runs_what_it_touches_and_nothing_else(
    daemon: Daemon, geo: LivingGeo, server: FakeGeo, settings: Settings
) -> None:
    # the runs reported what they saw: the first tick sees the same, and there is nothing to do
    assert set(daemon.tick_sensor()) == {*PLATFORMS, None}
    assert daemon.follow() == set()
    assert daemon.tick_sensor() == [], "the second tick sees nothing new"
    assert outdated(settings) == {}

    # only a header: the dataset is read again, its content is as before, and no statistics follow
    geo.revise_header("GSE1001")
    assert set(outdated(settings)) == {"living.GSE1001"}
    assert daemon.tick_sensor() == ["GSE1001"]
    ran = daemon.follow()
    assert steps_of(ran) == of_dataset("living.GSE1001")
    assert daemon.metadata("source/files", "living.GSE1001")["revision"] == (
        "only the header changed: samples and values are the same"
    )

    # values of one series: its dataset, its cohort and its study follow
    geo.revise_values("GSE2001", 0, 4)
    before = outdated(settings)
    assert daemon.tick_sensor() == ["GSE2001"]
    ran = daemon.follow()
    assert steps_of(ran) == of_dataset("living.GSE2001") | of_cohort("living.sclerosis") | OF_STUDY
    assert before == {"living.GSE2001": steps_of(ran)}, "`dmicc outdated` said the same"
    assert [len(daemon.all_metadata(each, "living")) for each in ONCE] == [2] * len(ONCE), "once before, once after"
    assert ("warehouse/catalog", None) in ran
    assert daemon.metadata("source/files", "living.GSE2001")["revision"] == "32 values changed"
    check_history(settings, daemon)

    # another symbol on one platform: both series on it are read anew
    geo.revise_platform("GPL1", {"GENE20": "RENAMED"})
    assert set(outdated(settings)) == {"living.GSE1001", "living.GSE1002"}
    assert set(daemon.tick_sensor()) == {"GSE1001", "GSE1002"}
    ran = steps_of(daemon.follow())
    assert ran >= of_dataset("living.GSE1001", "living.GSE1002") | of_cohort("living.lupus")
    assert not [step for step in ran if "GSE2001" in step or "sclerosis" in step or " of other" in step]
    assert daemon.metadata("source/files", "living.GSE1002")["revision"] == "1 probe with a changed gene"

    assert daemon.tick_sensor() == [], "the second tick sees nothing new"
    assert daemon.follow() == set()
    assert outdated(settings) == {}

    # what cannot be fetched now is fetched later, though nothing else changes
    geo.revise_header("GSE3001")
    assert daemon.tick_sensor() == ["GSE3001"]
    server.plan("GSE3001_series_matrix", fake.status(400))
    assert daemon.follow(n_failed=1) == set()
    assert daemon.follow(n_failed=1) == set()
    assert steps_of(daemon.follow(hours=7, n_failed=1)) == of_dataset("other.GSE3001")


def check_history(settings: Settings, daemon: Daemon) -> None:
    """What the revision of GSE2001 changed stands in the history and in the metadata."""
    left = {f"GENE{i}" for i in range(4)}
    with open_warehouse(settings) as connection:

        def ask(query: str) -> list[tuple[object, ...]]:
            return connection.execute(query).fetchall()

        old = ask("SELECT gene, revision, since < until, because FROM history.differential_genes")
        assert left <= {row[0] for row in old}
        assert {row[1:] for row in old} == {(1, True, "cohort/expression of living.sclerosis changed")}
        rows = ask("SELECT what, cohort, gene, change FROM history.differences WHERE what LIKE '%.genes'")
        assert set(rows) == {
            *(("differential.genes", "sclerosis", gene, "left") for gene in left),
            *(("signature.genes", cohort, gene, "left") for cohort in COHORTS["living"] for gene in left),
        }
        moved = ask("SELECT gene, before, after FROM history.differences WHERE change = 'moved' AND before <> after")
        assert ("GENE9", 0.984375, 0.9921875) in moved
        revisions = ask("SELECT DISTINCT asset FROM history.revisions WHERE study = 'other'")
        assert revisions == [], "of the other study nothing was replaced"
    for asset, partition in (("differential/genes", "living.sclerosis"), ("signature/genes", "living")):
        said = daemon.metadata(asset, partition)["what_changed"]
        assert said == "0 genes entered (none), 4 left (GENE0, GENE1, GENE2, GENE3)"
    said = [each["what_changed"] for each in daemon.all_metadata("validation/roc", "living")]
    assert any("GENE9 in sclerosis (apparent) from 0.984 to 0.992" in str(text) for text in said)


class Sensor:
    """The revision sensor alone, without a daemon."""

    def __init__(self, settings: Settings) -> None:
        self.defs = build_defs(open_workspace(settings))
        self.resources = dict(self.defs.resources or {})
        self.sensor = self.defs.resolve_sensor_def("source_revisions")
        self.cursor: str | None = None

    def tick(self) -> set[str | None]:
        context = dg.build_sensor_context(
            dg.DagsterInstance.get(), cursor=self.cursor, definitions=self.defs, resources=self.resources
        )
        result = self.sensor.evaluate_tick(context)
        self.cursor = result.cursor
        return {event.partition for event in result.asset_events}


def test_it_is_off_until_it_is_switched_on(settings: Settings) -> None:
    defs = build_defs(open_workspace(settings))
    sensor, schedule = (
        defs.resolve_sensor_def("source_revisions"),
        defs.resolve_schedule_def("weekly_observe_and_verify"),
    )
    assert (sensor.default_status, sensor.minimum_interval_seconds) == (dg.DefaultSensorStatus.STOPPED, 600)
    assert (schedule.default_status, schedule.cron_schedule) == (dg.DefaultScheduleStatus.STOPPED, "0 3 * * 0")


def test_a_series_without_an_answer_is_asked_again_and_hides_no_other(settings: Settings, geo: LivingGeo) -> None:
    sensor = Sensor(settings)
    gone = geo.paths["GSE1001"].read_bytes()
    geo.paths["GSE1001"].unlink()
    assert sensor.tick() == {None, "GSE1002", "GSE2001", "GSE3001"}
    geo.paths["GSE1001"].write_bytes(gone)
    assert sensor.tick() == {"GSE1001"}
    assert sensor.tick() == set()


def test_what_a_tick_has_no_time_for_is_first_in_the_next(settings: Settings) -> None:
    sensor = Sensor(settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dmicc_assets.orchestration.sensors._seconds_a_tick", lambda: -1.0)
        assert sensor.tick() == {None}, "no time at all: the gene sets only"
        sensor.cursor = json.dumps(json.loads(sensor.cursor or "{}") | {"next": "GSE2001"})
        assert sensor.tick() == set()
    assert json.loads(sensor.cursor)["next"] == "GSE2001"
    assert sensor.tick() == {"GSE2001", "GSE3001"}


def test_a_round_goes_on_tick_by_tick_and_the_next_begins_six_hours_after_it(settings: Settings) -> None:
    """A thousand series are a round of many ticks: whoever waits longest is first, and no one is asked twice."""
    sensor, asked, silent = Sensor(settings), list[str](), {"GSE1001"}

    def served(_: object, accession: str) -> str:
        asked.append(accession)
        if accession in silent:
            silent.remove(accession)
            raise SourceError(f"{accession}: no answer")
        return accession

    class Clock:
        """Time passes only while a source is asked, so that a tick has time for one."""

        def monotonic(self) -> float:
            return float(len(asked))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dmicc_assets.orchestration.sensors.served_now", served)
        patch.setattr("dmicc_assets.orchestration.sensors._seconds_a_tick", lambda: 0.0)
        patch.setattr("dmicc_assets.orchestration.sensors.time", Clock())
        for _ in range(20):
            sensor.tick()
    assert set(asked) >= set(PLATFORMS)
    assert asked == [*dict.fromkeys(asked), "GSE1001"], "what gave no answer is asked again, after all others"
    cursor = json.loads(sensor.cursor or "{}")
    sensor.cursor = json.dumps(cursor | {"begun": cursor["begun"] - 6 * 3600})
    sensor.tick()
    assert json.loads(sensor.cursor)["begun"] > cursor["begun"] - 1


def test_a_cursor_of_an_earlier_version_is_read(settings: Settings) -> None:
    sensor = Sensor(settings)
    sensor.tick()
    sensor.cursor = json.dumps(json.loads(sensor.cursor or "{}")["versions"])
    assert sensor.tick() == set()


@pytest.fixture
def weekly(settings: Settings) -> dg.JobDefinition:
    """The weekly job, in a home where two datasets of `living` were fetched and read."""
    run = StudyRun(open_workspace(settings), "living")
    plan = [(step, key) for step, key in run.plan("source") if key != "living.GSE2001"]
    assert {outcome.state for outcome in run.materialise(plan, lambda _step, _key: None)} == {"made"}
    return build_defs(open_workspace(settings)).resolve_job_def("observe_and_verify")


def failure_of(job: dg.JobDefinition) -> str:
    """The message of a weekly run that fails."""
    result = job.execute_in_process(instance=dg.DagsterInstance.get(), raise_on_error=False)
    assert not result.success
    (failed,) = (event for event in result.all_events if event.is_step_failure)
    data = failed.step_failure_data.user_failure_data
    assert data is not None
    return data.description or ""


def test_the_weekly_job_observes_everything(weekly: dg.JobDefinition) -> None:
    instance = dg.DagsterInstance.get()
    assert weekly.execute_in_process(instance=instance).success
    seen = {record.partition_key for record in instance.fetch_observations(SERIES, limit=50).records}
    assert seen == set(PLATFORMS)
    assert instance.fetch_observations(GENE_SETS, limit=1).records


def test_the_weekly_job_names_every_damaged_file(weekly: dg.JobDefinition, settings: Settings) -> None:
    result = open_workspace(settings).lake.path("source/samples", "living.GSE1001")
    (download,) = settings.downloads.glob("??/*/GSE1002_series_matrix.txt.gz")
    for path in (result, download):
        content = bytearray(path.read_bytes())
        content[40] ^= 0xFF
        path.write_bytes(content)
    said = failure_of(weekly).splitlines()
    assert [line.split(": ")[0] for line in said] == [str(result), str(download)]
    assert "`dmicc run living --verify` computes it again" in said[0]
    assert "`dmicc run STUDY --only source --force` downloads it again" in said[1]


def test_the_weekly_job_fails_for_a_series_that_is_needed_and_gone(weekly: dg.JobDefinition, geo: LivingGeo) -> None:
    geo.paths["GSE3001"].unlink()  # of a study without results
    assert weekly.execute_in_process(instance=dg.DagsterInstance.get()).success
    geo.paths["GSE1002"].unlink()
    assert failure_of(weekly).startswith("GSE1002: neither a series matrix nor http://127.0.0.1")


def test_nothing_that_is_made_holds_who_submitted_the_data(weekly: dg.JobDefinition, settings: Settings) -> None:
    """The files as served, in `downloads/`, are the one place: their checksums are what is verified."""
    private = [text.encode() for text in CONTACT]
    kept = [path for path in settings.home.rglob("*") if path.is_file() and not path.is_relative_to(settings.downloads)]
    assert len(kept) > 20
    assert not [path for path in kept if any(text in path.read_bytes() for text in private)]
    tables = [pl.read_parquet(path) for path in settings.lake.rglob("source/*/living.*.parquet")]
    assert not [text for frame in tables for text in CONTACT if text in str(frame.to_dicts())]
