"""Summary of a study's results in a few lines, shown at the end of a run."""

from collections.abc import Collection, Mapping

import polars as pl

from dmicc_assets.checks.finding import FIRED
from dmicc_assets.checks.registry import in_order
from dmicc_assets.checks.reproducibility import TURNED
from dmicc_assets.checks.verdict import auc_doubts
from dmicc_assets.expression.copies import without_copies
from dmicc_assets.report.words import in_words
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.results.intervals import estimate_text
from dmicc_assets.results.reader import Results
from dmicc_assets.stats.logistic import INTERCEPT
from dmicc_assets.types import PartitionKey
from dmicc_assets.wording import signed

MOST_GENES = 12


OUT_OF_DATE = "out of date: "

Lines = list[tuple[str, str]]
Partition = tuple[str, PartitionKey]


def study_summary(
    results: Results, stale: Collection[Partition] = (), unmade: Mapping[Partition, str] | None = None
) -> Lines:
    """Results as pairs of name and value; parts that were not materialised are left out.

    Args:
        results: of the study.
        stale: tables and partitions that are out of date; a line from one of them says so.
        unmade: tables and partitions that a failure of this run left unmade, with the step that failed.
    """

    def said(lines: Lines, key: PartitionKey, *tables: str) -> Lines:
        is_stale = any((table, key) in stale for table in tables)
        return [(what, f"{OUT_OF_DATE}{text}" if is_stale else text) for what, text in lines]

    def is_behind(table: str, made_from: str) -> bool:
        """Whether a table is of an earlier one than there is; with an old one it is old, but fits."""
        return (table, name) in stale and (made_from, name) not in stale

    name, lines = PartitionKey(results.name), list[tuple[str, str]]()
    for cohort in results.study.cohorts:
        key = PartitionKey.of(name, cohort)
        lines += said(_cohort(results, cohort), key, "differential/genes", "differential/statistics", "cohort/samples")
    is_old = is_behind("signature/overlap", "signature/genes")
    lines += said(_signature(results, is_old=is_old), name, "signature/genes")
    lines += said(_biomarkers(results), name, "signature/biomarkers")
    areas = _areas(results)
    is_tested = bool(areas) and not is_behind("validation/roc", "model/coefficients")
    failed = (unmade or {}).get(("validation/roc", name))
    lines += said(_model(results, failed, is_tested=is_tested), name, "model/coefficients")
    lines += said(areas, name, "validation/roc", "rigor/findings")
    lines += said(_published(results), name, "report/published")
    return lines + said(_findings(results), name, "rigor/findings")


def _cohort(results: Results, cohort: str) -> Lines:
    n_tested = results.rows("differential/statistics", cohort=cohort).height
    if not n_tested:
        return []
    genes = results.rows("differential/genes", cohort=cohort)
    samples = without_copies(results.rows("cohort/samples", cohort=cohort))
    n_up, n_case = (genes["direction"] == "up").sum(), samples["is_case"].sum()
    found = f"{len(genes):,} of {n_tested:,} genes differ ({n_up} up, {len(genes) - n_up} down)"
    title = results.study.cohorts[cohort].title
    return [(title, f"{n_case} cases, {len(samples) - n_case} controls; {found}{_blocked(results, cohort)}")]


def _blocked(results: Results, cohort: str) -> str:
    """How samples of one patient were modelled, and why, where a patient has several."""
    design = results.rows("differential/design", cohort=cohort).filter(pl.col("n_several") > 0)
    return "".join(f"; block: {row['block']} ({row['block_reason']})" for row in design.iter_rows(named=True))


def _signature(results: Results, *, is_old: bool) -> Lines:
    """The genes; a comparison with chance that is old is of earlier lists, and not shown."""
    genes = results.signature_genes
    shown = ", ".join(genes[:MOST_GENES]) + (", ..." if len(genes) > MOST_GENES else "")
    if is_old or results.signature.overlap.is_empty():
        is_first = results.is_made("signature/genes") and (is_old or not results.is_made("signature/overlap"))
        later = " (not yet compared with chance)" if len(results.study.cohorts) > 1 else ""
        return [("signature", f"{len(genes)} genes{later}{': ' if genes else ''}{shown}")] if is_first else []
    overlap = results.signature.overlap.row(0, named=True)
    chance = ""
    if overlap["sharing_p_value"] is not None and StudyEvidence.of(results).samples_of_two_cohorts:
        chance = " (the cohorts share samples, so that they must share genes)"
    elif overlap["sharing_p_value"] is not None:
        expected, p_value = overlap["sharing_expected"], overlap["sharing_p_value"]
        chance = f" ({expected:.1f} expected along other axes of variation of these tissues, p {p_value:.2g})"
    return [("signature", f"{len(genes)} genes{chance}{': ' if genes else ''}{shown}")]


def _biomarkers(results: Results) -> Lines:
    is_made = results.is_made("signature/biomarkers")
    return [("biomarkers", ", ".join(results.biomarkers) or "none")] if is_made else []


def _model(results: Results, failed: str | None, *, is_tested: bool) -> Lines:
    """The fitted model; not before its test an area, which on the samples that chose its genes would be too high.

    Args:
        results: of the study.
        failed: the step whose failure prevented the test, if one did.
        is_tested: whether this model was tested.
    """
    slopes: dict[str, float] = dict(results.model.coefficients.select("term", "probability_coefficient").iter_rows())
    if not slopes:
        return []
    terms = signed(slopes.pop(INTERCEPT), ".3g")
    terms += "".join(f" {'−' if slope < 0 else '+'} {abs(slope):.3g} {gene}" for gene, slope in slopes.items())
    later = "; not tested yet: its area under the curve (AUC) comes with its validation"
    later = f"; not tested, because {failed} failed" if failed else later
    later = "" if is_tested else later
    return [("model", f"log-odds {terms} (log2), fitted in {results.study.model_cohort}{later}")]


def _published(results: Results) -> Lines:
    published = results.report.published
    agree, testable = (published["agrees"] == "yes").sum(), (published["agrees"] != "not testable").sum()
    return [("published numbers", f"{agree} of {testable} testable ones agree")] if len(published) else []


def _findings(results: Results) -> Lines:
    findings = results.rigor.findings
    raised = in_order(set(findings.filter(pl.col("severity").is_in(FIRED))["code"]))
    n_checks = findings["code"].n_unique()
    said = f"{len(raised)} of {n_checks} checks warn: {', '.join(raised)}" if raised else f"none of {n_checks} warns"
    said += " (each is explained in the report's appendix and in docs/findings.md)" if raised else ""
    return [("findings", said)] if len(findings) else []


def _areas(results: Results) -> Lines:
    nested_first = pl.col("kind") != "nested_cv"
    roc = results.rows("validation/roc", predictor="model").sort("subject", nested_first, "kind")
    lines: Lines = []
    for row in roc.iter_rows(named=True):
        doubts = [code for code, _ in auc_doubts(results.rigor.findings, row["subject"], row["kind"])]
        text = f"{estimate_text(row['auc'], row['ci_low'], row['ci_high'])}, {in_words(row['kind'])}"
        if row["kind"] == "external" and row["subject_kind"] == "cohort":
            text += ", though its samples chose the genes"
        turned = results.rows("rigor/findings", code="M5", subject=row["subject"], measure=TURNED.what)["message"]
        text += f"; {turned[0].partition(': ')[2]}" if row["kind"] == "external" and len(turned) else ""
        text += f" (doubted by {', '.join(doubts)})" if doubts else ""
        lines.append((f"AUC of the model in {row['subject']}", text))
    for row in results.rows("model/performance", metric="slope").drop_nulls("nested").iter_rows(named=True):
        text = estimate_text(row["nested"], row["nested_low"], row["nested_high"], 2)
        lines.append(("calibration slope", f"{text}, genes chosen inside the folds; 1 is right, less is too extreme"))
    return lines
