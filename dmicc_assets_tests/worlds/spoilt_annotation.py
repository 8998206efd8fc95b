"""Faults in how a platform names the genes of its probes, and what I8 says of them."""

import numpy as np
import polars as pl

from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.types import ExpressionMatrix
from dmicc_assets_tests.worlds.sound_study import with_matrix, with_notes
from dmicc_assets_tests.worlds.spoilt_studies import Spoil, change, two_datasets


def annotated(**counts: object) -> Spoil:
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


def renamed_half(evidence: StudyEvidence) -> StudyEvidence:
    """Cohort a merges two datasets, one of which names most of its genes as a mouse's."""
    merged = two_datasets(evidence, "covariate")
    matrix = merged.matrices["SIM2"]
    names = tuple(gene if gene == "G1" else f"mouse_{gene}" for gene in matrix.features)
    common = with_matrix(merged, "SIM2", ExpressionMatrix(matrix.values, names, matrix.samples))
    samples = tuple(merged.rows("cohort/samples", cohort="a")["sample"])
    return with_matrix(common, "a", ExpressionMatrix(np.zeros((1, len(samples))), ("G1",), samples))


OF_MOUSE = pl.when(pl.col("dataset") == "SIM1").then(pl.lit("Mus musculus"))
REPLACED = {"n_symbols": 10, "n_one": 2, "n_several": 2, "n_none": 6, "several": ["Klk1b1", "Klk1b3"], "none": ["Gm1"]}

WAYS_OF_ANNOTATION = [
    (
        "I9",
        renamed_half,
        "warning",
        "a",
        "1 of the 60 genes of its smallest dataset are in all",
    ),
    (
        "I9",
        change("source/datasets", organism=OF_MOUSE.otherwise(pl.lit("Homo sapiens"))),
        "warning",
        "sound",
        "is of Mus musculus and",
    ),
    (
        "I9",
        change("source/datasets", organism=pl.lit("Mus musculus")),
        "warning",
        "sound",
        "the gene sets are of Homo sapiens, SIM1, ",
    ),
    (
        "I8",
        named("ENSG{:011d}"),
        "warning",
        "SIM1",
        "of 100 gene names are known symbols: they look like Ensembl genes",
    ),
    ("I8", change("source/probe_genes", n_symbols=pl.lit(2)), "warning", "SIM1", "100.0% several"),
    ("I8", change("source/probe_genes", n_symbols=pl.lit(0)), "warning", "SIM1", "100.0% of 6 probes have no gene"),
    ("I8", annotated(n_placeholders=1), "warning", "SIM1", "placeholders for symbols, 16.7% of its probes"),
    ("I8", annotated(n_placeholders=1, n_annotated=100), "ok", "SIM1", "probes have no gene"),
    (
        "I8",
        annotated(n_compound=2),
        "warning",
        "SIM1",
        "2 probes of the platform had symbols joined by ; | , : spaces",
    ),
    ("I8", annotated(orthologues=REPLACED), "warning", "SIM1", "under 50% of the symbols could be replaced"),
    (
        "I8",
        annotated(orthologues=REPLACED | {"n_one": 7, "n_none": 1}),
        "ok",
        "SIM1",
        "7 of 10 symbols have one human orthologue, 2 have several (Klk1b1, Klk1b3), 1 has none that is known (Gm1)",
    ),
    ("I8", named("mine{}"), "warning", "SIM1", "0% of 100 gene names are known symbols (mine0, mine1, mine2, ...)"),
]
