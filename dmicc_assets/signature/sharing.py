"""The test of sharing: do cohorts' gene lists share more genes than lists along other axes of their tissues do?

`stats/random_axes.py` draws axes and scores genes; `stats/overlap.py` has the hypergeometric test.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.matched_axes import matched_axes
from dmicc_assets.stats.random_axes import ResidualSpace, Rows, axis_scores
from dmicc_assets.types import FloatArray

# Axes of a cohort: the smallest p-value is 1 / 2,000, which leaves room to adjust for pairs of cohorts.
N_AXES = 1999
# Directions are compared with the draws up to rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class CohortList:
    """A cohort's genes in its residual space, and its list of differentially expressed genes.

    Attributes:
        name: of the cohort, for messages.
        genes: the G distinct names.
        space: the G genes' residuals and effects.
        listed: the names of the list's genes.

    Raises:
        ValueError: numbers of names and genes differ; a gene is named twice; a gene of the list is not among `genes`
            or has no effect in the design (names the cohort and the gene).
    """

    name: str
    genes: tuple[str, ...]
    space: ResidualSpace
    listed: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.genes) != len(self.space.effect):
            raise ValueError(f"cohort {self.name}: {len(self.genes)} names for {len(self.space.effect)} genes")
        _check_distinct(self.name, self.genes)
        _check_distinct(self.name, self.listed)
        effects = dict(zip(self.genes, self.space.effect, strict=True))
        for gene in self.listed:
            if gene not in effects:
                raise ValueError(f"cohort {self.name}: gene {gene!r} of the list is not in its matrix")
            if np.isnan(effects[gene]):
                raise ValueError(f"cohort {self.name}: the coefficient of gene {gene!r} in its list is not estimable")


@dataclass(frozen=True, slots=True)
class ReplacedCohort:
    """What lists along axes of one cohort share with the other cohorts' lists, which are kept.

    Attributes:
        name: the cohort whose list was replaced.
        tilt: matched to its list: 0 orders an axis' genes by t, 1 by effect.
        concentration: matched to its list: 0 for uniform axes, more for axes of few modules.
        expected: mean number of genes that the axes' lists share with the intersection of the others.
        p_value: (1 + draws that share at least as many) / (1 + draws).
        direction_p_value: the same of the agreement in direction, either way.
    """

    name: str
    tilt: float
    concentration: float
    expected: float
    p_value: float
    direction_p_value: float


@dataclass(frozen=True, slots=True)
class Sharing:
    """The test of sharing of two or more cohorts' lists. None stands for "no gene is shared: nothing is tested".

    Attributes:
        n_universe: genes of every cohort's matrix.
        n_shared: genes of every cohort's list.
        sharing_expected: mean of the null of the cohort with the largest p-value.
        sharing_p_value: the largest of the cohorts' p-values.
        direction_p_value: the largest of the cohorts' p-values of directions.
        replaced: a result for each cohort, in the order given; empty without a shared gene.
    """

    n_universe: int
    n_shared: int
    sharing_expected: float | None
    sharing_p_value: float | None
    direction_p_value: float | None
    replaced: tuple[ReplacedCohort, ...]


def sharing_test(cohorts: Sequence[CohortList], rng: np.random.Generator, n_axes: int = N_AXES) -> Sharing:
    """Tests whether cohorts' lists share more genes than another axis of variation of these tissues gives.

    Each cohort in turn is replaced: random axes of its residual space (Langsrud 2005, doi:10.1007/s11222-005-4789-5)
    score all genes as the disease did, and each axis gives a list of the disease's length. The intersection of the
    other cohorts' lists is kept. The largest p-value counts, so that one cohort of pure noise is enough for no claim.
    The axes' lists are as long, as variable and as inter-correlated as the disease's: modules move together and
    variable genes come first in both, which genes drawn from an urn do not know.

    A small p-value says: the diseases share more genes than the disease and another axis of variation of the same
    tissue (cell composition, treatment, age, handling) would. A large one does not say that the overlap is chance.

    The test over-adjusts where the shared biology is itself a main axis of a tissue within the groups (inflammation
    that also varies among the controls): random axes then find the shared genes, and power falls.

    Directions are a second test, given the shared genes: along each axis the same number of genes of the others'
    intersection, those with the largest scores, take the place of the shared genes. The statistic is the sum over
    them of the others' common direction (1 up, -1 down, 0 if the others disagree) times the replaced cohort's
    direction less the mean direction of its list; its absolute value is compared. A binomial test takes the genes as
    independent, and rejects true nulls where modules move together.

    Args:
        cohorts: two or more; genes are matched by name, and those of every cohort are the universe.
        rng: seeded by the caller; each cohort gets a generator of its own from it.
        n_axes: number of axes of each cohort, positive.

    Raises:
        ValueError: fewer than two cohorts, two of one name, or no axis.
    """
    names = [cohort.name for cohort in cohorts]
    if len(names) < 2 or len(set(names)) != len(names) or n_axes < 1:
        raise ValueError(f"{n_axes} axes of cohorts {', '.join(names)}: expected two or more cohorts, and an axis")
    inside = set[str].intersection(*(set(cohort.genes) for cohort in cohorts))
    universe = [gene for gene in cohorts[0].genes if gene in inside]
    lists = [_in_universe(cohort, universe) for cohort in cohorts]
    shared = np.logical_and.reduce([marked for _, marked in lists])
    n_shared = int(shared.sum())
    if not n_shared:
        return Sharing(len(universe), 0, None, None, None, ())
    signs = np.array([np.sign(space.effect) for space, _ in lists])
    replaced: list[ReplacedCohort] = []
    for i, (cohort, generator) in enumerate(zip(cohorts, rng.spawn(len(cohorts)), strict=True)):
        space, marked = lists[i]
        others = np.logical_and.reduce([each for j, (_, each) in enumerate(lists) if j != i])
        direction = _common_direction(np.delete(signs, i, axis=0))
        replaced.append(_replace(cohort.name, space, marked, np.flatnonzero(others), direction, n_axes, generator))
    worst = max(replaced, key=lambda each: each.p_value)
    by_direction = max(each.direction_p_value for each in replaced)
    return Sharing(len(universe), n_shared, worst.expected, worst.p_value, by_direction, tuple(replaced))


def _replace(
    name: str,
    space: ResidualSpace,
    marked: NDArray[np.bool_],
    others: Rows,
    direction: FloatArray,
    n_axes: int,
    rng: np.random.Generator,
) -> ReplacedCohort:
    """Draws lists along one cohort's axes, and compares them with the others' intersection (rows) and directions."""
    listed = np.flatnonzero(marked)
    shared = others[marked[others]]
    k = len(shared)
    matched = matched_axes(space, listed, rng)
    axes = matched.draw(n_axes, rng)
    among = np.zeros(len(marked), dtype=np.bool_)
    among[others] = True
    own = np.sign(space.effect)
    observed = abs(float(direction[shared] @ (own[shared] - own[listed].mean())))
    counts: list[NDArray[np.intp]] = []
    agreement: list[FloatArray] = []
    for chunk in axis_scores(matched.space, matched.length, axes, matched.tilt):
        counts.append(among[chunk.lists].sum(axis=1))
        mean = np.sign(np.take_along_axis(chunk.projection, chunk.lists, axis=1)).mean(axis=1, keepdims=True)
        best = others[np.argpartition(chunk.score[:, others], len(others) - k, axis=1)[:, len(others) - k :]]
        sign = np.sign(np.take_along_axis(chunk.projection, best, axis=1))
        agreement.append(np.abs((direction[best] * (sign - mean)).sum(axis=1)))
    count, agree = np.concatenate(counts), np.concatenate(agreement)
    return ReplacedCohort(
        name,
        matched.tilt,
        matched.concentration,
        float(count.mean()),
        float((1 + (count >= k).sum()) / (1 + n_axes)),
        float((1 + (agree >= observed - _ROUNDING).sum()) / (1 + n_axes)),
    )


def _in_universe(cohort: CohortList, universe: Sequence[str]) -> tuple[ResidualSpace, NDArray[np.bool_]]:
    """The cohort's genes in the universe's order, and which of them its list holds."""
    rows = {gene: row for row, gene in enumerate(cohort.genes)}
    listed = set(cohort.listed)
    order = np.array([rows[gene] for gene in universe], dtype=np.intp)
    return cohort.space.take(order), np.array([gene in listed for gene in universe], dtype=np.bool_)


def _common_direction(signs: FloatArray) -> FloatArray:
    """1 or -1 where all cohorts (rows) move a gene one way, else 0."""
    return np.where((signs == signs[0]).all(axis=0), signs[0], 0.0)


def _check_distinct(name: str, genes: Sequence[str]) -> None:
    seen: set[str] = set()
    for gene in genes:
        if gene in seen:
            raise ValueError(f"cohort {name}: duplicate gene {gene!r}")
        seen.add(gene)
