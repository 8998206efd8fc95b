"""Checks of the signature: overlap, directions, thresholds, stability, ranking over seeds (M4-M7, R5)."""

import numpy as np
import polars as pl

from dmicc_assets.checks.check import Doubt, Measure, check
from dmicc_assets.checks.finding import Finding, Measured, counted, finding, not_applicable
from dmicc_assets.results.evidence import StudyEvidence

CHANCE = 0.05
_TEST_OF_OVERLAP = {False: "hypergeometric", True: "exact multi-set"}
JACCARD = 0.5
BOOTSTRAP_FREQUENCY = 0.5
LEFT_OUT_FREQUENCY = 0.8


@check(
    "M4",
    slug="overlap_by_chance",
    title="The cohorts share more genes than random lists of this length would",
    meaning=(
        "Random lists of this length share as many genes. The p-value is hypergeometric (with more than two "
        "cohorts, of the exact multi-set test). It takes the lists as they are and asks only whether their "
        "overlap is larger than that of random lists, as if genes were independent. R3's permutation p of "
        "the overlap repeats the whole selection with permuted labels: it also asks whether the lists "
        "themselves could be chance, and it knows that genes go together. Where the two differ, believe R3.\n\n"
        "Genes that go together are shared together, so this p-value is too often small: "
        "[statistics.md](statistics.md) says how often. A small p-value here is no evidence by itself.\n\n"
        "Where two cohorts share samples (two diseases of one series, compared with the same controls), "
        "their lists are alike for that reason alone. Then neither this p-value, nor the directions (M5), "
        "nor permuted labels (R3) can say that there is more than chance."
    ),
    measures="hypergeometric p of the overlap",
    fires="above",
    severities=("warning", "info"),
    remedy="Do not interpret the shared genes. Give each cohort controls of its own.",
    citation="Wang 2015, 10.1038/srep16923",
    doubts=Doubt("chance", 2, "the cohorts share no more genes than chance gives"),
)
def overlap_by_chance(evidence: StudyEvidence) -> list[Finding]:
    """The p-value of the overlap exceeds 0.05 (warning); two cohorts share samples, so it cannot be judged (info)."""
    overlap = evidence.rows("signature/overlap")
    if overlap.is_empty() or overlap["p_value"][0] is None:
        return not_applicable("M4", evidence.name, "one cohort has no overlap")
    row = overlap.row(0, named=True)
    text = (
        f"{row['n_shared']} shared genes, {row['n_expected']:.1f} expected of random lists of this length "
        f"({_TEST_OF_OVERLAP[len(evidence.study.cohorts) > 2]} p = {row['p_value']:.3g})"
    )
    n_common = len(evidence.samples_of_two_cohorts)
    if n_common:
        text += (
            f"; {counted(n_common, 'sample')} of one cohort {'is' if n_common == 1 else 'are'} in another too, whose "
            "genes are shared by that alone: the p-value says nothing, and it cannot be judged"
        )
        return [finding("M4", evidence.name, "info", text, row["p_value"], CHANCE)]
    fires = row["p_value"] > CHANCE
    if fires:
        text += ": random lists share as many"
    return [finding("M4", evidence.name, "warning" if fires else "ok", text, row["p_value"], CHANCE)]


@check(
    "M5",
    slug="directions",
    title="The shared genes move the same way in every cohort",
    meaning=(
        "Some shared genes go up in one disease and down in the other; the message names them. A shared "
        "mechanism would move them alike. The exact binomial p-value says whether as many move the same way "
        "as chance gives."
    ),
    measures="shared genes that move in opposite directions",
    fires="above",
    severities=("info",),
    remedy="Speak of the genes that move the same way; of the others say which way they go in each disease.",
    citation="Clopper & Pearson 1934, 10.1093/biomet/26.4.404",
)
def directions(evidence: StudyEvidence) -> list[Finding]:
    """A shared gene goes up in one cohort and down in another, or two cohorts share samples."""
    genes, overlap = evidence.rows("signature/genes"), evidence.rows("signature/overlap")
    if len(evidence.study.cohorts) < 2 or genes.is_empty():
        why = "one cohort has no directions to agree" if len(evidence.study.cohorts) < 2 else "the signature is empty"
        return not_applicable("M5", evidence.name, why)
    opposed = genes.filter(~pl.col("is_concordant"))["gene"].unique().sort().to_list()
    p_value = overlap["concordance_p_value"][0]
    n = genes["gene"].n_unique()
    text = f"{n - len(opposed)} of {n} shared genes move the same way"
    text += (
        f" ({overlap['n_concordant_expected'][0]:.1f} expected by chance, exact binomial p = {p_value:.3g})"
        if p_value is not None
        else ""
    )
    text += f"; opposite: {', '.join(opposed)}" if opposed else ""
    has_common = bool(evidence.samples_of_two_cohorts)
    text += "; samples that two cohorts share move genes the same way in both, disease or not" if has_common else ""
    return [finding("M5", evidence.name, "info" if opposed or has_common else "ok", text, len(opposed), 0)]


@check(
    "M6",
    slug="threshold_sensitivity",
    title="The signature stays when a threshold is moved a little",
    meaning="Small changes of a threshold give another signature.",
    measures="median Jaccard index to the signature when one threshold is moved",
    fires="below",
    remedy="Report the grid of settings (`signature.sensitivity`), or weaken the claim.",
    citation="Simmons 2011, 10.1177/0956797611417632",
    doubts=Doubt("doubtful", 5, "a small change of a threshold gives other genes"),
)
def threshold_sensitivity(evidence: StudyEvidence) -> list[Finding]:
    """The median Jaccard index between the signature and those of single changes of a threshold is below 0.5."""
    grid = evidence.rows("signature/sensitivity").filter(pl.col("is_single_change")).drop_nulls("jaccard")
    if grid.is_empty() or not evidence.signature:
        why = "the signature is empty" if not evidence.signature else "no threshold was moved"
        return not_applicable("M6", evidence.name, why)
    jaccard = float(np.median(grid["jaccard"].to_numpy()))
    worst = grid.sort("jaccard", "setting").row(0, named=True)
    text = (
        f"median Jaccard index {jaccard:.2f} over {len(grid)} single changes; the least is {worst['jaccard']:.2f} "
        f"({worst['setting']}: {worst['n_shared']} genes)"
    )
    fires = jaccard < JACCARD
    if fires:
        text += ": the thresholds make the signature"
    return [finding("M6", evidence.name, "warning" if fires else "ok", text, jaccard, JACCARD)]


@check(
    "M7",
    slug="biomarker_stability",
    title="The biomarkers are found again when the samples vary",
    meaning=(
        "Other patients of the same kind would have given other biomarkers. The check judges how often a "
        "biomarker is in the signature again; the message also says how often it is a biomarker again."
    ),
    measures="lowest frequency of a biomarker in the signature, bootstrap",
    fires="below",
    also_measures={
        "left out": Measure("lowest frequency of a biomarker in the signature, one control left out", "below"),
    },
    severities=("warning", "info"),
    remedy="Report the frequencies (`signature.stability`) beside the genes' names.",
    citation="Nogueira 2018, JMLR 18(174)",
    doubts=Doubt("doubtful", 4, "other patients would have given other biomarkers"),
)
def biomarker_stability(evidence: StudyEvidence) -> list[Finding]:
    """A biomarker is in the signature too seldom (warning); nothing was repeated (info).

    Too seldom is under half of the bootstraps, or under 80 % of the repeats without one control.
    """
    if not evidence.biomarkers:
        return not_applicable("M7", evidence.name, "there are no biomarkers")
    stability = evidence.rows("signature/stability").filter(pl.col("gene").is_in(evidence.biomarkers))
    if stability.is_empty():
        return [finding("M7", evidence.name, "info", "nothing was repeated (rigor.bootstraps is 0): it is not known")]
    repeated = (
        ("bootstrap", BOOTSTRAP_FREQUENCY, "in {:.0%} of the bootstraps", ""),
        ("leave_one_control_out", LEFT_OUT_FREQUENCY, "in {:.0%} of the repeats without one control", "left out"),
    )
    texts: list[str] = []
    shares: list[tuple[float, Measured]] = []
    for method, limit, when, measure in repeated:
        of_cohorts = pl.col("method").str.starts_with(f"{method}:")
        rows = stability.filter((pl.col("method") == method) | of_cohorts).sort("frequency", "gene")
        if len(rows):
            frequency = rows["frequency"][0]
            texts.append(f"{rows['gene'][0]} is in the signature {when.format(frequency)}")
            shares.append((frequency / limit, (frequency, limit, measure)))
    again = stability.filter(pl.col("method") == "bootstrap_biomarkers").sort("frequency", "gene")
    if len(again):
        texts.append(f"{again['gene'][0]} is a biomarker again in {again['frequency'][0]:.0%} of the bootstraps")
    worst, measured = min(shares)
    text = f"the least stable biomarkers: {'; '.join(texts)}"
    text += ": other patients would have given other biomarkers" if worst < 1 else ""
    text += evidence.unweighted(*evidence.study.cohorts)
    return [finding("M7", evidence.name, "warning" if worst < 1 else "ok", text, *measured)]


@check(
    "R5",
    slug="ranking_over_seeds",
    title="The ranking is the same for every seed where the biomarkers are cut off",
    meaning=(
        "Over 50 seeds of the forest, the ranks of the last chosen and the first unchosen gene overlap: the "
        "seed decides which of them is a biomarker."
    ),
    measures="gap between the rank intervals of the last chosen and the first unchosen gene",
    fires="at or below",
    remedy="Choose `top` at a gap in the ranking, or call both genes candidates.",
    citation="Calle & Urrea 2011, 10.1093/bib/bbq011",
    doubts=Doubt("weak", 5, "the ranking depends on the seed"),
)
def ranking_over_seeds(evidence: StudyEvidence) -> list[Finding]:
    """Over the seeds, the rank intervals of the last chosen and the first unchosen gene overlap."""
    findings: list[Finding] = []
    top = evidence.study.ranking.top
    for name in evidence.study.cohorts:
        ranks = evidence.rows("signature/ranking", cohort=name).sort("rank")
        if len(ranks) <= top:
            findings += not_applicable("R5", name, f"{len(ranks)} genes are ranked and the first {top} are taken")
            continue
        last, following = ranks.row(top - 1, named=True), ranks.row(top, named=True)
        gap = following["rank_low"] - last["rank_high"]
        fires = gap <= 0
        text = (
            f"the last chosen gene {last['gene']} has ranks {last['rank_low']:.3g} to {last['rank_high']:.3g} over the "
            f"seeds, the first unchosen {following['gene']} {following['rank_low']:.3g} to {following['rank_high']:.3g}"
        )
        if fires:
            text += ": the seed decides which of them is chosen"
        findings.append(finding("R5", name, "warning" if fires else "ok", text, gap, 0.0))
    return findings
