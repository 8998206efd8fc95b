"""What `dmicc outdated` would compute again when gene sets were revised: real partitions, and all of them."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from dmicc_assets.cli import outdated
from dmicc_assets.lake.steps import partition_keys
from dmicc_assets.lake.store import Lake
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets_tests.worlds.local_study import local_study, values_of


def test_revised_gene_sets_reach_the_findings_of_the_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = open_workspace(local_study(tmp_path, {name: values_of(name, 6, 6, 1) for name in "AB"}))
    study = workspace.studies["local"]
    made = SimpleNamespace(written_at="2026-01-01", inputs=[])
    monkeypatch.setattr(Lake, "manifest", lambda *_: made)
    monkeypatch.setattr(outdated, "served", lambda context: "KEGG https://x/kegg new")  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    sets = [state for state in outdated.outdated_sources(workspace, study) if state.key.startswith("gene sets")]
    assert [state.key for state in sets] == [f"gene sets of {key}" for key in partition_keys("cohort", study)]
    for state, cohort in zip(sets, partition_keys("cohort", study), strict=True):
        assert state.recomputed[:3] == tuple(f"{name} of {cohort}" for name in ("camera", "terms", "gsea"))
        assert {"findings of local", "judgement of local", "published of local"} <= set(state.recomputed)
        assert f"findings of {cohort}" not in state.recomputed


def test_steps_that_would_run_stand_by_partition() -> None:
    steps = ("files of s.A", "dataset of s.A", "cohort of s.ra", "signature of s", "report of s")
    assert outdated.recomputed_lines(steps) == [
        "  5 steps would run again if its content differs:",
        "    s.A: files, dataset",
        "    s.ra: cohort",
        "    s: signature, report",
    ]
    assert outdated.recomputed_lines(()) == []
