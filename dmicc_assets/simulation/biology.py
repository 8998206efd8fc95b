"""The biology of the simulated mirror: invented genes, their changes in each disease, and expression of samples.

Numbers only: platforms, probes and files are in `mirror.py` and `files.py`.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.types import BoolArray, FloatArray

IndexArray = NDArray[np.intp]

COHORTS = ("disease_a", "disease_b")
N_GENES = 3000
MODULE_SIZE = 50
N_MODULES = N_GENES // MODULE_SIZE


class Moved(NamedTuple):
    """A shared gene: log2 fold change in disease A and B, and its standard deviation between samples."""

    log_fc_a: float
    log_fc_b: float
    sd: float


# The first two are the biomarkers: one is up in both diseases like PARP12, one up in one and down in the other like
# MT1M. Their effects are so large that a forest ranks them before the other eight even with 6 controls.
SHARED = (
    Moved(3.0, 3.0, 0.5),
    Moved(3.0, -3.0, 0.5),
    Moved(1.5, 1.5, 1.1),
    Moved(1.5, 1.5, 1.1),
    Moved(-1.5, -1.5, 1.1),
    Moved(-1.5, -1.5, 1.1),
    Moved(1.5, -1.5, 1.1),
    Moved(-1.5, 1.5, 1.1),
    Moved(1.5, 1.5, 1.1),
    Moved(-1.5, -1.5, 1.1),
)
N_BIOMARKERS = 2
# Share of case samples taken beside the lesion, with expression as in a control. They keep the classes from separating.
BESIDE_LESION = 0.06


class Response(NamedTuple):
    """A module of correlated genes, some of which change in one disease."""

    cohort: str
    module: int
    n_moved: int
    sign: int


# Shared genes come from modules 0 to 9, one each, so that their noise is independent.
RESPONSES = (
    *(Response("disease_a", module, 10, sign) for module, sign in ((10, 1), (11, 1), (12, 1), (13, -1), (14, -1))),
    *(
        Response("disease_b", module, 12, sign)
        for module, sign in ((20, 1), (21, 1), (22, 1), (23, -1), (24, -1), (25, -1), (26, 1), (27, -1))
    ),
)


@dataclass(frozen=True)
class Biology:
    """What the simulated genes do.

    Attributes:
        genes: the G invented symbols.
        mean: (G,) mean log2 expression in health.
        sd: (G,) standard deviation between samples, log2.
        module: (G,) the module a gene is in; its genes share a factor.
        correlation: (G,) correlation of a gene's noise with its module's factor.
        log_fc: for each cohort, (G,) planted log2 fold changes, 0 for unchanged genes.
        shared: indices of the genes that change in both, the biomarkers first.
    """

    genes: tuple[str, ...]
    mean: FloatArray
    sd: FloatArray
    module: IndexArray
    correlation: FloatArray
    log_fc: dict[str, FloatArray]
    shared: IndexArray

    def moved(self, cohort: str) -> dict[str, float]:
        """Planted log2 fold changes of the genes that change in a cohort, by gene."""
        log_fc = self.log_fc[cohort]
        return {self.genes[i]: round(float(log_fc[i]), 3) for i in np.flatnonzero(log_fc)}

    @property
    def is_planted(self) -> BoolArray:
        """(G,) True for a gene that changes in any disease."""
        return np.any([log_fc != 0 for log_fc in self.log_fc.values()], axis=0)


def draw_biology(rng: np.random.Generator) -> Biology:
    """Draw genes, modules and planted effects.

    The variances are scaled inverse chi-square (5 degrees of freedom around 0.5 squared), the model of the moderated
    t-statistic (Smyth 2004, doi:10.2202/1544-6115.1027), so that some genes vary enough to pass a raw p and a fold
    change by chance.
    """
    module = rng.permutation(np.repeat(np.arange(N_MODULES), MODULE_SIZE))
    mean = np.clip(rng.normal(7.6, 1.8, N_GENES), 4.0, 13.0)
    sd = np.clip(0.5 * np.sqrt(5.0 / rng.chisquare(5.0, N_GENES)), 0.2, 1.6)
    correlation = rng.uniform(0.3, 0.7, N_GENES)
    log_fc = {cohort: np.zeros(N_GENES) for cohort in COHORTS}
    shared = np.array([rng.choice(np.flatnonzero(module == i)) for i in range(len(SHARED))])
    for gene, moved in zip(shared, SHARED, strict=True):
        log_fc["disease_a"][gene], log_fc["disease_b"][gene], sd[gene] = moved
        mean[gene] = np.clip(mean[gene], 8.0, 9.5)
    for response in RESPONSES:
        chosen = rng.choice(np.flatnonzero(module == response.module), response.n_moved, replace=False)
        log_fc[response.cohort][chosen] = response.sign * rng.uniform(1.2, 1.8, response.n_moved)
        sd[chosen] = rng.uniform(0.6, 0.9, response.n_moved)
        mean[chosen] = np.clip(mean[chosen], 7.0, 10.5)
    genes = tuple(f"SIMG{i + 1:04d}" for i in range(N_GENES))
    return Biology(genes, mean, sd, module, correlation, log_fc, shared)


def draw_expression(
    rng: np.random.Generator,
    biology: Biology,
    cohort: str,
    is_case: BoolArray,
    *,
    shift: FloatArray,
    patient: IndexArray | None = None,
    effect: float = 1.0,
) -> FloatArray:
    """Log2 expression of every gene in N samples.

    Args:
        rng: generator of the noise.
        biology: the genes.
        cohort: cohort whose disease the cases have.
        is_case: (N,) True for a sample with the disease.
        shift: (G,) effect of tissue and laboratory on each gene, log2.
        patient: (N,) a patient's number; samples of one patient share 40 % of their variance. None: all are different.
        effect: factor of the planted fold changes.

    Returns:
        (G, N) log2 expression.
    """
    n = is_case.size
    factor = rng.standard_normal((N_MODULES, n))[biology.module]
    noise = biology.correlation[:, None] * factor
    noise += np.sqrt(1.0 - biology.correlation**2)[:, None] * rng.standard_normal((N_GENES, n))
    if patient is not None:
        of_patient = rng.standard_normal((N_GENES, int(patient.max()) + 1))[:, patient]
        noise = np.sqrt(0.6) * noise + np.sqrt(0.4) * of_patient
    severity = effect * is_case
    cases = np.flatnonzero(is_case)
    severity[rng.choice(cases, round(BESIDE_LESION * cases.size), replace=False)] = 0.0
    moved = biology.log_fc[cohort][:, None] * severity
    return (biology.mean + shift)[:, None] + moved + biology.sd[:, None] * noise


def response_genes(biology: Biology, response: Response) -> tuple[IndexArray, IndexArray]:
    """The genes of a response's module that change in its disease, and those that do not."""
    inside = biology.module == response.module
    moves = biology.log_fc[response.cohort] != 0
    return np.flatnonzero(inside & moves), np.flatnonzero(inside & ~moves)
