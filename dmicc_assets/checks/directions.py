"""Directions of genes in each disease, for finding M5 and the verdict.

The check is declared in `reproducibility.py`; the test of directions is in `signature/sharing.py`.
"""

import polars as pl

from dmicc_assets.checks.check import CHANCE
from dmicc_assets.checks.finding import listed
from dmicc_assets.results.evidence import StudyEvidence


def which_ways(evidence: StudyEvidence) -> str:
    """What moves opposite ways, for the verdict: `MT1M is up in A and down in B: the model's use of it ...`."""
    said: list[str] = []
    genes = evidence.rows("signature/genes").filter(~pl.col("is_concordant"))
    for gene in evidence.biomarkers:
        ways = genes.filter(gene=gene).select("direction", "cohort").rows()
        if ways:
            said.append(f"{gene} is {listed([f'{way} in {_title(evidence, cohort)}' for way, cohort in ways])}")
    if said:
        it = "it" if len(said) == 1 else "them"
        return f"in these data {listed(said)}: the model's use of {it} does not carry over"
    if disagrees(evidence):
        row = evidence.rows("signature/overlap").row(0, named=True)
        return (
            f"{row['n_concordant']} of {row['n_shared']} shared genes move the same way, fewer than chance gives "
            f"(p = {row['direction_p_value']:.2g})"
        )
    return "outside its cohort the model ranks cases below controls"


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
