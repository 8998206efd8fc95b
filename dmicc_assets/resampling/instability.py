"""How much each person's risk depends on who was in the study: risks by models developed anew in bootstraps.

Riley & Collins 2023, doi:10.1002/bimj.202200302. How a model is developed anew is `nested.py`'s.
"""

import numpy as np
import polars as pl

from dmicc_assets.model.frozen_model import RiskModel
from dmicc_assets.resampling.fold_models import log_odds_of
from dmicc_assets.resampling.nested import OutOfFold
from dmicc_assets.stats.observed import mean_of_observed
from dmicc_assets.stats.probability import expit
from dmicc_assets.tables import TABLES
from dmicc_assets.types import CaseControl


def risk_instability(model: RiskModel | None, subject: CaseControl, bootstraps: OutOfFold) -> pl.DataFrame:
    """Each sample's risk by the model and by models of bootstraps (`validation/instability`).

    In every bootstrap of patients the genes are chosen and the model is fitted anew, and it predicts all samples, at
    the share of cases of the subject. A bootstrap without a model predicts that share.

    Args:
        model: the frozen model; None when there is none, and then there are no rows.
        subject: the model's cohort, as the model was fitted in it.
        bootstraps: from `bootstrap_cv`.
    """
    table = TABLES["validation/instability"]
    if model is None or not bootstraps.folds:
        return table.frame()
    share = log_odds_of(subject.is_case)
    own = expit(model.linear_predictor(subject.matrix.take_features(model.genes).values))
    again = expit(np.array([fold.scores + (share - fold.log_odds) for fold in bootstraps.folds]))
    known = np.flatnonzero(np.isfinite(own) & np.isfinite(again).any(axis=0))
    low, high = np.nanquantile(again[:, known], [0.025, 0.975], axis=0)
    columns = {
        "sample": [subject.matrix.samples[i] for i in known.tolist()],
        "is_case": subject.is_case[known],
        "probability": own[known],
        "low": low,
        "high": high,
        "mean_absolute_difference": mean_of_observed(np.abs(again[:, known] - own[known]), 0),
        "n_bootstraps": np.isfinite(again[:, known]).sum(axis=0),
    }
    return table.frame(columns)
