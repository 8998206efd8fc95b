"""Checks of what the biomarkers predict: nulls, forests, intervals, sample size, model (R2-R4, R6-R8, R13).

Whether training leaks into the estimates is in `leakage.py`.
"""

import math

import numpy as np
import polars as pl

from dmicc_assets.checks.finding import Finding, Measured, Severity, counted, finding, not_applicable
from dmicc_assets.checks.sample_size import required_samples
from dmicc_assets.resampling.nulls import empirical_p
from dmicc_assets.results.evidence import StudyEvidence

CHANCE = 0.05
TREES = 100
HALF_WIDTH = 0.10
SMALL_CLASS = 10
PREVALENCE = (0.1, 0.9)
SCORED = ("apparent", "external")
_NAMES = {"signature_size": "signature size", "leaky_cv_auc": "leaky AUC", "overlap": "overlap"}


def fewest_draws() -> int:
    """Draws under which no empirical p can be small enough."""
    return round(1 / CHANCE) - 1


def random_signatures(evidence: StudyEvidence) -> list[Finding]:
    """R2: random sets of as many genes, fitted and frozen as the model is, do as well in over 5 % of the draws."""
    nulls = evidence.rows("rigor/nulls", null="random_signatures")
    if nulls.is_empty():
        why = "there are no biomarkers" if not evidence.biomarkers else "no random signature was drawn"
        return not_applicable("R2", evidence.name, why)
    findings: list[Finding] = []
    drawn = set(nulls["subject"])
    for subject in sorted(set(evidence.subjects) - drawn):
        findings += not_applicable("R2", subject, "it has no cases or no controls")
    for subject in sorted(drawn):
        of_subject = nulls.filter(pl.col("subject") == subject, pl.col("statistic") == "auc")
        p = empirical_p(of_subject)
        if p is None:
            findings += not_applicable("R2", subject, "the model cannot be applied there")
            continue
        draws = of_subject.filter(pl.col("draw") > 0)["value"].drop_nulls()
        observed = of_subject.filter(pl.col("draw") == 0)["value"][0]
        text = (
            f"AUC {observed:.3f}; of {len(draws)} models of {counted(len(evidence.biomarkers), 'random gene')} "
            f"{(draws >= observed - 1e-12).mean():.1%} do as well (p = {p:.3g}); half reach {draws.median():.2f}"
        )
        if observed >= 1:
            text += f"; {(draws >= 1).mean():.1%} of them have an AUC of 1 too"
        if subject in evidence.study.cohorts:
            text += "; the biomarkers were chosen on these samples, the random genes were not"
        severity, more = _judged(p, len(draws), "")
        findings.append(finding("R2", subject, severity, text + more, p, CHANCE))
    return findings


def _judged(p: float, n_draws: int, meaning: str) -> tuple[Severity, str]:
    """Severity of an empirical p, and what to say of it; too few draws can say nothing."""
    if n_draws < fewest_draws():
        return "info", f"; {counted(n_draws, 'draw')} cannot show p <= {CHANCE:g}, {fewest_draws()} can"
    return ("warning", meaning) if p > CHANCE else ("ok", "")


def permuted_labels(evidence: StudyEvidence) -> list[Finding]:
    """R3: with permuted labels, signature, overlap or leaky AUC are as large in over 5 % of the draws."""
    nulls = evidence.rows("rigor/nulls", null="permuted_labels")
    if nulls.is_empty():
        return not_applicable("R3", evidence.study.model_cohort, "no label was permuted (rigor.permutations is 0)")
    statistics: list[str] = nulls["statistic"].unique().sort().to_list()
    asked = {name: empirical_p(nulls.filter(pl.col("statistic") == name)) for name in statistics}
    p_values = {_NAMES.get(name, name): p for name, p in asked.items() if p is not None}
    sizes = nulls.filter((pl.col("statistic") == "signature_size") & (pl.col("draw") > 0))["value"]
    of = ", ".join(f"{name} {p:.3g}" for name, p in p_values.items())
    text = (
        f"permutation p of {of} ({len(sizes)} permutations, {(sizes == 0).mean():.0%} of which find nothing at all; "
        f"the least that p can be is {1 / (len(sizes) + 1):.3g})"
    )
    worst = max(p_values.values())
    reached = " and ".join(name for name, p in p_values.items() if p > CHANCE)
    # Most draws find nothing: to reach nothing would contradict itself, and no forest is grown of no genes.
    is_empty = nulls.filter(statistic="signature_size", draw=0)["value"].to_list() == [0.0]
    meaning = "the true labels give no gene either" if is_empty else f"labels that mean nothing reach the {reached}"
    severity, more = _judged(worst, len(sizes), f": {meaning}")
    if not is_empty and asked.get("leaky_cv_auc", worst) is None:
        more += "; leaky AUC is not judged, the smaller forests of resampling agree on no biomarker"
    if severity == "ok" and evidence.samples_of_two_cohorts:
        # Permuted labels break what shared controls alone make two cohorts' lists have in common.
        severity, more = "info", "; two cohorts share samples, which permuted labels do not: it cannot be judged"
    more += evidence.unweighted(evidence.study.model_cohort)
    return [finding("R3", evidence.study.model_cohort, severity, text + more, worst, CHANCE)]


def forest_settings(evidence: StudyEvidence) -> list[Finding]:
    """R4: features a split outside 1 to the number of genes, or fewer than 100 trees; published settings too."""
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
            problems.append(f"the published number of features a split, {published} of {n_published} genes, cannot be")
        published_trees = study.published.trees.get(name)
        if published_trees is not None and published_trees < TREES:
            measured = measured if problems else (published_trees, TREES, "")
            problems.append(f"the published forest has {published_trees} trees, importance needs {TREES} at least")
        text = "; ".join(problems) or (
            f"{trees} trees, {used} of {genes} genes a split" if genes else "no gene was ranked, nothing was published"
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


def auc_interval(evidence: StudyEvidence) -> list[Finding]:
    """R6: DeLong's half-width exceeds 0.10; under 10 samples in a class, or at AUC 1, it cannot be trusted itself."""
    findings: list[Finding] = []
    for name, subject in evidence.subjects.items():
        rows = headline_rows(evidence, name).drop_nulls(["ci_low", "ci_high"])
        n_case, n_control = int(subject.is_case.sum()), int((~subject.is_case).sum())
        smaller = min(n_case, n_control)
        if smaller == 0:
            text = f"{counted(n_case, 'case')} and {counted(n_control, 'control')}: no AUC can be had there"
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
            text = f"{counted(smaller, 'sample')} in the smaller class, too few for DeLong's interval"
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


def sample_size(evidence: StudyEvidence) -> list[Finding]:
    """R7: fewer samples than Riley's criteria ask for, counting every gene that was tested as a candidate."""
    subject = evidence.model_subject
    n, prevalence = len(subject.is_case), float(subject.is_case.mean())
    tested = len(subject.matrix.features)
    for_tested = required_samples(tested, prevalence).n
    text = f"{n:,} samples; {for_tested:,} are needed where {tested:,} genes are looked at"
    if evidence.biomarkers:
        chosen = required_samples(len(evidence.biomarkers), prevalence).n
        text += f", {chosen:,} if the {counted(len(evidence.biomarkers), 'biomarker')} had been chosen on other data"
    fires = n < for_tested
    return [finding("R7", subject.name, "warning" if fires else "ok", text, n, for_tested)]


def separation(evidence: StudyEvidence) -> list[Finding]:
    """R8: the classes separate, the likelihood has no maximum, and Firth's estimate was used."""
    coefficients = evidence.rows("model/coefficients")
    if coefficients.is_empty():
        return not_applicable("R8", evidence.study.model_cohort, "there is no model")
    firth = "firth" in coefficients["estimator"].to_list()
    text = (
        "the biomarkers separate cases from controls completely: maximum likelihood has no estimate, Firth's was used; "
        "odds ratios are as large as the penalty allows"
        if firth
        else "the classes overlap: maximum likelihood"
    )
    return [finding("R8", evidence.study.model_cohort, "warning" if firth else "ok", text, float(firth), 0)]


def prevalence(evidence: StudyEvidence) -> list[Finding]:
    """R13: over 90 % or under 10 % are cases: what stands beside accuracy."""
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
            text += f"; calling everybody the larger class is {always:.0%} accurate, the AUPRC baseline is {share:.2f}"
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
    return (
        f"; {row['predictor']}: accuracy {accuracy:.2f}, balanced {(sensitivity + specificity) / 2:.2f}, MCC {mcc:.2f}"
    )
