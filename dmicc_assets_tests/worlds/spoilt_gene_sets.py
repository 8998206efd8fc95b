"""Faults of the gene-set libraries in the sound study: how many of the measured genes they know."""

from collections.abc import Callable

from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets_tests.worlds.sound_study import coverage, with_notes

Spoil = Callable[[StudyEvidence], StudyEvidence]


def of_genes_held(n_common: int, n_held: int = 8) -> Spoil:
    """The library of cohort a knows so many of the 6 measured genes, and has so many itself."""
    said: dict[str, object] = {"name": "GO_BP", "version": "1", "date": "2024-01-01", "sha256": "ab"}
    said["coverage"] = coverage(n_common) | {"n_library": n_held}
    return lambda evidence: with_notes(evidence, "enrichment/terms", "a", libraries=[said])


def bundled(evidence: StudyEvidence) -> StudyEvidence:
    return with_notes(evidence, "enrichment/terms", "a", bundled_libraries={"GO_BP": "the server answers HTTP 503"})


WAYS_OF_GENE_SETS = [
    (
        "M8",
        bundled,
        "warning",
        "a",
        "the bundled GO of 2024-01-01 was used for GO_BP, because none could be had (the server answers HTTP 503)",
    ),
    ("M9", of_genes_held(0), "warning", "a", "(measured: ALB, G1, G2, ...; library: H1, H2, H3, ...): another species"),
    ("M9", of_genes_held(2, 2), "info", "a", "2 of 6 measured genes are in GO_BP: the other genes are left out"),
    ("M9", of_genes_held(5), "ok", "a", "5 of 6 measured genes are in GO_BP"),
]
