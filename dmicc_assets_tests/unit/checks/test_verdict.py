"""The verdict's level, line and sentences and the TRIPOD+AI checklist state what the tables show, and no more."""

import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from dmicc_assets.checks.finding import Finding, finding
from dmicc_assets.checks.registry import CHECKS, findings_table, run_checks
from dmicc_assets.checks.tripod import FILLED, FOR_AUTHOR, ITEMS, checklist
from dmicc_assets.checks.verdict import Verdict, verdict, verdict_table
from dmicc_assets.checks.verdict_page import COMMAND, verdict_page
from dmicc_assets.checks.verdict_rules import LEVELS, LINES, RULES
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.results.reader import Results
from dmicc_assets_tests.conftest import ROOT
from dmicc_assets_tests.worlds.sound_study import sound, study_file, with_frame, with_study
from dmicc_assets_tests.worlds.spoilt_studies import FIRES, change, same_array, shared_controls, with_values


def judged(evidence: StudyEvidence, *more: Finding) -> Verdict:
    table = findings_table([*run_checks(evidence), *more])
    return verdict(evidence.with_frames({"rigor/findings": table}))


def test_a_sound_study_holds_up() -> None:
    said = judged(sound())
    assert said.level == "holds up"
    assert said.line == "Holds up: it is more than chance, and the model works in patients that it has not seen."
    assert said.found == (
        "3 genes differ between cases and controls in both A and B (other variation of these tissues gives about 0, "
        "p = 0.001; 3 in the same direction); G1 and G2 are among the first 2 of both rankings, and a model on them "
        "has an area under the ROC curve of 0.900 when everything is chosen anew without the patients tested (0.900 "
        "in the patients that made it) and 0.900 (95 % interval 0.870 to 0.930) in SIM3."
    )
    assert said.trust == (
        "More genes are shared than other variation of these tissues gives, less is found when the labels are "
        "shuffled, the model tells cases from controls in patients that it has not seen and random genes do worse "
        "there (M4, R3, R2); 2 checks warn (R10, R11)."
    )
    assert "no absolute risk can be stated" in said.missing
    assert said.reasons == (
        "more genes are shared than other variation of these tissues gives (M4)",
        "less is found when the labels are shuffled (R3)",
    )


# What is spoilt in the sound study, the level that follows, and what the sentence on trust then says.
LED_TO: tuple[tuple[str, str, str], ...] = (
    ("I6", "broken data", "It cannot be trusted as it stands: validation holds samples of training"),
    ("R14", "broken data", "an integrity check failed (R14)"),
    ("R3", "not supported", "It is not shown to be more than chance: as much is found when the labels are shuffled"),
    ("M4", "not supported", "the diseases are not shown to share more genes than other variation of these tissues"),
    ("R1", "a hypothesis", "tissues gives (M4), but the AUC drops when the genes are chosen without the patients"),
    ("R2", "a hypothesis", "more than one in twenty random sets of genes do as well"),
    ("M1", "a hypothesis", "many of the genes with raw p < 0.05 are false, though of those found 3 of 3 in a"),
    ("D1", "a hypothesis", "a class has fewer than ten samples"),
)


@pytest.mark.parametrize(("code", "level", "said"), LED_TO)
def test_findings_decide_the_level(code: str, level: str, said: str) -> None:
    found = judged(FIRES[code][0](sound()))
    assert found.level == level
    assert found.line == LINES[level]
    assert said in found.trust
    assert (
        re.search(rf"\(([A-Z0-9]+( in [^)]*)?, )*{code}[^)]*\)(; \d+ further checks? warns?)?\.$", found.trust)
        or code == "R14"
    ), found.trust


def test_arrays_that_stand_twice_are_broken_data() -> None:
    def doubled(values: np.ndarray) -> np.ndarray:
        values[:, 3] = values[:, 7]
        return values

    said = judged(with_values("SIM2", doubled)(sound()))
    assert said.level == "broken data"
    assert "arrays are duplicates, or two datasets are of the same people" in said.trust
    shared = judged(same_array(sound(), "SIM1", "SIM2"))
    assert shared.level == "a hypothesis"


def test_codes_stand_behind_the_reasons_with_their_subjects() -> None:
    doubted = judged(FIRES["R2"][0](FIRES["R1"][0](sound()))).trust
    assert doubted.endswith("do as well (R1 in b, R2 in SIM3); 2 further checks warn.")


def test_codes_that_support_stand_apart_from_those_that_doubt() -> None:
    doubted = judged(FIRES["R1"][0](sound())).trust
    shown, _, reasons = doubted.partition(", but ")
    assert shown.endswith("gives (M4)")
    assert "M4" not in reasons
    untested = {name: pl.lit(None, pl.Float64) for name in ("sharing_p_value", "sharing_expected")}
    said = judged(change("signature/overlap", **untested)(sound())).trust
    assert said.startswith("It must be doubted: whether the diseases share more than chance gives could not be tested")
    assert said.endswith(" (M4 untested); 2 further checks warn.")


def test_a_check_that_was_made_in_a_cohort_alone_is_not_called_untested() -> None:
    """Random genes were drawn in the cohorts, which chose the biomarkers, and in no validation dataset."""
    nulls = sound().rows("rigor/nulls")
    only_b = with_frame(sound(), "rigor/nulls", nulls.filter(pl.col("subject") != "SIM3"))
    assert "R2 tested in a and b only" in judged(only_b).trust
    without = with_frame(sound(), "rigor/nulls", nulls.filter(pl.col("statistic") != "auc"))
    assert "R2 untested" in judged(without).trust


def test_samples_of_their_own_are_advised_where_cohorts_share_some() -> None:
    shared, apart = (CHECKS["M4"].judge(spoil(sound()))[0].message for spoil in (shared_controls, FIRES["M4"][0]))
    assert "give each cohort samples of its own" in shared
    assert "not shown to be more than chance" in apart
    assert "own" not in re.findall(r"\w+", apart + CHECKS["M4"].remedy)


def test_the_only_cohort_of_a_study_is_not_named_behind_codes() -> None:
    table = findings_table([finding(code, "b", "warning", "", 1.0, 0.05) for code in ("R1", "R8")])
    evidence = sound().with_frames({"rigor/findings": table})
    assert "R1 in b, R8 in b" in verdict(evidence).trust
    only = {name: each for name, each in evidence.study.cohorts.items() if name == "b"}
    alone = replace(evidence, study=evidence.study.model_copy(update={"cohorts": only}))
    assert "R1, R8" in verdict(alone).trust


def test_every_level_can_be_reached_and_every_rule_has_one_place() -> None:
    assert {level for _, level, _ in LED_TO} | {"holds up"} == set(LEVELS) == set(LINES)
    places = [(rule.level, rule.rank) for rule in RULES]
    assert len(set(places)) == len(places)
    assert [LEVELS.index(level) for level, _ in places] == sorted(LEVELS.index(level) for level, _ in places)


def test_the_table_has_one_row_in_the_declared_columns() -> None:
    said = judged(sound())
    table = verdict_table(said)
    assert table.columns == ["level", "line", "found", "trust", "missing", "reasons"]
    assert table.row(0) == (said.level, said.line, *said.sentences, list(said.reasons))


def test_the_page_of_the_rules_is_the_one_that_is_printed() -> None:
    written = (ROOT / "docs" / "verdict.md").read_text(encoding="utf-8")
    assert written == verdict_page(), f"write it anew: {COMMAND}"


@pytest.mark.parametrize(
    ("low", "n_control", "level"), [(0.6, 20, "holds up"), (0.45, 20, "a hypothesis"), (0.6, 9, "a hypothesis")]
)
def test_a_model_that_is_not_shown_to_work_outside_is_a_hypothesis(low: float, n_control: int, level: str) -> None:
    is_outside = pl.col("subject") == "SIM3"
    spoil = change(
        "validation/roc",
        ci_low=pl.when(is_outside).then(low).otherwise("ci_low"),
        n_control=pl.when(is_outside).then(n_control).otherwise("n_control"),
    )
    assert judged(spoil(sound()), *()).level == level


def test_without_other_patients_it_is_a_hypothesis() -> None:
    said = judged(with_study(sound(), validation=[]))
    assert said.level == "a hypothesis"
    assert "the model is not shown to work in patients that it has not seen" in said.trust


def test_what_is_missing_is_named() -> None:
    evidence = FIRES["D9"][0](sound())
    assert "samples of the study's population (both diseases)" in judged(evidence).missing
    rows = [finding("R15", "a", "info", "not known"), finding("R7", "b", "warning", "few", 41, 999)]
    table = findings_table(rows)
    missing = verdict(Results.of_frames(study_file(validation=[], population=None), {"rigor/findings": table})).missing
    assert missing == (
        "What is missing: a statement of the population for which the result holds; a validation dataset; a cohort of "
        "sufficient size (the model's has 41 samples; R7 says how many it takes); the patient of each sample in a."
    )


def test_without_the_test_of_sharing_chance_is_not_spoken_of() -> None:
    untested = {name: pl.lit(None, pl.Float64) for name in ("sharing_p_value", "sharing_expected")}
    evidence = change("signature/overlap", **untested)(FIRES["R1"][0](sound()))
    said = judged(evidence)
    assert said.trust.startswith("It must be doubted: the AUC drops")
    assert "sharing was not tested" in said.found


def test_a_biomarker_that_moves_opposite_ways_is_named_at_every_level() -> None:
    falls = pl.when((pl.col("gene") == "G1") & (pl.col("cohort") == "b")).then(pl.lit("down")).otherwise("direction")
    evidence = change("signature/genes", direction=falls, is_concordant=pl.col("gene") != "G1")(sound())
    named = "G1 is up in A and down in B: the model's use of it does not carry over"
    suppressed = "G1 is up in A and down in B: in the model G1 has the sign of the other direction, beside correlated"
    assert suppressed in judged(evidence).trust
    evidence = change("model/coefficients", coefficient=-pl.col("coefficient"))(evidence)
    assert named in judged(evidence).trust
    unsupported = judged(FIRES["M4"][0](evidence))
    assert unsupported.level == "not supported"
    assert f"variation of these tissues gives; besides, in these data {named}" in unsupported.trust
    assert "the area under the curve says only that the model tells the patients of one disease" in unsupported.trust
    assert re.search(r"\(M4, M5\)(; \d+ further checks? warns?)?\.$", unsupported.trust)


def test_nothing_found_is_said() -> None:
    empty = with_frame(sound(), "signature/genes", sound().rows("signature/genes").head(0))
    said = judged(empty)
    assert said.found == "No gene differs between cases and controls in both A and B at the study's thresholds."
    assert said.level == "not supported"
    assert "which does not show that there is nothing (the smallest class has 250 samples)" in said.trust
    none = with_frame(sound(), "signature/biomarkers", sound().rows("signature/biomarkers").head(0))
    assert "no biomarker and no model" in verdict(none).found
    assert "no rigor check was made" in verdict(none).trust


def test_every_item_of_tripod_is_there_once() -> None:
    items = [each.item for each in ITEMS]
    assert len(items) == len(set(items)) == 52
    assert {item.rstrip("abcdefg") for item in items} == {str(i) for i in range(1, 28)}


def _described() -> StudyEvidence:
    """The sound study with the coefficients of its model and the accessions of its datasets."""
    columns = {"source": "geo", "accession": "GSE1", "platform": "GPL96", "last_update_date": "2020-01-01"}
    evidence = change("source/datasets", **{name: pl.lit(value) for name, value in columns.items()})(sound())
    coefficients = evidence.rows("model/coefficients").with_columns(coefficient=pl.Series([0.5, -1.25, 2.0]))
    return with_frame(evidence, "model/coefficients", coefficients)


def test_items_are_filled_from_the_data_or_left_to_the_author() -> None:
    evidence = _described()
    table = checklist(with_frame(evidence, "rigor/findings", findings_table(run_checks(evidence))))
    texts = dict(table.select("item", "text").iter_rows())
    assert set(table["status"]) == {FILLED, FOR_AUTHOR}
    assert texts["22"] == "log-odds by log2 expression: (Intercept) 0.5, G1 −1.25, G2 2"
    assert "b nested_cv: AUC 0.900 (95 % interval 0.870 to 0.930)" in texts["23a"]
    assert texts["23a"].endswith("SIM3 (log2): calibration slope 0.90 (95 % interval 0.70 to 1.10)")
    assert texts["23b"] == "the frozen model's AUC is from 0.900 in SIM3 to 0.900 in a"
    assert "SIM1: sick 250, well 250" in texts["20a"]
    assert texts["16"].startswith("development in b: sick against well, skin, GPL96, 250 cases and 250 controls; eval")
    assert "evaluation in SIM3: sick against well, skin, GPL96, 250 cases and 250 controls" in texts["16"]
    assert texts["21"].endswith("SIM3: 250 cases and 250 controls")
    assert "500 samples, where 450 are needed" in texts["10"]
    assert set(table.filter(pl.col("status") == FOR_AUTHOR)["text"]) == {""}
    assert table.filter((pl.col("status") == FILLED) & (pl.col("text") == "")).is_empty()


def test_copies_are_counted_once_as_they_are_analysed_once() -> None:
    evidence = _described()
    for table, of in (("cohort/samples", pl.col("cohort") == "b"), ("source/samples", pl.col("dataset") == "SIM3")):
        rows = evidence.rows(table)
        case = pl.col("is_case") if table == "cohort/samples" else pl.col("label") == "sick"
        names = rows.filter(of, case)["sample"]
        copied = pl.when(of & (pl.col("sample") == names[1])).then(pl.lit(names[0]))
        evidence = with_frame(evidence, table, rows.with_columns(same_as=copied))
    said = dict(checklist(evidence).select("item", "text").iter_rows())["16"]
    assert said.count("249 cases and 250 controls") == 2


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
