"""The calibration line of a frozen model on samples it has not seen, as a curve over probabilities.

Its slope is `external_validation.py`'s; how it is drawn is the report's.
"""

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.stats.probability import expit

FloatArray = NDArray[np.float64]


def calibration_line(slope: float, intercept: float = 0.0, n_points: int = 99) -> tuple[FloatArray, FloatArray]:
    """Predicted probabilities and the share of cases there, logit(share) = intercept + slope logit(predicted).

    Logistic calibration (Cox 1958, doi:10.1111/j.2517-6161.1958.tb00292.x).

    Args:
        slope: 1 when the predictions are as far apart as they should be, less when they are too extreme.
        intercept: in log-odds; 0 where it has no meaning, the line then goes through one half.
        n_points: how many probabilities between 0 and 1.

    Returns:
        (n_points,) predicted, ascending, and (n_points,) observed.
    """
    predicted = np.arange(1, n_points + 1) / (n_points + 1)
    return predicted, expit(intercept + slope * np.log(predicted / (1 - predicted)))
