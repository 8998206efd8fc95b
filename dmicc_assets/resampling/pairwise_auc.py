"""The area under the curve as a mean over pairs of a case and a control, and its interval over patients.

One matrix of pairs serves every estimate: apparent, cross-validated over repeats, and out of bag.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.types import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class PairMatrix:
    """How often cases score above controls.

    Attributes:
        wins: (n_case, n_control) mean over the repeats in which both were scored, ties counted half; NaN where never.
        case_patient: (n_case,) the cases' patients.
        control_patient: (n_control,) the controls' patients.
    """

    wins: FloatArray
    case_patient: NDArray[np.intp]
    control_patient: NDArray[np.intp]

    @property
    def auc(self) -> float:
        """Mean over the pairs that were ever scored together; NaN when none was."""
        return float(np.nanmean(self.wins)) if np.isfinite(self.wins).any() else float("nan")


def pair_matrix(scores: FloatArray, is_case: BoolArray, patients: NDArray[np.intp]) -> PairMatrix:
    """The matrix of pairs of many repeats.

    Args:
        scores: (R, N) linear predictors of the samples that a repeat scored, NaN for those that it did not.
        is_case: (N,) True for cases.
        patients: (N,) number of each sample's patient.
    """
    total = np.zeros((int(is_case.sum()), int((~is_case).sum())))
    n = np.zeros_like(total)
    for score in scores:
        cases, controls = score[is_case][:, None], score[~is_case][None, :]
        scored = ~(np.isnan(cases) | np.isnan(controls))
        with np.errstate(invalid="ignore"):
            total += np.where(scored, (cases > controls) + 0.5 * (cases == controls), 0.0)
        n += scored
    with np.errstate(invalid="ignore"):
        return PairMatrix(np.where(n > 0, total / n, np.nan), patients[is_case], patients[~is_case])


def patient_draws(patients: NDArray[np.intp], n_resamples: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """(B, P) how often each patient is drawn with replacement."""
    n = int(patients.max()) + 1
    return generator.multinomial(n, np.full(n, 1 / n), size=n_resamples)


def resampled_auc(pairs: PairMatrix, draws: NDArray[np.int64]) -> FloatArray:
    """(B,) areas when patients count as often as they were drawn; NaN where no case or no control was.

    Args:
        pairs: the matrix of pairs.
        draws: (B, P) from `patient_draws`.
    """
    cases, controls = draws[:, pairs.case_patient].astype(float), draws[:, pairs.control_patient].astype(float)
    scored = np.isfinite(pairs.wins)
    wins = np.einsum("bi,bi->b", cases, controls @ np.where(scored, pairs.wins, 0.0).T)
    weight = np.einsum("bi,bi->b", cases, controls @ scored.T.astype(float))
    return np.divide(wins, weight, out=np.full(len(draws), np.nan), where=weight > 0)


def repeats_in_turn(
    scores: FloatArray, is_case: BoolArray, patients: NDArray[np.intp], draws: NDArray[np.int64]
) -> FloatArray:
    """(B,) areas of resampled patients, each under the predictions of one repeat, the repeats taken in turn.

    Resampled under the mean over the repeats, areas vary too little: whose samples chose the genes is averaged out of
    each pair, though all repeats share their patients. What differs between repeats stands in for that. It is no
    estimate of it, for there is none without bias (Bengio & Grandvalet 2004, JMLR 5:1089-1105). Measured coverage:
    docs/statistics.md.

    Args:
        scores: (R, N) linear predictors, NaN for samples that a repeat did not score.
        is_case: (N,) True for cases.
        patients: (N,) number of each sample's patient.
        draws: (B, P) from `patient_draws`.
    """
    areas = np.full(len(draws), np.nan)
    for repeat, score in enumerate(scores):
        pairs = pair_matrix(score[None], is_case, patients)
        areas[repeat :: len(scores)] = resampled_auc(pairs, draws[repeat :: len(scores)])
    return areas


def percentile_interval(values: FloatArray) -> tuple[float, float]:
    """The 2.5 and 97.5 % quantiles of the resamples that have a value; NaN when none has."""
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)
