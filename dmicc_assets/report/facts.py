"""The strip of the model's numbers, each with the warnings that doubt it, and the signature in a sentence.

The sentences that open the sections are `answers.py`'s.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from dmicc_assets.checks.verdict import auc_doubts
from dmicc_assets.report.words import in_words
from dmicc_assets.results.intervals import NOT_ESTIMABLE, interval_text
from dmicc_assets.results.reader import Results
from dmicc_assets.wording import signed


@dataclass(frozen=True)
class Fact:
    """One number of the strip, with code and meaning of each warning about it."""

    value: str
    label: str
    doubts: Sequence[tuple[str, str]] = ()


def tiles_a_row(n: int) -> int:
    """Number of tiles in a row of the strip: at most five, so that the rows have nearly equal length."""
    return math.ceil(n / math.ceil(n / 5)) if n else 1


def facts(results: Results) -> list[Fact]:
    """How well the model separates and is calibrated: in its cohort, then in the validation datasets."""
    found: list[Fact] = []
    for subject, kind, auc, low, high in _model_aucs(results).iter_rows():
        text = NOT_ESTIMABLE if auc is None else f"{auc:.3f}"
        said = interval_text(low, high, 2)
        interval = f", 95 % interval {said}" if said else ""
        cohort = results.study.cohorts.get(subject)
        where = cohort.title if cohort else subject
        doubts = auc_doubts(results.rows("rigor/findings"), subject, kind)
        found.append(Fact(text, f"AUC of the model in {where}, {in_words(kind)}{interval}", doubts))
    for row in results.rows("model/performance", metric="slope").drop_nulls("nested").iter_rows(named=True):
        interval = interval_text(row["nested_low"], row["nested_high"], 2)
        label = "calibration slope out of fold; 1 is right, less is too extreme"
        found.append(Fact(signed(row["nested"], ".2f"), label + (f", 95 % interval {interval}" if interval else "")))
    return found


def _model_aucs(results: Results) -> pl.DataFrame:
    """The model's areas: nested and apparent in its cohort, and in the validation datasets."""
    rows = results.rows("validation/roc", predictor="model").filter(
        (pl.col("subject") == results.study.model_cohort) | (pl.col("subject_kind") == "dataset")
    )
    kinds = ["nested_cv", "apparent", "external"]
    order = pl.col("kind").replace_strict(kinds, [0, 1, 2], default=3)
    shown = rows.filter(pl.col("kind").is_in(kinds)).sort(order, "subject")
    return shown.select("subject", "kind", "auc", "ci_low", "ci_high")


def signature_text(results: Results) -> str:
    """The signature as a sentence."""
    genes, biomarkers = results.signature_genes, results.biomarkers
    if not genes:
        return "No gene is differentially expressed in every cohort, so there is no signature."
    listed = ", ".join(genes[:40]) + (f" and {len(genes) - 40} more" if len(genes) > 40 else "")
    none = " None of them is among the first of every cohort."
    chosen = f" Biomarkers: {', '.join(biomarkers)}." if biomarkers else none
    return f"Signature of {len(genes)}: {listed}.{chosen}"
