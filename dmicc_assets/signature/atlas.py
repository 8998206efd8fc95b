"""Every pair of cohorts of all studies: do their differentially expressed genes overlap more than chance? No I/O.

The test of one pair is `sharing.py`'s.
"""

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any
from zlib import crc32

import numpy as np
import polars as pl

from dmicc_assets.signature.sharing import CohortList, Sharing, sharing_test
from dmicc_assets.stats.multiplicity import adjust_p_values
from dmicc_assets.stats.overlap import expected_overlap, overlap_p_value
from dmicc_assets.study.schema import sample_identity
from dmicc_assets.tables import TABLES
from dmicc_assets.types import PartitionKey

# A cohort's list in its residual space, by partition; None where its expression is not at hand.
ReadList = Callable[[str], CohortList | None]
_SEED = 1
_TESTS = ("sharing", "direction")


def disease_overlap(
    genes: Mapping[str, pl.DataFrame],
    statistics: Mapping[str, pl.DataFrame],
    samples: Mapping[str, pl.DataFrame],
    read_list: ReadList,
) -> pl.DataFrame:
    """Overlap of the gene lists of each pair of cohorts, over the genes that both measure.

    Sharing is tested as within a study, with 1,999 axes a cohort, and adjusted by Benjamini-Hochberg for the number
    of pairs tested. It is not tested where no gene is shared, or where the cohorts share samples: samples of one name
    in one series or dataset, or of one name of GEO or TCGA.

    Args:
        genes: `differential.genes` rows by partition (`study.cohort`).
        statistics: `differential.statistics` rows by partition.
        samples: `cohort.samples` rows by partition.
        read_list: the cohorts' lists, asked for when a pair is tested.

    Returns:
        the columns of `atlas.disease_overlap`; a pair is one row, its cohorts in order of their names.
    """
    known = sorted(set(genes) & set(statistics) & set(samples))
    sampled = {key: set(map(sample_identity, samples[key]["dataset"], samples[key]["sample"])) for key in known}
    measured = {key: set(statistics[key]["gene"]) for key in known}
    direction = {key: dict(genes[key].select("gene", "direction").iter_rows()) for key in known}
    rows: list[dict[str, Any]] = []
    for a, b in combinations(known, 2):
        universe = measured[a] & measured[b]
        in_a, in_b = universe & direction[a].keys(), universe & direction[b].keys()
        shared = in_a & in_b
        shares_samples = not sampled[a].isdisjoint(sampled[b])
        tested = _tested(a, b, read_list) if shared and not shares_samples else None
        row: dict[str, Any] = dict(zip(("study_a", "cohort_a"), PartitionKey(a).names, strict=True))
        row |= dict(zip(("study_b", "cohort_b"), PartitionKey(b).names, strict=True))
        rows.append(
            row
            | {
                "n_universe": len(universe),
                "n_a": len(in_a),
                "n_b": len(in_b),
                "n_shared": len(shared),
                "sharing_expected": tested.sharing_expected if tested else None,
                "sharing_p_value": tested.sharing_p_value if tested else None,
                "direction_p_value": tested.direction_p_value if tested else None,
                "n_expected": expected_overlap(len(universe), [len(in_a), len(in_b)]),
                "p_value": overlap_p_value(len(universe), [len(in_a), len(in_b)], len(shared)),
                "n_concordant": sum(direction[a][gene] == direction[b][gene] for gene in shared),
                "shares_samples": shares_samples,
            }
        )
    _adjust(rows)
    return TABLES["atlas/disease_overlap"].frame(rows)


def _tested(a: str, b: str, read_list: ReadList) -> Sharing | None:
    """The test of one pair; its axes depend on the two names alone, whatever other studies there are."""
    lists = [read_list(key) for key in (a, b)]
    there = [each for each in lists if each is not None]
    generator = np.random.default_rng([_SEED, crc32(a.encode()), crc32(b.encode())])
    return sharing_test(there, generator) if len(there) == len(lists) else None


def _adjust(rows: list[dict[str, Any]]) -> None:
    """Adds to each row the p-values adjusted for the number of pairs (Benjamini & Hochberg 1995)."""
    for test in _TESTS:
        p = [row[f"{test}_p_value"] for row in rows if row[f"{test}_p_value"] is not None]
        adjusted = iter(adjust_p_values(np.array(p)).tolist() if p else [])
        for row in rows:
            row[f"{test}_adj_p_value"] = None if row[f"{test}_p_value"] is None else next(adjusted)
