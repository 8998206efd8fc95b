"""Weighted designs of resamples, and the products of values by which each resample's least squares follow.

Which genes pass is decided in `reweighted.py`; the correlation within patients is estimated elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.differential.statistics import Batch, differential_design
from dmicc_assets.stats.linear_model import non_estimable
from dmicc_assets.study.schema import Differential
from dmicc_assets.types import BoolArray, CaseControl, FloatArray

IntArray = NDArray[np.int64]
CASE = 1
Groups = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Basis:
    """A resample's design as columns by which values are multiplied.

    Samples of one patient correlate by rho, which makes the inverse covariance of n of them
    (I - rho / (1 + (n - 1) rho)) / (1 - rho), of one alone 1: least squares need sums of samples and of patients only.

    Attributes:
        q: (N, K) gives the coordinates of values in an orthonormal basis of the whitened, weighted design.
        inverse: (K, K) gives the coefficients of these coordinates.
        case: which of the K coefficients is case against control.
        squares: (N,) weights of squared values in the total sum of squares.
        together: the rows of samples of each of C patients who have several.
        shared: (C,) weights of the squared sums of these in the total, which they lower.
        df: residual degrees of freedom.
    """

    q: FloatArray
    inverse: FloatArray
    case: int
    squares: FloatArray
    together: Groups
    shared: FloatArray
    df: int

    def among(self, samples: BoolArray) -> "Basis":
        """The same for values of some samples (N,) alone, all that count among them."""
        place = np.cumsum(samples) - 1
        together = tuple(tuple(place[list(group)].tolist()) for group in self.together)
        return replace(self, q=self.q[samples], squares=self.squares[samples], together=together)


@dataclass(frozen=True, slots=True)
class Effects:
    """Of one resample, (G,): log fold change, residual variance, its degrees of freedom, unscaled standard error."""

    log_fc: FloatArray
    variance: FloatArray
    df: float | FloatArray
    stdev: float | FloatArray


@dataclass(frozen=True)
class ResampledDesigns:
    """The designs of a cohort's resamples.

    Attributes:
        unit: the N samples' patients.
        design: (N, K) of all samples.
        names: of the K columns.
        is_paired: every patient has a column, so that a patient drawn again takes a degree of freedom.
    """

    unit: tuple[str, ...]
    design: FloatArray
    names: Sequence[str]
    is_paired: bool

    @classmethod
    def of(cls, subject: CaseControl, settings: Differential, batch: Batch) -> "ResampledDesigns":
        """The designs of a cohort by settings whose `block` is decided."""
        design, names = differential_design(subject, settings, batch)
        return cls(subject.unit, design, names, settings.block == "fixed")

    def basis(self, counts: IntArray, consensus: float = 0.0) -> Basis | None:
        """The basis of a resample; None where case against control or its residual variance cannot be estimated.

        Args:
            counts: (N,) how often each sample counts; a patient drawn again is another patient.
            consensus: correlation of two samples of one patient.
        """
        root = np.sqrt(counts.astype(np.float64))
        weighted = self.design * root[:, None]
        columns = estimable(weighted, self.names)
        extra = extra_patients(self.unit, counts) if self.is_paired else 0
        df = int(counts.sum()) - len(columns) - extra
        if CASE not in columns or df <= 0:
            return None
        case, weights = columns.index(CASE), counts.astype(np.float64)
        if consensus == 0:
            q, r = np.linalg.qr(weighted[:, columns])
            return Basis(q * root[:, None], np.linalg.inv(r), case, weights, (), np.empty(0), df)
        together, weights, shared = self._together(counts, consensus)
        design, indicator = self.design[:, columns], np.zeros((len(counts), len(together)))
        for i, group in enumerate(together):
            indicator[list(group), i] = 1.0
        solved = weights[:, None] * design - indicator @ (shared[:, None] * (indicator.T @ design))
        inverse = np.linalg.inv(np.linalg.cholesky(design.T @ solved)).T.astype(np.float64)
        return Basis(solved @ inverse, inverse, case, weights, together, shared, df)

    def _together(self, counts: IntArray, consensus: float) -> tuple[Groups, FloatArray, FloatArray]:
        """The samples of one patient in a resample, the weights (N,) of squares, and (C,) of the groups' sums."""
        groups: dict[tuple[int, ...], int] = {}
        weights = counts.astype(np.float64)
        for rows in _patients(self.unit):
            drawn = counts[rows]
            for copy in range(int(drawn.max())):
                group = rows[drawn > copy]
                if len(group) > 1:
                    weights[group] += consensus / (1 - consensus)
                    members = tuple(group.tolist())
                    groups[members] = groups.get(members, 0) + 1
        often = np.array(list(groups.values()), dtype=np.float64)
        sizes = np.array([len(group) for group in groups], dtype=np.float64)
        return tuple(groups), weights, often * consensus / (1 + (sizes - 1) * consensus) / (1 - consensus)


def _patients(unit: Sequence[str]) -> list[NDArray[np.intp]]:
    """Rows of each patient who has several samples."""
    rows: dict[str, list[int]] = {}
    for i, name in enumerate(unit):
        rows.setdefault(name, []).append(i)
    return [np.array(own, dtype=np.intp) for own in rows.values() if len(own) > 1]


def extra_patients(unit: Sequence[str], counts: IntArray) -> int:
    """Patients that a resample draws again: each takes a degree of freedom where every patient has a column."""
    drawn: dict[str, int] = {}
    for name, n in zip(unit, counts.tolist(), strict=True):
        drawn[name] = max(drawn.get(name, 0), n)
    return sum(n - 1 for n in drawn.values() if n > 1)


def estimable(design: FloatArray, names: Sequence[str]) -> list[int]:
    """Columns that depend on no other; the group comes last: it cannot be estimated when it depends on the others."""
    order = [k for k in range(len(names)) if k != CASE] + [CASE]
    dependent = set(non_estimable(design[:, order], [names[k] for k in order]))
    return [k for k, name in enumerate(names) if name not in dependent]


@dataclass(frozen=True, slots=True)
class Products:
    """Of G genes in one resample: coordinates (G, K) in its basis, and the total sum of squares (G,)."""

    coordinates: FloatArray
    total: FloatArray

    def effects(self, basis: Basis) -> Effects:
        """The least squares of every gene."""
        direction = basis.inverse[basis.case]
        explained = np.einsum("gk,gk->g", self.coordinates, self.coordinates)
        variance = np.maximum(self.total - explained, 0.0) / basis.df
        stdev = float(np.sqrt(direction @ direction))
        return Effects(self.coordinates @ direction, variance, float(basis.df), stdev)


def products(filled: FloatArray, bases: Mapping[int, Basis]) -> dict[int, Products]:
    """The products of one matrix with many resamples' bases, all at once.

    Args:
        filled: (G, N) values less a constant of each gene, which limits rounding; 0 where one is missing.
        bases: the resamples' bases by their numbers.
    """
    if not bases:
        return {}
    coordinates = filled @ np.hstack([basis.q for basis in bases.values()])
    totals = filled**2 @ np.column_stack([basis.squares for basis in bases.values()])
    # Resamples draw the same patients: the sums of each are taken once.
    groups = dict.fromkeys(group for basis in bases.values() for group in basis.together)
    place = {group: i for i, group in enumerate(groups)}
    if place:
        shared = np.zeros((len(place), len(bases)))
        for i, basis in enumerate(bases.values()):
            shared[[place[group] for group in basis.together], i] = basis.shared
        totals -= _sums(filled, tuple(place)) ** 2 @ shared
    found: dict[int, Products] = {}
    at = 0
    for i, (b, basis) in enumerate(bases.items()):
        found[b] = Products(coordinates[:, at : at + basis.q.shape[1]], totals[:, i])
        at += basis.q.shape[1]
    return found


def _sums(values: FloatArray, groups: Groups) -> FloatArray:
    """(G, C) sums of each group's columns of (G, N) values."""
    order = [row for group in groups for row in group]
    starts = np.cumsum([0, *(len(group) for group in groups[:-1])])
    return np.add.reduceat(values[:, order], starts, axis=1)
