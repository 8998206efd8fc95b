"""A study file to start from, proposed from the descriptions of its series; a person corrects it.

`study_draft.py` writes the file, `describe.py` describes series.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dmicc_assets.errors import RequestError
from dmicc_assets.expression.same_people import same_titles
from dmicc_assets.geo.describe import DatasetDescription, SeriesDescription
from dmicc_assets.geo.sample_groups import label_of
from dmicc_assets.geo.study_draft import FILL_IN, LIBRARIES, DraftCohort, DraftDataset, StudyDraft, study_text
from dmicc_assets.study.dataset_parts import NAME, SPECIES
from dmicc_assets.study.schema import accession_of

_NOT_MERGED = "{0} is in no cohort: its titles name the people of {1}, measured on another platform, so merge it never."
_SHARED = "{0} is in no cohort: it has samples of {1}, so that the two cannot be merged."


@dataclass(frozen=True, slots=True)
class _Choice:
    dataset: DatasetDescription
    case: str
    control: str


def propose_study(descriptions: Sequence[SeriesDescription], name: str) -> str:
    """A commented study file: datasets with label rules, cohorts of those with the same case and control.

    Args:
        descriptions: of the series, in the order wanted.
        name: the study's name.

    Returns:
        YAML that `load_study` accepts, or, where a series gives no hint of cases and controls, refuses with the
        line where `FILL_IN` stands.

    Raises:
        RequestError: the name is not valid, or there is no series.
    """
    return study_text(propose_draft(descriptions, name))


def check_name(name: str) -> str:
    """Return the name if it is valid for a study.

    Raises:
        RequestError: it is not.
    """
    if not re.fullmatch(NAME, name):
        raise RequestError(f"{name!r}: a study's name has lower-case letters, digits and _, and begins with a letter")
    return name


def propose_draft(descriptions: Sequence[SeriesDescription], name: str) -> StudyDraft:
    """The proposal before it is written; arguments and errors as for `propose_study`."""
    check_name(name)
    datasets = [dataset for series in descriptions for dataset in series.datasets]
    if not datasets:
        raise RequestError("expected the accession of one series or more")
    repeated = _same_people(datasets)
    choices = _choices([dataset for dataset in datasets if dataset.name not in repeated])
    cohorts, shared = _cohorts(choices)
    organism = _only_organism(datasets)
    return StudyDraft(
        name,
        organism=organism,
        libraries=tuple(each for each in LIBRARIES if organism != "rat" or each != "KEGG"),
        title=" and ".join(_title(cohort[0]) for cohort in cohorts.values()),
        comments=(
            f"Proposed from the headers of {', '.join(series.accession for series in descriptions)}.",
            f"Read the samples' descriptions below, correct labels and cohorts, then: dmicc check {name}",
        ),
        datasets=tuple(
            DraftDataset(
                each,
                series.title,
                each.tissue,
                each.field or "",
                each.groups,
                _missing(each),
                symbols=_symbols(each, datasets),
            )
            for series in descriptions
            for each in series.datasets
        ),
        cohorts=tuple(_cohort(key, members) for key, members in cohorts.items()),
        remarks=(
            *(_NOT_MERGED.format(each, first) for each, first in repeated.items()),
            *(_SHARED.format(each, first) for each, first in shared.items()),
        ),
    )


def _same_people(datasets: Sequence[DatasetDescription]) -> dict[str, str]:
    """Datasets whose titles say that they are of the people of an earlier one of their series, with that one."""
    found: dict[str, str] = {}
    for i, dataset in enumerate(datasets):
        for earlier in datasets[:i]:
            titles = [_titles(each) for each in (earlier, dataset)]
            is_one_series = accession_of(earlier.name) == accession_of(dataset.name)
            if earlier.name not in found and is_one_series and same_titles(titles[0], titles[1]):
                found.setdefault(dataset.name, earlier.name)
    return found


def _titles(dataset: DatasetDescription) -> list[str]:
    """Titles of the samples, or the distinct ones where the samples are not described one by one."""
    return [row["title"] for row in dataset.fields if row.get("title")] or list(dataset.descriptions.get("title", {}))


def _only_organism(datasets: Sequence[DatasetDescription]) -> str:
    """Mouse or rat, if all datasets are of it; else "", which stands for human gene sets."""
    species = {organism for dataset in datasets for organism in dataset.organisms}
    return next((short for short, name in SPECIES.items() if species == {name}), "")


def _symbols(dataset: DatasetDescription, datasets: Sequence[DatasetDescription]) -> str:
    """Mouse and rat take human symbols beside datasets of another species."""
    is_fetched = {*dataset.organisms} in ({name} for name in SPECIES.values())
    return "human_orthologues" if is_fetched and not _only_organism(datasets) else ""


def _choices(datasets: Sequence[DatasetDescription]) -> list[_Choice]:
    """Case and control of each dataset: the most frequent labels over all datasets, or in it where these are alone."""
    totals: Counter[str] = Counter()
    for dataset in datasets:
        for group in dataset.groups:
            totals[group.label] += group.n_samples
    choices: list[_Choice] = []
    for dataset in datasets:
        own = {group.label: group.n_samples for group in dataset.groups}
        labels = {kind: [group.label for group in dataset.groups if group.kind == kind] for kind in ("case", "control")}
        case, control = (max(found, key=lambda each: totals[each], default=FILL_IN) for found in labels.values())
        if own.get(case) == own.get(control) == 1:  # a run refuses these two; some group of the dataset is larger
            case, control = (max(found, key=lambda each: own[each]) for found in labels.values())
        choices.append(_Choice(dataset, case, control))
    return choices


def _cohorts(choices: Sequence[_Choice]) -> tuple[dict[str, list[_Choice]], dict[str, str]]:
    """Datasets with the same case and control are one cohort, named by its case; those that share samples with one."""
    cohorts: dict[str, list[_Choice]] = {}
    shared: dict[str, str] = {}
    for choice in choices:
        known = FILL_IN not in (choice.case, choice.control)
        key = choice.case if choice.case != FILL_IN else label_of(choice.dataset.name)
        while key in cohorts and not (known and cohorts[key][0].control == choice.control):
            key += "_2"
        members, samples = cohorts.get(key, []), set(choice.dataset.samples)
        same = next((each.dataset.name for each in members if samples & set(each.dataset.samples)), None)
        if same is not None:
            shared[choice.dataset.name] = same
            continue
        cohorts.setdefault(key, []).append(choice)
    return cohorts, shared


def _cohort(key: str, members: Sequence[_Choice]) -> DraftCohort:
    names = tuple(member.dataset.name for member in members)
    return DraftCohort(key, _title(members[0]), names, members[0].case, members[0].control)


def _missing(dataset: DatasetDescription) -> str:
    """What no description of a dataset says."""
    kinds = {group.kind for group in dataset.groups}
    if kinds == {"case", "control"}:
        return ""
    if dataset.groups:
        return f"no description looks like a {'control' if kinds == {'case'} else 'case'}"
    return "no description says which samples are cases and which controls"


def _title(choice: _Choice) -> str:
    text = choice.case.replace("_", " ") if choice.case != FILL_IN else choice.dataset.name
    return text[:1].upper() + text[1:]
