"""How often the atlas' test of two cohorts rejects at 5 % under simulated truths, when they measure different genes.

python -m benchmarks.claims_atlas [--studies 100] [--truths "noise;20 planted"] [--kept FILE] prints a table. In the
atlas each cohort's null lists are drawn once, among its own genes, and compared with any other cohort's list. Truths
and seeds are those of `claims_sharing.py`.
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.claims_sharing import FIRST, LEVEL, fitted, wilson
from benchmarks.claims_truths import N_GENES, TRUTHS, Frame, Truth
from benchmarks.kept import KeptResults
from dmicc_assets.signature.atlas import axes_of, disease_overlap

Platforms = tuple[list[int], list[int]]
ADJUSTMENTS = ("none", "BH")
NAMES = ("noise, correlated", "A real, B noise", "both real, 40 % expressed", "modules, N(0,1) scores", "20 planted")


def same(_: np.random.Generator) -> Platforms:
    """One platform."""
    return list(range(N_GENES)), list(range(N_GENES))


def some_on_one(rng: np.random.Generator) -> Platforms:
    """Each platform lacks a third of the genes, at random: four ninths of all are on both."""
    one, other = (sorted(rng.choice(N_GENES, 2 * N_GENES // 3, replace=False).tolist()) for _ in range(2))
    return one, other


def small_beside_whole(rng: np.random.Generator) -> Platforms:
    """A platform of a quarter of the genes beside one of all."""
    return list(range(N_GENES)), sorted(rng.choice(N_GENES, N_GENES // 4, replace=False).tolist())


PLATFORMS: dict[str, Callable[[np.random.Generator], Platforms]] = {
    "one platform": same,
    "each lacks a third": some_on_one,
    "a quarter beside all": small_beside_whole,
}


def judged(truth: Truth, platforms: str, seed: int, adjust: str) -> float | None:
    """The atlas' p-value of sharing; None if the lists share no gene."""
    f = Frame(seed, truth.n_case, truth.n_control, truth.design)
    drawn = truth.draw(f)
    measured = PLATFORMS[platforms](f.rng)
    cohorts = {
        f"s{name}.{name}": fitted(f"s{name}.{name}", x, f, adjust, truth.log_fc, genes)
        for name, x, genes in zip("ab", drawn, measured, strict=True)
    }
    genes = {
        name: pl.DataFrame(
            {"gene": each.listed, "direction": ["up"] * len(each.listed)}, {"gene": pl.String, "direction": pl.String}
        )
        for name, each in cohorts.items()
    }
    statistics = {name: pl.DataFrame({"gene": each.genes}) for name, each in cohorts.items()}
    samples = {
        name: pl.DataFrame({"dataset": [name] * f.n, "sample": [f"{name}{i}" for i in range(f.n)]}) for name in cohorts
    }
    rows = disease_overlap(genes, statistics, samples, lambda name: axes_of(cohorts[name]))
    return rows["sharing_p_value"][0]


def main() -> None:
    """Print a row for each truth and pair of platforms."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=100)
    parser.add_argument("--truths", default=";".join(NAMES))
    parser.add_argument("--kept", type=Path)
    options = parser.parse_args()
    kept, n = KeptResults(options.kept), options.studies
    print(f"{'truth':28s} {'platforms':22s} rates of p <= .05 of {n} studies, lists by raw and by adjusted p")
    for truth in TRUTHS:
        if not any(part in truth.name for part in options.truths.split(";")):
            continue
        for platforms in PLATFORMS:
            rates = list[str]()
            for adjust in ADJUSTMENTS:
                compute = partial(judged, truth, platforms, adjust=adjust)
                key = f"atlas|{truth.name}|{platforms}|{adjust}"
                found = [kept.get(f"{key}|{seed}", partial(compute, seed)) for seed in range(FIRST, FIRST + n)]
                rates.append(wilson(sum(p is not None and p <= LEVEL for p in found), n))
            print(f"{truth.name:28s} {platforms:22s} " + "  ".join(rates), flush=True)


if __name__ == "__main__":
    main()
