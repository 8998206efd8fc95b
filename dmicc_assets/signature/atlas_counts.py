"""Counts of every pair of cohorts' gene lists, as products of incidence matrices (cohorts times genes). No I/O.

`atlas.py` tests the pairs; `stats/overlap.py` has the test of one.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dmicc_assets.stats.overlap import hypergeometric_tail
from dmicc_assets.study.schema import sample_identity

Frames = Mapping[str, pl.DataFrame]
Ints = NDArray[np.int64]
# Cells of a dense block of counts, which limits its memory to some tens of megabytes.
_CELLS = 1 << 22


@dataclass(frozen=True, slots=True)
class _Incidence:
    """Which of C cohorts measures, lists (up, down) and samples what: sparse matrices (C, genes or samples)."""

    measured: Any
    listed: Any
    directions: tuple[Any, ...]
    samples: Any


def pair_counts(
    keys: Sequence[str], genes: Frames, statistics: Frames, samples: Frames, changed: Set[str]
) -> pl.DataFrame:
    """Counts of each pair of cohorts of which at least one changed.

    Args:
        keys: the C cohorts' partitions in ascending order.
        genes: their lists, with gene and direction.
        statistics: the genes that they measure.
        samples: their samples, with dataset and sample.
        changed: cohorts whose pairs are counted.

    Returns:
        rows a, b (positions in `keys`, a < b), n_universe, n_a, n_b, n_shared, n_concordant and shares_samples, in
        order of a and b.
    """
    if not changed:
        return _no_pairs()
    found, n = _incidence(keys, genes, statistics, samples), len(keys)
    distinct, of = _distinct_rows(found.measured)
    universe = (distinct @ distinct.T).astype(np.int64)
    inside = np.rint(found.listed @ distinct.T).astype(np.int64)
    is_changed = np.array([key in changed for key in keys], dtype=np.bool_)
    blocks: list[pl.DataFrame] = []
    rows = np.flatnonzero(is_changed)
    step = max(1, _CELLS // max(n, 1))
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        counted = {
            "n_universe": universe[of[block]][:, of],
            "n_block": inside[block][:, of],
            "n_other": inside[:, of[block]].T,
            "n_shared": _product(found.listed, block),
            "n_concordant": sum(
                (_product(each, block) for each in found.directions), start=np.zeros((len(block), n), np.int64)
            ),
            "shares_samples": _product(found.samples, block) > 0,
        }
        # A pair of two changed cohorts is counted with the first of them.
        i, j = np.nonzero(~is_changed[None, :] | (np.arange(n)[None, :] > block[:, None]))
        one, other = block[i], j
        taken = {name: values[i, j] for name, values in counted.items()}
        first = one < other
        blocks.append(
            pl.DataFrame(
                {
                    "a": np.minimum(one, other),
                    "b": np.maximum(one, other),
                    "n_universe": taken["n_universe"],
                    "n_a": np.where(first, taken["n_block"], taken["n_other"]),
                    "n_b": np.where(first, taken["n_other"], taken["n_block"]),
                    "n_shared": taken["n_shared"],
                    "n_concordant": taken["n_concordant"],
                    "shares_samples": taken["shares_samples"],
                }
            )
        )
    return pl.concat(blocks).sort("a", "b") if blocks else _no_pairs()


def with_chance(counts: pl.DataFrame) -> pl.DataFrame:
    """The counts with what an urn gives: n_expected and p_value, null without a common gene that is measured.

    The p-value is `overlap_p_value`'s of two lists, looked up once for equal counts.
    """
    n, a, b = (pl.col(name).cast(pl.Float64) for name in ("n_universe", "n_a", "n_b"))
    sizes = ("n_universe", "smaller", "larger", "n_shared")
    sized = counts.with_columns(
        n_expected=pl.when(n > 0).then(n * ((a / n) * (b / n))),
        smaller=pl.min_horizontal("n_a", "n_b"),
        larger=pl.max_horizontal("n_a", "n_b"),
    )
    urns = sized.select(sizes).unique().filter(pl.col("n_universe") > 0)
    universe, smaller, larger, shared = (urns[name].to_numpy() for name in sizes)
    tail = np.minimum(hypergeometric_tail(shared, smaller, universe, larger), 1.0)
    urns = urns.with_columns(p_value=pl.Series(tail, dtype=pl.Float64))
    return sized.join(urns, on=list(sizes), how="left", maintain_order="left").drop("smaller", "larger")


def _incidence(keys: Sequence[str], genes: Frames, statistics: Frames, samples: Frames) -> _Incidence:
    measured = [statistics[key]["gene"] for key in keys]
    names = pl.concat([pl.Series("gene", [], dtype=pl.String), *measured]).unique().sort()
    listed = [genes[key].select("gene", "direction").unique("gene") for key in keys]
    ways = sorted({way for each in listed for way in each["direction"].unique()})
    by_way = [[each.filter(pl.col("direction") == way)["gene"] for each in listed] for way in ways]
    people = [
        pl.Series([f"{a}\0{b}" for a, b in map(sample_identity, each["dataset"], each["sample"])], dtype=pl.String)
        for each in (samples[key] for key in keys)
    ]
    everybody = pl.concat([pl.Series("", [], dtype=pl.String), *(each.alias("") for each in people)]).unique().sort()
    of_measured = _matrix(measured, names)
    # A gene that is listed and not measured is in no universe.
    ways_measured = tuple(_matrix(each, names).multiply(of_measured).tocsr() for each in by_way)
    of_listed = _matrix([each["gene"] for each in listed], names).multiply(of_measured).tocsr()
    return _Incidence(of_measured, of_listed, ways_measured, _matrix(people, everybody))


def _matrix(rows: Sequence[pl.Series], names: pl.Series) -> Any:
    """A sparse matrix (rows, names), 1 where a row has a name; names that are not known are left out."""
    # only here: runs that compute nothing load this module
    from scipy.sparse import csr_array  # pyright: ignore[reportMissingTypeStubs]

    where = pl.concat([names.head(0).alias("name"), *(each.alias("name") for each in rows)])
    row = np.repeat(np.arange(len(rows)), [len(each) for each in rows])
    known = pl.DataFrame({"name": names, "column": np.arange(len(names))})
    found = pl.DataFrame({"name": where, "row": row}).join(known, on="name").unique(["row", "column"])
    ones = np.ones(len(found), dtype=np.float32)
    return csr_array((ones, (found["row"].to_numpy(), found["column"].to_numpy())), shape=(len(rows), len(names)))


def _distinct_rows(matrix: Any) -> tuple[NDArray[np.float32], Ints]:
    """The distinct rows (D, genes) of a sparse matrix, and which of them each row is: platforms repeat."""
    matrix.sort_indices()
    ends, columns = matrix.indptr, matrix.indices
    place: dict[bytes, int] = {}
    of = np.array([place.setdefault(columns[i:j].tobytes(), len(place)) for i, j in pairwise(ends)], dtype=np.int64)
    first = np.zeros(len(place), dtype=np.int64)
    first[of[::-1]] = np.arange(len(of))[::-1]
    return matrix[first].toarray().astype(np.float32), of


def _product(matrix: Any, block: Ints) -> Ints:
    """Numbers of columns that the rows of a block share with every row."""
    return np.rint((matrix[block] @ matrix.T).toarray()).astype(np.int64)


def _no_pairs() -> pl.DataFrame:
    counts = dict.fromkeys(("a", "b", "n_universe", "n_a", "n_b", "n_shared", "n_concordant"), pl.Int64)
    return pl.DataFrame(schema={**counts, "shares_samples": pl.Boolean})
