"""The registry: every code with its check. Run them all, and every code has a row."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from dmicc_assets.checks import (
    confounding,
    data,
    design,
    identity,
    leakage,
    multiplicity,
    prediction,
    reproducibility,
    symbols,
)
from dmicc_assets.checks.codes import CODES
from dmicc_assets.checks.finding import SEVERITIES, Finding, not_applicable
from dmicc_assets.results.evidence import StudyEvidence

Check = Callable[[StudyEvidence], list[Finding]]

CHECKS: dict[str, Check] = {
    "D1": design.smallest_class,
    "D2": design.class_imbalance,
    "D3": design.folds_for_classes,
    "D4": design.label_rules,
    "D5": confounding.metadata_confounding,
    "D6": design.batch_confounding,
    "D7": design.tissues,
    "D8": confounding.composition,
    "D9": design.population,
    "I1": data.whole_files,
    "I2": data.log2_agreement,
    "I3": data.missing_values,
    "I4": data.distributions,
    "I5": data.outlier_arrays,
    "I6": identity.shared_samples,
    "I7": identity.sex,
    "I8": data.probe_mapping,
    "I9": symbols.measured_everywhere,
    "I10": symbols.earlier_symbols,
    "M1": multiplicity.raw_p_values,
    "M2": multiplicity.p_value_histogram,
    "M3": multiplicity.fold_change_filter,
    "M4": reproducibility.overlap_by_chance,
    "M5": reproducibility.directions,
    "M6": reproducibility.threshold_sensitivity,
    "M7": reproducibility.biomarker_stability,
    "M8": multiplicity.enrichment_background,
    "R1": leakage.selection_bias,
    "R2": prediction.random_signatures,
    "R3": prediction.permuted_labels,
    "R4": prediction.forest_settings,
    "R5": reproducibility.ranking_over_seeds,
    "R6": prediction.auc_interval,
    "R7": prediction.sample_size,
    "R8": prediction.separation,
    "R9": leakage.calibration,
    "R10": leakage.absolute_risk,
    "R11": leakage.cut_offs,
    "R12": leakage.independent_validation,
    "R13": prediction.prevalence,
    "R14": leakage.provenance,
    "R15": leakage.repeated_patients,
}


def run_checks(evidence: StudyEvidence) -> list[Finding]:
    """Every check on a study, in the order of the codes; a check without a row says that it had nothing to judge.

    Raises:
        KeyError: a code has no check, or a check no code.
    """
    findings: list[Finding] = []
    for code in CODES:
        found = CHECKS[code](evidence)
        findings += _one_a_subject(found) or not_applicable(
            code, evidence.name, "there is nothing of the kind in this study"
        )
    return findings


def _one_a_subject(found: Sequence[Finding]) -> list[Finding]:
    """One finding a subject, the gravest with all messages: a cohort or dataset may be named as the study is."""
    merged: dict[str, Finding] = {}
    for each in found:
        other = merged.get(each.subject)
        if other is None:
            merged[each.subject] = each
            continue
        graver, milder = sorted((other, each), key=lambda one: SEVERITIES.index(one.severity))
        merged[each.subject] = replace(graver, message=f"{graver.message}; {milder.message}")
    return list(merged.values())
