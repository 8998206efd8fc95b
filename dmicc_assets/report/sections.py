"""Content of each section of the report: heading, method text, tables and pictures."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from dmicc_assets.checks.finding import SEVERITIES
from dmicc_assets.checks.registry import CHECKS
from dmicc_assets.report.data_tables import ReportTable, free_table, in_one_column, number_text, report_table
from dmicc_assets.report.enrichment_tables import (
    camera,
    gene_sets,
    library_notes,
    missing_scores,
    scores,
    terms,
)
from dmicc_assets.report.method_text import Methods
from dmicc_assets.report.words import INDEXES, quantity_in_words
from dmicc_assets.results.reader import Results
from dmicc_assets.study.case import Case, Observation

# Columns of the statistics that the page leaves out.
_NOT_SHOWN = ("study", "cohort", "sigma", "df_total")


@dataclass(frozen=True)
class Section:
    """One section.

    Attributes:
        id: id of its heading.
        title: its heading.
        method: the method text.
        tables: in order.
        pictures: patterns of catalog names.
        empty: text of a section without rows and pictures.
        note: text above the results when the result is empty.
        has_volcano: whether the section has the interactive volcano plots.
    """

    id: str
    title: str
    method: str = ""
    tables: list[ReportTable] = field(default_factory=list[ReportTable])
    pictures: tuple[str, ...] = ()
    empty: str = ""
    note: str = ""
    has_volcano: bool = False

    @property
    def has_rows(self) -> bool:
        """Whether any table has a row."""
        return any(table.n_rows for table in self.tables)


def sections(results: Results, texts: Methods, provenance: pl.DataFrame, checklist: pl.DataFrame) -> list[Section]:
    """The sections after the verdict, in reading order."""
    of_data = [_findings(results), _study_table(results), _samples(results), *_of_the_cohorts(results, texts)]
    return [*of_data, *_of_the_signature(results, texts), *_of_the_record(results, provenance, checklist)]


def _of_the_cohorts(results: Results, texts: Methods) -> list[Section]:
    return [
        Section(
            "quality", "Data and their quality", texts.data, _filled(results, "expression/quality"), (r"dataset/.*",),
            "No dataset has been read yet.",
        ),
        _differential(results, texts),
        Section(
            "enrichment", "Enrichment", texts.enrichment + library_notes(results),
            [*camera(results), *terms(results), *gene_sets(results)], (r"cohort/.*/(camera|terms\..*|gsea)",),
            "No gene set was tested.",
        ),
        *_scores(results),
    ]  # fmt: skip


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
            "scores", "Gene-set scores of samples", text + missing_scores(results), scores(results),
            (r"cohort/.*/scores",),
            "No gene set was scored.",
        )
    ]  # fmt: skip


def _of_the_signature(results: Results, texts: Methods) -> list[Section]:
    return [
        Section(
            "signature", "What the diseases share", texts.signature,
            _filled(results, "signature/genes", "signature/overlap"), (r"study/(venn|upset|concordance).*",),
            "The cohorts have not been intersected yet.",
            "" if results.signature_genes
            else "The signature is empty: no gene is differentially expressed in every cohort. "
            "There is nothing to rank, to validate or to model.",
        ),
        Section(
            "ranking", "Ranking and biomarkers", texts.ranking,
            _filled(results, "signature/biomarkers", "signature/ranking"), (r"cohort/.*/(error_curve|importance)",),
            "Nothing was ranked, because the signature is empty.",
            "" if results.biomarkers else "No gene is among the first of every cohort: there is no biomarker.",
        ),
        Section(
            "validation", "Validation", texts.validation,
            [
                *_roc(results),
                *_filled(results, "validation/trivial", "validation/internal_external", "validation/performance"),
                *_filled(results, "validation/subgroups"),
                *_filled(results, "validation/expression_tests"),
            ],
            (r"study/(expression|roc)\..*",),
            "There is no predictor to validate.",
        ),
        Section(
            "model", "Risk model", texts.model,
            [*_filled(results, "model/coefficients"), *_performance(results), *_filled(results, "model/nomogram")],
            (r"study/(nomogram|calibration|decision_curve|instability)",),
            "There is no risk model: no gene is among the first of every cohort's ranking.",
        ),
        Section(
            "worth", "What the result is worth", texts.worth,
            _filled(results, "signature/stability", "signature/sensitivity"), (r"study/(nulls|stability|sensitivity)",),
            "Nothing was resampled.",
        ),
    ]  # fmt: skip


def _of_the_record(results: Results, provenance: pl.DataFrame, checklist: pl.DataFrame) -> list[Section]:
    return [
        Section(
            "published", "Computed and published numbers", "Numbers that the paper states, with those computed here. "
            "Published numbers are used for nothing else. A term in none of the available libraries is not testable.",
            _published(results), (), "The study file states no published numbers.",
        ),
        Section(
            "checklist", "TRIPOD+AI checklist", "Reporting items of prediction model studies that use machine learning "
            "(doi:10.1136/bmj-2023-078378), and where this study meets them.",
            [free_table("tripod_ai", "TRIPOD+AI, item by item.", checklist)] if len(checklist) else [], (),
            "No checklist was filled in.",
        ),
        Section(
            "probast", "PROBAST+AI, by domain", "Quality of the development, risk of bias of the evaluation and "
            "applicability of a prediction model (doi:10.1136/bmj-2024-082505), as far as the findings answer them. "
            "An assessor has to complete it.",
            _filled(results, "rigor/probast"), (), "No domain was assessed.",
        ),
        Section(
            "provenance", "Provenance", "Every result of the study: the hash of its inputs, settings and code "
            "(recipe), the hash of its rows (content), and the run that made it.",
            [free_table("provenance", "Partitions of the lake.", provenance), *_filled(results, "source/files")], (),
            "No result has a manifest.",
        ),
    ]  # fmt: skip


def _filled(results: Results, *names: str) -> list[ReportTable]:
    """The tables that have rows."""
    return [report_table(name, in_one_column(results.rows(name))) for name in names if len(results.rows(name))]


def _published(results: Results) -> list[ReportTable]:
    """The published numbers, with quantities in words."""
    rows = results.rows("report/published")
    words = pl.Series("what", [quantity_in_words(each) for each in rows["quantity"]], dtype=pl.String)
    shown = rows.select(words, "published", "computed", "agrees", "quantity")
    return [report_table("report/published", shown)] if len(rows) else []


def _roc(results: Results) -> list[ReportTable]:
    """Areas under the curve, the model's before those of single genes."""
    rows = results.rows("validation/roc").sort(~pl.col("predictor").str.starts_with("model"), maintain_order=True)
    return [report_table("validation/roc", in_one_column(rows))] if len(rows) else []


def _performance(results: Results) -> list[ReportTable]:
    """The model's performance, with the meaning of each index."""
    order = {metric: place for place, metric in enumerate(INDEXES)}
    place = pl.col("metric").replace_strict(order, default=len(order))
    rows = results.rows("model/performance").sort(pl.col("nested").is_null(), place)
    what = pl.col("metric").replace_strict(INDEXES, default="", return_dtype=pl.String).alias("what_it_is")
    shown = rows.select("metric", what, pl.exclude("study", "metric"))
    return [report_table("model/performance", shown)] if len(rows) else []


def _findings(results: Results) -> Section:
    """The findings, the most severe first, each with the question of its check."""
    rows = results.rows("rigor/findings")
    measured = pl.struct("statistic", "threshold", "measure", "fires").map_elements(_measured, return_dtype=pl.String)
    order = pl.col("severity").replace_strict(list(SEVERITIES), list(range(4)), default=4)
    declared = pl.DataFrame(
        {
            "code": list(CHECKS),
            "place": list(range(len(CHECKS))),
            "asks": [check.title for check in CHECKS.values()],
            "do": [check.remedy.replace("`", "") for check in CHECKS.values()],
        }
    )
    shown = (
        rows.join(declared, on="code", how="left")
        .sort(order, "place", "subject", nulls_last=True)
        .select(
            "severity",
            "code",
            "subject",
            "message",
            pl.when(pl.col("severity") != "ok").then(pl.col("do")).alias("what_to_do"),
            pl.concat_str("asks", pl.lit(". "), "citation", ignore_nulls=True).alias("what_the_check_asks"),
            measured.alias("measured"),
        )
    )
    made = [free_table("findings", "Findings of the rigor checks.", shown)] if len(shown) else []
    text = (
        "Each check asks one question about the data or the results, for each cohort and dataset concerned; its source "
        "is cited. A warning does not stop the study, because a published study must stay reproducible; it tells the "
        "reader what to doubt. An 'ok' is a check that was made and found no problem, or one that does not apply: its "
        "message then says why."
    )
    return Section("findings", "Findings", text, made, (), "No check has been run.")


def _measured(row: dict[str, Any]) -> str | None:
    """Name and value of the measured quantity and the threshold of the check, in one text."""
    if row["statistic"] is None:
        return None
    limit = "" if row["threshold"] is None else f" (fires {row['fires']} {number_text(row['threshold'])})"
    return f"{row['measure']}: {number_text(row['statistic'])}{limit}"


def tally(results: Results) -> dict[str, int]:
    """Number of checks by severity, the most severe first; a check counts by its most severe finding."""
    order = {severity: rank for rank, severity in enumerate(SEVERITIES)}
    gravest: dict[str, str] = {}
    for code, severity in results.rows("rigor/findings").select("code", "severity").iter_rows():
        gravest[code] = min(gravest.get(code, severity), severity, key=order.__getitem__)
    counts = Counter(gravest.values())
    return {severity: counts[severity] for severity in SEVERITIES if counts[severity]}


def case_groups(case: Case | None) -> dict[str, list[Observation]]:
    """Observations of the case by section, sections in the order of the study file."""
    groups: dict[str, list[Observation]] = {}
    for observation in case.observations if case else []:
        groups.setdefault(observation.section, []).append(observation)
    return groups


def _study_table(results: Results) -> Section:
    """Datasets with their part in the study."""
    study = results.study
    roles: dict[str, list[str]] = {name: [] for name in study.datasets}
    for name, cohort in study.cohorts.items():
        for dataset in cohort.datasets:
            roles[dataset].append(f"{name} ({cohort.case} against {cohort.control})")
    for entry in study.validation:
        roles[entry.dataset].append(f"validation ({entry.case} against {entry.control})")
    parts = {name: "; ".join(role) or "not used" for name, role in roles.items()}
    rows = results.rows("source/datasets")
    wanted = [
        "dataset", "part_in_the_study", "platform", "tissue", "organism", "n_samples", "n_probes", "scale_detected",
        "last_update_date", "title", "content_sha256",
    ]  # fmt: skip
    part = pl.col("dataset").replace_strict(list(parts), list(parts.values()), default="").alias("part_in_the_study")
    shown = rows.with_columns(part).select(wanted)
    made = [free_table("datasets", "The datasets, as served.", shown)] if len(shown) else []
    return Section("study", "The study", "", made, (), "No dataset has been read yet.")


def _samples(results: Results) -> Section:
    rows = results.rows("source/samples")
    if rows.is_empty():
        return Section("samples", "Samples", empty="No dataset has been read yet.")
    counts = rows.group_by("dataset", "label", maintain_order=True).agg(
        pl.len().alias("samples"), pl.col("patient").drop_nulls().n_unique().alias("patients_known")
    )
    return Section(
        "samples",
        "Samples",
        "Labels come from the study's rules on the samples' descriptions; every sample matches exactly one rule.",
        [free_table("labels", "Samples by label.", counts), report_table("source/samples", rows)],
    )


def _differential(results: Results, texts: Methods) -> Section:
    made: list[ReportTable] = []
    for cohort, spec in results.study.cohorts.items():
        rows = results.rows("differential/statistics", cohort=cohort)
        if len(rows):
            shown = rows.sort("p_value", "gene")
            title = f"{spec.title}: every gene, the smallest p-value first."
            made.append(report_table("differential/statistics", shown, cohort, title, _NOT_SHOWN))
    pictures = (r"cohort/.*/(heat_map|volcano|md|p_values|qq|mean_variance|pca|tsne)",)
    return Section(
        "differential", "Differential expression", texts.differential, made, pictures,
        "No cohort has been analysed yet.", has_volcano=bool(made),
    )  # fmt: skip
