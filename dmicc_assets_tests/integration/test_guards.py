"""Integrity checks in Dagster: a failed one stops its own asset and writes no lake file; findings never block."""

import ast
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from dmicc_assets.assets import STEPS
from dmicc_assets.checks.registry import CHECKS
from dmicc_assets.lake.currency import currency
from dmicc_assets.lake.store import Lake
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.orchestration.build import build_defs
from dmicc_assets.orchestration.checks import finding_results
from dmicc_assets.orchestration.keys import asset_key
from dmicc_assets.orchestration.run import StudyRun
from dmicc_assets.study.settings import Settings
from dmicc_assets_tests.conftest import ROOT
from dmicc_assets_tests.worlds.local_study import RULES, local_study, run_steps, values_of

AFTER_FINDINGS = ("report", "published")
pytestmark = pytest.mark.apart
SPEC: dict[str, Any] = {"source": "file", "labels": RULES, "normalise": "none", "tissue": "skin"}


def three() -> dict[str, pl.DataFrame]:
    return {"A": values_of("A", 9, 9, 1), "B": values_of("B", 9, 9, 2), "V": values_of("V", 8, 7, 3)}


def cut_short(folder: Path) -> Settings:
    settings = local_study(folder, three(), datasets={n: SPEC | {"matrix": f"{n}.tsv.gz"} for n in three()})
    for name, frame in three().items():
        whole = gzip.compress(frame.write_csv(separator="\t").encode(), mtime=0)
        (folder / "studies" / f"{name}.tsv.gz").write_bytes(whole[:-40] if name == "B" else whole)
    return settings


def wrong_count(folder: Path) -> Settings:
    rules = [RULES[0] | {"expect": 10}, RULES[1]]
    datasets = {name: SPEC | {"matrix": f"{name}.tsv"} for name in three()}
    datasets["B"] = datasets["B"] | {"labels": rules}
    return local_study(folder, three(), datasets=datasets)


def patients_of_one_class(folder: Path) -> Settings:
    """Two samples a patient, both of one class: `block: fixed` leaves nothing of the group."""
    patient = {"field": "sample", "pattern": r"^(._[sw]\d?)\d$"}
    datasets = {name: SPEC | {"matrix": f"{name}.tsv", "patient": patient} for name in three()}
    return local_study(folder, three(), datasets=datasets, differential={"block": "fixed"})


def one_class_a_dataset(folder: Path) -> Settings:
    sick, well = ({k: v for k, v in three().items() if k == name}[name] for name in "AB")
    matrices = {
        "A": sick.select([c for c in sick.columns if "_w" not in c]),
        "B": well.select([c for c in well.columns if "_s" not in c]),
    }
    return local_study(
        folder, matrices, cohorts={"b": {"title": "B", "datasets": ["A", "B"], "case": "sick", "control": "well"}}
    )


def trained_on(folder: Path) -> Settings:
    frames = three()
    return local_study(folder, frames | {"V": frames["V"].with_columns(frames["B"]["B_w2"])})


def undated_library(folder: Path) -> Settings:
    settings = local_study(folder, three(), enrichment={"libraries": ["LIB"], "min_size": 1})
    library = folder / "gene_sets"
    library.mkdir()
    (library / "LIB.gmt").write_text("SET\tnone\tG000\tG001\tG007\n")
    (library / "LIB.json").write_text(json.dumps({"version": "1", "date": ""}))
    return settings.model_copy(update={"gene_sets": library})


@dataclass(frozen=True)
class Guard:
    """What is spoilt, the step and the partition that stop, and what is said."""

    spoil: Callable[[Path], Settings]
    step: str
    key: str
    said: str


GUARDS = {
    "I1": Guard(cut_short, "files", "local.B", "B.tsv.gz"),
    "D4": Guard(wrong_count, "dataset", "local.B", "the study expects 10"),
    "D5": Guard(patients_of_one_class, "differential", "local.b", "no patient has case and control samples"),
    "D6": Guard(one_class_a_dataset, "cohort", "local.b", "dataset and group are confounded"),
    "I6": Guard(trained_on, "roc", "local", "B_w2"),
    "M8": Guard(undated_library, "terms", "local.b", "empty date"),
}


@pytest.mark.parametrize("code", [code for code, check in CHECKS.items() if check.stops is not None])
def test_a_failed_integrity_check_stops_its_asset(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guard = GUARDS[code]
    settings = guard.spoil(tmp_path)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    (step,) = (one for one in STEPS if one.name == guard.step)
    # What comes before is made without Dagster, which takes a second a partition.
    later = [one.name for one in STEPS[STEPS.index(step) + 1 :]]
    assert f"{guard.step} {guard.key}" in run_steps(settings, without=later)
    run = StudyRun(open_workspace(settings), "local")
    needs_it = [one for one in run.plan() if set(step.outputs) & {each.table for each in one[0].inputs}]
    last = [one for one in needs_it if one[1] in (guard.key, "local")][:1]
    stopped, *after = run.materialise([(step, guard.key), *last], lambda _step, _key: None)
    assert stopped.state == "failed"
    assert guard.said in stopped.message
    assert len(stopped.message.splitlines()) <= 2 or code == "D4"
    assert {one.state for one in after} <= {"failed", "blocked"}
    lake = Lake(settings.lake, settings.locks)
    for table in stopped.step.outputs:
        assert lake.manifest(table, guard.key) is None
        assert not lake.path(table, guard.key).exists()
    first, name = asset_key(stopped.step.outputs[0]), CHECKS[code].asset_check
    spec = build_defs(open_workspace(settings)).resolve_asset_graph().get_check_spec(dg.AssetCheckKey(first, name))
    assert spec.blocking
    history = dg.DagsterInstance.get().event_log_storage.get_asset_check_execution_history(spec.key, limit=10)
    assert "FAILED" in {record.status.value for record in history}


def test_a_check_that_stops_names_the_first_tables_of_steps() -> None:
    first = {step.outputs[0] for step in STEPS}
    for check in CHECKS.values():
        if check.stops is not None:
            assert set(check.stops.tables) <= first, check.code


def codes_raised(path: Path) -> set[str]:
    """Codes of a module's errors: `check="D4"` of a call, `check = "D5"` of a class, `CHECK = "I1"` of a module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.keyword(arg="check", value=ast.Constant(value=str(code))):
                found.add(code)
            case ast.Assign(targets=[ast.Name(id="check" | "CHECK")], value=ast.Constant(value=str(code))):
                found.add(code)
            case _:
                pass
    return found


def test_every_integrity_error_is_of_a_check_that_stops_steps() -> None:
    raised = {code for path in (ROOT / "dmicc_assets").rglob("*.py") for code in codes_raised(path)}
    assert raised == {code for code, check in CHECKS.items() if check.stops is not None}


def test_every_code_is_a_check_of_the_findings_that_blocks_nothing(tmp_path: Path) -> None:
    graph = build_defs(open_workspace(local_study(tmp_path, three()))).resolve_asset_graph()
    specs = {
        key.name: graph.get_check_spec(key) for key in graph.get_check_keys_for_assets({asset_key("rigor/findings")})
    }
    assert set(specs) == {check.asset_check for check in CHECKS.values()}
    assert not any(spec.blocking for spec in specs.values())
    assert {spec.description for spec in specs.values()} == {check.title for check in CHECKS.values()}
    assert all(spec.partitions_def is not None for spec in specs.values())


def test_findings_show_in_dagster_with_their_severity(tmp_path: Path) -> None:
    settings = local_study(tmp_path, {"B": values_of("B", 20, 2, 2)})
    assert run_steps(settings, without=AFTER_FINDINGS) == {}
    step = next(step for step in STEPS if step.name == "findings")
    codes = {check.asset_check: code for code, check in CHECKS.items()}
    results = {
        codes[one.check_name]: one for one in finding_results(step, open_workspace(settings).context(step, "local"))
    }
    assert set(results) == set(CHECKS)
    assert (results["D1"].passed, results["D1"].severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert (results["D2"].passed, results["D2"].severity) == (False, dg.AssetCheckSeverity.WARN)
    assert (results["D4"].passed, results["D7"].passed) == (True, True)
    assert (
        results["D1"].description
        == "b: 20 cases and 2 controls: with 2 in the smaller class a single sample decides what is found"
    )


def test_findings_are_made_again_when_a_note_that_they_read_changes(tmp_path: Path) -> None:
    settings = local_study(tmp_path, {"B": values_of("B", 9, 9, 2)})
    assert run_steps(settings, without=AFTER_FINDINGS) == {}
    step = next(step for step in STEPS if step.name == "findings")
    context = open_workspace(settings).context(step, "local")
    assert currency(context).is_current
    path = context.lake.path("expression/genes", "local.B").with_suffix(".json")
    manifest = json.loads(path.read_text())
    manifest["notes"]["n_date_mangled"] = 3
    path.write_text(json.dumps(manifest))
    assert not currency(context).is_current
