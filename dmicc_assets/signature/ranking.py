"""Rank the signature's genes in each cohort by random forests, and choose the biomarkers.

Forests are in `forest.py`, the signature in `intersect.py`.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import polars as pl

from dmicc_assets.expression.imputation import fill_in
from dmicc_assets.signature.forest import cv_error, importance, importances, ranks
from dmicc_assets.study.schema import Ranking
from dmicc_assets.tables import TABLES
from dmicc_assets.types import BoolArray, CaseControl, FloatArray

SEEDS = 50
# Permuting takes longer than growing; 10 forests have ten times as many trees as a paper's single forest.
PERMUTED_SEEDS = 10
# With fewer samples, switching threads takes longer than growing a tree.
THREADS_FROM_SAMPLES = 200


@dataclass(frozen=True, slots=True)
class RankingTables:
    """Tables `signature.ranking`, `signature.error_curve` and `signature.biomarkers`.

    Attributes:
        ranking: a row for each cohort and ranked gene, by rank; `n_trees` is the number of trees that its forests had.
        error_curve: a row for each cohort and number of trees; empty for a cohort that cannot be cross-validated.
        biomarkers: a row for each gene among the first of every cohort, by the sum of its ranks.
        left_out: for each cohort the signature genes with a missing value, which are in no forest.
        filled_in: for each cohort the signature genes whose missing values were filled in.
    """

    ranking: pl.DataFrame
    error_curve: pl.DataFrame
    biomarkers: pl.DataFrame
    left_out: dict[str, list[str]]
    filled_in: dict[str, list[str]]


def rank_signature(subjects: Sequence[CaseControl], genes: Sequence[str], settings: Ranking) -> RankingTables:
    """Rank the genes in each cohort by their mean Gini importance over 50 forests, and intersect the first of each.

    Permutation importance is the mean of the first 10 of them. `rank_low` and `rank_high` are the 2.5 and 97.5 %
    quantiles (type 7) of a gene's rank over the forests; ties go by gene name. The error curve's chosen number of
    trees is the smallest at the minimum; forests have that many only under `use_cv_trees`, and `settings.trees` where
    a cohort has no curve. A cohort without a gene or with an empty class has no rows, and so there are no biomarkers.

    Args:
        subjects: one a cohort; `matrix` holds `value_adjusted`.
        genes: the signature.
        settings: trees, folds, first genes that count (`top`) and first seed.

    Raises:
        ValueError: a gene is not in a cohort's matrix, has an infinite value there, or is a duplicate; a cohort is a
            duplicate.
    """
    signature = sorted(genes)
    _check(subjects, signature)
    rankings, curves = [TABLES["signature/ranking"].frame()], [TABLES["signature/error_curve"].frame()]
    left_out: dict[str, list[str]] = {}
    filled_in: dict[str, list[str]] = {}
    for subject in subjects:
        values = subject.matrix.take_features(signature).values
        kept, is_filled = rankable(values, settings.missing)
        ranked = [signature[i] for i in np.flatnonzero(kept)]
        left_out[subject.name] = [signature[i] for i in np.flatnonzero(~kept)]
        filled_in[subject.name] = [signature[i] for i in np.flatnonzero(is_filled)]
        if not kept.any() or subject.is_case.all() or not subject.is_case.any():
            continue
        curve = _error_curve(subject, values[kept], settings)
        trees = settings.trees
        if settings.use_cv_trees and curve.height:
            trees = int(curve.filter("is_chosen")["n_trees"].item())
        complete = fill_in(values[kept], values[kept]) if is_filled.any() else values[kept]
        rankings.append(_ranking(subject, ranked, complete, trees, settings.seed))
        curves.append(curve)
    ranking = pl.concat(rankings)
    biomarkers = choose_biomarkers(ranking, [subject.name for subject in subjects], settings.top)
    return RankingTables(ranking, pl.concat(curves), biomarkers, left_out, filled_in)


def rankable(values: FloatArray, missing: Literal["leave_out", "knn"]) -> tuple[BoolArray, BoolArray]:
    """Which genes a forest may use, and which of these need missing values filled in, (G,) each.

    A gene without any value cannot be filled in.

    Args:
        values: (G, N) expression, NaN missing.
        missing: the study's setting for genes with a missing value.
    """
    is_missing = np.isnan(values)
    some = np.asarray(is_missing.any(axis=1), dtype=np.bool_)
    kept = np.asarray(~is_missing.all(axis=1), dtype=np.bool_) if missing == "knn" else ~some
    return kept, kept & some


def choose_biomarkers(ranking: pl.DataFrame, cohorts: Sequence[str], top: int) -> pl.DataFrame:
    """The genes among the first `top` of every cohort: gene and rank_sum, by rank_sum and gene.

    Args:
        ranking: columns cohort, gene and rank.
        cohorts: every cohort that must agree, those without a row in the ranking included.
        top: how many of each count.
    """
    first = ranking.filter(pl.col("rank") <= top, pl.col("cohort").is_in(list(cohorts)))
    return (
        first.group_by("gene")
        .agg(pl.col("rank").sum().cast(pl.Int64).alias("rank_sum"), pl.col("cohort").n_unique().alias("n_cohorts"))
        .filter(pl.col("n_cohorts") == len(set(cohorts)))
        .select(*TABLES["signature/biomarkers"].rows_schema)
        .sort("rank_sum", "gene")
    )


def _ranking(subject: CaseControl, genes: Sequence[str], values: FloatArray, trees: int, seed: int) -> pl.DataFrame:
    threads = os.cpu_count() or 1 if values.shape[1] >= THREADS_FROM_SAMPLES else 1
    first, rest = range(seed, seed + PERMUTED_SEEDS), range(seed + PERMUTED_SEEDS, seed + SEEDS)
    permuted = importances(values, subject.is_case, trees, first, threads)
    others = importance(values, subject.is_case, trees, rest, threads)
    gini = np.concatenate([permuted.gini, others])
    mean = np.asarray(gini.mean(axis=0), dtype=np.float64)
    low, high = np.quantile(ranks(gini), [0.025, 0.975], axis=0)
    columns: Mapping[str, object] = {
        "cohort": subject.name,
        "gene": list(genes),
        "rank": ranks(mean),
        "gini_importance": mean,
        "permutation_importance": permuted.permutation.mean(axis=0),
        "rank_low": low,
        "rank_high": high,
        "n_trees": trees,
    }
    return TABLES["signature/ranking"].frame(columns).sort("rank")


def _error_curve(subject: CaseControl, values: FloatArray, settings: Ranking) -> pl.DataFrame:
    error = cv_error(values, subject.is_case, settings.trees, settings.folds, settings.seed, settings.missing == "knn")
    if error is None:
        return TABLES["signature/error_curve"].frame()
    n_trees = np.arange(1, settings.trees + 1)
    columns: Mapping[str, object] = {
        "cohort": subject.name,
        "n_trees": n_trees,
        "cv_error": error,
        "is_chosen": n_trees == 1 + int(np.argmin(error)),
    }
    return TABLES["signature/error_curve"].frame(columns)


def _check(subjects: Sequence[CaseControl], signature: Sequence[str]) -> None:
    if len({subject.name for subject in subjects}) != len(subjects):
        raise ValueError("duplicate cohort")
    if len(set(signature)) != len(signature):
        twice = next(a for a, b in pairwise(signature) if a == b)
        raise ValueError(f"duplicate gene {twice!r} in the signature")
    for subject in subjects:
        absent = sorted(set(signature) - set(subject.matrix.features))
        if absent:
            raise ValueError(f"cohort {subject.name}: gene {absent[0]!r} is not in its matrix")
        infinite = np.isinf(subject.matrix.take_features(signature).values).any(axis=1)
        if infinite.any():
            raise ValueError(
                f"cohort {subject.name}: gene {signature[int(np.argmax(infinite))]!r} has an infinite value"
            )
