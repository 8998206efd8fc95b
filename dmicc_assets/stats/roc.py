"""ROC curves: area, DeLong's and the bootstrap interval, DeLong's paired test, cut-offs; equal to pROC.

One predictor against two groups; `model/validation.py` chooses predictors and directions.
"""

from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from dmicc_assets.stats.probability import midranks, normal_quantile, normal_two_sided
from dmicc_assets.types import BoolArray, FloatArray

Direction = Literal["up", "down"]
Missing = Literal["raise", "drop"]
_DIRECTIONS: tuple[str, ...] = ("up", "down")


@dataclass(frozen=True, slots=True)
class Roc:
    """An empirical ROC curve; its points run from sensitivity 1 to sensitivity 0, as pROC's.

    Attributes:
        thresholds: (T,) in the predictor's units, the ends infinite. A sample is called a case when its score is
            at least the threshold ("up") or at most the threshold ("down").
        sensitivity: (T,) share of the cases called cases.
        specificity: (T,) share of the controls called controls.
        auc: area under the curve, ties counted half.
        direction: "up" when cases score higher.
        case_scores: the cases' scores, sign changed when the direction is "down".
        control_scores: the controls' scores, likewise.
    """

    thresholds: FloatArray
    sensitivity: FloatArray
    specificity: FloatArray
    auc: float
    direction: Direction
    case_scores: FloatArray
    control_scores: FloatArray

    @property
    def n_case(self) -> int:
        """Number of cases scored."""
        return len(self.case_scores)

    @property
    def n_control(self) -> int:
        """Number of controls scored."""
        return len(self.control_scores)


@dataclass(frozen=True, slots=True)
class CutOff:
    """One point of a ROC curve, and the number of equally good points."""

    threshold: float
    sensitivity: float
    specificity: float
    n_optima: int


@dataclass(frozen=True, slots=True)
class DelongTest:
    """DeLong's test of two correlated areas; `difference` is the first minus the second."""

    auc_first: float
    auc_second: float
    covariance: float
    difference: float
    ci_low: float
    ci_high: float
    z: float
    p_value: float


def roc(
    score: ArrayLike, is_case: ArrayLike, direction: Direction | Literal["auto"] = "up", missing: Missing = "raise"
) -> Roc:
    """The empirical ROC curve of one predictor (pROC; Robin 2011, doi:10.1186/1471-2105-12-77).

    Args:
        score: (N,) predictor.
        is_case: (N,) True for cases.
        direction: "up" when cases are expected to score higher (pROC's "<"), "down" for lower; "auto" decides by
            the medians, "up" when they are equal. "auto" depends on the scored data, so never use it in validation.
        missing: "drop" leaves samples with a NaN score out.

    Raises:
        ValueError: lengths differ, a score is infinite (or NaN with missing="raise"), a sample's group is missing or
            neither True nor False, a group is empty, or the direction is unknown.
    """
    if direction not in (*_DIRECTIONS, "auto"):
        raise ValueError(f"unknown direction {direction!r}: expected up, down or auto")
    scores, cases = checked(score, is_case, missing)
    if direction == "auto":
        direction = "up" if np.median(scores[~cases]) <= np.median(scores[cases]) else "down"
    signed = scores if direction == "up" else -scores
    values, inverse = np.unique(signed, return_inverse=True)
    case_count = np.bincount(inverse[cases], minlength=len(values))
    control_count = np.bincount(inverse[~cases], minlength=len(values))
    n_case, n_control = int(case_count.sum()), int(control_count.sum())
    true_positives = n_case - np.concatenate([[0], np.cumsum(case_count)])
    true_negatives = np.concatenate([[0], np.cumsum(control_count)])
    below = true_negatives[:-1] + control_count / 2
    thresholds = _midpoints(values)
    return Roc(
        thresholds=thresholds if direction == "up" else -thresholds,
        sensitivity=true_positives / n_case,
        specificity=true_negatives / n_control,
        auc=float(case_count @ below) / (n_case * n_control),
        direction=direction,
        case_scores=signed[cases],
        control_scores=signed[~cases],
    )


def checked(score: ArrayLike, is_case: ArrayLike, missing: Missing) -> tuple[FloatArray, BoolArray]:
    """The valid scores and groups of a curve.

    Raises:
        ValueError: see `roc`.
    """
    scores, cases = np.asarray(score, dtype=np.float64), _groups(is_case)
    if scores.ndim != 1 or scores.shape != cases.shape:
        raise ValueError(f"expected one score and one group a sample, got shapes {scores.shape} and {cases.shape}")
    if np.isinf(scores).any():
        raise ValueError(f"the score of sample {int(np.argmax(np.isinf(scores)))} (counted from 0) is infinite")
    absent = np.isnan(scores)
    if absent.any():
        if missing == "raise":
            raise ValueError(f"the score of sample {int(np.argmax(absent))} (counted from 0) is missing")
        scores, cases = scores[~absent], cases[~absent]
    if not cases.any() or cases.all():
        raise ValueError(f"a ROC curve needs cases and controls, got {int(cases.sum())} and {int((~cases).sum())}")
    return scores, cases


def _groups(is_case: ArrayLike) -> BoolArray:
    """The groups as booleans, which may be given as 0 and 1."""
    given = np.asarray(is_case)
    if given.dtype == np.bool_:
        return given
    values: list[Any] = given.ravel().tolist()
    for i, value in enumerate(values):
        is_number = np.asarray(value).dtype.kind in "biuf"
        if value is None or (is_number and np.isnan(value)):
            raise ValueError(f"the group of sample {i} (counted from 0) is missing")
        if not is_number or value not in (0, 1):
            raise ValueError(f"expected True or False (or 1, 0) as the group of sample {i} (from 0), got {value!r}")
    return given.astype(np.bool_)


def _midpoints(values: FloatArray) -> FloatArray:
    """Cut-offs between the sorted distinct `values`, and an infinite one at each end."""
    low, high = values[:-1], values[1:]
    with np.errstate(over="ignore"):
        middle = (low + high) / 2
    middle = np.where(np.isinf(middle), low / 2 + high / 2, middle)
    # The mean of neighbouring doubles is one of them; the cut-off must be above the lower one.
    middle = np.where(middle <= low, high, middle)
    return np.concatenate([[-np.inf], middle, [np.inf]])


def auc_of_rows(values: FloatArray, is_case: BoolArray) -> FloatArray:
    """Areas of many complete predictors at once, cases expected to score higher, by midranks.

    Args:
        values: (K, N) predictors in rows; a row with a NaN gives NaN.
        is_case: (N,) True for cases.

    Raises:
        ValueError: a group is empty.
    """
    n_case = int(is_case.sum())
    n_control = len(is_case) - n_case
    if n_case == 0 or n_control == 0:
        raise ValueError(f"a ROC curve needs cases and controls, got {n_case} and {n_control}")
    # The ranks of the cases alone would not show a missing control.
    ranks = np.where(np.isnan(values).any(axis=1, keepdims=True), np.nan, midranks(values))
    return (ranks[:, is_case].sum(axis=1) - n_case * (n_case + 1) / 2) / (n_case * n_control)


def placements(case_scores: FloatArray, control_scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Each case's share of controls below it and each control's share of cases above it, ties half.

    By sorting, as Sun & Xu 2014 (doi:10.1109/LSP.2014.2337313) instead of comparing every pair.
    """
    cases, controls = np.sort(case_scores), np.sort(control_scores)
    below = (np.searchsorted(controls, case_scores, "left") + np.searchsorted(controls, case_scores, "right")) / 2
    above = len(cases) - (
        (np.searchsorted(cases, control_scores, "left") + np.searchsorted(cases, control_scores, "right")) / 2
    )
    return below / len(controls), above / len(cases)


def delong_variance(curve: Roc) -> float:
    """Variance of the area (DeLong 1988, doi:10.2307/2531595); NaN when a group has one sample."""
    of_cases, of_controls = placements(curve.case_scores, curve.control_scores)
    return _covariance(of_cases, of_cases) / curve.n_case + _covariance(of_controls, of_controls) / curve.n_control


def _covariance(a: FloatArray, b: FloatArray) -> float:
    if len(a) < 2:
        return float("nan")
    return float((a - a.mean()) @ (b - b.mean())) / (len(a) - 1)


def delong_interval(curve: Roc, level: float = 0.95) -> tuple[float, float]:
    """DeLong's confidence interval of the area, clipped to [0, 1] as pROC's `ci.auc`.

    At an area of 1 it is [1, 1], which does not measure the uncertainty; with one sample in a group it is (NaN, NaN).
    """
    half = normal_quantile(0.5 + level / 2) * float(np.sqrt(delong_variance(curve)))
    return float(np.clip(curve.auc - half, 0, 1)), float(np.clip(curve.auc + half, 0, 1))


def bootstrap_interval(curve: Roc, seed: int, n_resamples: int = 2000, level: float = 0.95) -> tuple[float, float]:
    """Percentile bootstrap interval of the area, cases and controls resampled apart, as pROC's `ci.auc`.

    Quantiles are R's type 7. The resamples are numpy's, so limits differ from R's by Monte Carlo error.

    Raises:
        ValueError: there are no resamples.
    """
    if n_resamples < 1:
        raise ValueError(f"expected at least one resample, got {n_resamples}")
    generator = np.random.default_rng(seed)
    values, inverse = np.unique(np.concatenate([curve.case_scores, curve.control_scores]), return_inverse=True)
    areas = np.empty(n_resamples)
    # Draw counts of each distinct score: the same as drawing samples, but without sorting.
    case_share = np.bincount(inverse[: curve.n_case], minlength=len(values)) / curve.n_case
    control_share = np.bincount(inverse[curve.n_case :], minlength=len(values)) / curve.n_control
    step = max(1, (1 << 21) // len(values))
    for start in range(0, n_resamples, step):
        size = min(step, n_resamples - start)
        cases = generator.multinomial(curve.n_case, case_share, size=size)
        controls = generator.multinomial(curve.n_control, control_share, size=size)
        below = np.cumsum(controls, axis=1) - controls / 2
        areas[start : start + size] = np.einsum("bk,bk->b", cases, below) / (curve.n_case * curve.n_control)
    low, high = np.quantile(areas, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def delong_test(
    first: ArrayLike,
    second: ArrayLike,
    is_case: ArrayLike,
    directions: tuple[Direction, Direction] = ("up", "up"),
    missing: Missing = "raise",
    level: float = 0.95,
) -> DelongTest:
    """Tests two areas measured on the same samples (DeLong 1988, doi:10.2307/2531595), as pROC's `roc.test`.

    Args:
        first: (N,) predictor.
        second: (N,) predictor of the same samples.
        is_case: (N,) True for cases.
        directions: direction of each predictor.
        missing: "drop" leaves samples out in which either is NaN.
        level: confidence level of the interval of the difference.

    Raises:
        ValueError: as `roc`.
    """
    if tuple(directions) not in product(_DIRECTIONS, repeat=2):
        raise ValueError(f"expected two directions, each up or down, got {directions!r}")
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    cases = _groups(is_case)
    if not a.shape == b.shape == cases.shape:
        raise ValueError(f"predictors and groups must be of the same samples, got {a.size}, {b.size} and {cases.size}")
    if missing == "drop":
        both = ~(np.isnan(a) | np.isnan(b))
        a, b, cases = a[both], b[both], cases[both]
    placed: list[tuple[FloatArray, FloatArray]] = []
    for scores, direction in ((a, directions[0]), (b, directions[1])):
        signed, cases = checked(scores if direction == "up" else -scores, cases, "raise")
        placed.append(placements(signed[cases], signed[~cases]))
    (first_cases, first_controls), (second_cases, second_controls) = placed
    n_case, n_control = len(first_cases), len(first_controls)
    auc_first, auc_second = float(first_cases.mean()), float(second_cases.mean())
    covariance = _covariance(first_cases, second_cases) / n_case
    covariance += _covariance(first_controls, second_controls) / n_control
    off_cases, off_controls = first_cases - second_cases, first_controls - second_controls
    variance = _covariance(off_cases, off_cases) / n_case + _covariance(off_controls, off_controls) / n_control
    difference, error = auc_first - auc_second, float(np.sqrt(variance))
    # Two equal areas without variance, such as two areas of 1, have z = 0, as in pROC.
    with np.errstate(divide="ignore"):
        z = 0.0 if difference == 0 and error == 0 else float(np.divide(difference, error))
    half = normal_quantile(0.5 + level / 2) * error
    return DelongTest(
        auc_first=auc_first,
        auc_second=auc_second,
        covariance=covariance,
        difference=difference,
        ci_low=difference - half,
        ci_high=difference + half,
        z=z,
        p_value=float(normal_two_sided(np.asarray(z))),
    )


def youden(curve: Roc) -> CutOff:
    """The cut-off with the largest sensitivity + specificity, the first of several in pROC's order."""
    return _best(curve, curve.sensitivity + curve.specificity)


def closest_topleft(curve: Roc) -> CutOff:
    """The cut-off nearest to sensitivity = specificity = 1, the first of several in pROC's order."""
    return _best(curve, -((1 - curve.sensitivity) ** 2 + (1 - curve.specificity) ** 2))


def _best(curve: Roc, goodness: FloatArray) -> CutOff:
    optima = np.flatnonzero(goodness == goodness.max())
    first = optima[0]
    return CutOff(
        threshold=float(curve.thresholds[first]),
        sensitivity=float(curve.sensitivity[first]),
        specificity=float(curve.specificity[first]),
        n_optima=len(optima),
    )
