"""Checks of leakage: genes or cut-offs chosen on the samples on which they are scored (R1, R11)."""

import polars as pl

from dmicc_assets.checks.check import AucDoubt, Doubt, check
from dmicc_assets.checks.finding import Finding, counted, finding, not_applicable
from dmicc_assets.checks.prediction import SCORED
from dmicc_assets.results.evidence import StudyEvidence

OPTIMISM = 0.05


@check(
    "R1",
    slug="selection_bias",
    title="The AUC does not drop when genes are chosen inside the folds",
    meaning=(
        "The AUC was measured on the samples that chose the genes. The nested estimate repeats the whole choice inside "
        "the folds; it is lower by more than 0.05. To save time, forests inside the folds have 100 trees and one seed, "
        "and RNA-seq counts are tested as log2 counts per million without voom's weights. How often the nested "
        "interval contains the true AUC is in [statistics.md](statistics.md)."
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
    """The apparent AUC exceeds the nested one by more than 0.05 (warning); no nested estimate was made (info)."""
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
        text += ": the difference comes from choosing the genes on the samples on which they are scored"
    text += evidence.unweighted(cohort)
    return [finding("R1", cohort, "warning" if fires else "ok", text, drop, OPTIMISM)]


@check(
    "R11",
    slug="cut_offs",
    title="The cut-off was chosen on other samples than those on which it is scored",
    meaning="Sensitivity and specificity are given at the cut-off that is best on the same samples.",
    measures="predictors whose cut-off was chosen on the samples on which it is scored",
    fires="above",
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
        text = f"cut-offs of {counted(n_predictors, 'predictor')} chosen on the samples on which they are scored"
        of_model = youden.filter(pl.col("subject") == name, pl.col("predictor") == "model")
        by_kind: dict[str, float] = dict(of_model.select("kind", "youden").iter_rows())
        if {"apparent", "nested_cv"} <= set(by_kind):
            text += (
                f"; the model's Youden index (sensitivity + specificity - 1) is {by_kind['apparent']:.2f}, "
                f"{by_kind['nested_cv']:.2f} with cut-offs chosen inside the folds"
            )
        findings.append(finding("R11", name, "warning", text, n_predictors, 0))
    return findings
