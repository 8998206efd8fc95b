"""Counts of every pair of cohorts' gene lists, as products of incidence matrices (cohorts times genes). No I/O.

`atlas.py` tests the pairs; `stats/overlap.py` has the test of one.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dmicc_assets.stats.overlap import hypergeometric_tail
from dmicc_assets.study.schema import sample_identity

Frames = Mapping[str, pl.DataFrame]
Ints = NDArray[np.int64]
# Cells of a dense block, which limits its memory to some tens of megabytes.
_CELLS = 1 << 22


@dataclass(frozen=True, slots=True)
class _Lists:
    """Which of G genes C cohorts list, and which they measure.

    Attributes:
        cohort: of each listed gene the row of its cohort.
        gene: its column, in ascending order.
        sign: 1 up, -1 down.
        measured: which of the G genes each of D distinct sets of measured genes has (D, G).
        universe: how many genes two of these sets have in common (D, D).
        of: the set of each cohort (C).
    """

    cohort: Ints
    gene: Ints
    sign: NDArray[np.float32]
    measured: NDArray[np.float32]
    universe: Ints
    of: Ints

    def blocks(self) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Columns, and the signs of their genes in every cohort's list (C, columns): 0 for one that is not listed."""
        n, n_genes = len(self.of), self.measured.shape[1]
        step = max(1, _CELLS // max(n, 1))
        for start in range(0, n_genes, step):
            first, last = np.searchsorted(self.gene, [start, start + step])
            block = np.zeros((n, min(step, n_genes - start)), dtype=np.float32)
            block[self.cohort[first:last], self.gene[first:last] - start] = self.sign[first:last]
            yield slice(start, start + step), block


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
    lists, people, n = _lists(keys, genes, statistics), _people(keys, samples), len(keys)
    universe, of, inside = lists.universe, lists.of, _inside(lists)
    is_changed = np.array([key in changed for key in keys], dtype=np.bool_)
    blocks: list[pl.DataFrame] = []
    rows = np.flatnonzero(is_changed)
    step = max(1, _CELLS // max(n, 1))
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        shared, concordant = _shared(lists, block)
        counted = {
            "n_universe": universe[of[block]][:, of],
            "n_block": inside[block][:, of],
            "n_other": inside[:, of[block]].T,
            "n_shared": shared,
            "n_concordant": concordant,
            "shares_samples": (people[block] @ people.T).toarray() > 0,
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


def _shared(lists: _Lists, block: Ints) -> tuple[Ints, Ints]:
    """How many genes the lists of a block of cohorts share with every list, and how many in one direction."""
    shared = np.zeros((len(block), len(lists.of)), dtype=np.float32)
    balance = np.zeros_like(shared)  # of shared genes in one direction, less those in two
    for _, signs in lists.blocks():
        balance += signs[block] @ signs.T
        np.abs(signs, out=signs)
        shared += signs[block] @ signs.T
    return shared.astype(np.int64), ((shared + balance) / 2).astype(np.int64)


def _inside(lists: _Lists) -> Ints:
    """How many genes of each list each set of measured genes has (C, D)."""
    inside = np.zeros((len(lists.of), len(lists.measured)), dtype=np.float32)
    for columns, signs in lists.blocks():
        inside += np.abs(signs) @ lists.measured[:, columns].T
    return inside.astype(np.int64)


def _lists(keys: Sequence[str], genes: Frames, statistics: Frames) -> _Lists:
    sets, of = _distinct([statistics[key]["gene"] for key in keys])
    names = pl.concat([pl.Series("gene", [], dtype=pl.String), *sets]).unique().sort()
    incidence = _matrix(sets, names)
    columns = pl.DataFrame({"gene": names, "column": np.arange(len(names))})
    listed = _listed([genes[key] for key in keys]).join(columns, on="gene").sort("column", "cohort")
    used, gene = np.unique(listed["column"].to_numpy(), return_inverse=True)
    measured = incidence[:, used].toarray()
    cohort, up = listed["cohort"].to_numpy(), (listed["direction"] == "up").to_numpy()
    # A gene that is listed and not measured is in no universe.
    own = measured[of[cohort], gene] > 0
    sign = np.where(up, 1, -1).astype(np.float32)
    return _Lists(cohort[own], gene[own], sign[own], measured, _counts(incidence @ incidence.T), of)


def _listed(genes: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The genes of all lists with their directions, each once a list, and the number of their cohort."""
    nothing = pl.DataFrame(schema={"gene": pl.String, "direction": pl.String})
    cohort = np.repeat(np.arange(len(genes)), [len(each) for each in genes])
    found = pl.concat([nothing, *(each.select("gene", "direction") for each in genes)])
    return found.with_columns(cohort=cohort).unique(["cohort", "gene"])


def _distinct(sets: Sequence[pl.Series]) -> tuple[list[pl.Series], Ints]:
    """The distinct series, and which of them each is: platforms repeat."""
    found: list[pl.Series] = []
    of = np.zeros(len(sets), dtype=np.int64)
    for i, each in enumerate(sets):
        same = next((j for j, other in enumerate(found) if other.equals(each)), None)
        of[i] = len(found) if same is None else same
        if same is None:
            found.append(each)
    return found, of


def _people(keys: Sequence[str], samples: Frames) -> Any:
    """Which cohort has which sample: a sparse matrix (cohorts, samples)."""
    people = [
        pl.Series("", [f"{a}\0{b}" for a, b in map(sample_identity, each["dataset"], each["sample"])], dtype=pl.String)
        for each in (samples[key] for key in keys)
    ]
    return _matrix(people, pl.concat([pl.Series("", [], dtype=pl.String), *people]).unique().sort())


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


def _counts(product: Any) -> Ints:
    """A product of sparse matrices of 0 and 1, as numbers."""
    return product.toarray().astype(np.int64)


def _no_pairs() -> pl.DataFrame:
    counts = dict.fromkeys(("a", "b", "n_universe", "n_a", "n_b", "n_shared", "n_concordant"), pl.Int64)
    return pl.DataFrame(schema={**counts, "shares_samples": pl.Boolean})
