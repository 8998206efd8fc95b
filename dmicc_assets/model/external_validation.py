"""The frozen model on other samples: area under the curve, calibration slope and intercept.

Only the calibration line is fitted. ROC curves for the tables are in `validation.py`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from dmicc_assets.model.frozen_model import RiskModel
from dmicc_assets.model.repeated_patients import area_interval, with_known_patients
from dmicc_assets.model.validation import model_score
from dmicc_assets.stats.firth import fit_firth
from dmicc_assets.stats.logistic import fit_logistic
from dmicc_assets.stats.probability import expit
from dmicc_assets.stats.roc import roc
from dmicc_assets.stats.separation import is_separated
from dmicc_assets.tables import TABLES
from dmicc_assets.types import CaseControl, FloatArray


def external_performance(model: RiskModel | None, subjects: Sequence[CaseControl]) -> pl.DataFrame:
    """C statistic, calibration slope and calibration intercept of the frozen model in each subject.

    Metrics 'c_statistic' (by `area_interval`), 'slope' and 'intercept' (of the logistic regression of the group on the
    model's log-odds; Cox 1958, doi:10.1111/j.2517-6161.1958.tb00292.x), on scale 'z_score' and, for a dataset, on
    'log2'. Two are marked as not interpretable: the intercept, since the share of cases is the study's choice, and
    the slope by z-scores, whose spread has that share in it: a right model's is 1.03 with 96 % cases and 1.46 with
    50 %. When the log-odds separate the classes the line is Firth's (estimator 'firth'). Limits allow for patients
    with several samples (`interval`). A subject without a gene
    of the model, or without cases or controls, has no rows.

    Args:
        model: the frozen model; None when there is none, and then there are no rows.
        subjects: those it was not fitted on.
    """
    table = TABLES["validation/performance"]
    if model is None:
        return table.frame()
    rows: list[dict[str, Any]] = []
    for subject in subjects:
        for scale in ("log2", "z_score") if subject.kind == "dataset" else ("z_score",):
            score = model_score(model, subject, scale)
            if score is not None:
                named = {"subject": subject.name, "subject_kind": subject.kind, "scale": scale}
                rows += [named | metric for metric in _metrics(score, subject, scale)]
    return table.frame(rows)


def _metrics(score: FloatArray, subject: CaseControl, scale: str) -> Iterator[dict[str, Any]]:
    """Each metric of these log-odds; none where a group has no score, or all scores are equal."""
    present = np.isfinite(score)
    log_odds, is_case = score[present], subject.is_case[present]
    sizes = {"n_case": int(is_case.sum()), "n_control": int((~is_case).sum())}
    if 0 in sizes.values() or np.ptp(log_odds) == 0:
        return
    curve = roc(log_odds, is_case)
    low, high, interval = area_interval(curve, score, subject)
    area = {"metric": "c_statistic", "value": curve.auc, "ci_low": low, "ci_high": high, "interval": interval}
    yield sizes | area | {"estimator": None, "is_interpretable": True}
    x = log_odds[:, None]
    line = (fit_firth if is_separated(x, is_case) else fit_logistic)(x, is_case, ["log-odds of the model"])
    line = with_known_patients(line, x, is_case, [subject.unit[i] for i in np.flatnonzero(present)])
    for j, metric in ((1, "slope"), (0, "intercept")):
        found = {"metric": metric, "value": line.coefficients[j], "ci_low": line.ci_low[j], "ci_high": line.ci_high[j]}
        found |= {"interval": line.interval, "estimator": line.estimator}
        yield sizes | found | {"is_interpretable": metric == "slope" and scale == "log2"}


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
