"""Checks of the gene-set libraries: whether they know the genes that were measured (M9).

Their versions and backgrounds are checked in `multiplicity.py`.
"""

from dmicc_assets.checks.check import Lack, check
from dmicc_assets.checks.finding import Finding, finding, not_applicable
from dmicc_assets.enrichment.coverage import LEAST, Coverage
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.wording import listed


def _lacks_known_genes(evidence: StudyEvidence) -> str:
    """That the libraries are of other genes than those of a cohort."""
    warned = evidence.rows("rigor/findings", code="M9", severity="warning").sort("subject")
    if warned.is_empty():
        return ""
    return f"gene sets that know the measured genes of {listed(warned['subject'].to_list())} ({warned['message'][0]})"


@check(
    "M9",
    slug="gene_set_coverage",
    title="The gene-set libraries know the measured genes",
    meaning=(
        "Most measured genes are in no set of a library, and most of its genes were not measured: it is of another "
        "species, or names genes by other identifiers. That no gene set is found then says nothing about the "
        "disease. A library of few genes (KEGG, hallmarks) holds few of an array's, which is no fault."
    ),
    measures="genes common to the library and the measured ones, as a share of the smaller side; the least of all",
    fires="below",
    doubted="the gene-set libraries hardly know the measured genes",
    severities=("warning", "info"),
    remedy=(
        "State `enrichment: {organism: mouse}` (or rat) for such data, and take libraries by gene symbol. Entrez and "
        "Ensembl identifiers are translated where the platform's annotation has them."
    ),
    citation="Wijesooriya 2022, 10.1371/journal.pcbi.1009935",
    lacks=Lack(8, _lacks_known_genes),
)
def gene_set_coverage(evidence: StudyEvidence) -> list[Finding]:
    """A library and the measured genes share under half of the smaller side; half of the latter are in none (info)."""
    findings: list[Finding] = []
    for name in evidence.study.cohorts:
        found = evidence.coverage(name)
        if not found:
            findings += not_applicable("M9", name, "no gene-set library was used")
            continue
        foreign = {library: each for library, each in found.items() if each.is_low}
        text = "; ".join(_said(library, each) for library, each in (foreign or found).items())
        is_thin = max(each.share for each in found.values()) < LEAST
        if foreign:
            text += ": another species or other identifiers; that no gene set is found there says nothing"
        elif is_thin:
            text += ": the other genes are left out of over-representation"
        severity = "warning" if foreign else "info" if is_thin else "ok"
        least = min(each.share_of_smaller for each in found.values())
        findings.append(finding("M9", name, severity, text, least, LEAST))
    return findings


def _said(library: str, one: Coverage) -> str:
    text = f"{one.n_covered:,} of {one.n_genes:,} measured genes are in {library}"
    return f"{text} ({one.sides()})" if one.is_low else text
