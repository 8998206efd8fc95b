"""Checks against chance: random genes in place of the biomarkers, permuted labels (R2, R3)."""

import polars as pl

from dmicc_assets.checks.check import CHANCE, EVERY_AUC, AucDoubt, Doubt, check
from dmicc_assets.checks.finding import Finding, Severity, finding, not_applicable
from dmicc_assets.resampling.nulls import empirical_p
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.wording import counted

_NAMES = {"signature_size": "signature size", "leaky_cv_auc": "leaky AUC", "overlap": "overlap"}


def fewest_draws() -> int:
    """Least number of draws with which an empirical p-value can be at or below the limit."""
    return round(1 / CHANCE) - 1


@check(
    "R2",
    slug="random_genes",
    title="The biomarkers do better than random genes",
    meaning=(
        "Models on random genes do as well in more than one of twenty draws. Tumour and normal tissue differ in "
        "thousands of genes, and any of them predicts. The random genes are expressed ones, in the upper half of "
        "the model's cohort by average. A second set is of its differentially expressed genes; few biomarkers do "
        "better than those. In a cohort the comparison favours the biomarkers, because they were chosen there: in "
        "pure noise they pass it in the model's cohort 9 times of 10. Only a validation dataset gives a fair "
        "comparison. Fewer than 19 draws cannot decide (`rigor.random_signatures`)."
    ),
    measures="empirical p against random genes",
    fires="above",
    severities=("warning", "info"),
    remedy="Do not present this AUC as evidence for these genes.",
    citation="Venet 2011, 10.1371/journal.pcbi.1002240",
    doubts=Doubt("a hypothesis", 2, "more than one in twenty random sets of genes do as well"),
    doubts_auc=AucDoubt(EVERY_AUC, "random genes do as well"),
)
def random_genes(evidence: StudyEvidence) -> list[Finding]:
    """Models on as many random genes do as well in over 5 % of the draws (warning).

    Info in the model's cohort, whose samples chose the genes, and where fewer than 19 sets were drawn.
    """
    nulls = evidence.rows("rigor/nulls", null="random_signatures")
    degs = evidence.rows("rigor/nulls", null="random_degs", statistic="auc")
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
        genes = counted(len(evidence.biomarkers), "random expressed gene")
        text = (
            f"{(draws >= observed - 1e-12).mean():.1%} of {len(draws):,} models of {genes} reach the model's AUC of "
            f"{observed:.3f} (p = {p:.3g}); half of them reach {draws.median():.2f}"
        )
        text += _against_degs(degs.filter(pl.col("subject") == subject), evidence.study.model_cohort)
        if subject in evidence.study.cohorts:
            text += "; the biomarkers were chosen on these samples, the random genes were not"
        severity, more = _judged(p, len(draws), "")
        severity = "info" if subject == evidence.study.model_cohort else severity
        findings.append(finding("R2", subject, severity, text + more, p, CHANCE))
    return findings


def _against_degs(draws: pl.DataFrame, cohort: str) -> str:
    """How many models on random differentially expressed genes of the model's cohort do as well in a subject."""
    p, values = empirical_p(draws), draws.filter(pl.col("draw") > 0)["value"].drop_nulls()
    if p is None:
        return ""
    observed = draws.filter(pl.col("draw") == 0)["value"][0]
    share = (values >= observed - 1e-12).mean()
    return f"; of {len(values):,} models of random differentially expressed genes of {cohort} {share:.1%} (p = {p:.3g})"


def _judged(p: float, n_draws: int, meaning: str) -> tuple[Severity, str]:
    """Severity of an empirical p-value, and a note when the draws are too few to decide."""
    if n_draws < fewest_draws():
        return "info", f"; {counted(n_draws, 'draw')} cannot show p <= {CHANCE:g}, {fewest_draws()} can"
    return ("warning", meaning) if p > CHANCE else ("ok", "")


@check(
    "R3",
    slug="permuted_labels",
    title="The procedure finds less when the labels are permuted",
    meaning=(
        "The labels of the model's cohort are permuted, and the same procedure is run again. It finds as much: as "
        "large a signature, as large an overlap, or as high an AUC. The labels of the other cohorts stay: the "
        "check asks whether there is a signal in the model's cohort, not whether the diseases share genes (M4 "
        "does). The AUC is not compared where the forests of resampling (100 trees, one seed) agree on no "
        "biomarker under the true labels. Fewer than 19 permutations cannot decide (`rigor.permutations`)."
    ),
    measures="largest empirical p against permuted labels",
    fires="above",
    severities=("warning", "info"),
    remedy="Treat the result as if nothing was found.",
    citation="Ojala & Garriga 2010, JMLR 11:1833",
    doubts=Doubt("not supported", 2, "as much is found when the labels are shuffled"),
    doubts_auc=AucDoubt(EVERY_AUC, "permuted labels do as well"),
)
def permuted_labels(evidence: StudyEvidence) -> list[Finding]:
    """With permuted labels, signature, overlap or leaky AUC is as large in over 5 % of the draws (warning).

    With fewer than 19 draws, or where two cohorts share samples, it is info.
    """
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
    # Most draws find nothing; a comparison with an empty observed result would be meaningless.
    is_empty = nulls.filter(statistic="signature_size", draw=0)["value"].to_list() == [0.0]
    meaning = "the true labels give no gene either" if is_empty else f"random labels reach the {reached}"
    severity, more = _judged(worst, len(sizes), f": {meaning}")
    if not is_empty and asked.get("leaky_cv_auc", worst) is None:
        more += "; leaky AUC is not judged, the smaller forests of resampling agree on no biomarker"
    if severity == "ok" and evidence.samples_of_two_cohorts:
        # Shared controls alone make two cohorts' lists alike; permuted labels remove this effect.
        severity, more = "info", "; two cohorts share samples, but permuted labels do not: this cannot be judged"
    more += evidence.unweighted(evidence.study.model_cohort)
    return [finding("R3", evidence.study.model_cohort, severity, text + more, worst, CHANCE)]
