"""What R1 says of a nested AUC: of folds without a model, of sets that vary, of a difference, of a result outside."""

import polars as pl

from dmicc_assets.checks.finding import Finding
from dmicc_assets.checks.leakage import selection_bias
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets_tests.worlds.sound_study import sound, with_frame
from dmicc_assets_tests.worlds.spoilt_studies import nested_drops, put


def with_folds(evidence: StudyEvidence, chosen: list[list[str]], low: float) -> StudyEvidence:
    """The evidence with folds that chose the given genes, and a lower limit of the difference of both areas."""
    has_model = [bool(genes) for genes in chosen]
    auc = [0.8 if genes else None for genes in chosen]
    folds = pl.DataFrame(
        {"biomarkers": chosen, "has_model": has_model, "auc": auc}, schema_overrides={"biomarkers": pl.List(pl.String)}
    )
    rows = [
        {"metric": "c_statistic_drop", "nested": 0.3, "nested_low": low, "nested_high": 0.5},
        {"metric": "c_statistic_given_genes", "nested": 0.8, "nested_low": 0.6, "nested_high": 0.9},
    ]
    return with_frame(with_frame(evidence, "validation/folds", folds), "model/performance", pl.DataFrame(rows))


def judged(evidence: StudyEvidence) -> Finding:
    (found,) = selection_bias(evidence)
    # Planted genes lose as much by folds that choose nothing: what made the difference is not known.
    assert "comes from choosing" not in found.message
    return found


def test_folds_without_a_model_are_counted_and_the_others_given_beside_them() -> None:
    evidence = with_folds(nested_drops(sound()), [["G1"], ["G1", "G2"], [], []], low=0.1)
    found = judged(evidence)
    assert found.severity == "warning"
    assert "lower by 0.100, 95 % interval 0.100 to 0.500" in found.message
    assert "2 of 4 folds (50%) have no model" in found.message
    assert "2 different sets of genes were chosen (mean Jaccard 0.50)" in found.message
    assert "given that genes are chosen 0.800 (mean within 2 folds, 95 % interval 0.600 to 0.900)" in found.message
    assert "often finds nothing with fewer samples" in found.message


def test_a_drop_in_folds_that_choose_genes_is_a_warning_of_the_apparent_auc() -> None:
    found = judged(with_folds(nested_drops(sound()), [["G1"], ["G2"]], low=0.1))
    assert found.severity == "warning"
    assert "new patients are not shown to give the apparent AUC" in found.message
    assert "given that genes are chosen" not in found.message


def test_a_result_outside_speaks() -> None:
    lower = put("validation/roc", "auc", 0.6, pl.col("kind") == "nested_cv")(sound())
    found = judged(with_folds(lower, [["G1"], []], low=0.1))
    assert found.severity == "info"
    assert "the frozen model reaches 0.900 in SIM3" in found.message


def test_a_difference_whose_interval_holds_0_is_no_warning() -> None:
    found = judged(with_folds(nested_drops(sound()), [["G1"], ["G1"]], low=-0.02))
    assert found.severity == "info"
    assert "does not show that it is lower" in found.message


def test_a_fold_that_chose_genes_and_could_not_be_fitted_is_said() -> None:
    evidence = with_folds(nested_drops(sound()), [["G1"], ["G2"]], low=0.1)
    folds = evidence.rows("validation/folds").with_columns(has_model=pl.Series([True, False]))
    found = judged(with_frame(evidence, "validation/folds", folds))
    assert "1 of them since the chosen genes could not be fitted" in found.message
