"""Directions of genes in each disease, for finding M5 and the verdict.

The check is declared in `reproducibility.py`; the test of directions is in `signature/sharing.py`.
"""

import polars as pl

from dmicc_assets.checks.check import CHANCE
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.wording import listed


def which_ways(evidence: StudyEvidence) -> str:
    """What moves opposite ways, for the verdict: `MT1M is up in A and down in B: the model's use of it ...`."""
    said: list[str] = []
    named: list[str] = []
    genes = evidence.rows("signature/genes").filter(~pl.col("is_concordant"))
    for gene in evidence.biomarkers:
        ways = genes.filter(gene=gene).select("direction", "cohort").rows()
        if ways:
            said.append(f"{gene} is {listed([f'{way} in {_title(evidence, cohort)}' for way, cohort in ways])}")
            named.append(gene)
    if said:
        return f"in these data {listed(said)}: {_use_of(evidence, named)}"
    if disagrees(evidence):
        row = evidence.rows("signature/overlap").row(0, named=True)
        return (
            f"{row['n_concordant']} of {row['n_shared']} shared genes move the same way, fewer than chance gives "
            f"(p = {row['direction_p_value']:.2g})"
        )
    return "outside its cohort the model ranks cases below controls"


def _use_of(evidence: StudyEvidence, genes: list[str]) -> str:
    """What the model makes of biomarkers that move opposite ways.

    Where genes are correlated, a coefficient can have another sign than its gene has alone (suppression): the model
    does not use the gene's own direction.
    """
    ways = dict(evidence.rows("signature/genes", cohort=evidence.study.model_cohort).select("gene", "direction").rows())
    signs = dict(evidence.rows("model/coefficients").select("term", "coefficient").rows())
    against = [gene for gene in genes if (signs.get(gene, 0.0) > 0) != (ways.get(gene) == "up") and signs.get(gene)]
    own = [gene for gene in genes if gene not in against]
    said: list[str] = []
    if own:
        it = "it" if own == genes and len(own) == 1 else "them" if own == genes else listed(own)
        said.append(f"the model's use of {it} does not carry over")
    if against:
        has, tells = ("has", "tells") if len(against) == 1 else ("have", "tell")
        said.append(
            f"in the model {listed(against)} {has} the sign of the other direction, beside correlated biomarkers, "
            f"and {tells} nothing alone"
        )
    return "; ".join(said)


def disagrees(evidence: StudyEvidence) -> bool:
    """Whether the shared genes agree in direction less than along other axes of variation of the tissues."""
    overlap = evidence.rows("signature/overlap")
    if overlap.is_empty() or evidence.samples_of_two_cohorts:
        return False
    row = overlap.row(0, named=True)
    if row["direction_p_value"] is None or row["n_concordant_expected"] is None:
        return False
    return row["direction_p_value"] <= CHANCE and row["n_concordant"] < row["n_concordant_expected"]


def other_way(evidence: StudyEvidence, subject: str) -> list[str]:
    """Biomarkers with another direction in a cohort or validation dataset than in the model's cohort.

    In a validation dataset it is shown by an AUC whose interval lies below 0.5, in a cohort by its differential genes.
    """
    if subject not in evidence.study.cohorts:
        areas = evidence.rows("validation/roc", subject=subject, kind="external").filter(pl.col("ci_high") < 0.5)
        return [gene for gene in evidence.biomarkers if gene in areas["predictor"].to_list()]
    genes = evidence.rows("signature/genes")
    ways: dict[tuple[str, str], str] = {
        (gene, cohort): way for gene, cohort, way in genes.select("gene", "cohort", "direction").iter_rows()
    }
    model = evidence.study.model_cohort
    return [gene for gene in evidence.biomarkers if ways.get((gene, subject)) != ways.get((gene, model))]


def _title(evidence: StudyEvidence, cohort: str) -> str:
    return evidence.study.cohorts[cohort].title
