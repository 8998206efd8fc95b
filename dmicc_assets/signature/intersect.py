"""The signature: genes differentially expressed in every cohort, their directions, and tests of the overlap.

`stats/overlap.py` computes probabilities; `signature/ranking.py` ranks genes and chooses biomarkers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from dmicc_assets.signature.sharing import CohortList, Sharing, sharing_test
from dmicc_assets.stats.overlap import concordance_p_value, concordance_probability, expected_overlap, overlap_p_value
from dmicc_assets.stats.random_axes import ResidualSpace
from dmicc_assets.study.schema import Direction, Study
from dmicc_assets.tables import TABLES


@dataclass(frozen=True, slots=True)
class SignatureTables:
    """Tables `signature.genes` (a row for each gene and cohort, by gene) and `signature.overlap` (one row)."""

    genes: pl.DataFrame
    overlap: pl.DataFrame


def intersect_cohorts(
    deg: Mapping[str, pl.DataFrame],
    universes: Mapping[str, Sequence[str]],
    spaces: Mapping[str, ResidualSpace] | None = None,
    seed: int = 1,
) -> SignatureTables:
    """Intersect the cohorts' differentially expressed genes, and test how many they share.

    The overlap is judged among the genes of every cohort's matrix: first against lists along other axes of variation
    of the cohorts' samples (`sharing_test`), and beside it, as is usual, against lists drawn from an urn of all genes.
    A gene is concordant when its direction is the same in all cohorts; were genes independent it would be with the
    product of the shares of up plus the product of the shares of down, each share of a cohort's list. With one cohort
    the signature is its list and nothing is tested.

    Args:
        deg: for each cohort its `differential.genes`: columns gene, log_fc, direction ('up' or 'down').
        universes: for each cohort the genes of its matrix.
        spaces: for each cohort the genes of its matrix in the residual space of their tests, in the same order;
            without them sharing is not tested.
        seed: of the axes.

    Raises:
        ValueError: no cohort, cohorts of the arguments differ, or a gene is twice in a list, in no matrix, or has
            no direction.
    """
    if spaces is not None and set(spaces) != set(deg):
        raise ValueError(f"genes of cohorts {', '.join(deg)} do not fit residuals of cohorts {', '.join(spaces)}")
    if not deg or set(deg) != set(universes):
        raise ValueError(f"genes of cohorts {', '.join(deg)} do not fit matrices of cohorts {', '.join(universes)}")
    for cohort, genes in deg.items():
        _check_genes(cohort, genes, universes[cohort])
    universe = _in_all([set(universe) for universe in universes.values()])
    shared = _in_all([set(genes["gene"].to_list()) for genes in deg.values()])
    table = _genes(deg, shared)
    inside = [genes.filter(pl.col("gene").is_in(sorted(universe))) for genes in deg.values()]
    tested = _sharing(deg, universes, spaces, seed)
    return SignatureTables(table, _overlap(len(universe), inside, table, tested))


def _in_all(sets: Sequence[set[str]]) -> set[str]:
    return set[str].intersection(*sets)


def _genes(deg: Mapping[str, pl.DataFrame], shared: set[str]) -> pl.DataFrame:
    rows = [
        genes.filter(pl.col("gene").is_in(sorted(shared))).select(
            "gene", pl.lit(cohort).alias("cohort"), pl.col("log_fc").cast(pl.Float64), "direction"
        )
        for cohort, genes in deg.items()
    ]
    concordant = (pl.col("direction").n_unique().over("gene") == 1).alias("is_concordant")
    return (
        pl.concat(rows)
        .with_columns(concordant)
        .sort("gene", maintain_order=True)
        .select(*TABLES["signature/genes"].rows_schema)
    )


def _sharing(
    deg: Mapping[str, pl.DataFrame],
    universes: Mapping[str, Sequence[str]],
    spaces: Mapping[str, ResidualSpace] | None,
    seed: int,
) -> Sharing | None:
    """The competitive test; None for one cohort, or without the residuals that it needs."""
    if spaces is None or len(deg) < 2:
        return None
    lists = [CohortList(c, tuple(universes[c]), spaces[c], tuple(genes["gene"])) for c, genes in deg.items()]
    return sharing_test(lists, np.random.default_rng(seed))


def _overlap(
    n_universe: int, deg: Sequence[pl.DataFrame], shared: pl.DataFrame, tested: Sharing | None
) -> pl.DataFrame:
    sizes = [genes.height for genes in deg]
    n_shared = shared["gene"].n_unique()
    n_concordant = shared.filter("is_concordant")["gene"].n_unique()
    probability = None
    if len(deg) > 1 and all(sizes):
        probability = concordance_probability([int((genes["direction"] == "up").sum()) / genes.height for genes in deg])
    row = {
        "n_universe": n_universe,
        "n_shared": n_shared,
        "sharing_expected": tested.sharing_expected if tested else None,
        "sharing_p_value": tested.sharing_p_value if tested else None,
        "direction_p_value": tested.direction_p_value if tested else None,
        "n_expected": expected_overlap(n_universe, sizes),
        "p_value": overlap_p_value(n_universe, sizes, n_shared),
        "n_concordant": n_concordant,
        "n_concordant_expected": None if probability is None else n_shared * probability,
        "concordance_p_value": None
        if probability is None
        else concordance_p_value(n_concordant, n_shared, probability),
    }
    return TABLES["signature/overlap"].frame(row)


def _check_genes(cohort: str, genes: pl.DataFrame, universe: Sequence[str]) -> None:
    repeated = genes.filter(pl.col("gene").is_duplicated())["gene"]
    if repeated.len():
        raise ValueError(f"cohort {cohort}: duplicate gene {repeated[0]!r}")
    strangers = sorted(set(genes["gene"]) - set(universe))
    if strangers:
        raise ValueError(f"cohort {cohort}: gene {strangers[0]!r} is not in its matrix")
    undirected = genes.filter(~pl.col("direction").is_in(["up", "down"]).fill_null(value=False))["gene"]
    if undirected.len():
        raise ValueError(f"cohort {cohort}: gene {undirected[0]!r} has no direction, expected 'up' or 'down'")


def expected_directions(genes: pl.DataFrame, study: Study) -> dict[str, dict[str, Direction]]:
    """Direction of each signature gene: a cohort's own in a cohort, the model cohort's in a validation dataset.

    Args:
        genes: rows of `signature.genes` (gene, cohort, direction).
        study: names the cohorts, the model's cohort and the validation datasets.
    """
    by_cohort: dict[str, dict[str, Direction]] = {
        cohort: dict(genes.filter(pl.col("cohort") == cohort).select("gene", "direction").iter_rows())
        for cohort in study.cohorts
    }
    return by_cohort | {entry.dataset: by_cohort[study.model_cohort] for entry in study.validation}


def measured_genes(statistics: Mapping[str, pl.DataFrame]) -> dict[str, list[str]]:
    """Genes in each cohort's matrix, by `differential.statistics`."""
    return {cohort: frame["gene"].to_list() for cohort, frame in statistics.items()}
