"""Checks of prediction: forests, intervals, sample size, the model and its risk (R4, R6-R10, R13).

Comparison with random genes is in `chance.py`, leakage from training in `leakage.py`.
"""

import math

import numpy as np
import polars as pl

from dmicc_assets.checks.check import DELONG, SMALL_CLASS, TRIPOD, AucDoubt, Doubt, Lack, Measure, check, has_fired
from dmicc_assets.checks.finding import Finding, Measured, finding, not_applicable
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.results.intervals import estimate_text
from dmicc_assets.stats.sample_size import required_samples
from dmicc_assets.wording import counted, signed

TREES = 100
HALF_WIDTH = 0.10
EVENTS = 100
PREVALENCE = (0.1, 0.9)
SCORED = ("apparent", "external")


@check(
    "R4",
    slug="forest_settings",
    title="The forests' settings are valid",
    meaning="The number of features tried at each split is impossible, or there are too few trees for a ranking.",
    measures="trees of the forest",
    fires="below",
    doubted="a forest has too few trees",
    also_measures={
        "published": Measure(
            "published number of features tried at each split, against genes",
            "above",
            "the published number of features tried at each split is impossible",
        ),
    },
    remedy="Use at least 100 trees; if a paper's settings are impossible, ask its authors.",
    citation="Breiman 2001, 10.1023/A:1010933404324",
)
def forest_settings(evidence: StudyEvidence) -> list[Finding]:
    """A forest has fewer than 100 trees, or the published number of features tried at each split is impossible."""
    findings: list[Finding] = []
    study = evidence.study
    for name in study.cohorts:
        genes = evidence.rows("signature/ranking", cohort=name)["gene"].n_unique()
        problems: list[str] = []
        used = math.isqrt(genes)
        trees = _trees_used(evidence, name)
        measured: Measured = (trees, TREES, "")
        if trees < TREES:
            problems.append(f"{trees} trees were used, importance needs {TREES} at least")
        published = study.published.mtry.get(name)
        n_published = len(study.published.signature or []) or genes
        if published is not None and not 1 <= published <= max(n_published, 1):
            measured = measured if problems else (published, max(n_published, 1), "published")
            problems.append(
                f"the published number of features a split, {published:,} of {n_published:,} genes, is impossible"
            )
        published_trees = study.published.trees.get(name)
        if published_trees is not None and published_trees < TREES:
            measured = measured if problems else (published_trees, TREES, "")
            problems.append(f"the published forest has {published_trees} trees, importance needs {TREES} at least")
        text = "; ".join(problems) or (
            f"{trees:,} trees, {used:,} of {genes:,} genes at each split"
            if genes
            else "no gene was ranked, nothing was published"
        )
        findings.append(finding("R4", name, "warning" if problems else "ok", text, *measured))
    return findings


def _trees_used(evidence: StudyEvidence, cohort: str) -> int:
    if not evidence.study.ranking.use_cv_trees:
        return evidence.study.ranking.trees
    chosen = evidence.rows("signature/error_curve", cohort=cohort).filter(pl.col("is_chosen"))["n_trees"]
    return chosen[0] if len(chosen) else evidence.study.ranking.trees


def headline_rows(evidence: StudyEvidence, subject: str) -> pl.DataFrame:
    """`validation.roc` rows of the biomarkers and the model in a subject, as apparent or external."""
    return evidence.rows("validation/roc", subject=subject).filter(
        pl.col("kind").is_in(SCORED),
        pl.col("predictor").is_in(evidence.biomarkers) | pl.col("predictor").str.starts_with("model"),
    )


@check(
    "R6",
    slug="auc_interval",
    title="The interval of the AUC is narrow and can be trusted",
    meaning=(
        "The interval of an AUC is wider than ± 0.10, or it is not reliable, because the smaller class has fewer than "
        "ten samples or the AUC is 1; or a validation dataset has no cases or no controls."
    ),
    measures="largest half-width of an AUC's interval",
    fires="above",
    doubted="the interval of the AUC is wide",
    also_measures={
        "class": Measure("samples in the smaller class", "below", "the interval of the AUC rests on a small class"),
        "perfect": Measure("largest AUC", "at or above", "the interval of an AUC of 1 cannot be trusted"),
    },
    remedy="Give the counts of cases and controls beside the AUC, and find more samples.",
    citation="DeLong 1988, 10.2307/2531595",
    doubts_auc=AucDoubt(DELONG, "its interval is wide or cannot be trusted"),
)
def auc_interval(evidence: StudyEvidence) -> list[Finding]:
    """DeLong's interval is wider than ± 0.10, or a class has fewer than 10 samples, or an AUC is 1."""
    findings: list[Finding] = []
    for name, subject in evidence.subjects.items():
        rows = headline_rows(evidence, name).drop_nulls(["ci_low", "ci_high"])
        n_case, n_control = int(subject.is_case.sum()), int((~subject.is_case).sum())
        smaller = min(n_case, n_control)
        if smaller == 0:
            text = f"{counted(n_case, 'case')} and {counted(n_control, 'control')}: no AUC can be computed there"
            findings.append(finding("R6", name, "warning", text, None, HALF_WIDTH))
            continue
        if rows.is_empty():
            findings += not_applicable("R6", name, "no biomarker is scored there")
            continue
        widths = ((rows["ci_high"] - rows["ci_low"]) / 2).to_numpy()
        widest = rows["predictor"][int(np.argmax(widths))]
        width = float(widths.max())
        problems: list[tuple[str, Measured]] = []
        if smaller < SMALL_CLASS:
            text = f"{counted(smaller, 'sample')} in the smaller class are too few for DeLong's interval"
            problems.append((text, (smaller, SMALL_CLASS, "class")))
        if perfect := rows.filter(pl.col("auc") >= 1)["predictor"].unique().sort().to_list():
            text = f"the AUC of {' and '.join(perfect)} is 1, where DeLong's interval has no width"
            problems.append((text, (1.0, 1.0, "perfect")))
        if width > HALF_WIDTH:
            problems.append((f"the interval of {widest} is ± {width:.4f}", (width, HALF_WIDTH, "")))
        narrow = (f"the widest interval is ± {width:.3f} ({widest})", (width, HALF_WIDTH, ""))
        measured = (problems or [narrow])[0][1]
        text = "; ".join(problem for problem, _ in problems or [narrow])
        findings.append(finding("R6", name, "warning" if problems else "ok", text, *measured))
    return findings


def _lacks_samples(evidence: StudyEvidence) -> str:
    warned = evidence.rows("rigor/findings", code="R7", severity="warning")
    n = warned["statistic"][0] if len(warned) else None
    return (
        ""
        if n is None
        else f"a cohort of sufficient size (the model's has {n:,.0f} samples; R7 says how many it takes)"
    )


@check(
    "R7",
    slug="sample_size",
    title="There are enough samples for a prediction model",
    meaning=(
        "A model needs far more samples than there are, when every tested gene counts as a candidate: Riley's three "
        "criteria, at an expected R² of 15 % of its maximum."
    ),
    measures="samples, against those needed for the tested genes",
    fires="below",
    doubted="there are too few samples for a prediction model",
    remedy="Treat the model as a hypothesis for a larger study.",
    citation="Riley 2019, 10.1002/sim.7992",
    lacks=Lack(3, _lacks_samples),
    tripod=("10",),
)
def sample_size(evidence: StudyEvidence) -> list[Finding]:
    """The model's cohort has fewer samples than Riley's criteria require if every tested gene is a candidate."""
    subject = evidence.model_subject
    n, prevalence = len(subject.is_case), float(subject.is_case.mean())
    tested = len(subject.matrix.features)
    for_tested = required_samples(tested, prevalence).n
    text = f"{n:,} samples, where {for_tested:,} are needed for {tested:,} candidate genes"
    if evidence.biomarkers:
        chosen = required_samples(len(evidence.biomarkers), prevalence).n
        text += f" ({chosen:,} if the {counted(len(evidence.biomarkers), 'biomarker')} had been chosen on other data)"
    fires = n < for_tested
    return [finding("R7", subject.name, "warning" if fires else "ok", text, n, for_tested)]


@check(
    "R8",
    slug="separation",
    title="The classes overlap, so that the model has a maximum-likelihood estimate",
    meaning=(
        "The biomarkers separate the samples completely. Maximum likelihood has no estimate, so Firth's "
        "penalised estimate was used."
    ),
    measures="1 when the classes separate",
    fires="above",
    remedy="Do not interpret the odds ratios; the size of the probabilities depends on the penalty.",
    citation="Heinze & Schemper 2002, 10.1002/sim.1047",
    doubts=Doubt("a hypothesis", 13, "the model separates the samples completely"),
)
def separation(evidence: StudyEvidence) -> list[Finding]:
    """The classes separate, so that the likelihood has no maximum and Firth's estimate was used."""
    coefficients = evidence.rows("model/coefficients")
    if coefficients.is_empty():
        return not_applicable("R8", evidence.study.model_cohort, "there is no model")
    firth = "firth" in coefficients["estimator"].to_list()
    text = (
        "the biomarkers separate cases from controls completely, so that maximum likelihood has no estimate: the size "
        "of the odds ratios depends on the penalty of Firth's method, which was used"
        if firth
        else "the classes overlap: the estimate is that of maximum likelihood"
    )
    return [finding("R8", evidence.study.model_cohort, "warning" if firth else "ok", text, float(firth), 0)]


def _lacks_calibration(evidence: StudyEvidence) -> str:
    if not has_fired(evidence, "R9"):
        return ""
    is_outside = len(evidence.rows("validation/performance", subject_kind="dataset", metric="slope")) > 0
    return "enough samples for a calibration curve" if is_outside else "calibration on other patients"


@check(
    "R9",
    slug="calibration",
    title="Calibration is shown on data that the model has not seen, with enough events",
    meaning=(
        "Calibration is shown on training samples only, or its curve is drawn on fewer than 100 cases or "
        "controls. The slope of the frozen model in each validation dataset, on log2 expression, and the slope out of "
        "fold, with the genes chosen inside the folds, are in the message: 1 is right, below 1 the predictions are "
        "too extreme. The intercept in a validation dataset and the slope by z-scores have no meaning, because they "
        "move with the share of cases, which was chosen."
    ),
    measures="samples in the smaller class",
    fires="below",
    doubted="calibration is shown on too few samples, or on those of the training",
    also_measures={
        "outside": Measure(
            "validation datasets with a calibration slope",
            "below",
            "calibration is shown on no sample outside the training",
        ),
    },
    remedy="A straight line does not show that the model is calibrated; test it on more patients.",
    citation="Van Calster 2019, 10.1186/s12916-019-1466-7",
    lacks=Lack(4, _lacks_calibration),
)
def calibration(evidence: StudyEvidence) -> list[Finding]:
    """Calibration is shown on the training samples only, or its curve on fewer than 100 cases or controls."""
    cohort = evidence.study.model_cohort
    if evidence.rows("model/calibration").is_empty():
        return not_applicable("R9", cohort, "no calibration curve was drawn")
    subject = evidence.model_subject
    fewest = min(int(subject.is_case.sum()), int((~subject.is_case).sum()))
    outside = evidence.rows("validation/performance", subject_kind="dataset", metric="slope", scale="log2")
    slopes = [
        f"{row['subject']} {estimate_text(row['value'], row['ci_low'], row['ci_high'], 2)}"
        for row in outside.drop_nulls("value").sort("subject").iter_rows(named=True)
    ]
    problems = [] if slopes else ["calibration is shown on the training samples only"]
    problems += (
        [f"{counted(fewest, 'sample')} in the smaller class, where a curve needs {EVENTS}"] if fewest < EVENTS else []
    )
    text = "; ".join(problems) or f"the curve is drawn on {fewest} samples in the smaller class"
    text += f"; calibration slope in validation, on log2: {', '.join(slopes)}" if slopes else ""
    nested = evidence.rows("model/performance", metric="slope").drop_nulls("nested")
    for row in nested.iter_rows(named=True):
        said = estimate_text(row["nested"], row["nested_low"], row["nested_high"], 2)
        text += f"; with the genes chosen inside the folds {said}"
    measured: Measured = (fewest, EVENTS, "") if slopes or fewest < EVENTS else (0, 1, "outside")
    return [finding("R9", cohort, "warning" if problems else "ok", text, *measured)]


@check(
    "R10",
    slug="absolute_risk",
    title="The absolute risk is valid outside the study",
    meaning=(
        "Cases and controls were collected separately, so the share of cases is a choice. The nomogram's probabilities "
        "are valid only for this share."
    ),
    measures="share of cases among the model's samples",
    fires="above",
    doubted="the model gives no absolute risk",
    remedy="Use the score to rank people, never to state a patient's risk.",
    citation=f"TRIPOD+AI: {TRIPOD}",
    lacks=Lack(5, "a cohort sampled without regard to disease status, without which no absolute risk can be stated"),
)
def absolute_risk(evidence: StudyEvidence) -> list[Finding]:
    """There is a model: its cases and controls were collected separately."""
    cohort = evidence.study.model_cohort
    if evidence.rows("model/coefficients").is_empty():
        return not_applicable("R10", cohort, "there is no model, so no risk is stated")
    share = float(evidence.model_subject.is_case.mean())
    text = (
        f"no absolute risk can be stated: cases and controls were collected separately, so that {share:.0%} of the "
        "samples are cases; the nomogram's probabilities hold for this share alone, its ranking of people does not "
        "depend on it"
    )
    return [finding("R10", cohort, "warning", text, share, None)]


@check(
    "R13",
    slug="prevalence",
    title="Accuracy is not inflated by the prevalence",
    meaning=(
        "Nearly all samples are of one class. The message gives balanced accuracy, MCC and the baseline of the "
        "precision-recall curve beside accuracy."
    ),
    measures="share of cases",
    fires="above",
    also_measures={
        "rare": Measure("share of cases", "below"),
    },
    severities=("info",),
    remedy="Quote balanced accuracy, MCC and the precision-recall baseline beside accuracy.",
    citation="Chicco & Jurman 2020, 10.1186/s12864-019-6413-7",
)
def prevalence(evidence: StudyEvidence) -> list[Finding]:
    """Over 90 % or under 10 % of the samples are cases."""
    findings: list[Finding] = []
    low, high = PREVALENCE
    for name, subject in evidence.subjects.items():
        if not len(subject.is_case):
            findings += not_applicable("R13", name, "it has neither cases nor controls")
            continue
        share = float(subject.is_case.mean())
        fires = not low <= share <= high
        text = f"{share:.0%} of the samples are cases"
        if fires:
            always = max(share, 1 - share)
            text += f"; always predicting the larger class is {always:.0%} accurate, the AUPRC baseline is {share:.2f}"
            text += "".join(_beside_accuracy(row, share) for row in headline_rows(evidence, name).iter_rows(named=True))
        measured: Measured = (share, high, "") if share > 0.5 else (share, low, "rare")
        findings.append(finding("R13", name, "info" if fires else "ok", text, *measured))
    return findings


def _beside_accuracy(row: dict[str, float | str | None], share: float) -> str:
    """Accuracy, balanced accuracy and Matthews' correlation at a row's cut-off."""
    sensitivity, specificity = row["sensitivity"], row["specificity"]
    if not isinstance(sensitivity, float) or not isinstance(specificity, float):
        return ""
    positive = share * sensitivity + (1 - share) * (1 - specificity)
    product = share * (1 - share) * positive * (1 - positive)
    mcc = (share * sensitivity - share * positive) / math.sqrt(product) if product > 0 else 0.0
    accuracy = share * sensitivity + (1 - share) * specificity
    balanced = (sensitivity + specificity) / 2
    return f"; {row['predictor']}: accuracy {accuracy:.2f}, balanced {balanced:.2f}, MCC {signed(mcc, '.2f')}"
