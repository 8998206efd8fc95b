"""Checks of independence: selection, cut-offs, calibration, validation, patients, provenance (R1, R9-R12, R14, R15)."""

import re
from collections import Counter
from collections.abc import Sequence

import polars as pl

from dmicc_assets.checks.finding import Finding, Measured, counted, finding, not_applicable
from dmicc_assets.checks.prediction import SCORED
from dmicc_assets.expression.labels import describe, sample_fields
from dmicc_assets.results.evidence import Comparison, StudyEvidence
from dmicc_assets.study.schema import accession_of

OPTIMISM = 0.05
EVENTS = 100
_ADJACENT = re.compile(r"adjacent|paired|peri-?tumou?r|non-?tumou?r|para-?(?:cancer|tumou?r)|surrounding", re.I)
_HEALTHY = re.compile(r"healthy|donor|volunteer|normal (?:control|liver|skin|muscle|subject)", re.I)
_SUPER_SERIES = re.compile(r"SuperSeries of[^\n]*?((?:GSE|SIM)\d+)|SubSeries of[^\n]*?((?:GSE|SIM)\d+)", re.I)


def selection_bias(evidence: StudyEvidence) -> list[Finding]:
    """R1: the AUC on the samples that chose the genes exceeds the nested one by more than 0.05."""
    cohort = evidence.study.model_cohort
    rows = evidence.rows("validation/roc", subject=cohort, predictor="model")
    auc: dict[str, float] = dict(rows.drop_nulls("auc").select("kind", "auc").iter_rows())
    if "apparent" not in auc:
        return not_applicable("R1", cohort, "there is no model")
    if "nested_cv" not in auc:
        text = (
            f"apparent AUC {auc['apparent']:.3f}; no nested estimate was made (rigor.repeats is 0, or too few samples)"
        )
        return [finding("R1", cohort, "info", text, None, OPTIMISM)]
    drop = auc["apparent"] - auc["nested_cv"]
    text = f"apparent AUC {auc['apparent']:.3f}, nested {auc['nested_cv']:.3f}"
    text += "".join(
        f", {name} {auc[kind]:.3f}"
        for kind, name in (("leaky_cv", "leaky cross-validation"), ("bootstrap_632plus", ".632+ bootstrap"))
        if kind in auc
    )
    fires = drop > OPTIMISM
    if fires:
        text += ": the difference is made by choosing the genes on the samples that score them"
    text += evidence.unweighted(cohort)
    return [finding("R1", cohort, "warning" if fires else "ok", text, drop, OPTIMISM)]


def calibration(evidence: StudyEvidence) -> list[Finding]:
    """R9: calibration is shown on training rows only, or the curve on fewer than 100 events or non-events."""
    cohort = evidence.study.model_cohort
    if evidence.rows("model/calibration").is_empty():
        return not_applicable("R9", cohort, "no calibration curve was drawn")
    subject = evidence.model_subject
    fewest = min(int(subject.is_case.sum()), int((~subject.is_case).sum()))
    outside = evidence.rows("validation/performance", subject_kind="dataset", metric="slope", scale="z_score")
    slopes = [
        f"{row['subject']} {row['value']:.2f} [{row['ci_low']:.2f}, {row['ci_high']:.2f}]"
        for row in outside.drop_nulls(["value", "ci_low", "ci_high"]).sort("subject").iter_rows(named=True)
    ]
    problems = [] if slopes else ["calibration is shown on the training samples only"]
    problems += [f"{counted(fewest, 'sample')} in the smaller class, a curve needs {EVENTS}"] if fewest < EVENTS else []
    text = "; ".join(problems) or f"the curve is drawn on {fewest} samples in the smaller class"
    text += f"; calibration slope outside: {', '.join(slopes)}" if slopes else ""
    measured: Measured = (fewest, EVENTS, "") if slopes or fewest < EVENTS else (0, 1, "outside")
    return [finding("R9", cohort, "warning" if problems else "ok", text, *measured)]


def absolute_risk(evidence: StudyEvidence) -> list[Finding]:
    """R10: cases and controls were collected apart, so the intercept and the absolute risk mean nothing elsewhere."""
    cohort = evidence.study.model_cohort
    if evidence.rows("model/coefficients").is_empty():
        return not_applicable("R10", cohort, "there is no model, so no risk is stated")
    share = float(evidence.model_subject.is_case.mean())
    text = (
        f"{share:.0%} of the samples are cases because they were collected so: the intercept, and with it every "
        "probability of the nomogram, holds for no other group of people; the ranking does"
    )
    return [finding("R10", cohort, "warning", text, share, None)]


def cut_offs(evidence: StudyEvidence) -> list[Finding]:
    """R11: the cut-off was chosen on the rows that it is scored on."""
    rows = evidence.rows("validation/roc").drop_nulls(["threshold", "sensitivity", "specificity"])
    youden = rows.with_columns(youden=pl.col("sensitivity") + pl.col("specificity") - 1)
    findings: list[Finding] = []
    for name in evidence.subjects:
        scored = youden.filter(pl.col("subject") == name, pl.col("kind").is_in(SCORED))
        if scored.is_empty():
            findings += not_applicable("R11", name, "no cut-off was chosen there")
            continue
        n_predictors = scored["predictor"].n_unique()
        text = f"cut-offs of {counted(n_predictors, 'predictor')} chosen on the samples that score them"
        of_model = youden.filter(pl.col("subject") == name, pl.col("predictor") == "model")
        by_kind: dict[str, float] = dict(of_model.select("kind", "youden").iter_rows())
        if {"apparent", "nested_cv"} <= set(by_kind):
            text += (
                f"; the model's Youden index (sensitivity + specificity - 1) is {by_kind['apparent']:.2f}, "
                f"{by_kind['nested_cv']:.2f} with cut-offs chosen inside the folds"
            )
        findings.append(finding("R11", name, "warning", text, n_predictors, 0))
    return findings


def independent_validation(evidence: StudyEvidence) -> list[Finding]:
    """R12: validation shares a paper, series, relation, samples or patients with training, or has other controls."""
    if not evidence.study.validation:
        return not_applicable("R12", evidence.name, "the study names no validation dataset: nothing validates it")
    training = [each for each in evidence.comparisons if not each.is_validation]
    findings: list[Finding] = []
    for validation in (each for each in evidence.comparisons if each.is_validation):
        problems: list[str] = []
        for other in training:
            problems += _links(evidence, validation, other)
        kinds = {
            _controls(evidence, each) for each in training if each.subject.split("/")[0] == evidence.study.model_cohort
        }
        own = _controls(evidence, validation)
        if own and (kinds - {""}) and kinds - {""} != {own}:
            problems.append(f"its controls are {own} tissue, those of training {' and '.join(sorted(kinds - {''}))}")
        text = "; ".join(problems) or "it shares no paper, series, sample or patient with training"
        findings.append(finding("R12", validation.dataset, "warning" if problems else "ok", text, len(problems), 0))
    return findings


def _links(evidence: StudyEvidence, validation: Comparison, training: Comparison) -> list[str]:
    """What ties a validation dataset to a training dataset, as texts."""
    first, second = (evidence.rows("source/datasets", dataset=each.dataset) for each in (validation, training))
    links: list[str] = []
    papers = [set((frame["pubmed_ids"][0] or "").split()) if len(frame) else set[str]() for frame in (first, second)]
    if papers[0] & papers[1]:
        links.append(
            f"it is of the same paper as {training.dataset} (PubMed {', '.join(sorted(papers[0] & papers[1]))})"
        )
    relations = [(frame["relations"][0] or "") if len(frame) else "" for frame in (first, second)]
    series = [{a or b for a, b in _SUPER_SERIES.findall(text)} for text in relations]
    if series[0] & series[1]:
        links.append(f"it is in one super-series with {training.dataset} ({', '.join(sorted(series[0] & series[1]))})")
    names = [accession_of(each.dataset) for each in (validation, training)]
    if re.search(rf"\b{names[1]}\b", relations[0]) or re.search(rf"\b{names[0]}\b", relations[1]):
        links.append(f"GEO states a relation to {training.dataset}")
    if names[0] == names[1]:
        links.append(f"it is of the same series as {training.dataset}")
    for what in ("sample", "patient"):
        common = set[str](evidence.members(validation)[what].drop_nulls())
        common &= set(evidence.members(training)[what].drop_nulls())
        if common:
            links.append(f"{counted(len(common), what)} also in {training.subject} ({', '.join(sorted(common)[:3])})")
    return links


def _controls(evidence: StudyEvidence, comparison: Comparison) -> str:
    """What most control samples say they are: 'adjacent', 'healthy', or nothing that can be told."""
    members = evidence.members(comparison)
    controls = members.filter(~pl.col("is_case"))
    of_cases = set(members.filter(pl.col("is_case"))["patient"].drop_nulls())
    kinds: list[str] = []
    for fields, patient in zip(sample_fields(controls), controls["patient"], strict=True):
        text = f"{fields['title']} {describe(fields)} {comparison.control.replace('_', ' ')}"
        # A control from a case's own body is adjacent tissue whatever its description says (TCGA's -11).
        is_adjacent = patient in of_cases or bool(_ADJACENT.search(text))
        kinds.append("adjacent" if is_adjacent else "healthy" if _HEALTHY.search(text) else "")
    return Counter(kinds).most_common(1)[0][0] if kinds else ""


def provenance(evidence: StudyEvidence) -> list[Finding]:
    """R14: a table without code version, library versions, input hashes or recipe."""
    problems: list[str] = []
    for name, origin in sorted(evidence.origins.items()):
        lacking = [
            what
            for what, there in (
                ("code version", origin.code_version),
                ("library versions", origin.versions),
                ("recipe", origin.recipe),
                ("settings", origin.settings is not None),
                ("input hashes", all(len(each) == 3 and each[2] for each in origin.inputs)),
            )
            if not there
        ]
        problems += [f"{name} has no {' and no '.join(lacking)}"] if lacking else []
    if problems:
        return [finding("R14", evidence.name, "error", "; ".join(problems[:5]), len(problems), 0)]
    n = len(evidence.origins)
    seeds = evidence.study
    text = (
        f"{n} tables have code version, library versions, settings and the hash of every input; seeds: ranking "
        f"{seeds.ranking.seed}, model {seeds.model.seed}, rigor {seeds.rigor.seed}"
    )
    return [finding("R14", evidence.name, "ok", text, 0, 0)]


def repeated_patients(evidence: StudyEvidence) -> list[Finding]:
    """R15: a patient is in both classes or has several samples, and the analysis takes them as independent."""
    findings: list[Finding] = []
    block = evidence.study.differential.block
    for name, subject in evidence.subjects.items():
        if all(patient is None for patient in subject.patient):
            text = "the study file does not say which samples are one patient's: it cannot be judged"
            findings.append(finding("R15", name, "info", text, None, 0))
            continue
        # A name is of one dataset: two series may both have a patient 1.
        named = zip(subject.dataset, subject.patient, strict=True)
        patients = [None if patient is None else f"{dataset}/{patient}" for dataset, patient in named]
        several, both = repeats(patients, subject.is_case.tolist())
        text = f"{counted(several, 'patient')} with several samples, {both} of them in both classes"
        if not several:
            findings.append(finding("R15", name, "ok", "every patient has one sample", 0, 0))
        elif subject.kind == "cohort" and block != "none":
            text += f"; the differential expression knows it (block: {block}), the AUC and its interval do not"
            findings.append(finding("R15", name, "info", text, several, 0))
        else:
            text += "; they are taken as independent, so p-values and DeLong's intervals are wrong"
            findings.append(finding("R15", name, "warning", text, several, 0))
    return findings


def repeats(patients: Sequence[str | None], is_case: Sequence[bool]) -> tuple[int, int]:
    """Patients with several samples, and those of them that are in both classes."""
    counts = Counter(patient for patient in patients if patient is not None)
    classes = {(patient, case) for patient, case in zip(patients, is_case, strict=True) if patient is not None}
    several = [patient for patient, n in counts.items() if n > 1]
    both = sum((patient, True) in classes and (patient, False) in classes for patient in several)
    return len(several), both
