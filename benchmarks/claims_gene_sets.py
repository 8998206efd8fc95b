"""How often tests of gene sets call a set significant under simulated truths: camera, GSEA, over-representation.

python -m benchmarks.claims_gene_sets [--studies 40] [--labels 200] [--truths "noise, 0.3"] prints a table. 1,000 genes
in 20 modules, the modules are the sets; seeds from 1000 on. What a verdict says of genes is `claims_sharing.py`'s.
"""

import argparse
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.claims_sharing import wilson
from dmicc_assets.differential.statistics import cohort_model, differential_genes, model_statistics
from dmicc_assets.enrichment.camera import camera
from dmicc_assets.enrichment.gene_sets import GeneSet, GeneSetLibrary
from dmicc_assets.enrichment.gsea import preranked
from dmicc_assets.enrichment.ora import over_representation
from dmicc_assets.expression.counts import no_counts
from dmicc_assets.resampling.relabelled_genes import relabelled_genes
from dmicc_assets.study.schema import Differential, Enrichment
from dmicc_assets.types import CaseControl, ExpressionMatrix

N_GENES, N_SETS, FIRST, LEVEL = 1000, 20, 1000, 0.05
GENES = tuple(f"G{i}" for i in range(N_GENES))
MODULE = np.arange(N_GENES) % N_SETS
SETS = {f"M{m}": GeneSet(None, tuple(g for g, k in zip(GENES, MODULE, strict=True) if k == m)) for m in range(N_SETS)}
LIBRARY = GeneSetLibrary("MODULES", "1", "2026-01-01", "", Path("made_up"), SETS)
SETTINGS = Enrichment(libraries=["MODULES"])
P_VALUES = ("camera", "camera, 0.01", "GSEA", "GSEA, labels", "urn", "lists, labels")
ADJUSTED = ("camera", "GSEA", "GSEA, labels", "urn")


@dataclass(frozen=True)
class Truth:
    """A kind of cohort.

    Attributes:
        n: samples of each group.
        rho: correlation of a module's genes, in samples.
        modules: modules that move by 1.
        genes: genes that move on their own by 1.
        block: how pairs are tested; "none" for a cohort without pairs.
        patient_rho: correlation of a module's genes, in the patients' effects.
    """

    name: str
    n: int
    rho: float
    modules: int = 0
    genes: int = 0
    block: str = "none"
    patient_rho: float = 0.0

    def draw(self, seed: int) -> CaseControl:
        """A cohort of as many cases as controls; the first modules move."""
        r, n = np.random.default_rng([2026, seed]), 2 * self.n
        case = np.arange(n) % 2 == 0
        x = _in_modules(r, n, self.rho)
        if self.block != "none":
            x += _in_modules(r, self.n, self.patient_rho).repeat(2, axis=1)
        x[np.ix_(np.flatnonzero(self.modules > MODULE), np.flatnonzero(case))] += 1
        x[np.ix_(r.choice(N_GENES, self.genes, replace=False), np.flatnonzero(case))] += 1
        names = tuple(f"s{j}" for j in range(n))
        patients = tuple(f"p{j}" if self.block == "none" else f"p{j // 2}" for j in range(n))
        return CaseControl("c", "cohort", ExpressionMatrix(8 + x, GENES, names), case, ("D",) * n, patients)


def _in_modules(r: np.random.Generator, n: int, rho: float) -> np.ndarray:
    return sqrt(1 - rho) * r.normal(size=(N_GENES, n)) + sqrt(rho) * r.normal(size=(N_SETS, n))[MODULE]


TRUTHS = (
    Truth("noise, 0", 20, 0.0),
    Truth("noise, 0.1", 20, 0.1),
    Truth("noise, 0.3", 20, 0.3),
    Truth("noise, 0.6", 20, 0.6),
    Truth("noise, 0.3, 3 against 3", 3, 0.3),
    Truth("pairs, patients as columns", 12, 0.3, block="fixed"),
    Truth("blocks, patients alike", 12, 0.3, block="duplicate_correlation", patient_rho=0.3),
    Truth("blocks, patients independent", 12, 0.3, block="duplicate_correlation"),
    Truth("200 genes of any module, 0.3", 20, 0.3, genes=200),
    Truth("2 of 20 modules move, 0.3", 20, 0.3, modules=2),
)


def tested(truth: Truth, seed: int, n_labels: int) -> pl.DataFrame:
    """P-values of the sets of one study; a set that over-representation has no row for counts as 1."""
    subject = truth.draw(seed)
    settings = Differential.model_validate({"log_fc": 0.0, "p_value": LEVEL, "adjust": "none", "block": truth.block})
    model = cohort_model(subject, settings, "none")
    statistics = model_statistics(subject, model, settings)
    listed = differential_genes(statistics, settings)["gene"].to_list()
    null = relabelled_genes(subject, no_counts(subject.matrix), settings, "none", n_labels, seed)
    found = camera(model.values, GENES, model.design, 1, [LIBRARY], SETTINGS, correlation=model.correlation).terms
    ranked = preranked(statistics, LIBRARY, SETTINGS, seed, relabelled=null, smallest=1e-3)
    urn = over_representation(listed, GENES, LIBRARY, SETTINGS, null.lists(listed, statistics))
    table = found.select("term", "p_value", "p_value_preset", "adj_p_value")
    table = table.join(ranked.select("term", "p_value", "label_p_value", "fdr", "label_fdr"), on="term", suffix=" g")
    urn = urn.select("term", "p_value", "label_p_value", "adj_p_value")
    return table.join(urn, on="term", how="left", suffix=" u").with_columns(pl.col(pl.Float64).fill_null(1.0))


def rates(truth: Truth, tables: list[pl.DataFrame]) -> tuple[list[str], list[str], list[str]]:
    """Shares of still sets with p < 0.05, of studies with a still set that is adjusted so, of moved sets that are."""
    whole = pl.concat([table.with_columns(study=pl.lit(i)) for i, table in enumerate(tables)])
    moves = pl.col("term").is_in([f"M{m}" for m in range(truth.modules)])
    still, moved = whole.filter(~moves), whole.filter(moves)
    p = ("p_value", "p_value_preset", "p_value g", "label_p_value", "p_value u", "label_p_value u")
    adjusted = ("adj_p_value", "fdr", "label_fdr", "adj_p_value u")
    single = [f"{still.select((pl.col(c) < LEVEL).mean()).item():.3f}" for c in p]
    studies = still.group_by("study").agg((pl.col(c) < LEVEL).any() for c in adjusted)
    any_set = [wilson(int(studies[c].sum()), len(tables)) for c in adjusted]
    power = [f"{moved.select((pl.col(c) < LEVEL).mean()).item():.2f}" for c in adjusted] if len(moved) else []
    return single, any_set, power


def main() -> None:
    """Print the rates under each truth."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--labels", type=int, default=200)
    parser.add_argument("--truths", default="")
    options = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}: {options.studies} studies a truth, {options.labels} labellings")
    print(f"sets with p < .05: {'; '.join(P_VALUES)}\nstudies with an adjusted p < .05: {'; '.join(ADJUSTED)}; power")
    for truth in TRUTHS:
        if options.truths and not any(part in truth.name for part in options.truths.split(";")):
            continue
        start = time.perf_counter()
        tables = [tested(truth, seed, options.labels) for seed in range(FIRST, FIRST + options.studies)]
        single, any_set, power = rates(truth, tables)
        print(f"{truth.name:30s} {' '.join(single)} | {'  '.join(any_set)} | {' '.join(power)}", end=" ", flush=True)
        print(f"({time.perf_counter() - start:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
