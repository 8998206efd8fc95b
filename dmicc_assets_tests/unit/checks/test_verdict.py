"""The verdict's three sentences and the TRIPOD+AI checklist say what the tables say, and never more."""

import re

import polars as pl

from dmicc_assets.checks.finding import Finding, finding
from dmicc_assets.checks.registry import CHECKS, findings_table, run_checks
from dmicc_assets.checks.tripod import FILLED, FOR_AUTHOR, ITEMS, checklist
from dmicc_assets.checks.verdict import verdict
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.results.reader import Results
from dmicc_assets_tests.worlds.sound_study import sound, study_file, with_frame
from dmicc_assets_tests.worlds.spoilt_studies import FIRES, change


def judged(evidence: StudyEvidence, *more: Finding) -> tuple[str, str, str]:
    table = findings_table([*run_checks(evidence), *more])
    return verdict(evidence.with_frames({"rigor/findings": table}))


def test_a_sound_study() -> None:
    found, trust, missing = judged(sound())
    assert found.startswith(
        "3 genes are differentially expressed in A and B (0.2 expected along other axes of variation of these tissues, "
        "p = 0.001; 3 move the same way)"
    )
    assert "G1 and G2 are among the first 2 of every ranking" in found
    assert "nested AUC of 0.900 (apparent 0.900), outside 0.900 in SIM3" in found
    assert trust.startswith(f"It is more than chance (M4) and holds within these data: of {len(CHECKS)} checks 2 warn")
    assert "absolute risk" in missing


def test_findings_decide_how_far_it_is_trusted() -> None:
    assert "labels (R3 in b)" in judged(FIRES["R3"][0](sound()))[1]
    assert judged(FIRES["R3"][0](sound()))[1].startswith("It is not shown to be more than chance")
    doubted = judged(FIRES["R2"][0](FIRES["R1"][0](sound())))[1]
    assert doubted.startswith(
        "It is more than chance (M4) but must be doubted: "
        "the AUC drops when the genes are chosen inside the folds (R1 in b)"
    )
    assert "and more than one in twenty random sets of genes do as well (R2 in SIM3); 2 further checks warn" in doubted
    little = judged(FIRES["D1"][0](sound()))[1]
    assert little.startswith(
        "It is more than chance (M4) and holds within these data, but rests on little: a class has"
    )
    assert "an integrity check failed (R14)" in judged(FIRES["R14"][0](sound()))[1]
    assert "validation holds samples of training (I6 in SIM3)" in judged(FIRES["I6"][0](sound()))[1]


def test_raw_p_values_are_not_said_of_the_genes_found() -> None:
    trust = judged(FIRES["M1"][0](sound()))[1]
    assert re.search(
        r"many of the genes with raw p < 0\.05 are false \(M1 in a, b\), "
        r"though of those found \d of \d in a and \d of \d in b have BH-adjusted p < 0\.05",
        trust,
    ), trust


def test_what_is_missing_is_named() -> None:
    evidence = FIRES["D9"][0](sound())
    assert "samples of the study's population (both diseases)" in judged(evidence)[2]
    rows = [finding("R15", "a", "info", "not known"), finding("R7", "b", "warning", "few", 41, 999)]
    table = findings_table(rows)
    missing = verdict(Results.of_frames(study_file(validation=[], population=None), {"rigor/findings": table}))[2]
    assert missing == (
        "What is missing: a statement of the population for which the result holds; a validation dataset; a cohort of "
        "sufficient size (the model's has 41 samples); the patient of each sample in a."
    )


def test_without_the_test_of_sharing_chance_is_not_spoken_of() -> None:
    untested = {name: pl.lit(None, pl.Float64) for name in ("sharing_p_value", "sharing_expected")}
    evidence = change("signature/overlap", **untested)(FIRES["R1"][0](sound()))
    assert judged(evidence)[1].startswith("It must be doubted: the AUC drops")


def test_a_biomarker_that_moves_opposite_ways_is_named_first() -> None:
    falls = pl.when((pl.col("gene") == "G1") & (pl.col("cohort") == "b")).then(pl.lit("down")).otherwise("direction")
    evidence = change("signature/genes", direction=falls, is_concordant=pl.col("gene") != "G1")(sound())
    assert (
        "genes move opposite ways (M5): G1 is up in A and down in B: the model's use of it does not carry over"
        in judged(evidence)[1]
    )


def test_nothing_found_is_said() -> None:
    empty = with_frame(sound(), "signature/genes", sound().rows("signature/genes").head(0))
    assert "No gene is differentially expressed in A and B" in verdict(empty)[0]
    assert judged(empty)[1] == (
        "That nothing was found does not show that nothing is there: the smallest class has 250 samples, and "
        "thresholds decide what counts."
    )
    none = with_frame(sound(), "signature/biomarkers", sound().rows("signature/biomarkers").head(0))
    assert "no biomarkers and no model" in verdict(none)[0]
    assert "no rigor check was made" in verdict(Results.of_frames(study_file(), {}))[1]


def test_every_item_of_tripod_is_there_once() -> None:
    items = [each.item for each in ITEMS]
    assert len(items) == len(set(items)) == 52
    assert {item.rstrip("abcdefg") for item in items} == {str(i) for i in range(1, 28)}


def test_items_are_filled_from_the_data_or_left_to_the_author() -> None:
    evidence = sound()
    columns = {"source": "geo", "accession": "GSE1", "platform": "GPL96", "last_update_date": "2020-01-01"}
    described = evidence.rows("source/datasets").with_columns(
        **{name: pl.lit(value) for name, value in columns.items()}
    )
    evidence = with_frame(evidence, "source/datasets", described)
    coefficients = evidence.rows("model/coefficients").with_columns(coefficient=pl.Series([0.5, -1.25, 2.0]))
    evidence = with_frame(evidence, "model/coefficients", coefficients)
    table = checklist(with_frame(evidence, "rigor/findings", findings_table(run_checks(evidence))))
    texts = dict(table.select("item", "text").iter_rows())
    assert set(table["status"]) == {FILLED, FOR_AUTHOR}
    assert texts["22"] == "log-odds by log2 expression: (Intercept) 0.5, G1 -1.25, G2 2"
    assert "b nested_cv: AUC 0.900 (95 % interval 0.870 to 0.930)" in texts["23a"]
    assert texts["23a"].endswith("SIM3 (z-score): calibration slope 0.90 (95 % interval 0.70 to 1.10)")
    assert texts["23b"] == "the frozen model's AUC is from 0.900 in SIM3 to 0.900 in a"
    assert "SIM1: sick 250, well 250" in texts["20a"]
    assert texts["16"].startswith("development in b: sick against well, skin, GPL96, 250 cases and 250 controls; eval")
    assert "evaluation in SIM3: sick against well, skin, GPL96, 250 cases and 250 controls" in texts["16"]
    assert texts["21"].endswith("SIM3: 250 cases and 250 controls")
    assert "500 samples; " in texts["10"]
    assert set(table.filter(pl.col("status") == FOR_AUTHOR)["text"]) == {""}
    assert table.filter((pl.col("status") == FILLED) & (pl.col("text") == "")).is_empty()


def test_a_study_without_results_has_a_checklist_too() -> None:
    table = checklist(Results.of_frames(study_file(population=None), {}))
    assert len(table) == 52
    texts = dict(table.select("item", "text").iter_rows())
    assert texts["22"] == "there is no model"
    # What the study file does not say is the author's, not filled.
    unsaid = set(table.filter(pl.col("status") == FOR_AUTHOR)["item"])
    assert {"3b", "10", "23b"} <= unsaid


def test_firth_s_model_has_the_intercept_of_its_probabilities() -> None:
    evidence = sound()
    terms = evidence.rows("model/coefficients").with_columns(
        coefficient=pl.Series([0.5, -1.25, 2.0]),
        probability_coefficient=pl.Series([0.4, -1.25, 2.0]),
        estimator=pl.lit("firth"),
    )
    table = checklist(Results.of_frames(evidence.study, {"model/coefficients": terms}))
    assert table.filter(item="22")["text"][0].endswith("G2 2; intercept of the probabilities 0.4 (FLIC)")
