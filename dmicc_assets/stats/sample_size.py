"""How many samples a prediction model needs (Riley 2019, doi:10.1002/sim.7992): arithmetic only."""

import math
from dataclasses import dataclass

SHRINKAGE = 0.9
R_SQUARED_SHARE = 0.15
OPTIMISM = 0.05
MARGIN = 0.05


@dataclass(frozen=True, slots=True)
class RequiredSamples:
    """Samples needed for each of Riley's criteria; `n` is the largest.

    Attributes:
        shrinkage: expected shrinkage of the coefficients of at least 0.9.
        optimism: optimism of at most 0.05 in Nagelkerke's R squared.
        intercept: the overall risk within 0.05.
    """

    shrinkage: int
    optimism: int
    intercept: int

    @property
    def n(self) -> int:
        """Samples that satisfy all three."""
        return max(self.shrinkage, self.optimism, self.intercept)


def maximal_r_squared(prevalence: float) -> float:
    """The largest R squared of Cox and Snell that any model of a binary outcome can have."""
    log_likelihood = prevalence * math.log(prevalence) + (1 - prevalence) * math.log(1 - prevalence)
    return 1 - math.exp(2 * log_likelihood)


def required_samples(n_parameters: int, prevalence: float, r_squared: float | None = None) -> RequiredSamples:
    """Riley's three criteria for a model of a binary outcome, as R's pmsampsize.

    Args:
        n_parameters: candidate predictors, including those that were not chosen.
        prevalence: share of cases, inside (0, 1).
        r_squared: expected R squared of Cox and Snell; 0.15 of its maximum when not given.

    Raises:
        ValueError: the prevalence is not inside (0, 1), or there is no parameter.
    """
    if not 0 < prevalence < 1:
        raise ValueError(f"the prevalence is {prevalence}: expected a value inside (0, 1)")
    if n_parameters < 1:
        raise ValueError(f"{n_parameters} parameters: expected one at least")
    top = maximal_r_squared(prevalence)
    expected = R_SQUARED_SHARE * top if r_squared is None else r_squared
    by_optimism = expected / (expected + OPTIMISM * top)
    return RequiredSamples(
        shrinkage=_samples(n_parameters, SHRINKAGE, expected),
        optimism=_samples(n_parameters, by_optimism, expected),
        intercept=math.ceil((1.96 / MARGIN) ** 2 * prevalence * (1 - prevalence)),
    )


def _samples(n_parameters: int, shrinkage: float, r_squared: float) -> int:
    return math.ceil(n_parameters / ((shrinkage - 1) * math.log(1 - r_squared / shrinkage)))
