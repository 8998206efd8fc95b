"""Indexes of a model's scores: what rms gives for ties, and for predictions that are the wrong way round."""

import numpy as np

from dmicc_assets.model.performance import discrimination, largest_miscalibration, rank_scores
from dmicc_assets.stats.roc import roc


def test_tied_scores_count_half_in_dxy() -> None:
    rng = np.random.default_rng(2)
    is_case = np.arange(30) < 12
    scores = rng.integers(0, 4, (5, 30)) + 0.5 * is_case * rng.integers(0, 2, (5, 30))
    counts = rng.multinomial(30, np.full(30, 1 / 30), size=5).astype(float)
    found = discrimination(rank_scores(scores, is_case), counts)
    for row, count, dxy in zip(scores, counts.astype(int), found.dxy, strict=True):
        drawn = np.repeat(np.arange(30), count)
        np.testing.assert_allclose(dxy, 2 * roc(row[drawn], is_case[drawn]).auc - 1, rtol=1e-12)


def test_predictions_the_wrong_way_round_are_off_by_everything() -> None:
    assert largest_miscalibration(0.0, 1.0) == 0.0
    assert largest_miscalibration(0.3, -0.5) == 1.0
    assert 0.2 < largest_miscalibration(0.0, 0.2) < 0.4
