"""`scores:` of a study file from the library to the report; without that section nothing is computed or said."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from dmicc_assets.assets import STEPS
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.report.enrichment_tables import missing_scores, scores
from dmicc_assets.results.reader import Results
from dmicc_assets.study.settings import Settings
from dmicc_assets_tests.worlds.local_study import GENES, local_study, run_steps, values_of

NEEDED = ("files", "dataset", "cohort", "scores")
SETS = {"MOVED": GENES[:6], "OTHERS": GENES[20:32]}
ASKED = {"libraries": ["LIB"], "method": "gsva", "min_size": 5}


def made(folder: Path, sets: Mapping[str, Sequence[str]] = SETS, **changes: object) -> Results:
    (folder / "sets").mkdir()
    text = "".join("\t".join([name, "", *genes]) + "\n" for name, genes in sets.items())
    (folder / "sets" / "LIB.gmt").write_text(text)
    given = local_study(folder, {"A": values_of("A", 8, 8, 1), "V": values_of("V", 6, 5, 2)}, **changes)
    settings: Settings = given.model_copy(update={"gene_sets": folder / "sets"})
    assert not run_steps(settings, without=[step.name for step in STEPS if step.name not in NEEDED])
    workspace = open_workspace(settings)
    return Results.of_study(workspace.lake, workspace.studies["local"], settings)


def test_every_sample_of_every_dataset_is_scored(tmp_path: Path) -> None:
    results = made(tmp_path, scores=ASKED)
    rows = results.expression.scores
    assert rows.group_by("dataset").len().sort("dataset").rows() == [("A", 32), ("V", 22)]
    assert set(rows["method"]) == {"gsva"}
    assert results.notes("expression/scores", "A")["libraries"][0]["name"] == "LIB"
    moved = rows.filter(term="MOVED", dataset="V").with_columns(is_case=pl.col("sample").str.contains("_s"))
    assert moved.sort("score")["is_case"].to_list() == [False] * 5 + [True] * 6
    (table,) = scores(results)
    assert table.title.startswith("A: the 2 of 2 sets whose scores differ most")
    assert "MOVED" in table.rows[0]
    assert not missing_scores(results)


def test_a_library_of_other_genes_is_said_and_no_negative_result(tmp_path: Path) -> None:
    results = made(tmp_path, {"MOUSE": ("Tp53", "Gapdh", "Mx1", "Oas1a", "Cd4")}, scores=ASKED)
    assert results.expression.scores.is_empty()
    said = missing_scores(results)
    assert "so that scores say nothing: 0 of 60 genes of A are in LIB (measured: G000, G001, G002, ...; " in said
    assert "library: Cd4, Gapdh, Mx1, ...)" in said


def test_without_the_section_there_is_an_empty_table(tmp_path: Path) -> None:
    results = made(tmp_path)
    assert results.expression.scores.is_empty()
    assert results.is_made("expression/scores", "A")
    assert scores(results) == []
