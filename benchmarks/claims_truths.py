"""Simulated studies of two cohorts whose truth about sharing is known; seeds are fixed beforehand.

What is tested on them, and how often it is wrong, is in `claims_sharing.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
N_GENES, N_MODULES, SD = 600, 10, 0.8


@dataclass(frozen=True)
class Truth:
    """A kind of study: how two cohorts are drawn, whether sharing is null, and whether the 5 % limit applies."""

    name: str
    draw: Callable[["Frame"], tuple[FloatArray, FloatArray]]
    kind: str = "null"
    n_case: int = 25
    n_control: int = 20
    design: str = "plain"
    log_fc: float = 0.3


class Frame:
    """The genes of a study and its random numbers: modules, loadings, and which samples are cases."""

    def __init__(self, seed: int, n_case: int, n_control: int, design: str) -> None:
        self.rng = np.random.default_rng([2026, seed])
        self.n, self.n_case, self.design = n_case + n_control, n_case, design
        self.is_case = np.arange(self.n) < n_case
        self.batch = np.arange(self.n) % 3
        self.patient = np.concatenate([np.arange(n_case), np.arange(n_control)])
        self.module = self.rng.integers(0, N_MODULES, N_GENES)
        self.load = self.rng.choice([-1.0, 1.0], N_GENES)

    def noise(self, rho: float) -> FloatArray:
        """Expression without a disease: modules of correlation `rho`, and what the design has to model."""
        r, shape = self.rng, (N_GENES, self.n)
        modules = self.load[:, None] * r.normal(size=(N_MODULES, self.n))[self.module]
        x = 8 + SD * (sqrt(1 - rho) * r.normal(size=shape) + sqrt(rho) * modules)
        if self.design == "batch":
            x += r.normal(size=(N_GENES, 3))[:, self.batch]
        if self.design in ("block", "pairs"):
            scores = self.load[:, None] * r.normal(size=(N_MODULES, self.n))[self.module]
            x += SD * (scores + r.normal(size=shape))[:, self.patient]
        if self.design == "unequal":
            x = 8 + (x - 8) * np.where(self.is_case, 1.5, 0.7)
        if self.design == "dominant":
            x += 0.8 * r.normal(size=(N_GENES, 1)) * r.normal(size=self.n)
        if self.design == "weights":
            x = 8 + (x - 8) / np.sqrt(self.cells())
        return x

    def cells(self) -> FloatArray:
        """Precision weights of cells as voom's: by gene, and by sample."""
        gene, sample = np.linspace(0.3, 3, N_GENES)[:, None], np.linspace(0.5, 2, self.n)
        return gene * sample ** np.linspace(0.5, 1.5, N_GENES)[:, None]

    def moved(self, x: FloatArray, genes: NDArray[np.intp], by: FloatArray | float = 1.2) -> FloatArray:
        """Moves genes in the cases; each gene of a list up or down with equal probability unless `by` has its own."""
        size = by if isinstance(by, np.ndarray) else by * self.rng.choice([-1.0, 1.0], len(genes))
        x[np.ix_(genes, np.flatnonzero(self.is_case))] += size[:, None]
        return x

    def some(self, n: int, among: int = N_GENES) -> NDArray[np.intp]:
        return self.rng.choice(among, n, replace=False)

    def real(self, x: FloatArray) -> FloatArray:
        """A disease of four whole modules."""
        genes = np.flatnonzero(np.isin(self.module, self.rng.choice(N_MODULES, 4, replace=False)))
        return self.moved(x, genes, np.ones(len(genes)))


def independent(f: Frame) -> tuple[FloatArray, FloatArray]:
    return f.noise(0), f.noise(0)


def correlated(f: Frame) -> tuple[FloatArray, FloatArray]:
    return f.noise(0.5), f.noise(0.5)


def a_real(f: Frame) -> tuple[FloatArray, FloatArray]:
    return f.real(f.noise(0.5)), f.noise(0.5)


def b_real(f: Frame) -> tuple[FloatArray, FloatArray]:
    return f.noise(0.5), f.real(f.noise(0.5))


def expressed(f: Frame) -> tuple[FloatArray, FloatArray]:
    """Genes of two diseases, drawn independently among the 40 % that are expressed; the others barely vary."""
    n = int(0.4 * N_GENES)
    both: list[FloatArray] = []
    for _ in range(2):
        x = 3 + 0.1 * f.rng.normal(size=(N_GENES, f.n))
        x[:n] = 8 + SD * f.rng.normal(size=(n, f.n))
        both.append(f.moved(x, f.some(N_GENES // 10, n)))
    return both[0], both[1]


def half(f: Frame) -> tuple[FloatArray, FloatArray]:
    """Half of all genes move, independently in the two diseases."""
    a, b = (f.moved(f.noise(0.3), f.some(N_GENES // 2)) for _ in range(2))
    return a, b


def scored_modules(f: Frame) -> tuple[FloatArray, FloatArray]:
    """Each module of each disease has its own N(0, 1) score; genes follow it by their loading."""
    every = np.arange(N_GENES)
    a, b = (f.moved(f.noise(0.5), every, f.load * f.rng.normal(size=N_MODULES)[f.module]) for _ in range(2))
    return a, b


def whole_modules(f: Frame) -> tuple[FloatArray, FloatArray]:
    """Three whole modules of ten, drawn independently in the two diseases: 71 % of such studies share a module."""
    both: list[FloatArray] = []
    for _ in range(2):
        genes = np.flatnonzero(np.isin(f.module, f.rng.choice(N_MODULES, 3, replace=False)))
        both.append(f.moved(f.noise(0.5), genes, np.ones(len(genes))))
    return both[0], both[1]


def planted(n: int, n_own: int) -> Callable[[Frame], tuple[FloatArray, FloatArray]]:
    """`n` genes move in both diseases, the same way; `n_own` more move in each."""

    def draw(f: Frame) -> tuple[FloatArray, FloatArray]:
        genes, way = f.some(n), 1.2 * f.rng.choice([-1.0, 1.0], n)
        a, b = (f.moved(f.moved(f.noise(0.3), genes, way), f.some(n_own)) for _ in range(2))
        return a, b

    return draw


def variable(theta: float) -> Callable[[Frame], tuple[FloatArray, FloatArray]]:
    """Standard deviations differ between genes, alike in both cohorts; genes and effects are independent given them.

    The effects of a disease are normal with a standard deviation that goes with the gene's to the power `theta`.
    """

    def draw(f: Frame) -> tuple[FloatArray, FloatArray]:
        sd = np.exp(0.5 * f.rng.normal(size=N_GENES))
        both: list[FloatArray] = []
        for _ in range(2):
            x = 8 + sd[:, None] * (f.noise(0.3) - 8)
            genes = f.some(N_GENES // 3)
            both.append(f.moved(x, genes, 1.2 * sd[genes] ** theta * f.rng.normal(size=len(genes))))
        return both[0], both[1]

    return draw


TRUTHS = (
    Truth("noise, independent", independent),
    Truth("noise, correlated", correlated),
    Truth("A real, B noise", a_real),
    Truth("B real, A noise", b_real),
    Truth("both real, 40 % expressed", expressed),
    Truth("both real, half of genes", half),
    Truth("both real, sd differ, theta 1", variable(1)),
    Truth("both real, sd differ, lfc 1.5", variable(1), log_fc=1.5),
    Truth("both real, sd differ, theta 0", variable(0)),
    Truth("modules, N(0,1) scores", scored_modules),
    Truth("modules, 3 of 10 whole", whole_modules, "reported"),
    Truth("20 planted", planted(20, 0), "power"),
    Truth("6 weak planted", planted(6, 30), "power"),
    Truth("A real, B noise; 6 against 6", a_real, n_case=6, n_control=6),
    Truth("A real, B noise; 149 to 6", a_real, n_case=149, n_control=6),
    Truth("A real, B noise; 3 batches", a_real, design="batch"),
    Truth("A real, B noise; pairs, fixed", a_real, n_case=20, design="pairs"),
    Truth("A real, B noise; blocks", a_real, design="block"),
    Truth("A real, B noise; weights", a_real, design="weights"),
    Truth("A real, B noise; unequal sd", a_real, design="unequal"),
    Truth("A real, B noise; dominant", a_real, design="dominant"),
)
