"""Checks of the samples' identity: duplicates across datasets, and sex (I6, I7)."""

import re
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import polars as pl

from dmicc_assets.checks.check import AucDoubt, Doubt, Measure, Stops, check
from dmicc_assets.checks.finding import Finding, Measured, Severity, finding, not_applicable
from dmicc_assets.errors import DataError
from dmicc_assets.expression.copies import SAME, alike_arrays, identical_arrays
from dmicc_assets.expression.labels import sample_fields
from dmicc_assets.expression.same_people import people_of, same_people
from dmicc_assets.results.evidence import Comparison, StudyEvidence
from dmicc_assets.study.schema import accession_of, sample_identity
from dmicc_assets.types import CaseControl
from dmicc_assets.wording import counted, one_or_many

SEX_P_VALUE = 0.05
# Distance of the two cluster centres, log2, below which all samples are taken for one sex.
SEX_DISTANCE = 2.0
# A sample says `Reanalyzed by: GSE26971` (GSE12093), the series that did it `Reanalysis of: GSM5975848` (GSE309855).
_REANALYSIS = re.compile(r"Reanaly[sz](?:ed|is)\s+(?:by|in|from|of)\b[^\n]*?((?:GSE|GSM|SIM)\d+)", re.I)


@check(
    "I6",
    slug="shared_samples",
    title="No sample is in two datasets, and no array is a duplicate",
    meaning=(
        "A sample, the same array under another name, or a re-analysis is in two datasets; or an array stands "
        "twice in one dataset (gene-centred values correlate above 0.99; replicates reach 0.92); or two datasets "
        "are of the same people. Copies leak from training into test samples. Of arrays that are equal up to "
        "rounding (above 0.999) only one is analysed, and in a cohort the same people count as one patient each. "
        "Across training and validation it is an error, because the model would be validated on what it was "
        "trained on: the validation stops if samples or arrays are the same."
    ),
    measures="ties of datasets and within them: samples, arrays, re-analyses",
    fires="above",
    also_measures={"copies": Measure("ties, among them duplicate arrays or datasets of the same people", "above")},
    severities=("error", "warning"),
    remedy="Leave one of the two out.",
    citation="10.1186/1471-2105-15-323",
    doubts=(
        Doubt("broken data", 2, "validation holds samples of training", severities=("error",)),
        Doubt("broken data", 3, "arrays are duplicates, or two datasets are of the same people", of="copies"),
        Doubt("a hypothesis", 8, "samples are in two datasets or cohorts, or are duplicates"),
    ),
    doubts_auc=AucDoubt(("external",), "it holds samples of training"),
    stops=Stops(
        "No validation dataset holds samples of a cohort",
        ("validation/expression_tests", "validation/roc", "validation/performance"),
    ),
)
def shared_samples(evidence: StudyEvidence) -> list[Finding]:
    """A sample, an identical array (r > 0.999) or a re-analysis is in two datasets, or an array is a duplicate in one.

    Across training and validation it is an error, otherwise a warning.
    """
    people: list[str] = []
    within: list[str] = []
    across: dict[str, list[str]] = {entry.dataset: [] for entry in evidence.study.validation}
    for first, second in combinations(evidence.comparisons, 2):
        ties = _shared(evidence, first, second)
        same = [] if ties or first.dataset == second.dataset else _same_people(evidence, first, second)
        found = ties + same
        people += same
        if first.is_validation == second.is_validation:
            within += found
        else:
            across[second.dataset if second.is_validation else first.dataset] += found
    own = {each.dataset: (each, _copies(evidence, each)) for each in evidence.comparisons}
    copies = [text for each, found in own.values() if each.dataset not in across for text in found]
    within += copies
    of = "copies" if copies or people else ""
    text = "; ".join(within) or "no sample is in two datasets or two cohorts, and no array is a duplicate"
    findings = [finding("I6", evidence.name, "warning" if within else "ok", text, len(within), 0, of)]
    for dataset, found in across.items():
        message = "; ".join(found) or "no sample of it was used in training"
        if found:
            message += ": a model cannot be validated on what it was trained on"
        copies = own[dataset][1]
        of = "copies" if copies else ""
        severity: Severity = "error" if found else "warning" if copies else "ok"
        message = "; ".join([*([message] if found or not copies else []), *copies])
        findings.append(finding("I6", dataset, severity, message, len(found) + len(copies), 0, of))
    return findings


def _copies(evidence: StudyEvidence, comparison: Comparison) -> list[str]:
    """Arrays of one dataset that stand there under two names, as texts; those of one known patient are replicates."""
    members = evidence.members(comparison)
    patient = dict(zip(members["sample"], members["patient"], strict=True))
    pairs = alike_arrays(evidence.matrices[comparison.dataset].take_samples(members["sample"].to_list()))
    texts: list[str] = []
    for is_same, what in (
        (True, "are the same; of copies in one group only the first is analysed"),
        (False, "agree as replicates of one patient do not; they count as different patients unless `patient:` says"),
    ):
        own = [each for each in pairs if (each.correlation > SAME) == is_same]
        own = [e for e in own if is_same or patient[e.first] is None or patient[e.first] != patient[e.second]]
        if own:
            first = f"{own[0].first} = {own[0].second}, r {own[0].correlation:.4f} of gene-centred values"
            texts.append(f"{counted(len(own), 'pair')} of arrays of {comparison.dataset} {what} ({first})")
    return texts


def _shared(evidence: StudyEvidence, first: Comparison, second: Comparison) -> list[str]:
    """What two comparisons have in common, as texts."""
    names = [evidence.members(each)["sample"].to_list() for each in (first, second)]
    known = [{sample_identity(each.dataset, n) for n in own} for each, own in zip((first, second), names, strict=True)]
    same = sorted(sample for _, sample in known[0] & known[1])
    where = f"{first.subject} and {second.subject}"
    found = [f"{counted(len(same), 'sample')} in both {where} ({', '.join(same[:3])})"] if same else []
    if first.dataset == second.dataset:
        return found
    first_matrix, second_matrix = evidence.matrices[first.dataset], evidence.matrices[second.dataset]
    twins = identical_arrays(first_matrix.take_samples(names[0]), second_matrix.take_samples(names[1]))
    if twins and not same:
        verb = one_or_many(len(twins), "is", "are")
        found.append(f"{counted(len(twins), 'array')} {verb} identical in {where} ({' = '.join(twins[0])})")
    for one, other, samples in ((first, second, names[1]), (second, first, names[0])):
        relations = evidence.rows("source/datasets", dataset=one.dataset)["relations"].drop_nulls().to_list()
        if not {accession_of(other.dataset), *samples}.isdisjoint(_REANALYSIS.findall("\n".join(relations))):
            found.append(f"GEO states that {one.dataset} and {other.dataset} are the same samples, re-analysed")
    return found


def _same_people(evidence: StudyEvidence, first: Comparison, second: Comparison) -> list[str]:
    """That two datasets are of the same people, as one text; GSE781 has every RNA on two arrays."""
    named = [(each.dataset, evidence.members(each)) for each in (first, second)]
    people = [people_of(rows, evidence.matrices[name].take_samples(rows["sample"].to_list())) for name, rows in named]
    are_related = _is_of_series(evidence, first, second) or _is_of_series(evidence, second, first)
    found = same_people(people[0], people[1], are_related)
    if found is None:
        return []
    one = " = ".join(found.pairs[0])
    return [
        f"the two datasets {first.dataset} and {second.dataset} are the same people: {len(found.pairs)} of "
        f"{found.n_smaller} samples have a partner in the other by {found.by} ({one})"
    ]


def _is_of_series(evidence: StudyEvidence, one: Comparison, other: Comparison) -> bool:
    """Whether two datasets are of one series, or the first one's relations name the other's accession."""
    datasets = evidence.study.datasets
    if datasets[one.dataset].source != "geo" or datasets[other.dataset].source != "geo":
        return False
    series = accession_of(other.dataset)
    relations = evidence.rows("source/datasets", dataset=one.dataset)["relations"].drop_nulls()
    is_named = any(re.search(rf"\b{re.escape(series)}\b", text) for text in relations)
    return is_named or accession_of(one.dataset) == series


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
            same = sorted(sample for _, sample in _identities(other) & _identities(cohort))
            same = same or [twin for _, twin in identical_arrays(cohort.matrix, other.matrix)]
            if same:
                raise DataError(
                    f"validation {other.name}: {len(same)} of its samples are also in cohort {cohort.name} "
                    f"({', '.join(same[:3])}): validation needs other samples than training; remove them from one",
                    check="I6",
                )


def _identities(subject: CaseControl) -> set[tuple[str, str]]:
    """What tells its samples from those of other datasets; two files may both have an S1."""
    datasets = [batch.partition("/")[0] for batch in subject.dataset]
    return set(map(sample_identity, datasets, subject.matrix.samples))


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
