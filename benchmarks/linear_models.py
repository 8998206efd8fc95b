"""Linear models, batch, normalisation, weights and collapse against R on the same simulated input, one core each.

Run by hand: `python benchmarks/linear_models.py [--small | --large] [--only STAGE ...] [--repeats N]`.
Each side runs in a process of its own that reads the same binary matrix and times one stage without reading it; peak
memory is above the libraries alone, in sizes of the matrix, the matrix itself included.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

STAGES = ["linear", "missing", "trend", "robust", "treat", "contrasts", "collapse", "combat", "combat_mean"]
STAGES += ["combat_reference", "combat_empirical", "remove", "quantile", "array_weights", "voom", "correlation"]

R_SIDE = """
suppressPackageStartupMessages({library(limma); library(sva); library(jsonlite)})
a <- commandArgs(TRUE); G <- as.integer(a[2]); N <- as.integer(a[3])
stage <- a[4]; repeats <- as.integer(a[5])
peak <- function() 1024 * as.numeric(gsub("[^0-9]", "", grep("VmHWM", readLines("/proc/self/status"), value = TRUE)))
base <- peak()
X <- t(matrix(readBin(a[1], "double", G * N), N, G))
rownames(X) <- paste0("g", seq_len(G)); colnames(X) <- paste0("s", seq_len(N))
y <- (seq_len(N) - 1) %% 2; b <- ((seq_len(N) - 1) %/% 2) %% 4
d <- cbind(1, y); design <- cbind(1, y, b == 1, b == 2, b == 3); block <- (seq_len(N) - 1) %/% 4
M <- NULL; if (stage == "missing") { M <- X; M[seq(1, G, 5), 3] <- NA; M[seq(2, G, 7), c(5, 9)] <- NA }
counts <- NULL; if (stage == "voom") { counts <- round(2^X); X <- NULL; invisible(gc()) }
contrasts <- cbind(c(0, 0, 1, -1, 0), c(0, 0, 0, 1, -1), c(0, 1, 0, 0, 0))
run <- list(linear = function() eBayes(lmFit(X, d)), missing = function() eBayes(lmFit(M, design)),
  trend = function() eBayes(lmFit(X, d), trend = TRUE), robust = function() eBayes(lmFit(X, d), robust = TRUE),
  treat = function() treat(lmFit(X, d), lfc = 0.5),
  contrasts = function() { f <- eBayes(contrasts.fit(lmFit(X, design), contrasts))
    list(f$F.p.value, decideTests(f), decideTests(f, method = "global")) },
  collapse = function() avereps(X, ID = paste0("s", (seq_len(G) - 1) %/% 3)),
  combat = function() suppressMessages(ComBat(X, b, mod = d)),
  combat_mean = function() suppressMessages(ComBat(X, b, mod = d, mean.only = TRUE)),
  combat_reference = function() suppressMessages(ComBat(X, b, mod = d, ref.batch = 0)),
  combat_empirical = function() suppressMessages(ComBat(X[1:2000, ], b, mod = d, par.prior = FALSE)),
  remove = function() removeBatchEffect(X, batch = b, design = d),
  quantile = function() normalizeBetweenArrays(X, method = "quantile"),
  array_weights = function() arrayWeights(X, d),
  voom = function() voom(counts, d), correlation = function() duplicateCorrelation(X[1:500, ], d, block = block))
times <- sapply(seq_len(repeats), function(i) system.time(run[[stage]]())[["elapsed"]])
version <- paste0("R ", getRversion(), ", limma ", packageVersion("limma"), ", sva ", packageVersion("sva"))
cat(toJSON(list(seconds = min(times), version = version, peak = peak() - base), auto_unbox = TRUE, digits = 6))
"""


def annotated(values: np.ndarray) -> tuple[object, pl.DataFrame]:
    """The matrix with names, and three probes to a gene."""
    from dmicc_assets.types import ExpressionMatrix

    probes, samples = [f"g{i}" for i in range(len(values))], tuple(f"s{j}" for j in range(values.shape[1]))
    genes = [f"s{i // 3}" for i in range(len(values))]
    annotation = pl.DataFrame({"probe": probes, "gene": genes, "n_symbols": [1] * len(values)})
    return ExpressionMatrix(values, tuple(probes), samples), annotation


def our_stages(values: np.ndarray, wanted: str) -> dict[str, Callable[[], object]]:
    from dmicc_assets.expression.batch import remove_batch_effect
    from dmicc_assets.expression.collapse import collapse_probes
    from dmicc_assets.expression.combat import combat
    from dmicc_assets.stats.array_weights import array_weights
    from dmicc_assets.stats.contrast_tests import decide_tests, moderated_f, treat
    from dmicc_assets.stats.duplicate_correlation import duplicate_correlation
    from dmicc_assets.stats.linear_model import fit_contrasts, fit_linear_model
    from dmicc_assets.stats.moderation import moderated_t
    from dmicc_assets.stats.quantile_normalisation import quantile_normalise
    from dmicc_assets.stats.voom import voom

    n = values.shape[1]
    y, b = np.arange(n) % 2, (np.arange(n) // 2) % 4
    small = np.column_stack([np.ones(n), y]).astype(float)
    design = np.column_stack([small, b == 1, b == 2, b == 3]).astype(float)
    batch, block = [str(v) for v in b], [str(v) for v in np.arange(n) // 4]
    missing = counts = values
    if wanted == "missing":
        missing = values.copy()
        missing[::5, 2] = np.nan
        missing[1::7, 4], missing[1::7, 8] = np.nan, np.nan
    if wanted == "voom":
        # In place: one matrix is what the stage is given, on R's side too.
        counts = np.round(np.exp2(values, out=values), out=values)
    collapse = annotated(values) if wanted == "collapse" else None
    contrasts = np.array([[0, 0, 1, -1, 0], [0, 0, 0, 1, -1], [0, 1, 0, 0, 0]], dtype=float).T

    def against_threshold() -> object:
        fit = fit_linear_model(values, small)
        moderated = moderated_t(fit)
        error = fit.stdev_unscaled * np.sqrt(moderated.variance)[:, None]
        return treat(fit.coefficients, error, moderated.df_total[:, None], 0.5)

    def over_contrasts() -> object:
        fit = fit_contrasts(fit_linear_model(values, design), contrasts, ["1-2", "2-3", "y"])
        moderated = moderated_t(fit)
        decided = [decide_tests(fit, moderated, method=method) for method in ("separate", "global")]
        return moderated_f(fit, moderated), decided

    return {
        "linear": lambda: moderated_t(fit_linear_model(values, small)),
        "missing": lambda: moderated_t(fit_linear_model(missing, design), limma="3.54"),
        "trend": lambda: moderated_t(fit_linear_model(values, small), trend=True),
        "robust": lambda: moderated_t(fit_linear_model(values, small), robust=True),
        "treat": against_threshold,
        "contrasts": over_contrasts,
        "collapse": lambda: collapse_probes(*collapse, "mean"),
        "combat": lambda: combat(values, batch, small[:, 1:]),
        "combat_mean": lambda: combat(values, batch, small[:, 1:], mean_only=True),
        "combat_reference": lambda: combat(values, batch, small[:, 1:], reference="0"),
        "combat_empirical": lambda: combat(values[:2000], batch, small[:, 1:], parametric=False),
        "remove": lambda: remove_batch_effect(values, batch, small),
        "quantile": lambda: quantile_normalise(values),
        "array_weights": lambda: array_weights(values, small),
        "voom": lambda: voom(counts, small),
        "correlation": lambda: duplicate_correlation(values[:500], small, block),
    }


def peak() -> int:
    """Peak memory of this process so far, in bytes (getrusage would count the parent's before exec)."""
    status = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in status if line.startswith("VmHWM")).split()[1])


def our_side(path: str, genes: int, samples: int, stage: str, repeats: int) -> None:
    our_stages(np.ones((2, 4)), "")  # the imports
    import scipy.special  # noqa: F401  # held by every user of the modules, so part of the base
    import statsmodels.nonparametric.smoothers_lowess  # noqa: F401  # as above

    base = peak()
    values = np.fromfile(path).reshape(genes, samples)
    run = our_stages(values, stage)[stage]
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    version = f"Python {sys.version.split()[0]}, numpy {np.__version__}"
    print(json.dumps({"seconds": best, "version": version, "peak": peak() - base}))


def measured(command: list[str]) -> dict[str, Any]:
    """What the process printed: seconds of the best call, version, peak bytes above libraries alone."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)


def compare(genes: int, samples: int, stages: list[str], repeats: int) -> None:
    rng = np.random.default_rng(1)
    values = rng.uniform(4, 12, genes)[:, None] + rng.normal(size=(genes, samples)) * rng.uniform(0.2, 1.2, (genes, 1))
    values[: genes // 20] += np.arange(samples) % 2
    with tempfile.TemporaryDirectory() as folder:
        matrix, script = Path(folder) / "values.bin", Path(folder) / "side.R"
        values.tofile(matrix)
        script.write_text(R_SIDE)
        size = values.nbytes
        del values
        for stage in stages:
            arguments = [str(matrix), str(genes), str(samples), stage, str(repeats)]
            theirs = measured(["Rscript", "--vanilla", str(script), *arguments])
            ours = measured([sys.executable, __file__, "--side", *arguments])
            r, python = theirs["seconds"], ours["seconds"]
            print(
                f"| {stage} | {genes:,} x {samples:,} | {r:.2f} s | {python:.3f} s | {r / python:.1f} | "
                f"{theirs['peak'] / size:.1f} | {ours['peak'] / size:.1f} |",
                flush=True,
            )
    print(f"\n{theirs['version']}; {ours['version']}; {date.today()}; load {os.getloadavg()[0]:.1f}\n", flush=True)


if __name__ == "__main__":
    if "--side" in sys.argv:
        path, genes, samples, stage, repeats = sys.argv[2:7]
        our_side(path, int(genes), int(samples), stage, int(repeats))
    else:
        parser = argparse.ArgumentParser(description=__doc__)
        size = parser.add_mutually_exclusive_group()
        size.add_argument("--small", action="store_true", help="20,000 x 200 only")
        size.add_argument("--large", action="store_true", help="50,000 x 1,000 only")
        parser.add_argument("--only", nargs="+", choices=STAGES, default=STAGES, help="these stages only")
        parser.add_argument("--repeats", type=int, default=5)
        options = parser.parse_args()
        print(
            "| stage | size | R | ours | ratio | R's peak / matrix | our peak / matrix |\n|---|---|---|---|---|---|---|"
        )
        if not options.large:
            compare(20_000, 200, options.only, options.repeats)
        if not options.small:
            # The empirical prior costs R the square of the genes: 2,000 of 20,000 are enough.
            compare(50_000, 1_000, [s for s in options.only if s != "combat_empirical"], options.repeats)
