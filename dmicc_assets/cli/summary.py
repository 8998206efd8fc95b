"""What a study found, in a few lines, shown at the end of a run."""

import polars as pl

from dmicc_assets.checks.finding import FIRED
from dmicc_assets.checks.registry import in_order
from dmicc_assets.checks.reproducibility import TURNED
from dmicc_assets.checks.verdict import auc_doubts
from dmicc_assets.report.words import in_words
from dmicc_assets.results.intervals import estimate_text
from dmicc_assets.results.reader import Results

MOST_GENES = 12


def study_summary(results: Results) -> list[tuple[str, str]]:
    """What was found, as pairs of what and how much; a part that was not materialised is left out."""
    lines = [line for cohort in results.study.cohorts for line in _cohort(results, cohort)]
    lines += [*_signature(results), *_areas(results)]
    published = results.report.published
    if len(published):
        agree, testable = (published["agrees"] == "yes").sum(), (published["agrees"] != "not testable").sum()
        lines.append(("published numbers", f"{agree} of {testable} testable ones agree"))
    findings = results.rigor.findings
    if len(findings):
        raised = in_order(set(findings.filter(pl.col("severity").is_in(FIRED))["code"]))
        lines.append(("findings", f"{len(raised)} checks warn: {', '.join(raised)}" if raised else "no check warns"))
    return lines


def _cohort(results: Results, cohort: str) -> list[tuple[str, str]]:
    n_tested = results.rows("differential/statistics", cohort=cohort).height
    if not n_tested:
        return []
    genes, samples = results.rows("differential/genes", cohort=cohort), results.rows("cohort/samples", cohort=cohort)
    n_up, n_case = (genes["direction"] == "up").sum(), samples["is_case"].sum()
    found = f"{len(genes)} of {n_tested} genes differ ({n_up} up, {len(genes) - n_up} down)"
    title = results.study.cohorts[cohort].title
    return [(title, f"{n_case} cases, {len(samples) - n_case} controls; {found}")]


def _signature(results: Results) -> list[tuple[str, str]]:
    if results.signature.overlap.is_empty():
        return []
    overlap, genes = results.signature.overlap.row(0, named=True), results.signature_genes
    chance = (
        ""
        if overlap["sharing_p_value"] is None
        else f" ({overlap['sharing_expected']:.1f} expected along other axes of variation of these tissues, "
        f"p {overlap['sharing_p_value']:.2g})"
    )
    shown = ", ".join(genes[:MOST_GENES]) + (", ..." if len(genes) > MOST_GENES else "")
    lines = [("signature", f"{len(genes)} genes{chance}{': ' if genes else ''}{shown}")]
    if results.is_made("signature/biomarkers"):
        lines.append(("biomarkers", ", ".join(results.biomarkers) or "none"))
    return lines


def _areas(results: Results) -> list[tuple[str, str]]:
    nested_first = pl.col("kind") != "nested_cv"
    roc = results.rows("validation/roc", predictor="model").sort("subject", nested_first, "kind")
    lines: list[tuple[str, str]] = []
    for row in roc.iter_rows(named=True):
        doubts = [code for code, _ in auc_doubts(results.rigor.findings, row["subject"], row["kind"])]
        text = f"{estimate_text(row['auc'], row['ci_low'], row['ci_high'])}, {in_words(row['kind'])}"
        if row["kind"] == "external" and row["subject_kind"] == "cohort":
            text += ", though its samples chose the genes"
        turned = results.rows("rigor/findings", code="M5", subject=row["subject"], measure=TURNED.what)["message"]
        text += f"; {turned[0].partition(': ')[2]}" if row["kind"] == "external" and len(turned) else ""
        text += f" (doubted by {', '.join(doubts)})" if doubts else ""
        lines.append((f"AUC of the model in {row['subject']}", text))
    return lines
