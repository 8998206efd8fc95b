"""What a study found, in a few lines: read from the lake, shown at the end of a run."""

import polars as pl

from dmicc_assets.checks.finding import FIRED
from dmicc_assets.checks.registry import in_order
from dmicc_assets.checks.verdict import auc_doubts
from dmicc_assets.lake.store import Lake
from dmicc_assets.report.words import in_words
from dmicc_assets.study.schema import Study
from dmicc_assets.types import PartitionKey


def study_summary(lake: Lake, study: Study) -> list[tuple[str, str]]:
    """What was found, as pairs of what and how much; a part that was not materialised is left out."""
    lines: list[tuple[str, str]] = []
    for cohort, spec in study.cohorts.items():
        lines += _cohort(lake, PartitionKey.of(study.study, cohort), spec.title)
    name = study.study
    if lake.manifest("signature/overlap", name):
        lines += _signature(lake, study)
    if lake.manifest("validation/roc", name):
        lines += _areas(lake, name)
    if lake.manifest("report/published", name):
        published = lake.read("report/published", name)
        if len(published):
            agree, testable = (published["agrees"] == "yes").sum(), (published["agrees"] != "not testable").sum()
            lines.append(("published numbers", f"{agree} of {testable} testable ones agree"))
    if lake.manifest("rigor/findings", name):
        findings = lake.read("rigor/findings", name)
        raised = in_order(set(findings.filter(pl.col("severity").is_in(FIRED))["code"]))
        lines.append(("findings", f"{len(raised)} checks warn: {', '.join(raised)}" if raised else "no check warns"))
    return lines


def _cohort(lake: Lake, key: str, title: str) -> list[tuple[str, str]]:
    if not lake.manifest("differential/genes", key):
        return []
    genes, samples = lake.read("differential/genes", key), lake.read("cohort/samples", key)
    n_up, n_case = (genes["direction"] == "up").sum(), samples["is_case"].sum()
    tested = lake.read("differential/statistics", key).height
    found = f"{len(genes)} of {tested} genes differ ({n_up} up, {len(genes) - n_up} down)"
    return [(title, f"{n_case} cases, {len(samples) - n_case} controls; {found}")]


def _signature(lake: Lake, study: Study) -> list[tuple[str, str]]:
    name = study.study
    overlap = lake.read("signature/overlap", name).row(0, named=True)
    genes = lake.read("signature/genes", name)["gene"].unique().sort().to_list()
    chance = (
        ""
        if overlap["sharing_p_value"] is None
        else f" ({overlap['sharing_expected']:.1f} expected along other axes of variation of these tissues, "
        f"p {overlap['sharing_p_value']:.2g})"
    )
    shown = ", ".join(genes[:12]) + (", ..." if len(genes) > 12 else "")
    lines = [("signature", f"{len(genes)} genes{chance}{': ' if genes else ''}{shown}")]
    if lake.manifest("signature/biomarkers", name):
        biomarkers = lake.read("signature/biomarkers", name)["gene"].to_list()
        lines.append(("biomarkers", ", ".join(biomarkers) or "none"))
    return lines


def _areas(lake: Lake, name: str) -> list[tuple[str, str]]:
    roc = lake.read("validation/roc", name).filter(pl.col("predictor") == "model").sort("subject", "kind")
    findings = lake.read("rigor/findings", name) if lake.manifest("rigor/findings", name) else None
    lines: list[tuple[str, str]] = []
    for row in roc.iter_rows(named=True):
        doubts = [] if findings is None else [code for code, _ in auc_doubts(findings, row["subject"], row["kind"])]
        text = f"{row['auc']:.3f} [{_limit(row['ci_low'])}, {_limit(row['ci_high'])}], {in_words(row['kind'])}"
        if row["kind"] == "external" and row["subject_kind"] == "cohort":
            text += ", though its samples chose the genes"
        text += f" (doubted by {', '.join(doubts)})" if doubts else ""
        lines.append((f"AUC of the model in {row['subject']}", text))
    return lines


def _limit(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
