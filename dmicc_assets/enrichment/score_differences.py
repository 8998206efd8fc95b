"""How far the scores of gene sets differ between cases and controls: a description of the samples, without a p-value.

The sets that differ most are picked because they differ; tests of gene sets are in `camera.py`, `ora.py`, `gsea.py`.
"""

import numpy as np
import polars as pl

from dmicc_assets.types import ExpressionMatrix

_SET = ("library", "term", "term_name", "method")


def score_differences(scores: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """Cohen's d of each set between cases and controls: within each dataset, then averaged by its samples.

    Datasets are not mixed: scores of two arrays, or by GSVA of two groups of samples, are not on one scale.

    Args:
        scores: rows of `expression.scores`.
        samples: rows of `cohort.samples` of one cohort.

    Returns:
        library, term, term_name, method, n_case, n_control, difference (mean of cases less that of controls, in units
        of the standard deviation within the groups), the largest absolute difference first. A dataset without two
        samples of a group, or without spread, tells nothing.
    """
    joined = scores.join(samples.select("dataset", "sample", "is_case"), on=["dataset", "sample"], how="inner")
    is_case, score = pl.col("is_case"), pl.col("score")
    by_dataset = joined.group_by("dataset", *_SET).agg(
        n_case=is_case.sum(),
        n_control=(~is_case).sum(),
        apart=score.filter(is_case).mean() - score.filter(~is_case).mean(),
        of_case=score.filter(is_case).var(),
        of_control=score.filter(~is_case).var(),
    )
    n = pl.col("n_case") + pl.col("n_control")
    within = (pl.col("of_case") * (pl.col("n_case") - 1) + pl.col("of_control") * (pl.col("n_control") - 1)) / (n - 2)
    told = by_dataset.filter(within > 0).with_columns(d=pl.col("apart") / within.sqrt(), n=n)
    table = told.group_by(_SET).agg(
        pl.col("n_case", "n_control").sum().cast(pl.Int64),
        difference=(pl.col("d") * pl.col("n")).sum() / pl.col("n").sum(),
    )
    return table.sort(-pl.col("difference").abs(), "library", "term")


def score_matrix(scores: pl.DataFrame, samples: pl.DataFrame, most: int) -> ExpressionMatrix:
    """The sets that differ most, in every case and control: z-scores within each dataset.

    Args:
        scores: rows of `expression.scores`.
        samples: rows of `cohort.samples` of one cohort, in the order of the result.
        most: sets at most.

    Returns:
        (S, N) by the sets' names, the largest difference first; missing where a dataset has no score of a set.
    """
    first = score_differences(scores, samples).head(most)
    joined = scores.join(samples.select("dataset", "sample"), on=["dataset", "sample"], how="inner")
    within, score = ["dataset", *_SET], pl.col("score")
    spread = score.std().over(within)
    z = joined.with_columns(z=pl.when(spread > 0).then((score - score.mean().over(within)) / spread).otherwise(0.0))
    known: dict[tuple[str, str, str], float] = {
        (library, term, sample): value
        for library, term, sample, value in z.select("library", "term", "sample", "z").rows()
    }
    names = samples["sample"].to_list()
    sets = first.select("library", "term", "term_name").rows()
    values = np.array([[known.get((library, term, name), np.nan) for name in names] for library, term, _ in sets])
    shown = [title or term for _, term, title in sets]
    features = [
        f"{name} ({library} {term})" if shown.count(name) > 1 else name
        for name, (library, term, _) in zip(shown, sets, strict=True)
    ]
    return ExpressionMatrix(values.reshape(len(sets), len(names)), tuple(features), tuple(names))
