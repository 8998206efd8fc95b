"""The figures of one cohort, drawn from a study's results: which rows and which computation go into which figure."""

import polars as pl

from dmicc_assets.enrichment.score_differences import score_matrix
from dmicc_assets.expression.clustering import cluster_rows, standardise_rows
from dmicc_assets.expression.copies import without_copies
from dmicc_assets.report.figures import differential, enrichment, forest, heat_map, projection
from dmicc_assets.report.figures.of_dataset import NOT_PROJECTED
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets.report.figures.style import note_figure
from dmicc_assets.results.inputs import genes_of_set
from dmicc_assets.results.reader import Results
from dmicc_assets.stats.diagnostic import mean_variance_trend, moderated_t_quantiles
from dmicc_assets.types import ExpressionMatrix

_MOST_HEAT_MAP_GENES = 1000
_SETS_EACH_WAY = 3
_MOST_NAMED = 25
_MOST_SCORED = 40


def title_of(results: Results, cohort: str) -> str:
    """The cohort's title."""
    return results.study.cohorts[cohort].title


def _statistics(results: Results, cohort: str) -> pl.DataFrame:
    return results.rows("differential/statistics", cohort=cohort)


def named_genes(results: Results) -> list[str]:
    """Genes that figures and tables name: the biomarkers, then the signature by its ranks' sum, the best first."""
    first = results.biomarkers
    ranks = results.rows("signature/ranking").group_by("gene").agg(pl.col("rank").sum())
    order = dict(ranks.iter_rows())
    others = [gene for gene in results.signature_genes if gene not in first]
    return first + sorted(others, key=lambda gene: (order.get(gene, float("inf")), gene))


def named_in_volcano(results: Results, cohort: str) -> list[str]:
    """The signature, biomarkers first; the smallest p-values if it is empty or equals the whole list."""
    signature = named_genes(results) if len(results.study.cohorts) > 1 else []
    genes = results.rows("differential/genes", cohort=cohort).sort("p_value", "gene")
    return signature or genes["gene"].head(_MOST_NAMED).to_list()


def draw_volcano(results: Results, cohort: str) -> SourcedFigure:
    """Volcano plot with the signature named."""
    return differential.volcano(
        _statistics(results, cohort),
        results.rows("differential/genes", cohort=cohort),
        results.study.differential,
        named_in_volcano(results, cohort),
        f"{title_of(results, cohort)}, volcano plot",
    )


def draw_md(results: Results, cohort: str) -> SourcedFigure:
    """MD plot with the biomarkers named."""
    genes = results.rows("differential/genes", cohort=cohort)
    title = f"{title_of(results, cohort)}, MD plot"
    return differential.md_plot(_statistics(results, cohort), genes, title, results.biomarkers)


def draw_p_values(results: Results, cohort: str) -> SourcedFigure:
    """Histogram of the p-values with Storey's estimate."""
    from dmicc_assets.stats.multiplicity import storey_pi0

    rows = _statistics(results, cohort)
    p = rows["p_value"].drop_nulls().drop_nans().to_numpy()
    title = f"{title_of(results, cohort)}, p-values"
    n_changed = len(results.rows("differential/genes", cohort=cohort))
    return differential.p_value_histogram(rows, storey_pi0(p) if len(p) else None, title, n_changed)


def draw_qq(results: Results, cohort: str) -> SourcedFigure:
    """Quantiles of the moderated t-statistics."""
    rows = _statistics(results, cohort).drop_nulls(["t", "df_total"])
    expected, observed = moderated_t_quantiles(rows["t"].to_numpy(), rows["df_total"].to_numpy())
    return differential.moderated_t_qq(expected, observed, f"{title_of(results, cohort)}, moderated t")


def draw_mean_variance(results: Results, cohort: str) -> SourcedFigure:
    """Mean-variance trend."""
    rows = _statistics(results, cohort).drop_nulls(["ave_expr", "sigma"])
    trend = mean_variance_trend(rows["ave_expr"].to_numpy(), rows["sigma"].to_numpy())
    return differential.mean_variance(rows, trend, f"{title_of(results, cohort)}, mean and variance")


def draw_heat_map(results: Results, cohort: str) -> SourcedFigure:
    """Clustered heat map of the differentially expressed genes, batch removed."""
    rows = results.rows("differential/genes", cohort=cohort).sort("p_value", "gene")
    genes = rows["gene"].head(_MOST_HEAT_MAP_GENES).to_list()
    title = title_of(results, cohort)
    if not genes:
        return note_figure(f"{title}, heat map", "No gene is differentially expressed under the study's thresholds.")
    subject = results.cohort(cohort)
    matrix = subject.matrix.take_features(genes)
    scores = standardise_rows(matrix.values)
    if len(rows) > len(genes):
        title += f", the {len(genes)} smallest p of {len(rows)}"
    bars = {"group": ["case" if is_case else "control" for is_case in subject.is_case]}
    if len(set(subject.dataset)) > 1:
        bars["dataset"] = list(subject.dataset)
    named = named_genes(results) if len(results.study.cohorts) > 1 else results.biomarkers
    return heat_map.heat_map(
        ExpressionMatrix(scores, matrix.features, matrix.samples),
        cluster_rows(scores),
        cluster_rows(scores.T),
        bars,
        named,
        title,
    )


def draw_scores(results: Results, cohort: str) -> SourcedFigure:
    """Clustered heat map of the gene sets whose scores differ most between cases and controls."""
    scored = results.rows("expression/scores").filter(pl.col("dataset").is_in(results.study.cohorts[cohort].datasets))
    samples = without_copies(results.rows("cohort/samples", cohort=cohort).sort("sample"))
    matrix = score_matrix(scored, samples, _MOST_SCORED)
    title = f"{title_of(results, cohort)}, scores that differ most"
    if not matrix.features:
        return note_figure(title, "No set has scores that differ within a dataset.")
    bars = {"group": ["case" if is_case else "control" for is_case in samples["is_case"]]}
    if samples["dataset"].n_unique() > 1:
        bars["dataset"] = samples["dataset"].to_list()
    rows, columns = cluster_rows(matrix.values), cluster_rows(matrix.values.T)
    return heat_map.heat_map(matrix, rows, columns, bars, (), title, ("set", "the score in its dataset"))


def draw_pca(results: Results, cohort: str) -> SourcedFigure:
    """Principal components as merged and with the batch removed."""
    rows = results.rows("cohort/projection", cohort=cohort, method="pca")
    title = title_of(results, cohort)
    if rows.is_empty():
        return note_figure(f"{title}, principal components", NOT_PROJECTED)
    stages = {str(stage): part for (stage,), part in rows.group_by("stage", maintain_order=True)}
    groups = _groups(results, cohort, stages["adjusted"])
    if "merged" not in stages:
        return projection.pca_plot(stages["adjusted"], groups, f"{title}, principal components")
    return projection.pca_before_after(stages["merged"], stages["adjusted"], groups, title)


def draw_tsne(results: Results, cohort: str) -> SourcedFigure:
    """t-SNE with the batch removed."""
    rows = results.rows("cohort/projection", cohort=cohort, method="tsne")
    title = f"{title_of(results, cohort)}, t-SNE"
    if rows.is_empty():
        return note_figure(title, NOT_PROJECTED)
    return projection.tsne_plot(rows, _groups(results, cohort, rows), title)


def _groups(results: Results, cohort: str, rows: pl.DataFrame) -> projection.SampleGroups:
    """Label and dataset of each sample of a projection, in its order."""
    spec, known = results.study.cohorts[cohort], results.rows("cohort/samples", cohort=cohort)
    batch = [pl.coalesce("batch", "dataset")] if "batch" in known.columns else [pl.col("dataset")]
    samples = rows.select("sample").join(known, on="sample", how="left", maintain_order="left")
    return projection.SampleGroups(
        samples["sample"].to_list(),
        [spec.case if is_case else spec.control for is_case in samples["is_case"]],
        samples.select(batch).to_series().to_list(),
        spec.case,
    )


def draw_terms(results: Results, cohort: str, library: str) -> SourcedFigure:
    """Dot plot of the over-represented terms of a library."""
    terms = results.rows("enrichment/terms", cohort=cohort, library=library)
    title = f"{title_of(results, cohort)}, {library.replace('_', ' ')}"
    return enrichment.term_dots(terms, results.study.enrichment.adj_p_value, title)


def draw_gsea(results: Results, cohort: str) -> SourcedFigure:
    """Running sums of the gene sets that camera puts first each way; without camera, of the largest scores."""
    from dmicc_assets.enrichment.running_sum import running_sum
    from dmicc_assets.expression.symbols import find_symbols

    camera = results.rows("enrichment/camera", cohort=cohort).select("library", "term", camera_p="adj_p_value")
    rows = results.rows("enrichment/gsea", cohort=cohort).drop_nulls("nes")
    rows = rows.join(camera, on=["library", "term"], how="left")
    best = [
        rows.filter(side).sort("camera_p", -pl.col("nes").abs(), "term", nulls_last=True).head(_SETS_EACH_WAY)
        for side in (pl.col("nes") > 0, pl.col("nes") < 0)
    ]
    statistics = _statistics(results, cohort).select("gene", "t").drop_nulls().drop_nans()
    measured = frozenset(statistics["gene"])
    drawn: list[enrichment.RankedSet] = []
    for row in pl.concat(best).iter_rows(named=True):
        held = genes_of_set(results, cohort, row["library"], row["term"])
        genes = find_symbols(held, measured).found.values()
        if 0 < len(set(genes)) < len(measured):
            term, library = row["term"], row["library"]
            name = row["term_name"] or (term if term.startswith(library) else f"{library} {term}")
            drawn.append(enrichment.RankedSet(name, running_sum(statistics, set(genes)), row["nes"], row["camera_p"]))
    drawn.sort(key=lambda each: -each.nes)
    return enrichment.running_sums(drawn, f"{title_of(results, cohort)}, preranked gene sets")


def draw_error_curve(results: Results, cohort: str) -> SourcedFigure:
    """Error of the forest against its number of trees."""
    curve = results.rows("signature/error_curve", cohort=cohort)
    return forest.error_curve(curve, results.study.ranking.trees, f"{title_of(results, cohort)}, forest error")


def draw_importance(results: Results, cohort: str) -> SourcedFigure:
    """Importance of the signature's genes."""
    ranking = results.rows("signature/ranking", cohort=cohort)
    title = f"{title_of(results, cohort)}, importance"
    return forest.importance(ranking, results.biomarkers, results.study.ranking.top, title)
