"""How much of the demo's planted truth a run found: read from the lake, shown in the terminal."""

import polars as pl
from rich.console import Console
from rich.table import Table

from dmicc_assets.geo.planted_truth import Truth, score_truth
from dmicc_assets.lake import Lake
from dmicc_assets.study import Study

_MOST_NAMES = 8


def truth_found(lake: Lake, study: Study, truth: Truth) -> pl.DataFrame:
    """The score of a materialised demo; columns as `score_truth` gives them."""
    deg = {cohort: lake.read("differential/genes", f"{study.study}.{cohort}") for cohort in study.cohorts}
    enriched = {cohort: lake.read("enrichment/terms", f"{study.study}.{cohort}") for cohort in study.cohorts}
    significant = {
        cohort: {
            library: terms.filter(pl.col("library") == library)["term"].to_list()
            for library in study.enrichment.libraries
        }
        for cohort, frame in enriched.items()
        for terms in [frame.filter(pl.col("adj_p_value") < study.enrichment.adj_p_value)]
    }
    return score_truth(
        truth,
        signature=lake.read("signature/genes", study.study)["gene"].unique().to_list(),
        deg={cohort: genes["gene"].to_list() for cohort, genes in deg.items()},
        biomarkers=lake.read("signature/biomarkers", study.study)["gene"].to_list(),
        directions={cohort: dict(genes.select("gene", "direction").iter_rows()) for cohort, genes in deg.items()},
        terms=significant,
    )


def show_truth(out: Console, lake: Lake, study: Study, truth: Truth) -> None:
    """Print the score, with the names of what was missed."""
    table = Table("planted truth", "planted", "found", "missed", "false", "missed names", box=None, pad_edge=False)
    for row in truth_found(lake, study, truth).iter_rows(named=True):
        names = row["missed_names"]
        shown = ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")
        table.add_row(row["set"], *(str(row[k]) for k in ("planted", "found", "missed", "false")), shown)
    out.print(table)
