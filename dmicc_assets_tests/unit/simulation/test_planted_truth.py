"""The score of a small truth, counted by hand."""

import json
from dataclasses import asdict
from pathlib import Path

from dmicc_assets.simulation.planted_truth import SCORE_SCHEMA, Truth, score_truth, write_truth

TRUTH = Truth(
    seed=7,
    log_fc={"a": {"G1": 2.0, "G2": -1.5, "G3": 1.2, "G9": 1.0}, "b": {"G1": 1.9, "G2": 1.4, "G4": -2.0, "G9": -1.0}},
    biomarkers=["G1"],
    terms={"a": {"GO_BP": ["T1"], "KEGG": ["T1"]}, "b": {}},
    samples={"SIM1": {"SIMS1": "case", "SIMS2": "control"}},
)


def score(**changed: object) -> dict[str, dict[str, object]]:
    found: dict[str, object] = {
        "signature": ["G1", "G2", "G9"],
        "deg": {"a": ["G1", "G2", "G3", "G9"], "b": ["G1", "G2", "G4", "G9"]},
        "biomarkers": ["G1"],
        "directions": TRUTH.directions,
        "terms": TRUTH.terms,
    }
    frame = score_truth(TRUTH, **(found | changed))  # type: ignore[arg-type]  # what varies is told by the test
    assert dict(frame.schema) == SCORE_SCHEMA
    return {str(row["set"]): row for row in frame.iter_rows(named=True)}


def test_what_is_shared_and_which_way() -> None:
    assert TRUTH.signature == ["G1", "G2", "G9"]
    assert TRUTH.concordant == ["G1"]
    assert TRUTH.discordant == ["G2", "G9"]
    assert TRUTH.directions["a"] == {"G1": "up", "G2": "down", "G3": "up", "G9": "up"}


def test_a_perfect_study_misses_nothing() -> None:
    rows = score()
    assert set(rows) == {
        "signature",
        "biomarkers",
        *(f"{what} {c}" for c in "ab" for what in ("differential genes of", "directions in", "enriched terms of")),
    }
    assert all(row["missed"] == row["false"] == 0 and row["planted"] == row["found"] for row in rows.values())


def test_missed_and_false_genes_are_counted_and_named() -> None:
    row = score(signature=["G9", "X2", "X1"])["signature"]
    assert (row["planted"], row["found"], row["missed"], row["false"]) == (3, 1, 2, 2)
    assert row["missed_names"] == ["G1", "G2"]
    assert row["false_names"] == ["X1", "X2"]


def test_a_wrong_direction_is_false_and_a_gene_not_found_is_missed() -> None:
    found = {"a": {"G1": "down", "G2": "down", "X": "up"}, "b": {}}
    rows = score(directions=found)
    row = rows["directions in a"]
    assert (row["planted"], row["found"], row["missed"], row["false"]) == (4, 1, 2, 1)
    assert row["false_names"] == ["G1"]
    assert rows["directions in b"]["missed"] == 4


def test_an_empty_result_misses_everything() -> None:
    rows = score(signature=[], deg={}, biomarkers=[], directions={}, terms={})
    assert all(row["found"] == 0 and row["missed"] == row["planted"] for row in rows.values())


def test_terms_are_of_their_library_and_left_out_when_none_were_tested() -> None:
    row = score(terms={"a": {"GO_BP": ["T1", "T2"], "GO_CC": ["T1"]}})["enriched terms of a"]
    assert (row["planted"], row["found"], row["missed"], row["false"]) == (2, 1, 1, 2)
    assert row["missed_names"] == ["KEGG T1"]
    assert not any("terms" in name for name in score(terms=None))


def test_the_file_gives_back_the_truth_and_spells_out_the_signature(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    write_truth(TRUTH, path)
    written = json.loads(path.read_text())
    assert {name: written[name] for name in asdict(TRUTH)} == asdict(TRUTH)
    assert written["discordant"] == ["G2", "G9"]
