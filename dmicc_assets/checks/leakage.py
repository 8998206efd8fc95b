"""Checks of leakage: genes or cut-offs chosen where they are scored (R1, R11), and a trivial model beside (R16)."""

from itertools import combinations
from statistics import fmean

import polars as pl

from dmicc_assets.checks.check import AucDoubt, Doubt, check
from dmicc_assets.checks.finding import Finding, Severity, finding, not_applicable
from dmicc_assets.checks.prediction import SCORED
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.results.intervals import estimate_text, interval_text
from dmicc_assets.wording import counted, listed, signed

OPTIMISM = 0.05
# Up to this share of folds without a model a nested AUC is read as one of a procedure that finds genes.
FEW_EMPTY = 0.1


@check(
    "R1",
    slug="selection_bias",
    title="The AUC does not drop when genes are chosen inside the folds",
    meaning=(
        "The apparent AUC is measured on the samples that chose the genes, so it is too high. The nested AUC "
        "repeats the whole choice inside the folds of a cross-validation; here it is lower by more than 0.05. It "
        "judges the procedure on fewer samples, not these genes: where folds choose nothing it is low although "
        "the genes found on all samples may be right, and a validation dataset says more. So the check does not "
        "warn where the AUC's interval in every validation dataset lies above the nested AUC, or where the "
        "interval of the difference holds 0. To save time, forests inside the folds have 100 trees and one seed, "
        "and RNA-seq counts are tested as log2 counts per million without voom's weights. "
        "[statistics.md](statistics.md) says how often the nested interval contains the true AUC."
    ),
    measures="apparent AUC minus nested AUC",
    fires="above",
    severities=("warning", "info"),
    remedy="Report the nested AUC, and treat its interval as a lower limit of the uncertainty.",
    citation="Ambroise & McLachlan 2002, 10.1073/pnas.102102699; Varma & Simon 2006, 10.1186/1471-2105-7-91",
    doubts=Doubt(
        "a hypothesis", 1, "the AUC drops when the genes are chosen without the patients that it is tested on"
    ),
    doubts_auc=AucDoubt(("apparent", "leaky_cv"), "lower when the genes are chosen inside the folds"),
)
def selection_bias(evidence: StudyEvidence) -> list[Finding]:
    """The apparent AUC exceeds the nested one by more than 0.05 (warning).

    Info when the difference is not shown, when the frozen model does better outside, or without a nested estimate.
    """
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
    performance = {row["metric"]: row for row in evidence.rows("model/performance").iter_rows(named=True)}
    difference = performance.get("c_statistic_drop", {"nested_low": None, "nested_high": None})
    if interval := interval_text(difference["nested_low"], difference["nested_high"]):
        text += f" (lower by {signed(drop, '.3f')}, 95 % interval {interval})"
    text += "".join(
        f", {name} {auc[kind]:.3f}"
        for kind, name in (("leaky_cv", "leaky cross-validation"), ("bootstrap_632plus", ".632+ bootstrap"))
        if kind in auc
    )
    text += of_the_folds(evidence)
    severity: Severity = "ok"
    if drop > OPTIMISM:
        severity, meaning = _meaning(evidence, auc["nested_cv"], difference["nested_low"])
        text += meaning
    text += evidence.unweighted(cohort)
    return [finding("R1", cohort, severity, text, drop, OPTIMISM)]


def _meaning(evidence: StudyEvidence, nested: float, lowest_drop: float | None) -> tuple[Severity, str]:
    """Severity of a drop, and what it says: of the procedure, which is not the model that was found."""
    outside = evidence.rows("validation/roc", subject_kind="dataset", predictor="model", kind="external")
    outside = outside.drop_nulls(["auc", "ci_low"]).sort("subject")
    told = [f"{auc:.3f} in {subject}" for subject, auc in outside.select("subject", "auc").iter_rows()]
    if lowest_drop is not None and lowest_drop <= 0:
        return "info", ": an interval that holds 0 does not show that it is lower"
    if told and bool((outside["ci_low"] > nested).all()):
        text = f": nested it is the whole procedure that is judged; the frozen model reaches {listed(told)}, which is"
        return "info", f"{text} more than the procedure does with fewer samples"
    folds = evidence.rows("validation/folds")
    said = f"; the frozen model reaches {listed(told)}" if told else ""
    n_empty = int((~folds["has_model"]).sum()) if len(folds) else 0
    if n_empty > FEW_EMPTY * len(folds):
        return (
            "warning",
            f": the procedure often finds nothing with fewer samples, which says little of this model{said}",
        )
    return "warning", f": new patients are not shown to give the apparent AUC{said}"


def of_the_folds(evidence: StudyEvidence) -> str:
    """How many folds have no model, how the chosen sets varied, and the AUC within the folds that have one."""
    folds = evidence.rows("validation/folds")
    if folds.is_empty():
        return ""
    empty = int((~folds["has_model"]).sum())
    unfitted = int((~folds["has_model"] & (folds["biomarkers"].list.len() > 0)).sum())
    text = f"; {empty} of {counted(len(folds), 'fold')} ({empty / len(folds):.0%}) have no model"
    text += f", {unfitted} of them since the chosen genes could not be fitted" if unfitted else ""
    sets = [frozenset(genes) for genes in folds["biomarkers"] if len(genes)]
    if len(sets) > 1:
        alike = fmean(len(one & two) / len(one | two) for one, two in combinations(sets, 2))
        text += f"; {counted(len(set(sets)), 'different set')} of genes were chosen (mean Jaccard {alike:.2f})"
    rows = evidence.rows("model/performance", metric="c_statistic_given_genes").drop_nulls("nested").to_dicts()
    if empty and rows:
        (row,), n_inside = rows, len(folds["auc"].drop_nulls())
        interval = interval_text(row["nested_low"], row["nested_high"])
        text += f"; given that genes are chosen {row['nested']:.3f} (mean within {counted(n_inside, 'fold')}"
        text += f", 95 % interval {interval})" if interval else ")"
    return text


@check(
    "R16",
    slug="trivial_model",
    title="The model predicts better than a trivial one",
    meaning=(
        "In the same folds a single gene, the one that differs most in the training samples, or age and sex predict as "
        "well as the model, or the difference is too uncertain to tell. A warning says that the trivial model is "
        "shown to be better."
    ),
    measures="lower 95 % limit of the nested AUC of the model minus that of the trivial model that comes nearest",
    fires="at or below",
    doubted="a trivial model does better",
    severities=("warning", "info"),
    remedy="Say what the trivial model reaches beside the AUC of the model.",
    citation="Holte 1993, 10.1023/A:1022631118932",
)
def trivial_model(evidence: StudyEvidence) -> list[Finding]:
    """A trivial model is shown to be better than the model (warning), or the model is not shown to be better (info).

    Of several trivial models the one is told that is shown to be better, or whose difference has the lowest limit.
    """
    cohort = evidence.study.model_cohort
    limits = ["difference", "difference_low", "difference_high"]
    rows = evidence.rows("validation/trivial").drop_nulls(limits)
    if rows.is_empty():
        return not_applicable("R16", cohort, "no trivial model was cross-validated")
    is_worse = pl.col("difference_high") < 0
    row = rows.sort(~is_worse, "difference_low", "difference").row(0, named=True)
    better = estimate_text(*(row[each] for each in limits))
    text = f"{row['predictor']}: nested AUC {row['auc']:.3f}; the model's minus it is {better}"
    severity: Severity = "ok"
    if row["difference_high"] < 0:
        severity = "warning"
        text += ": it is shown to be better than the model"
    elif row["difference_low"] <= 0:
        severity = "info"
        text += ": the model is not shown to be better"
    return [finding("R16", cohort, severity, text, row["difference_low"], 0)]


@check(
    "R11",
    slug="cut_offs",
    title="The cut-off was chosen on other samples than those on which it is scored",
    meaning="Sensitivity and specificity are given at the cut-off that is best on the same samples.",
    measures="predictors whose cut-off was chosen on the samples on which it is scored",
    fires="above",
    doubted="a cut-off was chosen on the samples on which it is scored",
    remedy=("Quote sensitivity and specificity of the nested estimate, whose cut-offs were chosen on other samples."),
    citation="Leeflang 2008, 10.1373/clinchem.2007.096032",
)
def cut_offs(evidence: StudyEvidence) -> list[Finding]:
    """A cut-off was chosen on the samples that it is scored on."""
    rows = evidence.rows("validation/roc").drop_nulls(["threshold", "sensitivity", "specificity"])
    youden = rows.with_columns(youden=pl.col("sensitivity") + pl.col("specificity") - 1)
    findings: list[Finding] = []
    for name in evidence.subjects:
        scored = youden.filter(pl.col("subject") == name, pl.col("kind").is_in(SCORED))
        if scored.is_empty():
            findings += not_applicable("R11", name, "no cut-off was chosen there")
            continue
        n_predictors = scored["predictor"].n_unique()
        text = (
            f"sensitivity and specificity are optimistic: the cut-offs of {counted(n_predictors, 'predictor')} were "
            "chosen on the samples that score them"
        )
        of_model = youden.filter(pl.col("subject") == name, pl.col("predictor") == "model")
        by_kind: dict[str, float] = dict(of_model.select("kind", "youden").iter_rows())
        if {"apparent", "nested_cv"} <= set(by_kind):
            text += (
                f"; the model's Youden index (sensitivity + specificity − 1) is {by_kind['apparent']:.2f}, with "
                f"cut-offs chosen inside the folds {by_kind['nested_cv']:.2f}"
            )
        findings.append(finding("R11", name, "warning", text, n_predictors, 0))
    return findings
