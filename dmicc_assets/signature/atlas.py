"""Every pair of cohorts of all studies: do their differentially expressed genes overlap more than chance? No I/O.

`atlas_counts.py` counts; the test of one pair is `kept_axes.py`'s.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import polars as pl

from dmicc_assets.signature.atlas_counts import Frames, pair_counts, with_chance
from dmicc_assets.signature.kept_axes import KeptAxes, keep_axes, replace_list
from dmicc_assets.signature.sharing import CohortList
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.tables import TABLES
from dmicc_assets.types import FloatArray, PartitionKey

# A cohort's null lists, by partition; None where its expression is not at hand.
ReadAxes = Callable[[str], KeptAxes | None]
_SEED = 1
_TESTS = ("sharing", "direction")
# What the test of a pair gives, here and in `signature.overlap`.
RESULTS = ("sharing_expected", "sharing_p_value", "direction_p_value")
_PAIR = ("study_a", "cohort_a", "study_b", "cohort_b")


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier atlas: its rows, and the cohorts of which nothing changed since."""

    rows: pl.DataFrame
    same: frozenset[str]


def disease_overlap(
    genes: Frames,
    statistics: Frames,
    samples: Frames,
    read_axes: ReadAxes,
    earlier: Earlier | None = None,
    of_studies: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Overlap of the gene lists of each pair of cohorts, over the genes that both measure.

    Sharing is tested with 1,999 axes a cohort, drawn once for all pairs, and adjusted by Benjamini-Hochberg for the
    number of pairs tested. It is not tested where no gene is shared, or where the cohorts share samples: samples of
    one name in one series or dataset, or of one name of GEO or TCGA. What a study of two cohorts has tested itself is
    its result here too.

    Args:
        genes: `differential.genes` rows by partition (`study.cohort`).
        statistics: `differential.statistics` rows by partition.
        samples: `cohort.samples` rows by partition.
        read_axes: the cohorts' null lists (`axes_of`), asked for when a pair is tested.
        earlier: pairs of cohorts that are the same are taken from it, but for the adjustment.
        of_studies: as `results_of_studies` gives them.

    Returns:
        the columns of `atlas.disease_overlap`; a pair is one row, its cohorts in order of their names.
    """
    known = sorted(set(genes) & set(statistics) & set(samples))
    same = earlier.same & set(known) if earlier else frozenset[str]()
    counts = with_chance(pair_counts(known, genes, statistics, samples, set(known) - same))
    counted = _named(counts, known).with_columns(pl.lit(None, pl.Float64).alias(name) for name in RESULTS)
    if earlier is not None:
        kept = _kept(_without_own(earlier.rows), same)
        counted = pl.concat([kept.select(counted.columns), counted], how="vertical_relaxed")
    rows = _tested(_with_results(counted, of_studies), read_axes).sort(_PAIR).to_dict()
    adjusted = {f"{test}_adj_p_value": _adjusted(rows[f"{test}_p_value"]) for test in _TESTS}
    return TABLES["atlas/disease_overlap"].frame(rows | adjusted)


def axes_of(cohort: CohortList) -> KeptAxes:
    """The null lists of a cohort for the atlas; they depend on the cohort alone, whatever other studies there are."""
    return keep_axes(cohort, np.random.default_rng([_SEED, crc32(cohort.name.encode())]))


def results_of_studies(overlap: Frames, cohorts: Mapping[str, Sequence[str]]) -> pl.DataFrame | None:
    """What studies of two cohorts found of this pair themselves; None without such a study.

    Args:
        overlap: by study the row of `signature.overlap`: sharing_expected, sharing_p_value and direction_p_value.
        cohorts: of each study whose test is of its lists as they are.
    """
    pairs = {study: sorted(names) for study, names in cohorts.items() if study in overlap and len(names) == 2}
    found = [
        overlap[study].with_columns(
            pl.lit(name).alias(key) for key, name in zip(_PAIR, (study, a, study, b), strict=True)
        )
        for study, (a, b) in pairs.items()
    ]
    return pl.concat(found) if found else None


def _with_results(rows: pl.DataFrame, of_studies: pl.DataFrame | None) -> pl.DataFrame:
    """The pairs with the results of their own study, where it has some."""
    if of_studies is None:
        return rows
    of_studies = of_studies.select(*_PAIR, *RESULTS)
    found = rows.join(of_studies, on=_PAIR, how="left", maintain_order="left", suffix="_own")
    own = (pl.when(~pl.col("shares_samples")).then(pl.col(f"{name}_own")).alias(name) for name in RESULTS)
    return found.with_columns(pl.coalesce(each, name) for each, name in zip(own, RESULTS, strict=True)).select(
        rows.columns
    )


def _tested(rows: pl.DataFrame, read_axes: ReadAxes) -> pl.DataFrame:
    """The pairs with mean shared number and p-values; null where a pair is not tested."""
    found = rows.select(RESULTS).to_numpy(writable=True).astype(np.float64)
    is_tested = (pl.col("n_shared") > 0) & ~pl.col("shares_samples") & pl.col("sharing_p_value").is_null()
    for row, *names in rows.with_row_index().filter(is_tested).select("index", *_PAIR).iter_rows():
        one, other = (read_axes(PartitionKey.of(*names[at : at + 2])) for at in (0, 2))
        if one is not None and other is not None:
            found[row] = _pair(one, other)
    return rows.with_columns(pl.Series(name, found[:, at]).fill_nan(None) for at, name in enumerate(RESULTS))


def _pair(one: KeptAxes, other: KeptAxes) -> tuple[float, float, float]:
    """The larger of the two cohorts' p-values counts, so that one cohort of pure noise is enough for no claim."""
    both = (replace_list(one, other), replace_list(other, one))
    worst = max(both, key=lambda each: each.p_value)
    return worst.expected, worst.p_value, max(each.direction_p_value for each in both)


def _named(counts: pl.DataFrame, known: Sequence[str]) -> pl.DataFrame:
    """The pairs with the names of their cohorts instead of positions."""
    names = [PartitionKey(key).names for key in known]
    parts = {"study": [study for study, _ in names], "cohort": [cohort for _, cohort in names]}
    columns = [
        pl.Series(f"{part}_{side}", values, dtype=pl.String).gather(counts[side])
        for side in ("a", "b")
        for part, values in parts.items()
    ]
    return counts.drop("a", "b").insert_column(0, columns[0]).with_columns(columns[1:])


def _kept(rows: pl.DataFrame, same: frozenset[str]) -> pl.DataFrame:
    """The earlier rows of two cohorts that are both the same."""
    sides = [pl.format("{}.{}", f"study_{side}", f"cohort_{side}").is_in(list(same)) for side in ("a", "b")]
    return rows.filter(*sides)


def _without_own(rows: pl.DataFrame) -> pl.DataFrame:
    """Earlier rows without what a study found itself, which may have another cohort now: those of its one pair."""
    is_own = (pl.col("study_a") == pl.col("study_b")) & (pl.len().over("study_a", "study_b") == 1)
    return rows.with_columns(pl.when(~is_own).then(name).alias(name) for name in RESULTS)


def _adjusted(p: pl.Series) -> FloatArray:
    """Adjusted for the number of pairs tested (Benjamini & Hochberg 1995)."""
    return adjust_p_values(p.cast(pl.Float64).fill_null(np.nan).to_numpy())
