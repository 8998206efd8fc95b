import gzip
import json
import re
import shutil
from functools import partial
from pathlib import Path

import dagster as dg
import pytest
import yaml

from dmicc_assets.assets import STEPS
from dmicc_assets.errors import DataError, DmiccError
from dmicc_assets.lake.recipes import origin, run_step
from dmicc_assets.lake.steps import Step, partition_keys
from dmicc_assets.lake.store import Lake
from dmicc_assets.lake.workspace import Workspace, open_workspace
from dmicc_assets.orchestration.keys import SERIES, asset_key
from dmicc_assets.orchestration.run import Outcome, StudyRun
from dmicc_assets.study.schema import Study
from dmicc_assets.study.settings import Settings
from dmicc_assets.tables import TABLES
from dmicc_assets.types import PartitionKey
from dmicc_assets.warehouse.build import open_warehouse
from dmicc_assets_tests.integration.conftest import Outcomes, RunSmall, run_study
from dmicc_assets_tests.unit.lake.test_lake import as_of_another_version

pytestmark = pytest.mark.apart
HTML = b"<!DOCTYPE html>\n<html><body>Service unavailable</body></html>\n" * 20


def states(outcomes: dict[str, Outcome]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, outcome in outcomes.items():
        found.setdefault(outcome.state, set()).add(name)
    return found


def series_matrix(settings: Settings, dataset: str) -> Path:
    (path,) = (settings.simulated_mirror / "geo").glob(f"series/*/*/matrix/{dataset}_series_matrix.txt.gz")
    return path


def rewrite(path: Path, change: tuple[str, str], count: int = 1) -> None:
    text = gzip.decompress(path.read_bytes()).decode()
    changed, n = re.subn(*change, text, count=count)
    assert n
    path.write_bytes(gzip.compress(changed.encode(), mtime=0))


@pytest.mark.slow
def test_a_study_runs_once_and_then_only_what_changed(
    first_run: tuple[Path, Outcomes], materialised: Settings, no_pictures: None
) -> None:
    home, run_small = materialised, partial(run_study, materialised)
    _, first = first_run
    assert set(states(first)) == {"made"}
    instance = dg.DagsterInstance.get()
    made = instance.get_latest_materialization_event(asset_key("differential/statistics"))
    assert made is not None
    assert made.asset_materialization is not None
    assert made.asset_materialization.metadata["dagster/row_count"].value > 2000
    assert instance.get_materialized_partitions(asset_key("expression/genes")) == {
        f"small.{dataset}" for dataset in ("SIM101", "SIM102-SIMP2", "SIM201", "SIM-EXT")
    }
    assert instance.fetch_observations(SERIES, limit=10).records

    assert set(states(run_small())) == {"current"}

    # a header-only edit recomputes no statistics; the report lists the files that were read
    rewrite(series_matrix(home, "SIM101"), (r'(!Series_summary\t)"', r'\1"Revised. '))
    again = states(run_small())
    of_header = {"files small.SIM101", "dataset small.SIM101", "report small"}
    assert again["made"] | again.get("unchanged", set()) == of_header

    # values of one series: its cohort and study are made again, the other cohort is not
    rewrite(series_matrix(home, "SIM201"), (r'(\n"?[^\t"]+"?\t)-?\d+\.\d+', r"\g<1>3.25"), count=40)
    again = states(run_small())
    assert "cohort small.disease_b" in again["made"]
    assert {"cohort small.disease_a", "dataset small.SIM101", "differential small.disease_a"} <= again["current"]

    # what is lost or damaged is made again, and nothing else
    lake = Lake(home.lake, home.locks)
    lake.path("differential/genes", "small.disease_a").unlink()
    again = states(run_small())
    assert again == {"made": {"differential small.disease_a"}, "current": set(first) - again["made"]}
    path = lake.path("validation/roc", "small")
    damaged = path.read_bytes()[:-4] + b"rot!"
    path.write_bytes(damaged)
    with pytest.raises(
        DataError, match=r"small is left out of every view: .*`dmicc run small --verify` computes it again"
    ):
        run_small()
    assert "roc small" in states(run_small(verify=True))["unchanged"]

    # the lake outlives a lost DAGSTER_HOME
    instance.dispose()
    shutil.rmtree(home.dagster_home)
    home.prepare_home()
    assert set(states(run_small())) == {"current"}

    with open_warehouse(home) as connection:
        for table in TABLES.values():
            connection.execute(f"SELECT count(*) FROM {table.view}").fetchall()
        genes = connection.sql("SELECT DISTINCT gene FROM signature.genes").pl()["gene"].to_list()
        truth = json.loads((home.simulated_mirror / "truth.json").read_text())
        assert len(set(genes) & set(truth["signature"])) >= 5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "SIM101"),
        (HTML, "SIM101_series_matrix.txt.gz"),
        (b"plain text, no gzip", "SIM101_series_matrix.txt.gz"),
        ("truncated", "SIM101_series_matrix.txt.gz"),
        ("no end", "SIM101_series_matrix.txt.gz"),
        ("row count", "SIM101_series_matrix.txt.gz"),
    ],
    ids=["missing", "html", "no gzip", "truncated", "no end of the table", "row count"],
)
def test_a_broken_series_is_refused_and_nothing_of_it_is_kept(
    home: Settings, content: bytes | str | None, said: str
) -> None:
    """Without Dagster, which takes seconds; that it then makes nothing of the series is tested below."""
    path = series_matrix(home, "SIM101")
    if content is None:
        shutil.rmtree(path.parent.parent)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "truncated":
        path.write_bytes(path.read_bytes()[:-4000])
    elif content == "no end":
        rewrite(path, ("!series_matrix_table_end\n?", ""))
    else:
        rewrite(path, (r"!Sample_data_row_count\t.*", "!Sample_data_row_count" + '\t"17"' * 52))
    with pytest.raises(DmiccError, match=re.escape(said)) as broken:
        make("files", "small.SIM101", home)
    assert len(str(broken.value).splitlines()) <= 2
    assert Lake(home.lake, home.locks).partitions("source/files") == []
    assert not list(home.lake.rglob("*.part"))


def make(name: str, key: str, settings: Settings) -> None:
    """Make one partition of a step without Dagster."""
    (step,) = (step for step in STEPS if step.name == name)
    context = open_workspace(settings).context(step, PartitionKey(key))
    run_step(context, origin(context))


def test_a_missing_series_stops_itself_and_what_needs_it(run_small: RunSmall, home: Settings) -> None:
    shutil.rmtree(series_matrix(home, "SIM101").parent.parent)
    for name in ("files", "dataset"):
        make(name, "small.SIM201", home)
    outcomes = run_small("source", key="small.SIM101") | run_small("cohort")
    assert outcomes["files small.SIM101"].state == "failed"
    assert "SIM101" in outcomes["files small.SIM101"].message
    assert outcomes["dataset small.SIM101"].state == "blocked"
    assert outcomes["cohort small.disease_b"].state == "made"
    assert outcomes["cohort small.disease_a"].state == "failed"
    assert "of small.SIM101 was never materialised: run it without --only" in outcomes["cohort small.disease_a"].message
    assert Lake(home.lake, home.locks).partitions("source/files") == ["small.SIM201"]


def edit_study(home: Settings, change: tuple[str, str]) -> None:
    path = home.study_folders[0] / "small.yaml"
    text = path.read_text()
    assert re.search(change[0], text)
    path.write_text(re.sub(change[0], change[1], text))


@pytest.mark.parametrize(
    ("change", "failed", "said"),
    [
        ((r"expect: 149", "expect: 150"), "dataset small.SIM201", "149 samples are carcinoma, the study expects 150"),
        ((r"any: \(\?i\)normal duct", "any: nothing of it"), "dataset small.SIM201", "matches no label rule"),
        ((r"any: \(\?i\)normal duct", "any: duct"), "dataset small.SIM201", "matches 2 label rules"),
        (
            (r"collapse: mean|matrix: SIM.EXT.sampleMap/HiSeqV2", "matrix: SIM.NONE/X"),
            "files small.SIM-EXT",
            "SIM.NONE/X",
        ),
    ],
)
def test_labels_that_do_not_fit_stop_the_dataset(
    home: Settings, change: tuple[str, str], failed: str, said: str
) -> None:
    edit_study(home, change)
    name, key = failed.split()
    if name == "dataset":
        make("files", key, home)
    with pytest.raises(DmiccError, match=re.escape(said)):
        make(name, key, home)
    assert Lake(home.lake, home.locks).partitions("source/samples") == []


def test_labels_that_do_not_fit_are_a_failed_check_in_dagster(run_small: RunSmall, home: Settings) -> None:
    edit_study(home, (r"expect: 149", "expect: 150"))
    outcomes = run_small("source", key="small.SIM201")
    assert outcomes["dataset small.SIM201"].state == "failed"
    assert "149 samples are carcinoma, the study expects 150" in outcomes["dataset small.SIM201"].message
    check = dg.AssetCheckKey(asset_key("source/datasets"), "D04_label_rules")
    history = dg.DagsterInstance.get().event_log_storage.get_asset_check_execution_history(check, limit=10)
    assert [record.status.value for record in history] == ["FAILED"]


def test_nothing_differs_is_a_result(materialised: Settings, no_pictures: None) -> None:
    # an earlier version of the package wrote the findings: that stops nothing, and they are in the history
    as_of_another_version(Lake(materialised.lake, materialised.locks), "rigor/findings", "small", "measure")
    edit_study(materialised, (r"log_fc: 1.0", "log_fc: 30"))
    now = states(run_study(materialised))
    assert not now.keys() & {"failed", "blocked"}
    assert {"differential small.disease_a", "signature small", "model small", "findings small"} <= now["made"]
    assert "report small" not in now["current"]
    with open_warehouse(materialised) as connection:
        for view in ("differential.genes", "signature.genes", "signature.biomarkers", "model.coefficients"):
            assert connection.execute(f"SELECT count(*) FROM {view}").fetchall() == [(0,)]
        assert connection.execute("SELECT n_shared FROM signature.overlap").fetchall() == [(0,)]
        earlier = connection.execute("SELECT DISTINCT measure FROM history.rigor_findings").fetchall()
        assert earlier == [(None,)]


def test_a_title_is_in_the_recipes_of_what_says_it(workspace: Workspace) -> None:
    study = workspace.studies["small"]
    cohorts = {name: cohort.model_copy(update={"title": "Another"}) for name, cohort in study.cohorts.items()}
    renamed = study.model_copy(update={"title": "Another", "cohorts": cohorts})

    def settings(step: Step, of: Study) -> list[str]:
        parts = [key.split(".", 1)[-1] for key in partition_keys(step.partition, of)]
        return [json.dumps(step.settings(of, part), default=str) for part in parts]

    assert [step.name for step in STEPS if settings(step, study) != settings(step, renamed)] == [
        "judgement",
        "report",
    ]


def test_a_cohort_that_left_the_study_file_is_in_no_answer(materialised: Settings, no_pictures: None) -> None:
    path = materialised.study_folders[0] / "small.yaml"
    content = yaml.safe_load(path.read_text())
    content["cohorts"]["disease_c"] = content["cohorts"].pop("disease_a")
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    workspace = open_workspace(materialised)
    run = StudyRun(workspace, "small")
    assert {o.state for o in run.materialise(run.plan("cohort"), lambda _step, _key: None)} == {"made", "current"}
    assert run.warnings == ["small.disease_a: the study file no longer names it; its results are deleted"]
    with open_warehouse(materialised) as connection:
        for view in ("cohort.samples", "cohort.expression", "differential.genes", "enrichment.terms"):
            assert not connection.execute(f"SELECT * FROM {view} WHERE cohort = 'disease_a'").fetchall(), view
        kept = connection.execute("SELECT DISTINCT because FROM history.differential_genes").fetchall()
    assert kept == [("the study file no longer names it",)]


def test_the_case_needs_no_data(home: Settings) -> None:
    """Nothing of the paper's study can be fetched here, and its case is in SQL all the same."""
    run = StudyRun(open_workspace(home), "dm_icc")
    assert [outcome.state for outcome in run.materialise(run.plan("clinical"), lambda _step, _key: None)] == ["made"]
    with open_warehouse(home) as connection:
        observed = connection.execute("SELECT count(*) FROM clinical.case_observations").fetchall()
        reported = connection.execute("SELECT author FROM clinical.reported_cases ORDER BY year").fetchall()
    assert observed == [(48,)]
    assert reported == [("Knowles",), ("Suh",), ("Yasuda",)]
    again = StudyRun(open_workspace(home), "dm_icc")
    assert [o.state for o in again.materialise(again.plan("clinical"), lambda _step, _key: None)] == ["current"]
