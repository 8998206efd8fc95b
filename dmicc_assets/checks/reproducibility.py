"""Checks of the signature: overlap, directions, thresholds, stability, ranking over seeds (M4-M7, R5)."""

import numpy as np
import polars as pl

from dmicc_assets.checks.check import CHANCE, AucDoubt, Doubt, Measure, check
from dmicc_assets.checks.directions import disagrees, other_way, which_ways
from dmicc_assets.checks.finding import Finding, Measured, Severity, finding, not_applicable
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.wording import counted, listed, one_or_many

HALF = 0.5
TURNED = Measure(
    "AUC of the frozen model outside its cohort", "below", "the model ranks cases below controls elsewhere"
)
_TEST_OF_OVERLAP = {False: "hypergeometric", True: "exact multi-set"}
JACCARD = 0.5
BOOTSTRAP_FREQUENCY = 0.5
LEFT_OUT_FREQUENCY = 0.8


@check(
    "M4",
    slug="sharing",
    title="The cohorts share more genes than another axis of variation of their tissues gives",
    meaning=(
        "Do the diseases share more genes than chance gives? Chance here is not an urn. Tissues vary along many "
        "axes (cell composition, age, treatment, handling), and the lists of genes along two such axes overlap "
        "too. So the list of one disease is compared with lists along random axes of the other cohort's samples, "
        "drawn within their groups; these lists are as long as the disease's, as variable and as inter- "
        "correlated. Each cohort in turn is replaced, and the largest p-value counts.\n\n"
        "A large p-value does not show that the overlap is chance. It says that more than chance was not shown. "
        "Where the shared biology is itself a main axis of a tissue, the test has less power.\n\n"
        "The usual p-value stands beside it: hypergeometric, or of the exact multi-set test with more than two "
        "cohorts. It draws genes from an urn. Genes that are expressed, variable or correlated are shared without "
        "any link between the diseases, so this p-value is too often small: [statistics.md](statistics.md) says "
        "how often.\n\n"
        "Where two cohorts share samples (two diseases of one series, compared with the same controls), their "
        "lists are alike for that reason alone. Then neither p-value, nor the directions (M5), nor permuted "
        "labels (R3) can show more than chance."
    ),
    measures="p of the shared genes against other axes of variation of the tissues",
    fires="above",
    severities=("warning", "info"),
    remedy="Present the shared genes as a list to be tested, not as a finding.",
    citation="Langsrud 2005, 10.1007/s11222-005-4789-5; Wang 2015, 10.1038/srep16923",
    doubts=Doubt(
        "not supported", 1, "the diseases are not shown to share more genes than other variation of these tissues gives"
    ),
)
def sharing(evidence: StudyEvidence) -> list[Finding]:
    """The p-value of sharing exceeds 0.05 (warning); no gene is shared, or two cohorts share samples (info)."""
    overlap = evidence.rows("signature/overlap")
    if overlap.is_empty() or overlap["p_value"][0] is None:
        return not_applicable("M4", evidence.name, "one cohort has no overlap")
    row = overlap.row(0, named=True)
    usual = (
        f"the usual test, which draws genes from an urn, expects {row['n_expected']:.1f} "
        f"({_TEST_OF_OVERLAP[len(evidence.study.cohorts) > 2]} p = {row['p_value']:.3g})"
    )
    if row["sharing_p_value"] is None:
        text = f"no gene is shared, so sharing is not tested; {usual}"
        return [finding("M4", evidence.name, "info", text, None, CHANCE)]
    text = (
        f"{counted(row['n_shared'], 'gene')} shared, {row['sharing_expected']:.1f} by lists along other axes of "
        f"variation of these tissues (p = {row['sharing_p_value']:.3g}); {usual}"
    )
    n_common = len(evidence.samples_of_two_cohorts)
    if n_common:
        text += (
            f"; {counted(n_common, 'sample')} of one cohort {one_or_many(n_common, 'is', 'are')} in another too, which "
            "alone makes genes shared: the p-values say nothing, and sharing cannot be judged; give each cohort "
            "samples of its own"
        )
        return [finding("M4", evidence.name, "info", text, row["sharing_p_value"], CHANCE)]
    fires = row["sharing_p_value"] > CHANCE
    if fires:
        text = f"not shown to be more than chance: {text}"
    return [finding("M4", evidence.name, "warning" if fires else "ok", text, row["sharing_p_value"], CHANCE)]


@check(
    "M5",
    slug="directions",
    title="The shared genes move the same way in every cohort, and the model ranks cases above controls everywhere",
    meaning=(
        "Some shared genes go up in one disease and down in the other; the message names them. A shared mechanism "
        "would move them alike. It is a warning where a biomarker does so: the model then ranks cases below "
        "controls in the other disease, with an AUC far below 0.5, even of 0.000. It is a warning too where the "
        "directions agree less than along other axes of variation of the tissues, where genes also move together "
        "(p of directions at most 0.05). The usual exact binomial test takes genes as independent."
    ),
    measures="shared genes that move in opposite directions",
    fires="above",
    also_measures={"turned": TURNED},
    severities=("warning", "info"),
    remedy="Speak of the genes that move the same way; of the others say which way they go in each disease.",
    citation="Clopper & Pearson 1934, 10.1093/biomet/26.4.404; Langsrud 2005, 10.1007/s11222-005-4789-5",
    doubts=Doubt("a hypothesis", 0, "genes move opposite ways in the diseases", tells=which_ways, is_always_said=True),
    doubts_auc=AucDoubt(("external",), "it ranks cases below controls"),
)
def directions(evidence: StudyEvidence) -> list[Finding]:
    """A biomarker moves opposite ways, directions disagree more than chance allows, or an outside AUC is below 0.5.

    Another gene that moves opposite ways is info, and so are samples that two cohorts share.
    """
    turned = _turned(evidence)
    genes, overlap = evidence.rows("signature/genes"), evidence.rows("signature/overlap")
    if len(evidence.study.cohorts) < 2 or genes.is_empty():
        why = "one cohort has no directions to agree" if len(evidence.study.cohorts) < 2 else "the signature is empty"
        return [*not_applicable("M5", evidence.name, why), *turned]
    opposed = genes.filter(~pl.col("is_concordant"))["gene"].unique().sort().to_list()
    n, row = genes["gene"].n_unique(), overlap.row(0, named=True)
    text = f"{n - len(opposed)} of {n} shared genes move the same way"
    chances = [f"p = {row['direction_p_value']:.3g}"] if row["direction_p_value"] is not None else []
    if row["concordance_p_value"] is not None:
        chances += [
            f"{row['n_concordant_expected']:.1f} expected of independent genes, "
            f"exact binomial p = {row['concordance_p_value']:.3g}"
        ]
    text += f" ({'; '.join(chances)})" if chances else ""
    text += ": they disagree more than chance allows" if disagrees(evidence) else ""
    text += f"; opposite: {', '.join(opposed)}" if opposed else ""
    has_common = bool(evidence.samples_of_two_cohorts)
    text += "; samples that two cohorts share move genes the same way in both, disease or not" if has_common else ""
    is_grave = bool(set(opposed) & set(evidence.biomarkers)) or disagrees(evidence)
    severity: Severity = "warning" if is_grave else "info" if opposed or has_common else "ok"
    return [finding("M5", evidence.name, severity, text, len(opposed), 0), *turned]


def _turned(evidence: StudyEvidence) -> list[Finding]:
    """Where the frozen model ranks cases below controls: its AUC and interval are below 0.5."""
    rows = evidence.rows("validation/roc", predictor="model", kind="external")
    below = rows.filter(pl.col("auc") < HALF, (pl.col("ci_high") < HALF).fill_null(False)).sort("subject")
    found: list[Finding] = []
    for subject, auc in below.select("subject", "auc").iter_rows():
        genes = other_way(evidence, subject)
        text = f"the AUC of the model is {auc:.3f}: it ranks the cases below the controls"
        if genes:
            verb = one_or_many(len(genes), "moves", "move")
            text += f", since {listed(genes)} {verb} the other way than in {evidence.study.model_cohort}"
        found.append(finding("M5", subject, "warning", text, auc, HALF, "turned"))
    return found


@check(
    "M6",
    slug="threshold_sensitivity",
    title="The signature is stable under small changes of a threshold",
    meaning="A small change of a threshold gives a different signature.",
    measures="median Jaccard index with the signature when one threshold is changed",
    fires="below",
    remedy="Report the grid of settings (`signature.sensitivity`), or weaken the claim.",
    citation="Simmons 2011, 10.1177/0956797611417632",
    doubts=Doubt("a hypothesis", 5, "a small change of a threshold gives other genes"),
)
def threshold_sensitivity(evidence: StudyEvidence) -> list[Finding]:
    """The median Jaccard index between the signature and those of single changes of a threshold is below 0.5."""
    grid = evidence.rows("signature/sensitivity").filter(pl.col("is_single_change")).drop_nulls("jaccard")
    if grid.is_empty() or not evidence.signature_genes:
        why = "the signature is empty" if not evidence.signature_genes else "no threshold was changed"
        return not_applicable("M6", evidence.name, why)
    jaccard = float(np.median(grid["jaccard"].to_numpy()))
    worst = grid.sort("jaccard", "setting").row(0, named=True)
    text = (
        f"median Jaccard index {jaccard:.2f} over {len(grid)} single changes; the lowest is {worst['jaccard']:.2f} "
        f"({worst['setting']}: {worst['n_shared']} genes)"
    )
    fires = jaccard < JACCARD
    if fires:
        text += ": the signature depends on the thresholds"
    return [finding("M6", evidence.name, "warning" if fires else "ok", text, jaccard, JACCARD)]


@check(
    "M7",
    slug="biomarker_stability",
    title="The biomarkers are found again when the samples vary",
    meaning=(
        "Other patients with the same diseases would have given other biomarkers. The check judges how often a "
        "biomarker is in the signature again; the message also states how often it is a biomarker again."
    ),
    measures="lowest frequency of a biomarker in the signature, bootstrap",
    fires="below",
    also_measures={
        "left out": Measure("lowest frequency of a biomarker in the signature, one control left out", "below"),
    },
    severities=("warning", "info"),
    remedy="Report the frequencies (`signature.stability`) beside the genes' names.",
    citation="Nogueira 2018, JMLR 18(174)",
    doubts=Doubt("a hypothesis", 4, "other patients would have given other biomarkers"),
)
def biomarker_stability(evidence: StudyEvidence) -> list[Finding]:
    """A biomarker is in the signature too seldom (warning); nothing was repeated (info).

    Too seldom is under half of the bootstraps, or under 80 % of the repeats without one control.
    """
    if not evidence.biomarkers:
        return not_applicable("M7", evidence.name, "there are no biomarkers")
    stability = evidence.rows("signature/stability").filter(pl.col("gene").is_in(evidence.biomarkers))
    if stability.is_empty():
        return [
            finding("M7", evidence.name, "info", "nothing was repeated (rigor.bootstraps is 0): stability is not known")
        ]
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
    title="The last gene taken of a ranking and the first left out have the same order for every seed",
    meaning=(
        "Over 50 seeds of the forest, the ranks of the last gene taken of a cohort's ranking and of the first left out "
        "overlap: the seed decides which of them is taken. Biomarkers are the genes taken of every ranking."
    ),
    measures="gap between the rank intervals of the last gene taken and the first left out",
    fires="at or below",
    also_measures={
        "no biomarker": Measure("gap between the rank intervals of two genes that cannot be biomarkers", "at or below")
    },
    remedy="Choose `top` at a gap in the ranking, or call both genes candidates.",
    citation="Calle & Urrea 2011, 10.1093/bib/bbq011",
    doubts=Doubt("a hypothesis", 15, "the ranking depends on the seed"),
)
def ranking_over_seeds(evidence: StudyEvidence) -> list[Finding]:
    """Over the seeds, the rank intervals of the last gene taken of a ranking and the first left out overlap."""
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
        one, other = last["gene"], following["gene"]
        text = (
            f"over the seeds {one}, the last of the {top} genes taken, ranks {last['rank_low']:.3g} to "
            f"{last['rank_high']:.3g}, {other}, the first left out, {following['rank_low']:.3g} to "
            f"{following['rank_high']:.3g}"
        )
        biomarker = _decided_by_seed(evidence, name, one, other)
        if fires:
            decides = (
                f", and so whether {biomarker} is a biomarker"
                if biomarker
                else "; neither can be a biomarker, because another ranking leaves it out"
            )
            text = f"the seed decides whether {one} or {other} is taken of the ranking{decides}: {text}"
        of = "no biomarker" if fires and not biomarker else ""
        findings.append(finding("R5", name, "warning" if fires else "ok", text, gap, 0.0, of))
    return findings


def _decided_by_seed(evidence: StudyEvidence, cohort: str, last: str, following: str) -> str | None:
    """Which of two genes is a biomarker or not by which of them is taken of a cohort's ranking; None for neither."""
    if last in evidence.biomarkers:
        return last
    others = [evidence.rows("signature/ranking", cohort=each) for each in evidence.study.cohorts if each != cohort]
    taken = [set(ranks.sort("rank").head(evidence.study.ranking.top)["gene"]) for ranks in others]
    return following if all(following in genes for genes in taken) else None
