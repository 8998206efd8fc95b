"""Label rules that give each sample of a dataset the label that a person chose for it.

`expression/labels.py` applies rules; here they are found, from the choices.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from dmicc_assets.expression.labels import texts_of
from dmicc_assets.geo.describe import DatasetDescription
from dmicc_assets.geo.sample_groups import GROUP_KEY, SampleGroup
from dmicc_assets.geo.spellings import escaped

ACCESSION = "sample"
_MOST_VALUES = 12


def proposed_labels(dataset: DatasetDescription) -> list[str]:
    """The proposed label of each sample; "" where nothing is proposed."""
    return [
        next((group.label for group in dataset.groups if _finds(group.pattern, row, dataset.field or "")), "")
        for row in dataset.fields
    ]


def labels_by_rule(dataset: DatasetDescription, labels: Sequence[str], field: str, pattern: str, to: str) -> list[str]:
    """The labels, with that of every sample replaced whose field the pattern is found in.

    Raises:
        re.error: the pattern is no regular expression.
    """
    wanted = re.compile(pattern, re.IGNORECASE)
    return [
        to if any(map(wanted.search, texts_of(row, field))) else label
        for label, row in zip(labels, dataset.fields, strict=True)
    ]


def chosen_groups(dataset: DatasetDescription, labels: Sequence[str]) -> tuple[str, tuple[SampleGroup, ...]]:
    """The field of the rules, and one rule for each label.

    The proposal's patterns are kept where they still give the labels; else the values of a field that names groups;
    else the accessions of the samples.

    Args:
        dataset: the dataset.
        labels: one for each sample; "" for no label, which no rule will match.
    """
    candidates = [(dataset.field or "", _proposed(dataset, labels))]
    fields = dict.fromkeys(key for row in dataset.fields for key in row if key != ACCESSION)
    named = [key for key in fields if key == dataset.field or GROUP_KEY.search(key)]
    candidates += [(key, _by_value(dataset, labels, key)) for key in (*named, "source_name")]
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
            groups.append(SampleGroup(group.text, n_samples, group.kind, label, group.pattern))
    return tuple(groups) if len({group.label for group in groups}) == len(groups) else ()


def _by_value(dataset: DatasetDescription, labels: Sequence[str], field: str) -> tuple[SampleGroup, ...]:
    """A rule for each label by the values of a field; none when the field does not tell the labels apart."""
    values = [texts_of(row, field) for row in dataset.fields]
    if any(len(texts) != 1 or not texts[0] for texts in values):
        return ()
    of_value: dict[str, set[str]] = {}
    for texts, label in zip(values, labels, strict=True):
        of_value.setdefault(texts[0], set()).add(label)
    is_few = len(of_value) <= _MOST_VALUES and 2 * len(of_value) <= len(labels)
    if not is_few or any(len(own) > 1 for own in of_value.values()):
        return ()
    return tuple(
        _group(label, labels, [value for value, own in of_value.items() if own == {label}])
        for label in dict.fromkeys(filter(None, labels))
    )


def _group(label: str, labels: Sequence[str], values: Sequence[str]) -> SampleGroup:
    one_of = "|".join(map(escaped, values))
    pattern = f"^{one_of}$" if len(values) == 1 else f"^(?:{one_of})$"
    return SampleGroup(", ".join(values), Counter(labels)[label], "case", label, pattern)


def _label(groups: Sequence[SampleGroup], row: Mapping[str, str], field: str) -> str | None:
    """The label that the rules give a sample; None when several match."""
    found = [group.label for group in groups if _finds(group.pattern, row, field)]
    return None if len(found) > 1 else next(iter(found), "")


def _finds(pattern: str, row: Mapping[str, str], field: str) -> bool:
    return any(re.search(pattern, text) for text in texts_of(row, field))
