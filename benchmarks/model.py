"""ROC curves, tests, the logistic model and its bootstrap against R (pROC, rms) on the same made-up input in one run.

python benchmarks/model.py prints a Markdown table of CPU seconds and ratios, with sizes, versions and date.
"""

import os

# One thread, as R has.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl

from dmicc_assets.model.internal_validation import bootstrap_indices, calibrate, refit, validate
from dmicc_assets.model.nomogram import nomogram
from dmicc_assets.model.risk_model import fit_risk_model, risk_model_tables
from dmicc_assets.stats.firth import fit_firth
from dmicc_assets.stats.logistic import fit_logistic
from dmicc_assets.stats.resampled_logistic import fit_models
from dmicc_assets.stats.roc import bootstrap_interval, delong_interval, delong_test, roc, youden
from dmicc_assets.stats.two_sample import welch_t, wilcoxon
from dmicc_assets.study.schema import Model
from dmicc_assets.types import CaseControl, ExpressionMatrix

MODELS = {"79 x 2": (79, 2, 37), "79 x 5": (79, 5, 37), "445 x 5": (445, 5, 225)}
Times = dict[str, float]


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds, the better of two runs, to reduce the influence of other work on the machine."""
    best = float("inf")
    for _ in range(2):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def groups(n: int, p: int, n_case: int, shift: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    is_case = np.arange(n) < n_case
    return (7 + rng.normal(size=(n, p)) + shift * is_case[:, None]).round(5), is_case


def write(folder: Path, name: str, x: np.ndarray, is_case: np.ndarray) -> None:
    columns = {"y": is_case.astype(int)} | {f"G{j}": x[:, j] for j in range(x.shape[1])}
    pl.DataFrame(columns).write_csv(folder / f"{name}.tsv", separator="\t")


def subject(x: np.ndarray, is_case: np.ndarray) -> CaseControl:
    genes, samples = tuple(f"G{j}" for j in range(x.shape[1])), tuple(f"S{i}" for i in range(len(x)))
    matrix = ExpressionMatrix(np.ascontiguousarray(x.T), genes, samples)
    return CaseControl("cohort", "cohort", matrix, is_case, ("D",) * len(x), (None,) * len(x))


def models(folder: Path) -> Times:
    times: Times = {}
    for name, (n, p, n_case) in MODELS.items():
        x, is_case = groups(n, p, n_case, 0.5, seed=1)
        write(folder, name, x, is_case)
        terms = [f"G{j}" for j in range(p)]
        fit = fit_logistic(x, is_case, terms)
        design = np.column_stack([np.ones(n), x])

        def bootstrap(design=design, is_case=is_case, coefficients=fit.coefficients):
            refits = refit(design, is_case, bootstrap_indices(len(is_case), 1000, seed=1), "ml")
            validate(design, is_case, coefficients, refits, "ml")
            calibrate(design, is_case, coefficients, refits)

        times[f"{name} fit"] = seconds(lambda x=x, y=is_case, t=terms: [fit_logistic(x, y, t) for _ in range(20)])
        times[f"{name} nomogram"] = seconds(
            lambda x=x, t=terms, b=fit.coefficients: [nomogram(t, x, b) for _ in range(20)]
        )
        times[f"{name} bootstrap"] = seconds(bootstrap)
    (folder / "models.txt").write_text("\n".join(MODELS) + "\n")
    return times


def curves(folder: Path) -> Times:
    x, is_case = groups(200, 200, 110, 0.6, seed=2)
    write(folder, "genes", x, is_case)

    def describe() -> None:
        for score in x.T:
            curve = roc(score, is_case)
            delong_interval(curve)
            youden(curve)

    first = roc(x[:, 0], is_case)
    return {
        "roc": seconds(describe),
        "roc bootstrap": seconds(lambda: bootstrap_interval(first, seed=1)),
        "roc test": seconds(lambda: [delong_test(x[:, 0], x[:, j], is_case) for j in range(1, 101)]),
    }


def tests(folder: Path) -> Times:
    times: Times = {}
    for name, n, p, n_case in (("wide", 200, 5000, 110), ("exact", 43, 5000, 23)):
        x, is_case = groups(n, p, n_case, 0.3, seed=3)
        write(folder, name, x, is_case)
        values = np.ascontiguousarray(x.T)
        times[f"wilcoxon {name}"] = seconds(lambda v=values, y=is_case: wilcoxon(v, y))
        times[f"welch {name}"] = seconds(lambda v=values, y=is_case: welch_t(v, y))
    return times


def without_counterpart() -> Times:
    """What R as installed by Debian has no function for (logistf is not packaged)."""
    x, is_case = groups(41, 2, 22, 6.0, seed=4)
    cohort, settings = subject(x, is_case), Model(bootstrap=1000)
    model = fit_risk_model(cohort, ["G0", "G1"], settings)
    assert model.estimator == "firth"
    many = np.random.default_rng(5).normal(size=(1000, 2, 155)) + 0.5 * (np.arange(155) < 149)
    return {
        "Firth's fit with profile limits, 41 x 2, separated": seconds(lambda: fit_firth(x, is_case, ["G0", "G1"])),
        "every model table with 1,000 Firth refits, 41 x 2": seconds(
            lambda: risk_model_tables(model, cohort, settings, seed=1)
        ),
        "1,000 models of two genes, 155 samples, 6 controls": seconds(lambda: fit_models(many, np.arange(155) < 149)),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = models(folder) | curves(folder) | tests(folder)
        script = Path(__file__).with_suffix(".R")
        output = subprocess.run(["Rscript", script, folder], capture_output=True, text=True, check=True).stdout
    lines = dict(line.split("\t")[:2] for line in output.splitlines() if "\t" in line)
    sizes = {
        "fit": "20 logistic fits",
        "nomogram": "20 nomograms",
        "bootstrap": "validate and calibrate, 1,000 resamples",
    }
    named = {f"{model} {stage}": f"{text}, {model}" for model in MODELS for stage, text in sizes.items()}
    named |= {
        "roc": "200 ROC curves with DeLong's interval and Youden's cut-off, 200 samples",
        "roc bootstrap": "one bootstrap interval, 2,000 resamples, 200 samples",
        "roc test": "100 paired DeLong tests, 200 samples",
        "wilcoxon wide": "5,000 rank sum tests, 200 samples (normal)",
        "wilcoxon exact": "5,000 rank sum tests, 43 samples (exact)",
        "welch wide": "5,000 Welch tests, 200 samples",
        "welch exact": "5,000 Welch tests, 43 samples",
    }
    packages = ", ".join(f"{package} {version(package)}" for package in ("numpy", "scipy"))
    print(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, one thread each; {lines['versions']}; {packages}\n")
    print("| stage | R, s | here, s | ratio |\n|---|---|---|---|")
    for key, text in named.items():
        theirs = float(lines[key])
        print(f"| {text} | {theirs:.3g} | {ours[key]:.3g} | {theirs / ours[key]:.0f} |")
    for text, time_taken in without_counterpart().items():
        print(f"| {text} | - | {time_taken:.3g} | - |")


if __name__ == "__main__":
    main()
