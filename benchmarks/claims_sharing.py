"""How often the test of sharing rejects at 5 % under simulated truths, beside the urn; and the binomial of directions.

python -m benchmarks.claims_sharing [--studies 400] [--axes 199] [--truths "noise;20 planted"] [--kept FILE] prints a
table. Seeds are fixed, from 1000 on: the method was chosen on studies of seeds under 1000. A file keeps the results of
a run that ends early, and the next run continues it. Other claims of the verdict are not simulated here.
"""

import argparse
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from math import sqrt
from pathlib import Path

import numpy as np

from benchmarks.claims_truths import N_GENES, TRUTHS, FloatArray, Frame, Truth
from benchmarks.kept import KeptResults
from dmicc_assets.signature.sharing import CohortList, sharing_test
from dmicc_assets.stats.distributions import two_sided_p
from dmicc_assets.stats.duplicate_correlation import duplicate_correlation
from dmicc_assets.stats.moderation import total_df
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.stats.overlap import (
    concordance_p_value,
    concordance_probability,
    overlap_p_value,
)
from dmicc_assets.stats.random_axes import residual_space
from dmicc_assets.stats.variance_prior import VariancePrior

LEVEL = 0.05
# Rejections of 400 that a true null may have: 5 % and two standard errors.
BAR = 28 / 400
FIRST = 1000


def fitted(
    name: str, x: FloatArray, f: Frame, adjust: str, log_fc: float, measured: Sequence[int] = range(N_GENES)
) -> CohortList:
    """The cohort and its list, as a study makes them: raw or adjusted p under 0.05, and an effect.

    Only the genes measured (of x's rows) are there.
    """
    x = x[list(measured)]
    columns = [np.ones(f.n), f.is_case.astype(np.float64)]
    if f.design in ("batch", "pairs"):
        level = f.batch if f.design == "batch" else f.patient
        columns += [(level == k).astype(np.float64) for k in range(1, int(level.max()) + 1)]
    design = np.column_stack(columns)
    blocks = [str(k) for k in f.patient]
    correlation = duplicate_correlation(x, design, blocks).matrix(blocks) if f.design == "block" else None
    weights = f.cells()[list(measured)] if f.design == "weights" else None
    space = residual_space(x, design, 1, weights=weights, correlation=correlation)
    prior = VariancePrior(space.prior_df, space.prior_scale)
    p = two_sided_p(space.t, total_df(space.df_residual, prior))
    passes = (p if adjust == "none" else adjust_p_values(p)) < LEVEL
    listed = np.flatnonzero(passes & (np.abs(space.effect) >= log_fc))
    genes = tuple(f"G{g}" for g in measured)
    return CohortList(name, genes, space, tuple(genes[g] for g in listed))


def judged(truth: Truth, seed: int, adjust: str, n_axes: int) -> tuple[float, ...] | None:
    """P-values of the hypergeometric test, sharing, binomial test and directions; None if no gene is shared."""
    f = Frame(seed, truth.n_case, truth.n_control, truth.design)
    cohorts = [fitted(name, x, f, adjust, truth.log_fc) for name, x in zip("AB", truth.draw(f), strict=True)]
    result = sharing_test(cohorts, f.rng, n_axes)
    if result.sharing_p_value is None or result.direction_p_value is None:
        return None
    urn = overlap_p_value(N_GENES, [len(each.listed) for each in cohorts], result.n_shared)
    ways = [dict(zip(each.genes, each.space.effect > 0, strict=True)) for each in cohorts]
    both = set(cohorts[0].listed) & set(cohorts[1].listed)
    agree = sum(ways[0][gene] == ways[1][gene] for gene in both)
    up = [float(np.mean([way[gene] for gene in each.listed])) for way, each in zip(ways, cohorts, strict=True)]
    binomial = concordance_p_value(agree, result.n_shared, concordance_probability(up))
    return urn or 0.0, result.sharing_p_value, binomial or 0.0, result.direction_p_value


def wilson(k: int, n: int) -> str:
    """A rate with its 95 % Monte Carlo interval (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    if not n:
        return "   -              "
    z, p = 1.959964, k / n
    middle, width = (
        (p + z * z / 2 / n) / (1 + z * z / n),
        z * sqrt(p * (1 - p) / n + z * z / 4 / n / n) / (1 + z * z / n),
    )
    return f"{p:.3f} [{max(middle - width, 0):.3f}, {min(middle + width, 1):.3f}]"


def main() -> None:
    """Print a row for each truth and adjustment."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=400)
    parser.add_argument("--axes", type=int, default=199)
    parser.add_argument("--truths", default="")
    parser.add_argument("--kept", type=Path)
    options = parser.parse_args()
    kept = KeptResults(options.kept)
    print(f"{datetime.now(UTC):%Y-%m-%d}: {options.studies} studies a truth, {options.axes} axes; rates of p <= .05")
    heads = ("sharing", "sharing, some shared", "urn", "directions", "binomial")
    print(f"{'truth':30s} {'lists':5s} share  " + "  ".join(f"{head:20s}" for head in heads), flush=True)
    for truth in TRUTHS:
        if options.truths and not any(part in truth.name for part in options.truths.split(";")):
            continue
        for adjust in ("none", "BH"):
            start = time.perf_counter()
            seeds = range(FIRST, FIRST + options.studies)
            compute = partial(judged, truth, adjust=adjust, n_axes=options.axes)
            key = f"{truth.name}|{adjust}|{options.axes}"
            results = [kept.get(f"{key}|{seed}", partial(compute, seed)) for seed in seeds]
            some = [each for each in results if each is not None]
            urn, sharing, binomial, ways = (sum(each[k] <= LEVEL for each in some) for k in range(4))
            n = options.studies
            rates = (
                wilson(sharing, n),
                wilson(sharing, len(some)),
                wilson(urn, n),
                wilson(ways, n),
                wilson(binomial, n),
            )
            note = "over the bar" if truth.kind == "null" and sharing / n > BAR else ""
            took = time.perf_counter() - start
            row = f"{truth.name:30s} {adjust:5s} {len(some):5d}  " + "  ".join(rates)
            print(f"{row} {note} ({took:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
