"""Checks of the samples' identity: duplicates across datasets, and sex (I6, I7)."""

import re
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dmicc_assets.checks.check import AucDoubt, Doubt, Measure, Stops, check
from dmicc_assets.checks.finding import Finding, Measured, counted, finding, not_applicable
from dmicc_assets.errors import DataError
from dmicc_assets.expression.labels import sample_fields
from dmicc_assets.results.evidence import Comparison, StudyEvidence
from dmicc_assets.study.schema import accession_of
from dmicc_assets.types import CaseControl, ExpressionMatrix

IDENTICAL = 0.999
# With fewer common genes two arrays can agree by chance.
FEWEST_GENES = 50
SEX_P_VALUE = 0.05
# Distance of the two cluster centres, log2, below which all samples are taken for one sex.
SEX_DISTANCE = 2.0
# A sample says `Reanalyzed by: GSE26971` (GSE12093), the series that did it `Reanalysis of: GSM5975848` (GSE309855).
_REANALYSIS = re.compile(r"Reanaly[sz](?:ed|is)\s+(?:by|in|from|of)\b[^\n]*?((?:GSE|GSM|SIM)\d+)", re.I)


@check(
    "I6",
    slug="shared_samples",
    title="No sample is in two datasets",
    meaning=(
        "The same sample, the same array under another name, or a re-analysis is in two datasets. Across "
        "training and validation it is an error: the model would be validated on what it was trained on, so "
        "the validation stops."
    ),
    measures="ties between datasets: samples, arrays, re-analyses",
    fires="above",
    severities=("error", "warning"),
    remedy="Leave one of the two out.",
    citation="10.1186/1471-2105-15-323",
    doubts=(
        Doubt("broken data", 2, "validation holds samples of training", severities=("error",)),
        Doubt("a hypothesis", 8, "samples are in two datasets or cohorts"),
    ),
    doubts_auc=AucDoubt(("external",), "it holds samples of training"),
    stops=Stops(
        "No validation dataset holds samples of a cohort",
        ("validation/expression_tests", "validation/roc", "validation/performance"),
    ),
)
def shared_samples(evidence: StudyEvidence) -> list[Finding]:
    """A sample, an identical array (r > 0.999) or a re-analysis is in two datasets.

    Across training and validation it is an error, otherwise a warning.
    """
    within: list[str] = []
    across: dict[str, list[str]] = {entry.dataset: [] for entry in evidence.study.validation}
    for first, second in combinations(evidence.comparisons, 2):
        found = _shared(evidence, first, second)
        if first.is_validation == second.is_validation:
            within += found
        else:
            across[second.dataset if second.is_validation else first.dataset] += found
    text = "; ".join(within) or "no sample is in two datasets or two cohorts"
    findings = [finding("I6", evidence.name, "warning" if within else "ok", text, len(within), 0)]
    for dataset, found in across.items():
        message = "; ".join(found) or "no sample of it was used in training"
        if found:
            message += ": a model cannot be validated on what it was trained on"
        findings.append(finding("I6", dataset, "error" if found else "ok", message, len(found), 0))
    return findings


def _shared(evidence: StudyEvidence, first: Comparison, second: Comparison) -> list[str]:
    """What two comparisons have in common, as texts."""
    names = [evidence.members(each)["sample"].to_list() for each in (first, second)]
    same = sorted(set(names[0]) & set(names[1]))
    where = f"{first.subject} and {second.subject}"
    found = [f"{counted(len(same), 'sample')} in both {where} ({', '.join(same[:3])})"] if same else []
    if first.dataset == second.dataset:
        return found
    first_matrix, second_matrix = evidence.matrices[first.dataset], evidence.matrices[second.dataset]
    twins = identical_arrays(first_matrix.take_samples(names[0]), second_matrix.take_samples(names[1]))
    if twins and not same:
        verb = "is" if len(twins) == 1 else "are"
        found.append(f"{counted(len(twins), 'array')} {verb} identical in {where} ({' = '.join(twins[0])})")
    for one, other, samples in ((first, second, names[1]), (second, first, names[0])):
        relations = evidence.rows("source/datasets", dataset=one.dataset)["relations"].drop_nulls().to_list()
        if not {accession_of(other.dataset), *samples}.isdisjoint(_REANALYSIS.findall("\n".join(relations))):
            found.append(f"GEO states that {one.dataset} and {other.dataset} are the same samples, re-analysed")
    return found


def refuse_training_samples(cohorts: Sequence[CaseControl], validation: Sequence[CaseControl]) -> None:
    """Check I6 as a guard: refuse validation on samples of training.

    Args:
        cohorts: every cohort with `value`, before batch adjustment.
        validation: every validation dataset.

    Raises:
        DataError: a validation dataset holds a sample, or the same array under another name, of a cohort.
    """
    for other in validation:
        for cohort in cohorts:
            same = sorted(set(other.matrix.samples) & set(cohort.matrix.samples))
            same = same or [twin for _, twin in identical_arrays(cohort.matrix, other.matrix)]
            if same:
                raise DataError(
                    f"validation {other.name}: {len(same)} of its samples are also in cohort {cohort.name} "
                    f"({', '.join(same[:3])}): validation needs other samples than training; remove them from one",
                    check="I6",
                )


def identical_arrays(first: ExpressionMatrix, second: ExpressionMatrix) -> list[tuple[str, str]]:
    """Pairs of samples whose correlation over the common genes (at least 50) exceeds 0.999."""
    common = sorted(set(first.features) & set(second.features))
    left, right = first.take_features(common).values, second.take_features(common).values
    complete = ~(np.isnan(left).any(axis=1) | np.isnan(right).any(axis=1))
    if complete.sum() < FEWEST_GENES:
        return []
    correlation = _standardised(left[complete]).T @ _standardised(right[complete])
    return [(first.samples[i], second.samples[j]) for i, j in np.argwhere(correlation > IDENTICAL).tolist()]


def _standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = values - values.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    return centred / np.where(length > 0, length, 1.0)


@check(
    "I7",
    slug="sex",
    title="The sex by gene expression agrees with the stated sex, and the groups do not differ in sex",
    meaning=(
        "XIST and the Y genes contradict the stated sex, as in swapped samples, or the groups differ in sex, in one "
        "dataset or in a cohort's datasets together."
    ),
    measures="Fisher's p of sex against group",
    fires="below",
    also_measures={
        "contradicted": Measure("samples whose genes contradict the stated sex", "above"),
    },
    remedy=(
        "Check the samples, and distrust genes of the X and Y chromosomes. Tumours can lose Y and XIST, so in cancer a "
        "contradiction alone is no proof."
    ),
    citation="Toker 2016, 10.12688/f1000research.9471.2",
    doubts=Doubt("a hypothesis", 17, "the sexes differ between the groups or contradict what is stated"),
    tripod=("14",),
)
def sex(evidence: StudyEvidence) -> list[Finding]:
    """XIST against RPS4Y1 and KDM5D contradict a stated sex, or the groups differ in sex (Fisher's p below 0.05)."""
    findings: list[Finding] = []
    merged: dict[str, list[tuple[str | None, bool]]] = {}
    for comparison in evidence.comparisons:
        members = evidence.members(comparison)
        stated = _stated_sex(members)
        quality = evidence.rows("expression/quality", dataset=comparison.dataset)
        seen = expressed_sex(members.select("sample").join(quality, on="sample", how="left", maintain_order="left"))
        known = [a or b for a, b in zip(seen, stated, strict=True)]
        if not any(known):
            findings += not_applicable("I7", comparison.subject, "no sex is stated, and the genes do not show it")
            continue
        is_case = members["is_case"].to_list()
        if "/" in comparison.subject:
            merged.setdefault(comparison.subject.split("/")[0], []).extend(zip(known, is_case, strict=True))
        names = members["sample"].to_list()
        wrong = [n for n, a, b in zip(names, seen, stated, strict=True) if a and b and a != b]
        p_value, counts = _sex_by_group(known, is_case)
        text = f"{counts} (Fisher p = {p_value:.3g}; sex {'from the genes' if any(seen) else 'as stated'})"
        if wrong:
            text += f"; the genes contradict the stated sex of {', '.join(wrong[:5])}"
            text += f" and {len(wrong) - 5} others" if len(wrong) > 5 else ""
        fires = bool(wrong) or p_value < SEX_P_VALUE
        severity = "warning" if fires else "ok"
        by_contradiction = wrong and p_value >= SEX_P_VALUE
        measured: Measured = (len(wrong), 0, "contradicted") if by_contradiction else (p_value, SEX_P_VALUE, "")
        findings.append(finding("I7", comparison.subject, severity, text, *measured))
    for cohort, samples in merged.items():
        # Each dataset may be too small to show a difference that the merged cohort shows.
        p_value, counts = _sex_by_group([sex for sex, _ in samples], [case for _, case in samples])
        severity = "warning" if p_value < SEX_P_VALUE else "ok"
        text = f"{counts} (Fisher p = {p_value:.3g}; its datasets together)"
        findings.append(finding("I7", cohort, severity, text, p_value, SEX_P_VALUE))
    return findings


def expressed_sex(quality: pl.DataFrame) -> list[str | None]:
    """Female, male or None for each sample, from two clusters of XIST against the Y genes if they are far enough apart.

    Args:
        quality: columns xist and y_genes, log2, NULL when not measured.
    """
    parts = [quality["y_genes"], -quality["xist"]]
    measured = [part.to_numpy() for part in parts if part.null_count() == 0 and len(part)]
    if not measured or len(measured[0]) < 4:
        return [None] * len(quality)
    maleness = np.sum(measured, axis=0)
    order = np.sort(maleness)
    sizes = np.arange(1, len(order))
    low = np.cumsum(order)[:-1] / sizes
    high = (order.sum() - np.cumsum(order)[:-1]) / (len(order) - sizes)
    between = sizes * (len(order) - sizes) * (high - low) ** 2
    best = int(np.argmax(between))
    if high[best] - low[best] < SEX_DISTANCE:
        return [None] * len(quality)
    cut = (order[best] + order[best + 1]) / 2
    return ["male" if value > cut else "female" for value in maleness]


def _stated_sex(members: pl.DataFrame) -> list[str | None]:
    stated: list[str | None] = []
    for fields in sample_fields(members):
        text = next((fields[key] for key in ("sex", "gender") if key in fields), "").strip().lower()
        stated.append({"m": "male", "f": "female"}.get(text[:1]) if text in ("m", "f", "male", "female") else None)
    return stated


def _sex_by_group(known: list[str | None], is_case: list[bool]) -> tuple[float, str]:
    table = [
        [sum(s == sex and case == group for s, case in zip(known, is_case, strict=True)) for sex in ("female", "male")]
        for group in (True, False)
    ]
    (case_f, case_m), (control_f, control_m) = table
    counts = f"cases {case_f} female and {case_m} male, controls {control_f} and {control_m}"
    return _fisher_p(table), counts


def _fisher_p(table: list[list[int]]) -> float:
    from scipy.stats import fisher_exact  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType] - it has none

    return float(np.asarray(fisher_exact(table))[1])
