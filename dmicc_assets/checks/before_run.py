"""What can be said of a study before it runs: labels, groups, patients, genes in common, and what contradicts itself.

From previews of its datasets (`geo/preview.py`) alone; the findings of a run are in the other modules here.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import cast

import numpy as np
import polars as pl

from dmicc_assets.checks.check import SMALL_CLASS
from dmicc_assets.checks.design import IMBALANCE, TINY_CLASS
from dmicc_assets.checks.symbols import UNIVERSE_JACCARD, lacking
from dmicc_assets.differential.blocking import Blocking, blocking
from dmicc_assets.errors import DataError
from dmicc_assets.expression.clinical import clinical_fields
from dmicc_assets.expression.cohort import cohort_members, refuse_impossible
from dmicc_assets.expression.copies import sample_units
from dmicc_assets.expression.labels import assign_batches, assign_labels, assign_patients, matching_labels
from dmicc_assets.expression.symbols import current_symbols
from dmicc_assets.geo.find import ORGANISMS
from dmicc_assets.geo.preview import DatasetPreview
from dmicc_assets.study.schema import Dataset, Study, accession_of, sample_identity
from dmicc_assets.types import CaseControl, ExpressionMatrix
from dmicc_assets.wording import counted

_ADVICE = "; of another species, or by other identifiers? `symbols: human_orthologues`, `annotation:`"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a person should know before the run.

    Attributes:
        text: what it is; begins with the part of the study file that it is of.
        stops: whether a run stops there.
    """

    text: str
    stops: bool


@dataclass(frozen=True, slots=True)
class LabelCount:
    """Samples that one label gets, and how many the study file expects; None where it expects no number."""

    label: str
    found: int
    expected: int | None


@dataclass(frozen=True, slots=True)
class CohortAhead:
    """A cohort as its samples' headers make it.

    Attributes:
        name: of the cohort.
        n_case, n_control: samples.
        blocking: patients, and how samples of one patient are modelled; None when that cannot be.
        names_patients: whether the study says which patient a sample is of.
        genes: genes of all its datasets; None where one of them is not known.
    """

    name: str
    n_case: int
    n_control: int
    blocking: Blocking | None
    names_patients: bool
    genes: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class StudyAhead:
    """A study before its run.

    Attributes:
        labels: of each dataset that was seen.
        cohorts: those of which every dataset was seen and labelled.
        remarks: contradictions and warnings, those at which a run stops first.
    """

    labels: dict[str, list[LabelCount]]
    cohorts: list[CohortAhead]
    remarks: list[Remark]


def study_ahead(study: Study, previews: Mapping[str, DatasetPreview]) -> StudyAhead:
    """Apply the study's rules to the samples of the datasets that could be seen."""
    remarks: list[Remark] = []
    labels: dict[str, list[LabelCount]] = {}
    labelled: dict[str, pl.DataFrame] = {}
    for name, seen in previews.items():
        if seen.problem is not None and not seen.is_unanswered:
            remarks.append(Remark(seen.problem, stops=True))
        if seen.samples is None:
            continue
        labels[name] = label_counts(study.datasets[name], seen.samples)
        found, problems = _labelled(name, study.datasets[name], seen)
        remarks += [Remark(problem, stops=True) for problem in problems]
        if found is not None:
            labelled[name] = found
    cohorts: list[CohortAhead] = []
    for name, cohort in study.cohorts.items():
        if all(dataset in labelled for dataset in cohort.datasets):
            cohorts.extend(_cohort(study, name, labelled, previews, remarks))
    remarks += [*_universes(cohorts), *_validation(study, labelled), *_organisms(study, previews), *_unused(study)]
    return StudyAhead(labels, cohorts, sorted(dict.fromkeys(remarks), key=lambda remark: not remark.stops))


def label_counts(spec: Dataset, samples: pl.DataFrame) -> list[LabelCount]:
    """Samples of each label; a sample that several rules match is counted for each."""
    found = Counter(label for labels in matching_labels(samples, spec.labels) for label in set(labels))
    expected: dict[str, int | None] = {}
    for rule in spec.labels:
        known = expected.get(rule.label, 0)
        expected[rule.label] = None if known is None or rule.expect is None else known + rule.expect
    return [LabelCount(label, found[label], n) for label, n in expected.items()]


def _labelled(name: str, spec: Dataset, seen: DatasetPreview) -> tuple[pl.DataFrame | None, list[str]]:
    """The samples with label, patient and batch, None if one of them cannot be given; and every reason."""
    samples = cast(pl.DataFrame, seen.samples)
    columns: dict[str, Callable[[], Sequence[str | None]]] = {
        "label": lambda: assign_labels(name, samples, spec.labels),
        "patient": lambda: assign_patients(name, samples, spec.patient),
        "batch": lambda: assign_batches(name, samples, spec.batch),
    }
    made, problems = list[pl.Series](), list[str]()
    for column, assigned in columns.items():
        try:
            made.append(pl.Series(column, assigned(), dtype=pl.String))
        except DataError as error:
            problems.append(str(error))
    try:
        clinical_fields(name, samples["sample"].to_list(), seen.clinical)
    except DataError as error:
        problems.append(str(error))
    return None if problems else samples.with_columns(made), problems


def _cohort(
    study: Study,
    name: str,
    labelled: Mapping[str, pl.DataFrame],
    previews: Mapping[str, DatasetPreview],
    remarks: list[Remark],
) -> Iterator[CohortAhead]:
    cohort = study.cohorts[name]
    members = cohort_members(cohort, labelled)
    try:
        refuse_impossible(name, cohort, members)
    except DataError as error:
        remarks.append(Remark(str(error), stops=True))
        return
    is_case = members["is_case"].to_numpy()
    subject = CaseControl(
        name,
        "cohort",
        ExpressionMatrix(np.empty((0, len(members))), (), tuple(members["sample"])),
        is_case,
        tuple(members["batch"]),
        tuple(members["patient"]),
        tuple(sample_units(members)),
    )
    decided = None
    try:
        decided = blocking(subject, study.block_of(name))
    except ValueError as error:
        remarks.append(Remark(f"cohort {name}: {error}", stops=True))
    genes = _common_genes(study, name, previews)
    if genes is not None and not genes:
        sizes = ", ".join(f"{each} {len(previews[each].genes or ())}" for each in cohort.datasets)
        remarks.append(
            Remark(f"cohort {name}: no gene is in the annotations of all of its datasets ({sizes})", stops=True)
        )
    remarks += _vanishing(study, name, previews)
    remarks += _sizes(name, members)
    names_patients = members["patient"].null_count() < len(members)
    yield CohortAhead(name, int(is_case.sum()), int((~is_case).sum()), decided, names_patients, genes)


def _common_genes(study: Study, name: str, previews: Mapping[str, DatasetPreview]) -> frozenset[str] | None:
    named = _genes_by_dataset(study, name, previews)
    return frozenset[str].intersection(*named.values()) if len(named) == len(study.cohorts[name].datasets) else None


def _genes_by_dataset(study: Study, name: str, previews: Mapping[str, DatasetPreview]) -> dict[str, frozenset[str]]:
    """Genes of those datasets of a cohort of which they are known, under the names by which it merges them."""
    cohort = study.cohorts[name]
    known = {dataset: previews[dataset].genes for dataset in cohort.datasets}
    named = {dataset: genes for dataset, genes in known.items() if genes is not None}
    if cohort.symbols == "current":
        named = {dataset: frozenset(current_symbols(genes).values()) for dataset, genes in named.items()}
    return named


def _vanishing(study: Study, name: str, previews: Mapping[str, DatasetPreview]) -> Iterator[Remark]:
    """A merged cohort of far fewer genes than its smallest dataset has."""
    named = _genes_by_dataset(study, name, previews)
    genes, smallest = _common_genes(study, name, previews), min(map(len, named.values()), default=0)
    if genes and len(genes) < UNIVERSE_JACCARD * smallest:
        text = f"{len(genes):,} of the {smallest:,} genes of its smallest dataset are in all of its datasets"
        yield Remark(f"cohort {name}: {text}; {lacking(named)}{_ADVICE} (finding I9)", stops=False)


def _universes(cohorts: Sequence[CohortAhead]) -> Iterator[Remark]:
    """Cohorts that share few of their genes."""
    known = {cohort.name: cohort.genes for cohort in cohorts if cohort.genes}
    if len(known) < 2:
        return
    common, every = frozenset[str].intersection(*known.values()), frozenset[str]().union(*known.values())
    if len(common) < UNIVERSE_JACCARD * len(every):
        text = f"the cohorts share {len(common):,} of {len(every):,} genes; {lacking(known)}"
        yield Remark(f"{text}{_ADVICE} (finding I9)", stops=False)


def _sizes(name: str, members: pl.DataFrame) -> Iterator[Remark]:
    """Small and unequal groups of a cohort, and of each of its datasets where it has several."""
    parts = {name: members}
    if members["dataset"].n_unique() > 1:
        parts |= {f"{name}, {dataset}": own for (dataset,), own in members.group_by("dataset", maintain_order=True)}
    for subject, own in parts.items():
        n_case = int(own["is_case"].sum())
        sizes = (n_case, len(own) - n_case)
        text = f"cohort {subject}: {counted(sizes[0], 'case')} and {counted(sizes[1], 'control')}"
        if min(sizes) < TINY_CLASS:
            yield Remark(f"{text}: with {min(sizes)} in a group its spread cannot be seen (finding D1)", stops=False)
        elif min(sizes) < SMALL_CLASS:
            yield Remark(f"{text}: with {min(sizes)} in a group single samples decide (finding D1)", stops=False)
        elif max(sizes) > IMBALANCE * min(sizes):
            yield Remark(f"{text}: accuracy misleads in groups so unequal (finding D2)", stops=False)


def _validation(study: Study, labelled: Mapping[str, pl.DataFrame]) -> Iterator[Remark]:
    """Validation in the training data, or without one of its groups."""
    for entry in study.validation:
        name = entry.dataset
        training = study.cohorts_of(name)
        for cohort in training:
            text = f"{name} trains the cohort {cohort}: finding I6 stops this validation in the run"
            yield Remark(f"validation: {text}", stops=True)
        others = {each for cohort in study.cohorts.values() for each in cohort.datasets} - {name}
        if not training:
            yield from _known_to_training(name, sorted(others), labelled)
        if name in labelled:
            for label in (entry.case, entry.control):
                if label not in set(labelled[name]["label"]):
                    yield Remark(f"validation: no sample of {name} is labelled {label}", stops=True)


def _known_to_training(name: str, training: Sequence[str], labelled: Mapping[str, pl.DataFrame]) -> Iterator[Remark]:
    for other in training:
        if name in labelled and other in labelled:
            here, there = ({sample_identity(each, s) for s in labelled[each]["sample"]} for each in (name, other))
            if shared := here & there:
                text = f"{len(shared)} of {len(here)} samples of {name} are in {other}, which is in a cohort"
                yield Remark(f"validation: {text} (finding I6)", stops=False)
                continue
        if accession_of(name) == accession_of(other):
            text = f"{name} is of the series of {other}, which is in a cohort: are they the same people?"
            yield Remark(f"validation: {text}", stops=False)


def _organisms(study: Study, previews: Mapping[str, DatasetPreview]) -> Iterator[Remark]:
    known = {name: _named_organisms(study, name, seen) for name, seen in previews.items() if seen.organisms}
    for first, second in combinations(known, 2):
        if not known[first] & known[second]:
            found = [f"{each} is of {', '.join(sorted(known[each]))}" for each in (first, second)]
            measured = {each: genes for each in (first, second) if (genes := previews[each].genes)}
            counts = lacking(measured) if len(measured) == 2 else ""
            text = f"{' and '.join(found)}: genes are matched by symbol, which differ{f': {counts}' if counts else ''}"
            yield Remark(f"{text}; `symbols: human_orthologues` in a dataset gives it human ones", stops=False)
            break
    species = ORGANISMS[study.enrichment.organism]
    strangers = [name for name, organisms in known.items() if species not in organisms]
    if strangers and study.enrichment.libraries:
        text = f"enrichment: the gene sets are of {species}, {', '.join(strangers)} is not"
        names = sorted(next((genes for name in strangers if (genes := previews[name].genes)), ()))[:3]
        shown = f" ({', '.join(names)}, ...)" if names else ""
        advice = "set enrichment.organism, or `symbols: human_orthologues` in the datasets"
        yield Remark(f"{text}{shown}: {advice}", stops=False)


def _named_organisms(study: Study, name: str, seen: DatasetPreview) -> set[str]:
    """The organisms whose symbols the genes have."""
    is_human = study.datasets[name].symbols == "human_orthologues"
    return {ORGANISMS["human"]} if is_human else set(seen.organisms)


def _unused(study: Study) -> Iterator[Remark]:
    validated = {entry.dataset for entry in study.validation}
    for name in study.datasets:
        if not study.cohorts_of(name) and name not in validated:
            yield Remark(f"datasets.{name}: in no cohort and no validation, so that it is not used", stops=False)
