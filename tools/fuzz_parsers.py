"""Every parser of foreign text with small right texts to begin from, and what must hold for whatever it answers.

Nothing is mutated here: `fuzz.py` does it.
"""

import gzip
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dmicc_assets.enrichment.gene_sets import read_gmt
from dmicc_assets.enrichment.providers.enrichr import Enrichr
from dmicc_assets.enrichment.providers.gene_ontology import GeneOntology, verify_ontology
from dmicc_assets.enrichment.providers.provider import LibrarySource
from dmicc_assets.geo.formats.counts import read_counts, read_symbols
from dmicc_assets.geo.formats.orthologue_tables import (
    orthologue_part,
    read_orthologue_table,
    verify_gene_info,
    verify_pairs,
)
from dmicc_assets.geo.formats.platform import read_platform, read_probe_table
from dmicc_assets.geo.formats.series_matrix import read_header, read_series_matrix
from dmicc_assets.geo.formats.soft import family_header, read_family
from dmicc_assets.geo.formats.tabular import names_of, read_matrix, read_sample_sheet
from dmicc_assets.geo.http.listing import parse_listing
from dmicc_assets.study.loading import read_study
from dmicc_assets.types import ExpressionMatrix
from dmicc_assets_tests.worlds.gene_set_providers import GAF, KEGG, OBO
from dmicc_assets_tests.worlds.small_mirror import annot_text, family_text, matrix_text, small_values

PROBES = {f"{i}_at": f"GENE{i}" for i in range(4)}
MATRIX = matrix_text("GSE1", "GPL7", small_values(7, 3))
FAMILY = family_text("GSE2", {"GPL7": {f"GSM{i}": dict.fromkeys(PROBES, "1.5") for i in range(3)}}, {"GPL7": PROBES})
TABLES = (
    "gene\tS1\tS2\nTP53\t1.5\tNA\nEGFR\t3\t-4.25\n",
    '"";"S1";"S2"\n"TP53";1,5;2,5\n"EGFR";3;4\n',
    ",gene,S1,S2\r\n0,TP53,1,2\r\n1,EGFR,3,4\r\n",
    "#1.2\n2\t2\nNAME\tDescription\tS1\tS2\nTP53\tna\t1\t2\nEGFR\tna\t3\t4\n",
)
SHEET = 'sample,title,"group, of"\nS1,one,sick\nS2,"two ""2""",well\n'
GMT = "SET A\thttp://x\tTP53\tEGFR,1.0\nSET B (GO:0000001)\tna\tTP53\n"
LISTING = '<html><pre><a href="?C=N">Name</a> <a href="GSE1_series_matrix.txt.gz">GSE1</a> <a href="suppl/">s</a></pre>'
COUNTS = "GeneID\tGSM101\tGSM100\n7157\t5\t0\n920\t7\t12\n1\t1\t2\n"
SYMBOLS = "GeneID\tSymbol\tDescription\n7157\tTP53\ttumor protein\n920\tCD4\tCD4\n"
GENE_INFO = "#tax_id\tGeneID\tSymbol\tLocusTag\tSynonyms\n10090\t22059\tTrp53\t-\tp53|bbl\n10090\t1\tEgfr\t-\t-\n"
PAIRS = "#tax_id\tGeneID\trelationship\tOther_tax_id\tOther_GeneID\n9606\t7157\tOrtholog\t10090\t22059\n"
ORTHOLOGUES = (
    "mouse\thuman\nTrp53\tTP53\nEgfr\tEGFR\n",
    "DB Class Key,NCBI Taxon ID,Symbol\n1,10090,Trp53\n1,9606,TP53\n",
)
STUDY = """\
study: small
title: A small study
datasets:
  GSE1:
    source: geo
    labels: [{label: case, where: {"disease state": "(?i)lupus"}}, {label: control, where: {any: healthy}}]
  local:
    source: file
    matrix: a.tsv
    labels: [{label: sick, where: {sample: _s}}, {label: well, where: {sample: _w}}]
    normalise: none
cohorts:
  a: {title: A, datasets: [GSE1], case: case, control: control}
differential: {adjust: BH, log_fc: 0.5}
enrichment: {libraries: [GO_BP, KEGG], min_size: 5}
model: {cohort: a, bootstrap: 5}
validation: [{dataset: local, case: sick, control: well}]
"""
Parse = Callable[[Path, bytes], Any]


@dataclass(frozen=True)
class Parser:
    """A parser of foreign text.

    Attributes:
        seeds: right texts, of which mutations are fed.
        parse: the file, and the same as bytes, to what is read.
        check: what must hold for an answer; raises AssertionError.
        zips: whether the file is compressed, as GEO serves it.
    """

    seeds: Sequence[str]
    parse: Parse
    check: Callable[[Any], None] = lambda _: None
    zips: bool = False


def whole(matrix: ExpressionMatrix) -> None:
    """A matrix has a value a feature and sample, names for all, and nothing infinite."""
    assert matrix.values.shape == (len(matrix.features), len(matrix.samples))
    assert all(matrix.features)
    assert all(matrix.samples)
    assert len(set(matrix.samples)) == len(matrix.samples)
    assert not np.isinf(matrix.values).any()


def counted(matrix: ExpressionMatrix) -> None:
    """Counts are whole numbers."""
    whole(matrix)
    assert all(value >= 0 and math.floor(value) == value for value in matrix.values.flat)


def gaf(path: Path, _: bytes) -> Any:
    """Read a file of annotations with a right ontology."""
    ontology = path.with_name("go-basic.obo")
    if not ontology.exists():
        ontology.write_text(OBO)
    return GeneOntology().read(LibrarySource("go", "biological_process"), [ontology, path])


def obo(path: Path, _: bytes) -> Any:
    """Read an ontology with a right file of annotations."""
    verify_ontology(path)
    annotations = path.with_name("right.gaf")
    if not annotations.exists():
        annotations.write_text(GAF)
    return GeneOntology().read(LibrarySource("go", "biological_process"), [path, annotations])


def named(sets: Any) -> None:
    """A set has a name and genes."""
    assert all(name and genes for name, genes in sets.sets)


PARSERS: dict[str, Parser] = {
    "series matrix": Parser([MATRIX], lambda p, _: read_series_matrix(p), lambda read: whole(read.matrix), zips=True),
    "header of a series matrix": Parser([MATRIX], lambda p, _: read_header(p), zips=True),
    "SOFT": Parser([FAMILY], lambda p, _: read_family(p), lambda read: whole(read.matrix), zips=True),
    "acc.cgi's text": Parser([FAMILY], lambda p, text: family_header(iter([text]), p.name)),
    "annotation": Parser([annot_text("GPL7", PROBES)], lambda p, _: read_platform(p), zips=True),
    "table of probes": Parser(["probe\tsymbol\n1_at\tTP53\n2_at\tEGFR\n"], lambda p, _: read_probe_table(p)),
    "matrix": Parser(TABLES, lambda p, _: read_matrix(p), lambda read: whole(read[0])),
    "names of a matrix": Parser(TABLES, lambda p, _: names_of(p)),
    "sample sheet": Parser([SHEET], lambda p, _: read_sample_sheet(p)),
    "GMT": Parser([GMT], lambda p, _: read_gmt(p)),
    "OBO": Parser([OBO], obo, named),
    "GAF": Parser([GAF], gaf, named),
    "Enrichr's text": Parser([KEGG], lambda p, _: Enrichr().read(LibrarySource("enrichr", "KEGG"), [p]), named),
    "counts": Parser([COUNTS], lambda p, _: read_counts(p), lambda read: counted(read[0]), zips=True),
    "symbols of counts": Parser([SYMBOLS], lambda p, _: read_symbols(p), zips=True),
    "gene_info": Parser([GENE_INFO], lambda p, _: verify_gene_info(p)),
    "gene_orthologs": Parser([PAIRS], lambda p, _: verify_pairs(p)),
    "all of gene_orthologs": Parser([PAIRS], lambda p, text: list(orthologue_part([text], p.name, "10090"))),
    "table of orthologues": Parser(ORTHOLOGUES, lambda p, _: read_orthologue_table(p)),
    "listing": Parser([LISTING], lambda _, text: parse_listing(text.decode("utf-8", errors="replace"))),
    "study file": Parser(
        [STUDY], lambda _, text: read_study(text.decode("utf-8", errors="replace"), Path("small.yaml"))
    ),
}


def written(parser: Parser, path: Path, text: bytes) -> None:
    """Write a text as the parser's server or author would."""
    path.write_bytes(gzip.compress(text, 1) if parser.zips else text)
