"""Label and patient of each sample, by the study file's rules.

If a sample does not match exactly one rule, the dataset stops with a table of its distinct descriptions.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import polars as pl

from dmicc_assets.errors import DataError
from dmicc_assets.study.dataset_parts import Batch, LabelRule, Patient
from dmicc_assets.study.patterns import bounded, search
from dmicc_assets.wording import counted, one_or_many

ANY = "any"
OWN_FIELDS = ("sample", "title", "source_name")
CHARACTERISTIC = " (characteristic)"
_FIRST_SAMPLES = 5
_MOST_DESCRIPTIONS = 40


def sample_fields(samples: pl.DataFrame) -> list[dict[str, str]]:
    """Fields of each sample that rules can use: sample, title, source_name and every characteristic, by `field_name`.

    A characteristic with the name of another field (`sample: tumor`, `Group` beside `group`) stands beside it, as
    `sample (characteristic)`; a rule on the field looks at both.

    Args:
        samples: columns sample, title, source_name, characteristics (list of key and value), as many rows as samples.
    """
    described: list[dict[str, str]] = []
    for row in samples.iter_rows(named=True):
        fields: dict[str, str] = {}
        characteristics: list[dict[str, str]] = row["characteristics"] or []
        for pair in characteristics:
            name = field_name(pair["key"])
            name += CHARACTERISTIC if name in (*OWN_FIELDS, ANY) or name in fields else ""
            fields[name] = f"{fields[name]};{pair['value']}" if name in fields else pair["value"]
        described.append(fields | {name: row[name] or "" for name in OWN_FIELDS})
    return described


def field_name(key: str) -> str:
    """The name of a field: lower case, words separated by one space, whatever `_`, `-` or spaces the key has."""
    name = " ".join(re.split(r"[\s_-]+", key.lower().strip()))
    return "source_name" if name == "source name" else name


def texts_of(fields: Mapping[str, str], field: str) -> list[str]:
    """The texts of a field that a rule looks at, of `any` all but the accession; none where the sample lacks it."""
    if field == ANY:
        return [text for name, text in fields.items() if name != "sample"]
    name = field_name(field)
    return [fields[each] for each in (name, name + CHARACTERISTIC) if each in fields]


def _search(pattern: str, fields: Mapping[str, str], field: str) -> re.Match[str] | None:
    """The first match of a pattern in the texts of a field."""
    return next((match for text in texts_of(fields, field) if (match := search(pattern, text))), None)


def _check_fields(dataset: str, asked: Sequence[tuple[str, str]], described: Sequence[Mapping[str, str]]) -> None:
    """Raise DataError if the samples lack fields, each given with what asks for it."""
    known = {name for fields in described for name in fields}
    lacking = [
        f"{what}: unknown field {field!r}"
        for what, field in dict.fromkeys(asked)
        if field != ANY and field_name(field) not in known
    ]
    if lacking:
        raise DataError(f"{dataset}: {'; '.join(lacking)}; there are {', '.join(sorted(known))}", check="D4")


def assign_labels(dataset: str, samples: pl.DataFrame, rules: Sequence[LabelRule]) -> list[str]:
    """The label of each sample.

    A rule's fields are `sample`, `title`, `source_name`, a characteristic's key (its case and the signs between its
    words do not matter), or `any` of them but the accession.

    Args:
        dataset: name used in messages.
        samples: as in `sample_fields`.
        rules: the study's rules; every sample must match one and only one.

    Raises:
        DataError: a sample matches no rule or several, a field is unknown, or a count differs from the expected one.
    """
    described = sample_fields(samples)
    _check_fields(dataset, [(f"label {rule.label}", field) for rule in rules for field in rule.where], described)
    with bounded(f"{dataset}: labels"):
        matches = matching_labels(samples, rules)
    names = samples["sample"].to_list()
    for i, found in enumerate(matches):
        if len(found) != 1:
            what = f"matches {len(found)} label rules ({', '.join(found)})" if found else "matches no label rule"
            others = sum(len(each) != 1 for each in matches) - 1
            do = one_or_many(others, "does", "do")
            more = f"; {counted(others, 'other')} {do} not match exactly one either" if others else ""
            idle = [rule.label for rule in rules if not any(rule.label in each for each in matches)]
            more += f"; no sample matches the rule of {' or '.join(idle)}" if idle else ""
            raise DataError(
                f"{dataset}: sample {names[i]} {what}{more}; the samples are\n{_table(described, matches)}",
                check="D4",
            )
    labels = [found[0] for found in matches]
    counts = Counter(labels)
    wrong = [
        f"{counted(counts[rule.label], 'sample')} {one_or_many(counts[rule.label], 'is', 'are')} {rule.label}, "
        f"the study expects {rule.expect}{_which(names, labels, rule.label)}"
        for rule in rules
        if rule.expect is not None and counts[rule.label] != rule.expect
    ]
    if wrong:
        raise DataError(f"{dataset}: {'. '.join(wrong)}", check="D4")
    return labels


def _which(names: Sequence[str], labels: Sequence[str], label: str) -> str:
    """The first samples of a label and how many more there are, then what to do."""
    found = [name for name, own in zip(names, labels, strict=True) if own == label]
    if not found:
        return "; correct its rule, which no sample matches, or leave it out"
    more = f" and {len(found) - _FIRST_SAMPLES} more" if len(found) > _FIRST_SAMPLES else ""
    first = f" ({', '.join(found[:_FIRST_SAMPLES])}{more})"
    return f"{first}; correct the rules, or write `expect: {len(found)}` if that is right"


def matching_labels(samples: pl.DataFrame, rules: Sequence[LabelRule]) -> list[list[str]]:
    """For each sample the labels of all rules that match it."""
    with bounded("labels"):
        return [[rule.label for rule in rules if _matches(rule, fields)] for fields in sample_fields(samples)]


def assign_patients(dataset: str, samples: pl.DataFrame, rule: Patient | None) -> list[str | None]:
    """The patient of each sample; None without a rule, or when the pattern finds no text.

    Raises:
        DataError: the field is unknown, or the pattern matches no sample.
    """
    described = sample_fields(samples)
    if rule is None:
        return [None] * len(described)
    _check_fields(dataset, [("patient", rule.field)], described)
    with bounded(f"{dataset}: patient"):
        found = [_search(rule.pattern, fields, rule.field) for fields in described]
    if not any(_captured(match) for match in found):
        raise DataError(f"{dataset}: the patient pattern {rule.pattern!r} is found in {rule.field} of no sample")
    return [_captured(match) for match in found]


def assign_batches(dataset: str, samples: pl.DataFrame, rule: Batch | None) -> list[str | None]:
    """The batch of each sample within its dataset; None for all without a rule.

    Raises:
        DataError: the field is unknown, or the pattern finds no text in a sample (names it): it would be of no batch.
    """
    described = sample_fields(samples)
    if rule is None:
        return [None] * len(described)
    _check_fields(dataset, [("batch", rule.field)], described)
    with bounded(f"{dataset}: batch"):
        found = [_search(rule.pattern, fields, rule.field) for fields in described]
    for sample, match, fields in zip(samples["sample"], found, described, strict=True):
        if _captured(match) is None:
            text = "; ".join(texts_of(fields, rule.field))
            raise DataError(
                f"{dataset}: the batch pattern {rule.pattern!r} misses sample {sample} ({rule.field}: {text!r}); "
                "every sample needs one"
            )
    return [_captured(match) for match in found]


def _captured(match: re.Match[str] | None) -> str | None:
    """The text of the pattern's group; None when there is none, or only white space."""
    return match[1] if match and match[1] and not match[1].isspace() else None


def describe(fields: Mapping[str, str]) -> str:
    """One sample's description on one line: source name and characteristics, without accession and title."""
    parts = [fields["source_name"]] if fields["source_name"] else []
    parts += [f"{key}: {value}" for key, value in fields.items() if key not in OWN_FIELDS]
    return "; ".join(parts) or fields["title"] or fields["sample"]


def _matches(rule: LabelRule, fields: Mapping[str, str]) -> bool:
    # A sample without the field has an empty text: `^$` finds it.
    return all(
        any(search(pattern, text) for text in texts_of(fields, field) or [""]) for field, pattern in rule.where.items()
    )


def _table(described: Sequence[Mapping[str, str]], matches: Sequence[Sequence[str]]) -> str:
    """Distinct descriptions with their counts and labels: those without exactly one label first, then the frequent."""
    texts = [
        (len(found) == 1, describe(fields), ", ".join(found)) for fields, found in zip(described, matches, strict=True)
    ]
    counts = Counter(texts)
    shown = sorted(counts.items(), key=lambda each: (each[0][0], -each[1]))[:_MOST_DESCRIPTIONS]
    lines = [f"  {n:4d}  {label or '-':24s}  {text}" for (_, text, label), n in shown]
    if len(counts) > _MOST_DESCRIPTIONS:
        lines.append(f"  ... and {len(counts) - _MOST_DESCRIPTIONS} more descriptions")
    return "\n".join(["  count label                     description", *lines])
