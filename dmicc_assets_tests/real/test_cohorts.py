"""Cohorts of real series, from their files to their genes, against R's script of the study."""

import json
from pathlib import Path

import numpy as np
import pytest

from dmicc_assets.differential.statistics import differential_genes, differential_statistics
from dmicc_assets.stats.moderation import LimmaVersion
from dmicc_assets.study.schema import Differential
from dmicc_assets_tests.oracle import read_table
from dmicc_assets_tests.unit.differential.test_differential import assert_statistics, grouped, log2_genes, merged
from dmicc_assets_tests.unit.signature.test_intersect import assert_signature

FOLDERS: list[tuple[LimmaVersion, str]] = [("3.54", "study_ra_hcc"), ("3.63", "study_ra_hcc_limma_3.63")]


@pytest.mark.parametrize(("limma", "folder"), FOLDERS)
def test_the_hcc_cohort_equals_r_from_the_series_matrix_to_the_genes(
    shared: Path, limma: LimmaVersion, folder: str
) -> None:
    name = "GSE14520-GPL571"
    matrix = shared / f"geo/series/GSE14nnn/GSE14520/matrix/{name}_series_matrix.txt.gz"
    text, genes = log2_genes(matrix, shared / "geo/platforms/GPLnnn/GPL571/annot/GPL571.annot.gz", normalise=False)
    case = np.array(["Tissue: Liver Tumor Tissue" in t for t in text[0]])
    control = np.array(["Liver Non-Tumor Tissue" in t for t in text[0]])
    settings = Differential(log_fc=1.5, adjust="BH", limma=limma)
    ours = differential_statistics(grouped(name, genes, case, control), settings, "covariate")
    assert_statistics(ours, read_table(shared / "oracle" / folder / "statistics_hcc.tsv.gz"))
    assert len(differential_genes(ours, settings)) == 414


@pytest.mark.parametrize(("limma", "folder"), FOLDERS)
def test_the_quantile_normalised_merged_ra_cohort_equals_r(shared: Path, limma: LimmaVersion, folder: str) -> None:
    """GSE55235 and GSE55457: raw intensities, three missing cells after log2, two datasets as covariates."""
    annotation = shared / "geo/platforms/GPLnnn/GPL96/annot/GPL96.annot.gz"
    config, parts = json.loads((shared / "oracle/R/study_ra_hcc.json").read_text()), []
    for name, row in (("GSE55235", 0), ("GSE55457", 2)):
        matrix = shared / f"geo/series/GSE55nnn/{name}/matrix/{name}_series_matrix.txt.gz"
        text, genes = log2_genes(matrix, annotation, normalise=True)
        rules = {rule["label"]: rule["pattern"] for rule in config["datasets"][name]["labels"]}
        groups = [np.array([rules[label] in t for t in text[row]]) for label in ("rheumatoid_arthritis", "healthy")]
        parts.append(grouped(name, genes, *groups))
    cohort = merged(parts)
    assert np.isnan(cohort.matrix.values).sum() == 3
    settings = Differential(log_fc=1.5, adjust="BH", limma=limma)
    ours = differential_statistics(cohort, settings, "covariate")
    assert_statistics(ours, read_table(shared / "oracle" / folder / "statistics_ra.tsv.gz"))
    assert len(differential_genes(ours, settings)) == 267


def test_the_signature_of_ra_and_hcc_equals_r(shared: Path) -> None:
    assert_signature(shared / "oracle/study_ra_hcc", ("ra", "hcc"))
