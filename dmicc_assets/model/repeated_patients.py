"""Tests and intervals of a subject whose patients may have several samples: which method, and its numbers.

The methods are `stats/two_sample.py`, `roc.py` and `logistic.py` for one sample a patient, `stats/clustered.py` and
`clustered_logistic.py` for several.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dmicc_assets.differential.blocking import repeats
from dmicc_assets.stats.clustered import (
    RankTest,
    cluster_codes,
    clustered_auc_interval,
    clustered_rank_sum,
    paired_differences,
    signed_rank,
)
from dmicc_assets.stats.clustered_logistic import with_clusters
from dmicc_assets.stats.logistic import LogisticFit
from dmicc_assets.stats.roc import Roc, delong_interval
from dmicc_assets.stats.two_sample import welch_t, wilcoxon
from dmicc_assets.types import BoolArray, CaseControl, FloatArray


@dataclass(frozen=True, slots=True)
class GroupTests:
    """Tests of G genes between cases and controls.

    Attributes:
        name: which test each gene got, as `validation/expression_tests` names it.
        p_value: (G,) two-sided.
        welch_p_value: (G,) Welch's; NaN where a patient has several samples, since it takes them as independent.
    """

    name: list[str]
    p_value: FloatArray
    welch_p_value: FloatArray


def group_tests(subject: CaseControl, values: FloatArray) -> GroupTests:
    """Rank tests of genes (G, N) that know which samples are one patient's.

    Wilcoxon's rank sum if every patient has one sample, his signed rank of the patients' differences if every patient
    has both groups, else the rank sum with the variance of labels permuted within and between patients.
    """
    found = repeats(subject.unit, subject.is_case.tolist())
    if not found.n_several:
        tests = wilcoxon(values, subject.is_case)
        names = [f"wilcoxon_{'exact' if exact else 'normal'}" for exact in tests.is_exact]
        return GroupTests(names, tests.p_value, welch_t(values, subject.is_case).p_value)
    cluster = cluster_codes(subject.unit)
    is_paired = found.n_both == found.n_patients
    each: list[RankTest] = [
        signed_rank(paired_differences(row, subject.is_case, cluster))
        if is_paired
        else clustered_rank_sum(row, subject.is_case, cluster)
        for row in values
    ]
    exact = [f"signed_rank_{'exact' if test.is_exact else 'normal'}" for test in each]
    names = exact if is_paired else ["clustered_rank_sum"] * len(each)
    return GroupTests(names, np.array([test.p_value for test in each]), np.full(len(each), np.nan))


def with_known_patients(fit: LogisticFit, x: FloatArray, is_case: BoolArray, unit: Sequence[str]) -> LogisticFit:
    """The fit as it is if every patient has one sample, else with errors that allow for patients.

    Args:
        fit: of these samples.
        x: (N, p) predictors.
        is_case: (N,) True for cases.
        unit: (N,) the patient of each sample.
    """
    if len(set(unit)) == len(unit):
        return fit
    return with_clusters(fit, x, is_case, cluster_codes(unit))


def area_interval(curve: Roc, score: FloatArray, subject: CaseControl) -> tuple[float, float, str]:
    """The 95 % limits of an area and their method: DeLong's, or Obuchowski's where a patient has several samples.

    Args:
        curve: of the samples that have a score.
        score: (N,) of all samples; not finite where there is none.
        subject: whose samples they are.
    """
    if not repeats(subject.unit, subject.is_case.tolist()).n_several:
        return *delong_interval(curve), "delong"
    cluster, scored = cluster_codes(subject.unit), np.isfinite(score)
    of_cases, of_controls = cluster[scored & subject.is_case], cluster[scored & ~subject.is_case]
    return *clustered_auc_interval(curve, of_cases, of_controls), "obuchowski"
