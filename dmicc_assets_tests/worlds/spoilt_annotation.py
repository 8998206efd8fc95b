"""Faults in how a platform names the genes of its probes, and what I8 says of them."""

import numpy as np
import polars as pl

from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.types import ExpressionMatrix
from dmicc_assets_tests.worlds.sound_study import with_matrix, with_notes
from dmicc_assets_tests.worlds.spoilt_studies import Spoil, change


def annotated(**counts: int) -> Spoil:
    """What was found in the annotation's cells of SIM1."""
    return lambda e: with_notes(e, "expression/genes", "SIM1", **counts)


def named(form: str) -> Spoil:
    """A dataset of 100 genes with such names."""

    def spoil(evidence: StudyEvidence) -> StudyEvidence:
        samples = evidence.matrices["SIM1"].samples
        genes = tuple(form.format(i) for i in range(100))
        values = np.tile(evidence.matrices["SIM1"].values[:1], (100, 1))
        return with_matrix(evidence, "SIM1", ExpressionMatrix(values, genes, samples))

    return spoil


WAYS_OF_ANNOTATION = [
    (
        "I8",
        named("ENSG{:011d}"),
        "warning",
        "SIM1",
        "of 100 gene names are known symbols: they look like Ensembl genes",
    ),
    ("I8", change("source/probe_genes", n_symbols=pl.lit(2)), "warning", "SIM1", "100.0% several"),
    ("I8", change("source/probe_genes", n_symbols=pl.lit(0)), "warning", "SIM1", "100.0% of 6 probes have no gene"),
    ("I8", annotated(n_placeholders=1), "warning", "SIM1", "16.7% have a placeholder for a symbol"),
    ("I8", annotated(n_compound=2), "warning", "SIM1", "2 probes had symbols joined by ; | , or spaces"),
    ("I8", named("mine{}"), "warning", "SIM1", "0% of 100 gene names are known symbols (mine0, mine1, mine2, ...)"),
]
