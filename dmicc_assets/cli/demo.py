"""Comparison of the demo's results with the planted truth, shown in the terminal."""

import polars as pl
from rich.console import Console

from dmicc_assets.results.reader import Results
from dmicc_assets.simulation.planted_truth import Truth, score_truth
from dmicc_assets.warehouse.shown_rows import show_rows

_MOST_NAMES = 8


def truth_found(results: Results, truth: Truth) -> pl.DataFrame:
    """The score of a materialised demo, with the columns of `score_truth`."""
    deg, enrichment = results.by_part("differential/genes"), results.study.enrichment
    significant = {
        cohort: {
            library: terms.filter(pl.col("library") == library)["term"].to_list() for library in enrichment.libraries
        }
        for cohort, frame in results.by_part("enrichment/terms").items()
        for terms in [frame.filter(pl.col("adj_p_value") < enrichment.adj_p_value)]
    }
    return score_truth(
        truth,
        signature=results.signature_genes,
        deg={cohort: genes["gene"].to_list() for cohort, genes in deg.items()},
        biomarkers=results.biomarkers,
        directions={cohort: dict(genes.select("gene", "direction").iter_rows()) for cohort, genes in deg.items()},
        terms=significant,
    )


def show_truth(out: Console, results: Results, truth: Truth) -> None:
    """Print the score, with the missed names."""
    rows = truth_found(results, truth)
    if out.is_terminal:
        names = pl.col("missed_names")
        first = names.list.head(_MOST_NAMES).list.concat(pl.lit(["..."]))
        rows = rows.with_columns(pl.when(names.list.len() > _MOST_NAMES).then(first).otherwise(names))
    shown = ("planted", "found", "missed", "false", pl.col("missed_names").alias("missed names"))
    show_rows(out, rows.select(pl.col("set").alias("planted truth"), *shown), may_stack=False)
