"""Checks of independence: of validation from training, and of samples from each other (D10, R12, R15)."""

import re
from collections import Counter
from typing import NamedTuple

import polars as pl

from dmicc_assets.checks.check import PROBAST, AucDoubt, Doubt, Lack, Measure, check, has_fired
from dmicc_assets.checks.finding import Finding, finding, not_applicable
from dmicc_assets.differential.blocking import blocking, repeats
from dmicc_assets.expression.labels import describe, sample_fields
from dmicc_assets.results.evidence import Comparison, StudyEvidence
from dmicc_assets.study.schema import accession_of, sample_identity
from dmicc_assets.wording import counted, listed, signed

_ADJACENT = re.compile(r"adjacent|paired|peri-?tumou?r|non-?tumou?r|para-?(?:cancer|tumou?r)|surrounding", re.I)
_HEALTHY = re.compile(r"healthy|donor|volunteer|normal (?:control|liver|skin|muscle|subject)", re.I)
_MOST_ALIKE = 0.95
_SUPER_SERIES = re.compile(r"SuperSeries of[^\n]*?((?:GSE|SIM)\d+)|SubSeries of[^\n]*?((?:GSE|SIM)\d+)", re.I)


def _lacks_validation(evidence: StudyEvidence) -> str:
    if not evidence.study.validation:
        return "a validation dataset"
    return "an independent validation dataset" if has_fired(evidence, "R12") else ""


@check(
    "R12",
    slug="validation_independence",
    title="Validation is independent of training",
    meaning=(
        "Validation shares a paper, series, samples or patients with training, or compares with another kind "
        "of control (adjacent tissue against healthy people)."
    ),
    measures="ties to training, and other kinds of controls",
    fires="above",
    remedy="Validate on another dataset.",
    citation=f"PROBAST 1.1: {PROBAST}",
    doubts=Doubt("a hypothesis", 16, "the validation is not independent"),
    doubts_auc=AucDoubt(("external",), "not independent of training"),
    lacks=Lack(2, _lacks_validation),
    tripod=("16", "20c"),
)
def validation_independence(evidence: StudyEvidence) -> list[Finding]:
    """A validation dataset is tied to training, or has another kind of controls.

    Ties are a common paper, series, GEO relation, sample or patient.
    """
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
    """Ties of a validation dataset to a training dataset, as texts."""
    first, second = (evidence.rows("source/datasets", dataset=each.dataset) for each in (validation, training))
    links: list[str] = []
    papers = [set((frame["pubmed_ids"][0] or "").split()) if len(frame) else set[str]() for frame in (first, second)]
    if papers[0] & papers[1]:
        links.append(f"it has the same paper as {training.dataset} (PubMed {', '.join(sorted(papers[0] & papers[1]))})")
    relations = [(frame["relations"][0] or "") if len(frame) else "" for frame in (first, second)]
    series = [{a or b for a, b in _SUPER_SERIES.findall(text)} for text in relations]
    if series[0] & series[1]:
        links.append(f"it is in one super-series with {training.dataset} ({', '.join(sorted(series[0] & series[1]))})")
    names = [accession_of(each.dataset) for each in (validation, training)]
    if re.search(rf"\b{names[1]}\b", relations[0]) or re.search(rf"\b{names[0]}\b", relations[1]):
        links.append(f"GEO states a relation to {training.dataset}")
    if names[0] == names[1]:
        links.append(f"it has the same series as {training.dataset}")
    for what in ("sample", "patient"):
        # Two files may both have an S1 and a patient P1: only a name that tells a sample worldwide ties datasets.
        own, trained = (
            {sample_identity(each.dataset, name) for name in evidence.members(each)[what].drop_nulls()}
            for each in (validation, training)
        )
        if common := [name for _, name in own & trained]:
            links.append(f"{counted(len(common), what)} also in {training.subject} ({', '.join(sorted(common)[:3])})")
    return links


def _controls(evidence: StudyEvidence, comparison: Comparison) -> str:
    """Kind of most control samples by their descriptions: 'adjacent', 'healthy', or '' when unknown."""
    members = evidence.members(comparison)
    controls = members.filter(~pl.col("is_case"))
    of_cases = set(members.filter(pl.col("is_case"))["patient"].drop_nulls())
    kinds: list[str] = []
    for fields, patient in zip(sample_fields(controls), controls["patient"], strict=True):
        text = f"{fields['title']} {describe(fields)} {comparison.control.replace('_', ' ')}"
        # A control from a patient who is also a case is adjacent tissue whatever its description is (TCGA's -11).
        is_adjacent = patient in of_cases or bool(_ADJACENT.search(text))
        kinds.append("adjacent" if is_adjacent else "healthy" if _HEALTHY.search(text) else "")
    return Counter(kinds).most_common(1)[0][0] if kinds else ""


def _lacks_patients(evidence: StudyEvidence) -> str:
    unknown = evidence.rows("rigor/findings", code="R15", severity="info").filter(pl.col("statistic").is_null())
    if unknown.is_empty():
        return ""
    return f"the patient of each sample in {listed(unknown['subject'].to_list())}"


@check(
    "R15",
    slug="repeated_patients",
    title="One sample for each patient, or an analysis that accounts for patients",
    meaning=(
        "Several samples, or tumour and normal tissue, come from one patient. With `block: none` the genes' p-values "
        "take them for different people: they are too small for repeats, mostly too large for pairs. `auto` does so "
        "where too few patients recur to estimate a correlation, and then it is info. Folds, bootstraps "
        "and permutations keep a patient's samples together whatever `block` is; rank tests of genes, the AUC's "
        "interval (Obuchowski 1997) and the model's standard errors (Liang & Zeger 1986) account for patients too. A "
        "model whose classes separate has no standard errors where patients have several samples, because none are "
        "known to hold. If the study file does not name patients, this cannot be judged."
    ),
    measures="patients with several samples",
    fires="above",
    severities=("warning", "info"),
    remedy=(
        "Where the study file says `block: none`, leave it out; where `auto` finds too few repeats, keep one sample of "
        "each patient. If patients are unknown, state in the dataset which samples belong to one patient (`patient:`)."
    ),
    citation=f"PROBAST 4.6: {PROBAST}",
    doubts=Doubt("a hypothesis", 14, "samples of one patient are taken for different people"),
    lacks=Lack(6, _lacks_patients),
)
def repeated_patients(evidence: StudyEvidence) -> list[Finding]:
    """A patient has several samples, and `block: none` of the study file takes them as independent (warning).

    Where patients are not known, too few recur for `auto` to account for them, or the analysis does, it is info.
    """
    findings: list[Finding] = []
    for name, subject in evidence.subjects.items():
        found = repeats(subject.unit, subject.is_case.tolist())
        several = found.n_several
        text = f"{counted(several, 'patient')} with several samples, {found.n_both} of them in both classes"
        if not several and all(patient is None for patient in subject.patient):
            text = "the study file does not state which samples belong to one patient: this cannot be judged"
            findings.append(finding("R15", name, "info", text, None, 0))
        elif not several:
            findings.append(finding("R15", name, "ok", "every patient has one sample", 0, 0))
        elif (said := _block(evidence, name)).block == "none" and evidence.study.block_of(name) == "auto":
            text += f"; the genes' tests take them as independent, though `block` is `auto` ({said.reason})"
            findings.append(finding("R15", name, "info", text, several, 0))
        elif said.block == "none":
            text += "; `block: none` takes them as independent, so the genes' p-values are wrong"
            findings.append(finding("R15", name, "warning", text, several, 0))
        else:
            known = f"differential expression (block: {said.block}), " if said.block else ""
            text += f"; {known}rank tests, the AUC's interval and resampling account for it"
            text += _model_errors(evidence, name)
            findings.append(finding("R15", name, "info", text, several, 0))
    return findings


def _model_errors(evidence: StudyEvidence, name: str) -> str:
    """What the model's standard errors do about patients with several samples, where the model is of this cohort."""
    intervals = evidence.rows("model/coefficients")["interval"].unique().to_list()
    if name != evidence.study.model_cohort or not intervals:
        return ""
    if "clustered" in intervals:
        return ", the model's standard errors too"
    return "; the model's standard errors are not estimable, because its classes separate"


@check(
    "D10",
    slug="block_correlation",
    title="The correlation within patients that the tests use is between 0 and 0.95",
    meaning=(
        "With `block: duplicate_correlation` all p-values of a cohort rest on one number, the consensus correlation "
        "of a patient's samples. Below 0 samples of one patient are less alike than those of different patients: "
        "mostly the patients are named wrongly, or the design already holds them. Above 0.95 they are copies rather "
        "than samples."
    ),
    measures="consensus correlation within patients",
    fires="below",
    also_measures={"copies": Measure("consensus correlation within patients", "above")},
    remedy="Look whether `patient:` names the patients rightly; leave copies out, or set `block: fixed`.",
    citation="Smyth, Michaud & Scott 2005, 10.1093/bioinformatics/bti270",
    doubts=Doubt("a hypothesis", 9, "the correlation within patients is implausible, and every p-value rests on it"),
)
def block_correlation(evidence: StudyEvidence) -> list[Finding]:
    """The consensus correlation within patients is below 0 or above 0.95."""
    findings: list[Finding] = []
    for name, said in evidence.block_notes.items():
        if "block_correlation" not in said:
            findings += not_applicable("D10", name, "no correlation within patients is estimated")
            continue
        rho = float(said["block_correlation"])
        text = f"samples of one patient correlate by {signed(rho, '.3f')}"
        if n_left := said["n_without_variance"]:
            text += f" ({counted(n_left, 'gene')} without residual variance left out)"
        if rho < 0:
            text += ": they are less alike than samples of different patients"
        elif rho > _MOST_ALIKE:
            text += ": they are copies rather than samples"
        measured = (rho, _MOST_ALIKE, "copies") if rho > _MOST_ALIKE else (rho, 0, "")
        fires = rho < 0 or rho > _MOST_ALIKE
        findings.append(finding("D10", name, "warning" if fires else "ok", text, *measured))
    return findings


class _Block(NamedTuple):
    """How a cohort's samples of one patient were modelled, and why; "" for a validation dataset."""

    block: str
    reason: str


def _block(evidence: StudyEvidence, name: str) -> _Block:
    """What was done about patients with several samples; a validation dataset's genes are not tested."""
    if evidence.subjects[name].kind != "cohort":
        return _Block("", "")
    for block, reason in evidence.rows("differential/design", cohort=name).select("block", "block_reason").iter_rows():
        return _Block(block, reason)
    made = blocking(evidence.subjects[name], evidence.study.block_of(name))
    return _Block(made.block, made.reason)
