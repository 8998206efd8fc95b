"""Checks of the signature: overlap, directions, thresholds, stability, ranking over seeds (M4-M7, R5)."""

import numpy as np
import polars as pl

from dmicc_assets.checks.finding import Finding, Measured, counted, finding, not_applicable
from dmicc_assets.results.evidence import StudyEvidence

CHANCE = 0.05
_TEST_OF_OVERLAP = {False: "hypergeometric", True: "exact multi-set"}
JACCARD = 0.5
BOOTSTRAP_FREQUENCY = 0.5
LEFT_OUT_FREQUENCY = 0.8


def overlap_by_chance(evidence: StudyEvidence) -> list[Finding]:
    """M4: the overlap of the cohorts' genes is no larger than chance gives."""
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


def directions(evidence: StudyEvidence) -> list[Finding]:
    """M5: the shared genes that move in opposite directions, by name, and how surprising the agreement is."""
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


def threshold_sensitivity(evidence: StudyEvidence) -> list[Finding]:
    """M6: the median Jaccard index to the signature over single changes of a threshold is below 0.5."""
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


def biomarker_stability(evidence: StudyEvidence) -> list[Finding]:
    """M7: a biomarker is in the signature in under half of the bootstraps, or under 80 % when a control is left out."""
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


def ranking_over_seeds(evidence: StudyEvidence) -> list[Finding]:
    """R5: over the seeds, the rank intervals of the last chosen and the first unchosen gene overlap."""
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
