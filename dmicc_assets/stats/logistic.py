"""Logistic regression by maximum likelihood: one fit to machine precision, and many resamples at once.

Penalised likelihood is in `firth.py`; `separation.py` tests whether an estimate exists.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dmicc_assets.stats.probability import expit, normal_quantile, normal_two_sided
from dmicc_assets.stats.separation import is_separated
from dmicc_assets.types import BoolArray, FloatArray

INTERCEPT = "(Intercept)"
# Change of -2 log-likelihood at which lrm.fit stops by default, also in rms's own refits.
_RMS_TOLERANCE = 0.025
# A step that changes every log-odds by less than 1 proves that the classes overlap; less than 1 allows for rounding.
_OVERLAP_STEP = 0.9
# Log-odds beyond which weights lose all precision.
_LOST = 30.0


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """A logistic regression with K coefficients, the intercept first.

    Attributes:
        terms: names of the coefficients.
        coefficients: (K,) log-odds a unit of the predictor.
        covariance: (K, K) inverse of the information matrix; of clustered samples the sandwich, NaN for "firth".
        estimator: "ml", or "firth" for the penalised likelihood.
        p_value: (K,) two-sided: Wald's for "ml", of the penalised likelihood ratio for "firth".
        ci_low: (K,) lower 95 % limit: Wald's for "ml", of the profile penalised likelihood for "firth".
        ci_high: (K,) upper limit.
        interval: how errors, p-values and limits were made: "wald" or "profile" for independent samples, "clustered"
            for several samples of one patient (`clustered_logistic.py`), "not estimable" where they are NaN.
        log_likelihood: of the model, penalised for "firth".
        flic_intercept: the intercept for probabilities under "firth" (Puhr 2017); None for "ml".
        n_case: cases fitted.
        n_control: controls fitted.
    """

    terms: tuple[str, ...]
    coefficients: FloatArray
    covariance: FloatArray
    estimator: Literal["ml", "firth"]
    p_value: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    interval: Literal["wald", "profile", "clustered", "not estimable"]
    log_likelihood: float
    flic_intercept: float | None
    n_case: int
    n_control: int

    @property
    def std_error(self) -> FloatArray:
        """(K,) standard errors."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def z(self) -> FloatArray:
        """(K,) Wald statistics."""
        return self.coefficients / self.std_error

    @property
    def probability_coefficients(self) -> FloatArray:
        """(K,) coefficients that give probabilities: with FLIC's intercept under "firth"."""
        chosen = self.coefficients.copy()
        if self.flic_intercept is not None:
            chosen[0] = self.flic_intercept
        return chosen


@dataclass(frozen=True, slots=True)
class ResampledFits:
    """Maximum-likelihood fits of B resamples.

    Attributes:
        coefficients: (B, K); NaN where a class is absent or the design is singular: nothing can be fitted.
        may_separate: (B,) True where the fit did not prove that the classes overlap.
    """

    coefficients: FloatArray
    may_separate: BoolArray


def checked_design(x: FloatArray, is_case: BoolArray, terms: Sequence[str]) -> FloatArray:
    """The design matrix (N, p + 1) with the intercept first.

    Raises:
        ValueError: the shapes do not fit, a value is not finite, a class is absent, or a predictor is constant or a
            linear combination of others; the message names the predictor.
    """
    if x.ndim != 2 or x.shape != (len(is_case), len(terms)):
        raise ValueError(f"expected {len(is_case)} samples x {len(terms)} predictors, got an array of {x.shape}")
    for j, term in enumerate(terms):
        bad = ~np.isfinite(x[:, j])
        if bad.any():
            value = x[int(np.argmax(bad)), j]
            raise ValueError(f"{term}: the value of sample {int(np.argmax(bad))} (counted from 0) is {value}")
        if np.ptp(x[:, j]) <= 1e-12 * max(1.0, float(np.abs(x[:, j]).max(initial=0.0))):
            raise ValueError(f"{term}: has the same value in every sample, so it cannot be a predictor")
    if is_case.all() or not is_case.any():
        raise ValueError(f"expected cases and controls, got {int(is_case.sum())} and {int((~is_case).sum())}")
    if len(terms):
        scaled = (x - x.mean(axis=0)) / x.std(axis=0)
        # Residual of each predictor after those before it; its length is the root of N for unrelated predictors.
        left = np.abs(np.diag(np.linalg.qr(scaled, mode="r")))
        for j, term in enumerate(terms):
            if j >= len(left) or left[j] <= 1e-7 * np.sqrt(len(x)):
                raise ValueError(
                    f"{term}: is a linear combination of the predictors before it ({', '.join(terms[:j])})"
                )
    return np.column_stack([np.ones(len(x)), x])


def log_likelihood(linear_predictor: FloatArray, is_case: BoolArray, counts: FloatArray | None = None) -> FloatArray:
    """Bernoulli log-likelihood of log-odds (..., N), summed over samples; `counts` says how often each one counts."""
    # log(1 + exp(-margin)) from the exponential of a negative number, which never overflows.
    margin = linear_predictor * np.where(is_case, 1.0, -1.0)
    terms = np.abs(margin)
    np.negative(terms, out=terms)
    np.exp(terms, out=terms)
    np.log1p(terms, out=terms)
    terms -= np.minimum(margin, 0.0, out=margin)
    return -terms.sum(axis=-1) if counts is None else -np.einsum("...n,...n->...", counts, terms)


def fit_logistic(x: FloatArray, is_case: BoolArray, terms: Sequence[str]) -> LogisticFit:
    """Logistic regression with intercept by maximum likelihood, as `rms::lrm`.

    Args:
        x: (N, p) predictors.
        is_case: (N,) True for cases.
        terms: names of the p predictors.

    Raises:
        ValueError: as `checked_design`, or the classes separate, so that no estimate exists (use `fit_firth`).
    """
    design = checked_design(x, is_case, terms)
    to_scaled = scaling(design)
    scaled = design @ to_scaled
    coefficients = _settle(scaled, is_case, terms)
    probability = expit(scaled @ coefficients)
    information = (scaled * (probability * (1 - probability))[:, None]).T @ scaled
    estimate = to_scaled @ coefficients
    covariance: FloatArray = to_scaled @ np.linalg.inv(information) @ to_scaled.T
    error = np.sqrt(np.diag(covariance))
    half = normal_quantile(0.975) * error
    return LogisticFit(
        terms=(INTERCEPT, *terms),
        coefficients=estimate,
        covariance=covariance,
        estimator="ml",
        p_value=normal_two_sided(estimate / error),
        ci_low=estimate - half,
        ci_high=estimate + half,
        interval="wald",
        log_likelihood=float(log_likelihood(scaled @ coefficients, is_case)),
        flic_intercept=None,
        n_case=int(is_case.sum()),
        n_control=int((~is_case).sum()),
    )


def most_likely(design: FloatArray, is_case: BoolArray) -> FloatArray:
    """(K,) maximum-likelihood coefficients on a design (N, K) with the intercept first, for classes that overlap.

    Raises:
        ValueError: the iterations did not converge.
    """
    to_scaled = scaling(design)
    return to_scaled @ _settle(design @ to_scaled, is_case, overlaps=True)


def scaling(design: FloatArray) -> FloatArray:
    """(K, K) matrix M for which `design @ M` has centred predictors of unit variance; the intercept is first."""
    centre, spread = design[:, 1:].mean(axis=0), design[:, 1:].std(axis=0)
    matrix = np.diag(np.append(1.0, 1 / spread))
    matrix[0, 1:] = -centre / spread
    return matrix


def _settle(
    design: FloatArray,
    is_case: BoolArray,
    terms: Sequence[str] = (),
    n_iterations: int = 100,
    *,
    overlaps: bool = False,
) -> FloatArray:
    """Newton's method with step halving until convergence; `overlaps` where the classes are known to.

    Raises:
        ValueError: the classes separate, or the iterations did not converge.
    """
    share = is_case.mean()
    coefficients = np.zeros(design.shape[1])
    coefficients[0] = np.log(share / (1 - share))
    current = float(log_likelihood(design @ coefficients, is_case))
    for _ in range(n_iterations):
        eta = design @ coefficients
        # A short step proves that the classes overlap: see `fit_resamples`. Far out without one, the programme decides,
        # before the weights are lost with which the next step would be found.
        if not overlaps and np.abs(eta).max() > _LOST:
            if is_separated(design[:, 1:], is_case):
                raise ValueError(
                    f"the classes separate{_on(terms)}: the likelihood has no maximum, use Firth's estimate"
                )
            overlaps = True
        probability = expit(eta)
        information = (design * (probability * (1 - probability))[:, None]).T @ design
        step = _solved(information[None], (design.T @ (is_case - probability))[None])[0]
        if np.isnan(step).any():
            break
        overlaps = overlaps or bool(np.abs(design @ step).max() < _OVERLAP_STEP)
        following = float(log_likelihood(design @ (coefficients + step), is_case))
        while following < current - 1e-9 * abs(current) and np.abs(step).max() > 1e-12:
            step /= 2
            following = float(log_likelihood(design @ (coefficients + step), is_case))
        coefficients, current = coefficients + step, following
        if np.abs(step).max() < 1e-12 * max(1.0, float(np.abs(coefficients).max())):
            return coefficients
    # Rounding can keep the step just above the limit; the score then shows whether this is the maximum.
    if np.abs(design.T @ (is_case - expit(design @ coefficients))).max() < 1e-8 * len(is_case):
        return coefficients
    raise ValueError(f"the logistic regression{_on(terms)} did not converge: the classes nearly separate")


def _on(terms: Sequence[str]) -> str:
    return f" on {', '.join(terms)}" if terms else ""


def fit_resamples(design: FloatArray, is_case: BoolArray, counts: FloatArray, n_iterations: int = 60) -> ResampledFits:
    """Fits all resamples at once, with the stopping rule of rms's own refits.

    `rms::validate` and `rms::calibrate` refit with `lrm.fit` at eps 0.025: Newton's method from the intercept alone
    stops with the step after the one that lowered -2 log-likelihood by no more than 0.025. The coefficients are
    those. Iteration goes on until a step moves the log-odds of every sample by less than 1: the residuals less what
    that step explains of them then keep their signs and are orthogonal to the design, which proves that no
    hyperplane separates the classes (Stiemke's lemma). Where the classes separate, no step is that short.

    Args:
        design: (N, K), shared by the resamples, or (B, N, K).
        is_case: (N,) True for cases.
        counts: (B, N) how often each sample is in each resample.
        n_iterations: iterations after which overlap counts as not proved.
    """
    n_resamples, n_terms = len(counts), design.shape[-1]
    design, centre, spread = _standardised(design)
    result = np.full((n_resamples, n_terms), np.nan)
    n_case, total = counts @ is_case, counts.sum(axis=1)
    hopeless = (n_case == 0) | (n_case == total) | _is_singular(design, counts)
    unproved = ~hopeless
    rows = np.flatnonzero(~hopeless)
    part, count = _kept(design, counts, ~hopeless)
    coefficients = np.zeros((len(rows), n_terms))
    coefficients[:, 0] = np.log(n_case[rows] / (total[rows] - n_case[rows]))
    eta = linear_predictors(part, coefficients)
    current = log_likelihood(eta, is_case, count)
    is_last, is_final = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    for _ in range(n_iterations):
        if len(rows) == 0:
            break
        step = _newton_step(part, is_case, count, eta)
        if unproved[rows].any():
            unproved[rows[_farthest(linear_predictors(part, step), count) < _OVERLAP_STEP]] = False
        following, eta, step = _not_worse(part, is_case, count, coefficients, step, current)
        coefficients = coefficients + step
        result[rows[~is_final]] = coefficients[~is_final]
        is_final, is_last = is_final | is_last, is_last | (2 * (following - current) <= _RMS_TOLERANCE)
        keep = ~(is_final & ~unproved[rows]) & ~np.isnan(following)
        if not max(-eta.min(), eta.max()) <= _LOST:
            keep &= _farthest(eta, count) <= _LOST
        current = following
        if not keep.all():
            part, count = _kept(part, count, keep)
            rows, coefficients, eta, current = rows[keep], coefficients[keep], eta[keep], current[keep]
            is_last, is_final = is_last[keep], is_final[keep]
    result[:, 1:] /= spread
    result[:, 0] -= (result[:, 1:] * centre).sum(axis=1)
    return ResampledFits(result, unproved)


def _standardised(design: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The design with centred predictors of unit variance, whatever their scale; their centres and spreads.

    Each column is contiguous in memory, so that products with the design run along samples.
    """
    columns = np.array(np.swapaxes(design, -1, -2), order="C")
    predictors = columns[..., 1:, :]
    centre, spread = predictors.mean(axis=-1), predictors.std(axis=-1)
    spread = np.where(spread > 0, spread, 1.0)
    predictors -= centre[..., None]
    predictors /= spread[..., None]
    return np.swapaxes(columns, -1, -2), centre, spread


def _kept(design: FloatArray, counts: FloatArray, keep: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Design and counts of the resamples to keep; without a copy when all are kept."""
    if keep.all():
        return design, counts
    # Column by column, as the design may lie in memory: its products then run along samples.
    part = design if design.ndim == 2 else design.transpose(0, 2, 1)[keep].transpose(0, 2, 1)
    return part, counts[keep]


def _farthest(values: FloatArray, counts: FloatArray) -> FloatArray:
    """(B,) largest absolute value (B, N) among the samples in each resample."""
    return np.where(counts > 0, np.abs(values), 0.0).max(axis=1)


def linear_predictors(design: FloatArray, coefficients: FloatArray) -> FloatArray:
    """(B, N) log-odds of the coefficients (B, K) on a design (N, K), or (B, N, K)."""
    if design.ndim == 2:
        return coefficients @ design.T
    return np.matmul(coefficients[:, None, :], design.transpose(0, 2, 1))[:, 0]


def weighted_gram(design: FloatArray, weights: FloatArray) -> FloatArray:
    """(B, K, K) cross-products of the design (N, K) or (B, N, K), weighted by (B, N)."""
    if design.ndim == 3:
        return np.matmul((design * weights[:, :, None]).transpose(0, 2, 1), design)
    n_samples, n_terms = design.shape
    products = (design[:, :, None] * design[:, None, :]).reshape(n_samples, -1)
    return (weights @ products).reshape(-1, n_terms, n_terms)


def _is_singular(design: FloatArray, counts: FloatArray) -> BoolArray:
    values = np.linalg.eigvalsh(weighted_gram(design, counts))
    return values[:, 0] <= 1e-12 * values[:, -1]


def _newton_step(design: FloatArray, is_case: BoolArray, counts: FloatArray, eta: FloatArray) -> FloatArray:
    probability = expit(eta)
    residual = counts * (is_case - probability)
    score = residual @ design if design.ndim == 2 else np.matmul(residual[:, None, :], design)[:, 0]
    information = weighted_gram(design, counts * probability * (1 - probability))
    return _solved(information, score)


def _solved(matrices: FloatArray, right: FloatArray) -> FloatArray:
    """(B, K) solutions of B systems, NaN for a singular matrix."""
    try:
        return np.asarray(np.linalg.solve(matrices, right[:, :, None])[:, :, 0], dtype=np.float64)
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.full_like(right, np.nan)
        return np.concatenate([_solved(matrices[b : b + 1], right[b : b + 1]) for b in range(len(matrices))])


def _not_worse(
    design: FloatArray,
    is_case: BoolArray,
    counts: FloatArray,
    coefficients: FloatArray,
    step: FloatArray,
    current: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Likelihood, log-odds and step after halving the steps that made the likelihood worse."""
    eta = linear_predictors(design, coefficients + step)
    following = log_likelihood(eta, is_case, counts)
    for _ in range(30):
        worse = following < current - 1e-9 * np.abs(current)
        if not worse.any():
            break
        step = np.where(worse[:, None], step / 2, step)
        eta = linear_predictors(design, coefficients + step)
        following = log_likelihood(eta, is_case, counts)
    return following, eta, step
