"""A study file to start from, written from the descriptions of its series; a person corrects it.

Text only: `study/schema.py` defines study files, `describe.py` describes series.
"""

import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dmicc_assets.errors import RequestError
from dmicc_assets.expression.same_people import same_titles
from dmicc_assets.geo.describe import DatasetDescription, SeriesDescription, as_yaml, label_of
from dmicc_assets.study.dataset_parts import NAME
from dmicc_assets.study.schema import accession_of

FILL_IN = "FILL_IN"  # not a valid label name, so that `dmicc check` asks for it with line and key
_MOST_VALUES = 12
_NOT_MERGED = "{0} is in no cohort: its titles name the people of {1}, measured on another platform, so merge it never."
_SHARED = "{0} is in no cohort: it has samples of {1}, so that the two cannot be merged."
_LINE = 118


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
    if not re.fullmatch(NAME, name):
        raise RequestError(f"{name!r}: a study's name has lower-case letters, digits and _, and begins with a letter")
    datasets = [dataset for series in descriptions for dataset in series.datasets]
    if not datasets:
        raise RequestError("expected the accession of one series or more")
    repeated = _same_people(datasets)
    choices = _choices([dataset for dataset in datasets if dataset.name not in repeated])
    cohorts, shared = _cohorts(choices)
    lines = [
        f"# Proposed from the headers of {', '.join(series.accession for series in descriptions)}.",
        "# Read the samples' descriptions below, correct labels and cohorts, then: dmicc check " + name,
        f"study: {_name(name)}",
        f"title: {_quoted(' and '.join(_title(cohort[0]) for cohort in cohorts.values()))}",
        "datasets:",
        *(line for series in descriptions for line in _series_lines(series)),
        "cohorts:   # the last one is where the risk model is fitted, unless `model: {cohort: ...}` says otherwise",
        *(line for key, members in cohorts.items() for line in _cohort_lines(key, members)),
        *(line for name, first in repeated.items() for line in _comment(_NOT_MERGED.format(name, first))),
        *(line for name, first in shared.items() for line in _comment(_SHARED.format(name, first))),
        "differential: {log_fc: 1.0, p_value: 0.05, adjust: BH}   # adjust: none gives raw p-values",
        "enrichment: {libraries: [GO_BP, GO_CC, GO_MF, KEGG]}",
        "# validation: [{dataset: ..., case: ..., control: ...}]   # a dataset that is in no cohort",
    ]
    return "\n".join(lines) + "\n"


def _same_people(datasets: Sequence[DatasetDescription]) -> dict[str, str]:
    """Datasets whose titles say that they are of the people of an earlier one of their series, with that one."""
    found: dict[str, str] = {}
    for i, dataset in enumerate(datasets):
        for earlier in datasets[:i]:
            titles = [list(each.descriptions.get("title", {})) for each in (earlier, dataset)]
            is_one_series = accession_of(earlier.name) == accession_of(dataset.name)
            if earlier.name not in found and is_one_series and same_titles(titles[0], titles[1]):
                found.setdefault(dataset.name, earlier.name)
    return found


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


def _series_lines(series: SeriesDescription) -> Iterator[str]:
    for dataset in series.datasets:
        yield from _comment(series.title)
        yield f"  # {dataset.n_samples} samples, {', '.join(dataset.organisms) or 'organism not said'}"
        if not dataset.has_table:
            yield "  # Its matrix is empty: NCBI's RNA-seq counts are used if there are any."
        for key, counts in dataset.descriptions.items():
            shown = [f"{text!r} ({n})" for text, n in list(counts.items())[:_MOST_VALUES]]
            more = f", and {len(counts) - _MOST_VALUES} more" if len(counts) > _MOST_VALUES else ""
            yield from _comment(f"{key}: {', '.join(shown)}{more}", indent="  ")
        yield f"  {dataset.name}:"
        yield "    source: geo"
        if dataset.platform:
            yield f"    platform: {dataset.platform}"
        yield f"    tissue: {_quoted(dataset.tissue)}" + ("" if dataset.tissue else "   # not found in the header")
        yield "    labels:   # every sample matches exactly one rule"
        yield from _label_lines(dataset)
        if not dataset.has_table:
            yield "    normalise: none"
        if dataset.reference is not None:
            yield f"    channels: {{reference: {_quoted(dataset.reference)}}}   # dyes are swapped"
        if not dataset.has_base:
            yield f"    # {FILL_IN}: two channels: log_ratio (base 2) or log10_ratio; or log2 or linear of one"
            yield f"    values: {FILL_IN}"


def _label_lines(dataset: DatasetDescription) -> Iterator[str]:
    for group in dataset.groups:
        where = f"{{{_quoted(dataset.field or '')}: {_quoted(group.pattern)}}}"
        yield f"      - {{label: {_name(group.label)}, where: {where}, expect: {group.n_samples}}}"
    kinds = {group.kind for group in dataset.groups}
    if kinds == {"case", "control"}:
        return
    missing = "no description says which samples are cases and which controls"
    if dataset.groups:
        missing = f"no description looks like a {'control' if kinds == {'case'} else 'case'}"
    yield f"      # {FILL_IN}: {missing}; write rules with a field above, or any, and their patterns."
    yield f"      - {{label: {FILL_IN}, where: {{any: {FILL_IN}}}}}"


def _cohort_lines(key: str, members: Sequence[_Choice]) -> Iterator[str]:
    names = ", ".join(member.dataset.name for member in members)
    batch = ", batch: covariate" if len(members) > 1 else ""
    yield (
        f"  {_name(key)}: {{title: {_quoted(_title(members[0]))}, datasets: [{names}], "
        f"case: {_name(members[0].case)}, control: {_name(members[0].control)}{batch}}}"
    )


def _title(choice: _Choice) -> str:
    text = choice.case.replace("_", " ") if choice.case != FILL_IN else choice.dataset.name
    return text[:1].upper() + text[1:]


def _comment(text: str, indent: str = "") -> Iterator[str]:
    """The text as comment lines, also when it contains line breaks."""
    first, rest = f"  # {indent}", f"  # {indent}  "
    yield from textwrap.wrap(as_yaml(text), _LINE, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def _quoted(text: str) -> str:
    """A YAML string in single quotes."""
    return "'" + as_yaml(text).replace("'", "''") + "'"


def _name(text: str) -> str:
    """A name of letters, digits and `_`, quoted where YAML would read a truth value or nothing."""
    return _quoted(text) if text.lower() in ("yes", "no", "on", "off", "true", "false", "null", "y", "n") else text
