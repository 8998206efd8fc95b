"""Genes that pass in a resample: limits of the moderated t choose those that p-values choose."""

import numpy as np
import pytest

from dmicc_assets.resampling.resampled_designs import Effects
from dmicc_assets.resampling.reweighted import passing
from dmicc_assets.stats.distributions import two_sided_p
from dmicc_assets.stats.moderation import squeeze_var
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.study.schema import Differential


def drawn(share: float, is_unequal: bool, seed: int) -> Effects:
    """Effects of 800 genes, of which a share differs; some have fewer samples, some no value."""
    rng = np.random.default_rng(seed)
    n, df = 800, np.full(800, 12.0)
    log_fc = rng.normal(0, 0.4, n) + np.where(rng.random(n) < share, rng.choice([-1.6, 1.6], n), 0)
    if is_unequal:
        df[::7] = 9.0
        log_fc[::50] = np.nan
    return Effects(log_fc, rng.chisquare(df) / df, df, 0.5)


def judged(effects: Effects, settings: Differential) -> np.ndarray:
    """(G,) the p-values that are compared with the threshold."""
    df = np.asarray(effects.df, dtype=np.float64)
    variance, prior = squeeze_var(effects.variance, df, limma=settings.limma)
    p = two_sided_p(np.abs(effects.log_fc) / (0.5 * np.sqrt(variance)), np.minimum(df + prior.df, df.sum()))
    return p if settings.adjust == "none" else adjust_p_values(p)


@pytest.mark.parametrize("adjust", ["none", "BH"])
@pytest.mark.parametrize("is_unequal", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5])
def test_limits_of_t_choose_the_genes_that_p_values_choose(adjust: str, is_unequal: bool, share: float) -> None:
    settings = Differential.model_validate({"log_fc": 0.3, "p_value": 0.05, "adjust": adjust})
    n_chosen = 0
    for seed in range(4):
        effects = drawn(share, is_unequal, seed)
        expected = (judged(effects, settings) < 0.05) & (np.abs(effects.log_fc) >= 0.3)
        np.testing.assert_array_equal(passing(effects, None, settings), expected)
        n_chosen += int(expected.sum())
    assert n_chosen > 100 or share < 0.5


@pytest.mark.parametrize("adjust", ["none", "BH"])
def test_a_gene_whose_p_is_the_threshold_does_not_pass(adjust: str) -> None:
    settings = Differential.model_validate({"log_fc": 0.0, "p_value": 0.05, "adjust": adjust})
    effects = drawn(0.02, False, 1)
    p = judged(effects, settings)
    own = float(np.unique(p)[5])
    for threshold, passes in ((own, False), (float(np.nextafter(own, 1.0)), True)):
        found = passing(effects, None, settings.model_copy(update={"p_value": threshold}))
        np.testing.assert_array_equal(found, p < threshold)
        assert (found[p == own] == passes).all()
