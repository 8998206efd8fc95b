"""Forests, over-representation and GSEA against R (and gseapy) on the same made-up input in one run.

python benchmarks/forest_and_sets.py prints a Markdown table of CPU seconds (user and system, one thread) and
ratios, with sizes, versions and date. CPU time, since other work on the machine stretches the wall clock.
"""

import contextlib
import io
import os
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl

from dmicc_assets.enrichment.gene_sets import read_gmt
from dmicc_assets.enrichment.gsea import preranked
from dmicc_assets.enrichment.ora import over_representation
from dmicc_assets.signature.forest import cv_error, importance, importances
from dmicc_assets.study.schema import Enrichment

SIZES = {"43 x 32": (43, 32, 22), "155 x 5": (155, 5, 149), "445 x 32": (445, 32, 225)}
N_GENES, N_SETS, N_QUERY = 12_651, 9_000, 438


def forests(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """A fifth of the genes differ between the groups, by 1 standard deviation."""
    made = {}
    for name, (n, p, n_case) in SIZES.items():
        rng = np.random.default_rng(1)
        is_case = np.arange(n) < n_case
        values = rng.normal(size=(p, n)).round(6) + (np.arange(p) < max(1, p // 5))[:, np.newaxis] * is_case
        columns = {"is_case": is_case} | {f"G{i}": row for i, row in enumerate(values)}
        pl.DataFrame(columns).write_csv(folder / f"{name}.tsv", separator="\t")
        made[name] = (values, is_case)
    (folder / "forests.txt").write_text("\n".join(SIZES) + "\n")
    return made


def gene_sets(folder: Path) -> pl.DataFrame:
    """A library with sizes like GO BP's (median 25, mean 80), and a measured list with t-statistics."""
    rng = np.random.default_rng(2)
    genes = np.array([f"GENE{i:05}" for i in range(18_000)])
    sizes = np.clip(rng.lognormal(3.2, 1.5, N_SETS).astype(int), 3, 5_000)
    lines = ["\t".join([f"T{i:05}", "", *rng.choice(genes, size, replace=False)]) for i, size in enumerate(sizes)]
    (folder / "library.gmt").write_text("\n".join(lines) + "\n")
    (folder / "small.gmt").write_text("\n".join(lines[:200]) + "\n")
    measured = pl.DataFrame({"gene": rng.choice(genes, N_GENES, replace=False), "t": rng.standard_t(10, N_GENES)})
    measured = measured.with_columns(is_query=pl.col("t").abs().rank(descending=True) <= N_QUERY)
    measured.write_csv(folder / "measured.tsv", separator="\t")
    return measured


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds, the better of two runs."""
    best = float("inf")
    for _ in range(2):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def with_gseapy(measured: pl.DataFrame, path: Path, threads: int) -> None:
    import gseapy
    import pandas as pd

    ordered = measured.sort("t", descending=True)
    series = pd.Series(ordered["t"].to_numpy(), index=ordered["gene"].to_list())
    sets = {term: list(held.genes) for term, held in read_gmt(path).sets.items()}
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        gseapy.prerank(rnk=series, gene_sets=sets, min_size=10, max_size=500, permutation_num=1000, seed=1,
                       threads=threads, outdir=None, no_plot=True, ascending=None)  # fmt: skip


def ours(folder: Path, made: dict[str, tuple[np.ndarray, np.ndarray]], measured: pl.DataFrame) -> dict[str, float]:
    out = {}
    for name, (x, y) in made.items():
        out[f"{name} ranking"] = seconds(lambda x=x, y=y: importance(x, y, 500, range(50)))
        out[f"{name} permutation"] = seconds(lambda x=x, y=y: importances(x, y, 500, range(10)))
        out[f"{name} curve"] = seconds(lambda x=x, y=y: cv_error(x, y, 500, 10, 1))
        out[f"{name} resample"] = seconds(lambda x=x, y=y: [importance(x, y, 100, [seed]) for seed in range(50)])
    library, query = read_gmt(folder / "library.gmt"), measured.filter("is_query")["gene"].to_list()
    genes = measured["gene"].to_list()
    out["over-representation"] = seconds(lambda: over_representation(query, genes, library, Enrichment()))
    small = read_gmt(folder / "small.gmt")
    out["GSEA of 200 sets"] = seconds(lambda: preranked(measured, small, Enrichment(), 1))
    out[f"GSEA of {N_SETS} sets"] = seconds(lambda: preranked(measured, library, Enrichment(), 1))
    return out


def other_python(
    folder: Path, made: dict[str, tuple[np.ndarray, np.ndarray]], measured: pl.DataFrame
) -> dict[str, float]:
    """The libraries that the project could have called instead: scikit-learn's estimator, gseapy's prerank."""
    from sklearn.ensemble import RandomForestClassifier

    out = {}
    for name, (x, y) in list(made.items())[:2]:
        rows = np.ascontiguousarray(x.T)

        def fit(trees: int, rows: np.ndarray = rows, y: np.ndarray = y) -> None:
            for seed in range(5):
                RandomForestClassifier(trees, random_state=seed, n_jobs=1).fit(rows, y)

        out[f"{name} ranking"] = 10 * seconds(lambda fit=fit: fit(500))
        out[f"{name} resample"] = 10 * seconds(lambda fit=fit: fit(100))
    out["GSEA of 200 sets"] = seconds(lambda: with_gseapy(measured, folder / "small.gmt", 1))
    return out


def main() -> None:
    what = {
        "ranking": "50 forests of 500 trees, Gini",
        "permutation": "10 forests of 500 trees, permutation importance too",
        "curve": "CV error for 1 to 500 trees, 10 folds",
        "resample": "50 forests of 100 trees, one by one, as in resampling",
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made, measured = forests(folder), gene_sets(folder)
        script = Path(__file__).with_suffix(".R")
        printed = subprocess.run(["Rscript", str(script), name], check=True, capture_output=True, text=True).stdout
        rows = [line.split("\t") for line in printed.splitlines() if line]
        r = {row[0]: float(row[1]) for row in rows if row[0] != "versions"}
        r_versions = next(row[1] for row in rows if row[0] == "versions")
        mine, others = ours(folder, made, measured), other_python(folder, made, measured)
    print(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores; R {r_versions}; numpy {version('numpy')}, "
          f"scikit-learn {version('scikit-learn')}, gseapy {version('gseapy')}; samples x genes\n")  # fmt: skip
    print("| stage | ours, s | R, s | R / ours | library, s | library / ours |\n|---|---|---|---|---|---|")
    for stage, took in mine.items():
        size, _, kind = stage.rpartition(" ")
        label = f"{size}: {what[kind]}" if kind in what else stage
        if stage == "over-representation":
            label = f"over-representation, {N_QUERY} of {N_GENES} genes in {N_SETS} sets"
        cells = [
            f"{other[stage]:.2f} | {other[stage] / took:.1f}" if stage in other else "- | -" for other in (r, others)
        ]
        print(f"| {label} | {took:.2f} | {cells[0]} | {cells[1]} |")


if __name__ == "__main__":
    main()
