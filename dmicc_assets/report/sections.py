"""The sections of the report in a paper's order: what each answers, its figures, and its short tables.

Long tables, all findings and the record are in the appendix (`appendix.py`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from dmicc_assets.report.answers import (
    data_answer,
    differential_answer,
    enrichment_answer,
    model_answer,
    published_answer,
    ranking_answer,
    rigor_answer,
    signature_answer,
    validation_answer,
)
from dmicc_assets.report.cells import spaced, spoken
from dmicc_assets.report.data_tables import ReportTable, free_table, number_text, report_table
from dmicc_assets.report.enrichment_tables import camera, library_notes, missing_scores, scores
from dmicc_assets.report.figures.of_cohort import named_genes
from dmicc_assets.report.method_text import Methods
from dmicc_assets.report.words import INDEXES, quantity_in_words
from dmicc_assets.results.reader import Results

# Figures of the first pages, in their order; the flow of the study stands before them.
SUMMARY_FIGURES = (r"cohort/.*/volcano", r"study/concordance.*", r"study/roc_model", r"study/nomogram")


@dataclass(frozen=True)
class Section:
    """One section.

    Attributes:
        id: id of its heading.
        title: its heading.
        answer: what it found, in a sentence; empty without results.
        method: the method text.
        tables: in order.
        figures: patterns of catalog names, in the order in which they stand.
        empty: text of a section without an answer, a figure and a row.
        more: part of the appendix with what is left out, and what that is.
    """

    id: str
    title: str
    answer: str = ""
    method: str = ""
    tables: list[ReportTable] = field(default_factory=list[ReportTable])
    figures: tuple[str, ...] = ()
    empty: str = ""
    more: tuple[str, str] | None = None


def sections(results: Results, texts: Methods) -> list[Section]:
    """The sections after the first pages, in reading order; those that the study file does not ask for are left out."""
    of_cohorts = [_data(results, texts), _differential(results, texts), _enrichment(results, texts), *_scores(results)]
    return [*of_cohorts, *_of_the_signature(results, texts), _model(results, texts), *_at_the_end(results, texts)]


def _data(results: Results, texts: Methods) -> Section:
    return Section(
        "data", "Data", data_answer(results), texts.data, _datasets(results), (r"cohort/.*/pca",),
        "No dataset has been read yet.", ("quality", "every sample, and the quality of each dataset"),
    )  # fmt: skip


def _datasets(results: Results) -> list[ReportTable]:
    """Datasets with their samples and their part in the study."""
    study = results.study
    roles: dict[str, list[str]] = {name: [] for name in study.datasets}
    for cohort in study.cohorts.values():
        for dataset in cohort.datasets:
            roles[dataset].append(f"{cohort.title}: {spaced(cohort.case)} against {spaced(cohort.control)}")
    for entry in study.validation:
        roles[entry.dataset].append(f"validation: {spaced(entry.case)} against {spaced(entry.control)}")
    parts = {name: "; ".join(role) or "not used" for name, role in roles.items()}
    rows = results.rows("source/datasets")
    counts = results.rows("source/samples").group_by("dataset", "label", maintain_order=True).len()
    labels = {
        name: ", ".join(f"{n} {spaced(label or 'without label')}" for _, label, n in counts.filter(dataset=name).rows())
        for name in study.datasets
    }
    shown = rows.select(
        "dataset",
        pl.col("dataset").replace_strict(parts, default="", return_dtype=pl.String).alias("part_in_the_study"),
        pl.col("dataset").replace_strict(labels, default="", return_dtype=pl.String).alias("samples"),
        "platform",
        "tissue",
        pl.col("scale_detected").alias("values_read_as"),
        pl.exclude("study", "dataset", "platform", "tissue", "scale_detected"),
    )
    columns = ("dataset", "part_in_the_study", "samples", "platform", "tissue", "values_read_as", "n_probes", "title")
    return (
        [free_table("datasets", "The datasets, as served.", shown, shown=columns, is_short=True)] if len(rows) else []
    )


def _differential(results: Results, texts: Methods) -> Section:
    made: list[ReportTable] = []
    for cohort, spec in results.study.cohorts.items():
        rows = results.rows("differential/statistics", cohort=cohort)
        if len(rows):
            shown = rows.drop("cohort", "sigma", "df_total").sort("p_value", "gene", nulls_last=True)
            title = f"{spec.title}: genes by p-value."
            made.append(report_table("differential/statistics", shown, cohort, title, is_short=True))
    return Section(
        "differential", "Differential expression", differential_answer(results), texts.differential, made,
        (r"cohort/.*/p_values",), "No cohort has been analysed yet.", ("cohorts", "heat maps and diagnostic plots"),
    )  # fmt: skip


def _enrichment(results: Results, texts: Methods) -> Section:
    return Section(
        "enrichment", "Enrichment", enrichment_answer(results), texts.enrichment + library_notes(results),
        camera(results), (r"cohort/.*/gsea",), "No gene set was tested.",
        ("tables", "over-represented terms and preranked gene sets"),
    )  # fmt: skip


def _scores(results: Results) -> list[Section]:
    """Scores of gene sets in the samples, where the study asks for them."""
    asked = results.study.scores
    if asked is None:
        return []
    how = {
        "ssgsea": "ssGSEA (doi:10.1038/nature08460): how high the genes of a set rank within one sample",
        "gsva": "GSVA (doi:10.1186/1471-2105-14-7): how high the genes of a set rank within one sample, after each "
        "gene is compared with its values in the dataset's other samples",
    }
    text = (
        f"Scores of the gene sets in {' and '.join(asked.libraries)} by {how[asked.method]}. They describe samples and "
        "test nothing: the sets shown are picked because they differ here, which no p-value of theirs could take into "
        "account. Whether the genes of a set move is what camera tests, above."
    )
    return [
        Section(
            "scores", "Gene-set scores of samples", "", text + missing_scores(results), scores(results),
            (r"cohort/.*/scores",), "No gene set was scored.",
        )
    ]  # fmt: skip


def _of_the_signature(results: Results, texts: Methods) -> list[Section]:
    return [
        Section(
            "signature", "What the diseases share", signature_answer(results), texts.signature, [],
            (r"study/(venn|upset).*",),
            "The signature is empty: no gene is differentially expressed in every cohort. There is nothing to rank, to "
            "validate or to model." if len(results.rows("differential/genes")) or len(results.rows("signature/overlap"))
            else "The cohorts have not been intersected yet.",
        ),
        Section(
            "ranking", "Ranking and biomarkers", ranking_answer(results), texts.ranking, _ranked(results),
            (rf"cohort/{re.escape(results.study.model_cohort)}/importance",),
            "Nothing was ranked, because the signature is empty.",
            ("tables", "ranks of every cohort over the seeds, and stability"),
        ),
        Section(
            "validation", "Validation", validation_answer(results), texts.validation,
            [
                *_roc(results),
                *short(results, "validation/internal_external"),
                *short(results, "validation/trivial"),
            ],
            _of_subjects(results), "There is no predictor to validate.",
            ("tables", "tests of every gene, all areas under the curve, subgroups"),
        ),
    ]  # fmt: skip


def _of_subjects(results: Results) -> tuple[str, ...]:
    """Patterns of the figures of validation datasets; without any, of the cohorts, whose samples chose the genes."""
    names = [entry.dataset for entry in results.study.validation] or list(results.study.cohorts)
    return tuple(rf"study/{kind}\.{re.escape(name)}" for kind in ("roc", "expression") for name in names)


def _model(results: Results, texts: Methods) -> Section:
    return Section(
        "model", "Risk model", model_answer(results), texts.model,
        [*short(results, "model/coefficients"), *performance(results, is_short=True)],
        (r"study/calibration", r"study/instability", r"study/decision_curve"),
        "There is no risk model: no gene is among the first of every cohort's ranking.",
        ("tables", "every index, and the nomogram's points"),
    )  # fmt: skip


def _at_the_end(results: Results, texts: Methods) -> list[Section]:
    worth = Section(
        "rigor", "How far it can be trusted", rigor_answer(results), texts.worth, [],
        (r"study/nulls", r"study/sensitivity"), "No check has been run.",
        ("findings", "all findings, with their sources"),
    )  # fmt: skip
    rows = results.rows("report/published")
    if rows.is_empty():
        return [worth]
    words = pl.Series("what", [quantity_in_words(each) for each in rows["quantity"]], dtype=pl.String)
    shown = rows.with_columns(words)
    published = Section(
        "published", "Computed and published numbers", published_answer(results), "Numbers that the paper states, with "
        "those computed here. Published numbers are used for nothing else. A term in none of the available libraries "
        "is not testable.", [report_table("report/published", shown, is_short=True)],
    )  # fmt: skip
    return [worth, published]


def short(results: Results, name: str) -> list[ReportTable]:
    """A table in a section, if it has rows."""
    rows = results.rows(name)
    return [report_table(name, spoken(rows, results.study), is_short=True)] if len(rows) else []


def roc_rows(results: Results) -> pl.DataFrame:
    """Areas under the curve: the model first, then the biomarkers, then the other genes from the largest area down."""
    order = {"model": 0, "model_raw": 1} | dict.fromkeys(results.biomarkers, 2)
    kinds = {"nested_cv": 0, "external": 1}
    place = pl.col("predictor").replace_strict(order, default=3, return_dtype=pl.Int64)
    kind = pl.col("kind").replace_strict(kinds, default=2, return_dtype=pl.Int64)
    return results.rows("validation/roc").sort(
        place, kind, -pl.col("auc"), "predictor", nulls_last=True, maintain_order=True
    )


def _roc(results: Results) -> list[ReportTable]:
    """Areas of the model and the biomarkers; those of all genes are in the appendix."""
    rows = roc_rows(results)
    first = rows.filter(pl.col("predictor").is_in(["model", *results.biomarkers]))
    shown = first if len(first) else rows
    title = "Area under the ROC curve of the risk model and the biomarkers." if len(first) else ""
    return [report_table("validation/roc", spoken(shown, results.study), "first", title, True)] if len(rows) else []


def performance(results: Results, is_short: bool = False) -> list[ReportTable]:
    """The model's performance in words, out of fold first; in a section only the indexes that have such a value."""
    order = {metric: place for place, metric in enumerate(INDEXES)}
    place = pl.col("metric").replace_strict(order, default=len(order), return_dtype=pl.Int64)
    rows = results.rows("model/performance").sort(pl.col("nested").is_null(), place)
    rows = rows.filter(pl.col("nested").is_not_null()) if is_short else rows
    what = pl.col("metric").replace_strict(INDEXES, default=pl.col("metric"), return_dtype=pl.String)
    renamed = rows.rename({"nested_low": "ci_low", "nested_high": "ci_high"}).with_columns(what.alias("what_it_is"))
    part = "first" if is_short else ""
    return [report_table("model/performance", renamed, part, is_short=is_short)] if len(rows) else []


def _ranked(results: Results) -> list[ReportTable]:
    """The shared genes, best ranked first: ranks and fold changes in each cohort, and how often chosen again."""
    genes = named_genes(results)
    if not genes:
        return []
    columns: dict[str, list[str | float | None]] = {"gene": [*genes]}
    columns["biomarker"] = ["yes" if gene in results.biomarkers else "no" for gene in genes]
    often = _by_gene(results.rows("signature/stability", method="bootstrap"), lambda row: row["frequency"])
    if often:
        columns["share of bootstraps that find it"] = [often.get(gene) for gene in genes]
    for name, cohort in results.study.cohorts.items():
        ranks = _by_gene(results.rows("signature/ranking", cohort=name), _rank_text)
        columns[f"rank in {cohort.title}"] = [ranks.get(gene) for gene in genes]
        folds = _by_gene(results.rows("signature/genes", cohort=name), lambda row: row["log_fc"])
        columns[f"log2 fold change in {cohort.title}"] = [folds.get(gene) for gene in genes]
    title = "The signature, best ranked first; in brackets, the rank's 95 % interval over the seeds of the forest."
    return [free_table("signature", title, pl.DataFrame(columns), is_short=True)]


def _by_gene(rows: pl.DataFrame, value: Callable[[dict[str, str | float]], str | float]) -> dict[str, str | float]:
    return {str(row["gene"]): value(row) for row in rows.iter_rows(named=True)}


def _rank_text(row: dict[str, str | float]) -> str:
    return f"{row['rank']} ({number_text(row['rank_low'])} to {number_text(row['rank_high'])})"
