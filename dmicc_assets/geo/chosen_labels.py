"""Label rules that give each sample of a dataset the label that a person chose for it.

`expression/labels.py` applies rules; here they are found, from the choices.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from dmicc_assets.expression.labels import texts_of
from dmicc_assets.geo.describe import DatasetDescription
from dmicc_assets.geo.sample_groups import GROUP_KEY, SampleGroup
from dmicc_assets.geo.spellings import escaped
from dmicc_assets.study.patterns import bounded, checked_pattern, search

ACCESSION = "sample"
_MOST_VALUES = 12
_EXCEPTIONS = 4  # one sample in so many may be named as an exception


def proposed_labels(dataset: DatasetDescription) -> list[str]:
    """The proposed label of each sample; "" where nothing is proposed."""
    return [
        next((group.label for group in dataset.groups if _finds(group.pattern, row, dataset.field or "")), "")
        for row in dataset.fields
    ]


def labels_by_rule(dataset: DatasetDescription, labels: Sequence[str], field: str, pattern: str, to: str) -> list[str]:
    """The labels, with that of every sample replaced whose field the pattern is found in.

    Raises:
        ValueError: the pattern is no regular expression.
        DataError: it takes too long.
    """
    checked_pattern(pattern)
    with bounded(dataset.name):
        return [
            to if any(search(pattern, text, ignores_case=True) for text in texts_of(row, field)) else label
            for label, row in zip(labels, dataset.fields, strict=True)
        ]


def chosen_groups(dataset: DatasetDescription, labels: Sequence[str]) -> tuple[str, tuple[SampleGroup, ...]]:
    """The field of the rules, and one rule for each label.

    The proposal's patterns are kept where they still give the labels; else the values of a field that names groups,
    if need be with a few samples named as exceptions; else the accessions of the samples.

    Args:
        dataset: the dataset.
        labels: one for each sample; "" for no label, which no rule will match.
    """
    candidates = [(dataset.field or "", _proposed(dataset, labels))]
    fields = dict.fromkeys(key for row in dataset.fields for key in row if key != ACCESSION)
    named = [key for key in fields if key == dataset.field or GROUP_KEY.search(key)]
    for exceptions in (0, len(labels) // _EXCEPTIONS):
        candidates += [(key, _by_value(dataset, labels, key, exceptions)) for key in (*named, "source_name")]
    for field, groups in candidates:
        if groups and [_label(groups, row, field) for row in dataset.fields] == list(labels):
            return field, groups
    return ACCESSION, tuple(
        _group(label, labels, [row[ACCESSION] for row, own in zip(dataset.fields, labels, strict=True) if own == label])
        for label in dict.fromkeys(filter(None, labels))
    )


def _proposed(dataset: DatasetDescription, labels: Sequence[str]) -> tuple[SampleGroup, ...]:
    """The proposed groups under the chosen labels; none when a group has several, or two have one."""
    groups: list[SampleGroup] = []
    for group in dataset.groups:
        own = {
            label
            for label, row in zip(labels, dataset.fields, strict=True)
            if _finds(group.pattern, row, dataset.field or "")
        }
        if len(own) != 1:
            return ()
        label = own.pop()
        if label:
            n_samples = Counter(labels)[label]
            groups.append(replace(group, n_samples=n_samples, label=label))
    return tuple(groups) if len({group.label for group in groups}) == len(groups) else ()


def _by_value(
    dataset: DatasetDescription, labels: Sequence[str], field: str, most_exceptions: int
) -> tuple[SampleGroup, ...]:
    """A rule for each label by the values of a field; none when the field does not tell the labels apart.

    A value has the label of most of its samples; the others are exceptions, whose labels are given to no value.
    """
    values = [texts_of(row, field) for row in dataset.fields]
    if any(len(texts) != 1 or not texts[0] for texts in values):
        return ()
    counts: dict[str, Counter[str]] = {}
    for texts, label in zip(values, labels, strict=True):
        counts.setdefault(texts[0], Counter())[label] += 1
    usual = {value: own.most_common(1)[0][0] for value, own in counts.items()}
    odd = [i for i, (texts, label) in enumerate(zip(values, labels, strict=True)) if usual[texts[0]] != label]
    is_few = len(usual) <= _MOST_VALUES and 2 * len(usual) <= len(labels)
    if not is_few or len(odd) > most_exceptions or {labels[i] for i in odd} - {""} & {*usual.values()}:
        return ()
    groups: list[SampleGroup] = []
    for label in dict.fromkeys(filter(None, labels)):
        own = [value for value, each in usual.items() if each == label]
        if own:
            left_out = [dataset.samples[i] for i in odd if values[i][0] in own]
            but_not = f"^(?!{_one_of(left_out)}$)" if left_out else ""
            groups.append(replace(_group(label, labels, own), but_not=but_not))
        else:
            named = [dataset.samples[i] for i in odd if labels[i] == label]
            groups.append(replace(_group(label, labels, named), own_field=ACCESSION))
    return tuple(groups)


def _group(label: str, labels: Sequence[str], values: Sequence[str]) -> SampleGroup:
    return SampleGroup(", ".join(values), Counter(labels)[label], "case", label, f"^{_one_of(values)}$")


def _one_of(values: Sequence[str]) -> str:
    found = "|".join(map(escaped, values))
    return found if len(values) == 1 else f"(?:{found})"


def _label(groups: Sequence[SampleGroup], row: Mapping[str, str], field: str) -> str | None:
    """The label that the rules give a sample; None when several match."""
    found = [
        group.label
        for group in groups
        if _finds(group.pattern, row, group.own_field or field) and _finds(group.but_not, row, ACCESSION)
    ]
    return None if len(found) > 1 else next(iter(found), "")


def _finds(pattern: str, row: Mapping[str, str], field: str) -> bool:
    return any(re.search(pattern, text) for text in texts_of(row, field))
