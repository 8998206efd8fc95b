"""The appendix of the report: all findings, samples, long tables, checklists and provenance, a part each.

On screen a part is folded; in print it is open. What the sections show is `sections.py`'s.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from dmicc_assets.checks.finding import SEVERITIES
from dmicc_assets.checks.registry import CHECKS
from dmicc_assets.report.cells import spoken, subject_in_words
from dmicc_assets.report.columns import SHOWN
from dmicc_assets.report.data_tables import ReportTable, free_table, number_text, report_table
from dmicc_assets.report.enrichment_tables import gene_sets, terms
from dmicc_assets.report.sections import performance, roc_rows
from dmicc_assets.results.reader import Results

_FINDINGS = ("severity", "code", "subject", "message", "what_to_do", "what_the_check_asks")


@dataclass(frozen=True)
class Part:
    """One part of the appendix.

    Attributes:
        id: id of its heading.
        title: its heading.
        text: what it is.
        tables: in order.
        figures: patterns of catalog names.
        lines: code, subject and message of each silent check.
    """

    id: str
    title: str
    text: str = ""
    tables: list[ReportTable] = field(default_factory=list[ReportTable])
    figures: tuple[str, ...] = ()
    lines: Sequence[tuple[str, str, str]] = ()


def appendix(results: Results, provenance: pl.DataFrame, checklist: pl.DataFrame) -> list[Part]:
    """The parts, in order; figures that no other place of the report shows are in `cohorts`, the last to ask."""
    return [
        _findings(results),
        Part(
            "quality", "Samples and their quality", "Labels come from the study's rules on the samples' descriptions; "
            "every sample matches exactly one rule. The least connected arrays stand first.",
            [*_ordered(results, "expression/quality", "connectivity_z"), *_ordered(results, "source/samples")],
            (r"dataset/.*",),
        ),
        Part("cohorts", "More figures of the cohorts", figures=(r".*",)),
        Part("tables", "Long tables", tables=_long_tables(results)),
        Part(
            "checklist", "TRIPOD+AI checklist", "Reporting items of prediction model studies that use machine learning "
            "(doi:10.1136/bmj-2023-078378), and where this study meets them.",
            [free_table("tripod_ai", "TRIPOD+AI, item by item.", checklist)] if len(checklist) else [],
        ),
        Part(
            "probast", "PROBAST+AI, by domain", "Quality of the development, risk of bias of the evaluation and "
            "applicability of a prediction model (doi:10.1136/bmj-2024-082505), as far as the findings answer them. "
            "An assessor has to complete it.",
            _ordered(results, "rigor/probast", "position"),
        ),
        Part(
            "provenance", "Provenance", "Every result of the study: the hash of its inputs, settings and code "
            "(recipe), the hash of its rows (content), and the run that made it.",
            [
                free_table("provenance", "Partitions of the lake.", provenance, shown=SHOWN["provenance"]),
                *_ordered(results, "source/files"),
            ] if len(provenance) else [],
        ),
    ]  # fmt: skip


def _long_tables(results: Results) -> list[ReportTable]:
    roc = roc_rows(results)
    return [
        *terms(results),
        *gene_sets(results),
        *_ordered(results, "signature/ranking", "rank"),
        *_ordered(results, "signature/stability", -pl.col("frequency"), "gene"),
        *_ordered(results, "signature/sensitivity", ~pl.col("is_single_change"), "jaccard"),
        *([report_table("validation/roc", spoken(roc, results.study))] if len(roc) else []),
        *_ordered(results, "validation/expression_tests", "p_value", "gene"),
        *_ordered(results, "validation/performance"),
        *_ordered(results, "validation/subgroups", "auc"),
        *performance(results),
        *_ordered(results, "model/nomogram"),
    ]


def _ordered(results: Results, name: str, *by: str | pl.Expr) -> list[ReportTable]:
    """A table in words in an order of its rows; none without rows."""
    rows = results.rows(name)
    rows = rows.sort(*by, nulls_last=True, maintain_order=True) if by else rows
    return [report_table(name, spoken(rows, results.study))] if len(rows) else []


def _findings(results: Results) -> Part:
    """The findings, the most severe first, each with the question of its check; silent ones are a line each."""
    rows = results.rows("rigor/findings")
    titles = {name: cohort.title for name, cohort in results.study.cohorts.items()}
    measured = pl.struct("statistic", "threshold", "measure", "fires").map_elements(_measured, return_dtype=pl.String)
    subject = pl.col("subject").map_elements(lambda name: subject_in_words(name, titles), return_dtype=pl.String)
    order = pl.col("severity").replace_strict(list(SEVERITIES), list(range(4)), default=4)
    declared = pl.DataFrame(
        {
            "code": list(CHECKS),
            "place": list(range(len(CHECKS))),
            "asks": [check.title for check in CHECKS.values()],
            "do": [check.remedy.replace("`", "") for check in CHECKS.values()],
        }
    )
    ordered = rows.join(declared, on="code", how="left").sort(order, "place", "subject", nulls_last=True)
    shown = ordered.select(
        "severity",
        "code",
        subject,
        "message",
        pl.col("do").alias("what_to_do"),
        pl.concat_str("asks", pl.lit(". "), "citation", ignore_nulls=True).alias("what_the_check_asks"),
        measured.alias("measured"),
    )
    loud = shown.filter(pl.col("severity") != "ok")
    silent = shown.filter(pl.col("severity") == "ok").select("code", "subject", "message")
    text = (
        "Each check asks one question about the data or the results, for each cohort and dataset concerned; its source "
        "is cited. A warning does not stop the study, because a published study must stay reproducible; it tells the "
        "reader what to doubt. A silent check found no problem or does not apply, and then says why."
    )
    made = [free_table("findings", "Checks that warn, and what is worth knowing.", loud, shown=_FINDINGS)]
    return Part("findings", "All findings", text, made if len(loud) else [], (), list(silent.iter_rows()))


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
