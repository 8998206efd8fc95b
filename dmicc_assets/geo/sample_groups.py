"""Groups of samples that a field of their descriptions tells apart, cases and controls: proposals for label rules.

A person corrects them. Which spellings of a text are one, and which numbers count patients, is in `spellings.py`.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from dmicc_assets.expression.labels import ANY
from dmicc_assets.geo.spellings import (
    LONG_TAIL,
    MARK,
    TAIL,
    as_yaml,
    distinct_spellings,
    escaped,
    is_numbered,
    plain_text,
    same_spelling,
    shown_text,
    without_serials,
    without_tail,
)

_MOST_GROUPS = 12
_MOST_SPELLINGS = 60  # of more distinct texts none are compared
_LONGEST = 60  # a longer text is matched by its beginning
_LONGEST_LABEL = 60  # a longer label ends with a whole word before
# Words for controls, as regular expressions; a number, `_` or `-` may follow without a space (`HC3`, `Ctrl_1`).
CONTROL_WORDS = (
    "normals?", "norm", "nml", "healthy", "controls?", "ctrls?", "ctl", "hcs?", "donors?", "unaffected", "uninvolved",
    "adjacent", "untreated", "mock", "vehicle", "wild[- _]?type", "disease[- _]?free",
    "non[- _]?(?:tumou?r|tumou?rous|diseased?|lesional|cancer(?:ous)?|malignant)",
)  # fmt: skip
# Of these, words for the control of a treatment: beside healthy people, an untreated patient is a case.
_TREATMENT_WORDS = (
    "untreated", "mock", "vehicle", "dmso", "pbs", "saline", "sham", "placebo", "scrambled?", "empty[- _]?vector",
    "non[- _]?targeting", "(?:si|sh)[- _]?(?:rna)?[- _]?(?:ctrl|ctl|control|nc|nt|scr)",
)  # fmt: skip
# Words for tissue without the disease, beside those above.
_WITHOUT_DISEASE = (
    "(?:tumou?r|cancer)[- _]?free", "no (?:disease|tumou?r|cancer)", "peri[- _]?tumou?r(?:al|ous)?",
    "para[- _]?(?:tumou?r|cancer|carcinoma)(?:al|ous)?",
)  # fmt: skip
# Controls only where no group is named by a word above: HD may be a healthy donor or Huntington's disease.
UNSURE_CONTROL_WORDS = ("hds?", "nl")
_WILD_TYPE = "wt"  # or a Wilms tumour
_OF_TREATMENT = "{!r} is a word of treatment, not of health: are these the controls that you want?"
_UNSURE = "{!r} is taken for a control and may stand for a disease: are these the controls?"


def _words(alternatives: Sequence[str]) -> re.Pattern[str]:
    """Any of these words, not as a part of a longer one; digits and `_` are no letters."""
    return re.compile(rf"(?<![^\W\d_])(?:{'|'.join(alternatives)})(?![^\W\d_])", re.IGNORECASE)


_HEALTHY = _words([*(word for word in CONTROL_WORDS if word not in _TREATMENT_WORDS), *_WITHOUT_DISEASE])
_UNTREATED, _UNSURE_CONTROL = _words(_TREATMENT_WORDS), _words((*UNSURE_CONTROL_WORDS, _WILD_TYPE))
# A word for a disease that is not cancer: a "normal" beside it does not make the sample a control.
_CASE = _words(("patients?", "tumou?r", "cancer", "carcinoma", "arthritis", "disease", "syndrome", "lesion(?:al)?"))
_FROM, _WITHOUT = _words(("tissue", "from", "of", "in")), _words(("without",))
GROUP_KEY = re.compile(
    r"disease|status|diagnosis|condition|group|state|type|phenotype|histology|pathology|tissue", re.I
)


@dataclass(frozen=True, slots=True)
class SampleGroup:
    """Samples with one description.

    Attributes:
        text: their common value of the field.
        n_samples: number of samples.
        kind: `control` when the text says so, else `case`.
        label: proposed label.
        pattern: a regular expression that matches these samples in the field and no others.
        spellings: the spellings that are taken for one, with their samples; empty when there is one.
        doubt: what is to be asked about the kind; "" when nothing is.
        own_field: the field of the pattern; "" for that of the dataset's other groups.
        but_not: a pattern that the accessions of these samples have and those left out do not; "" for none left out.
    """

    text: str
    n_samples: int
    kind: Literal["case", "control"]
    label: str
    pattern: str
    spellings: Mapping[str, int] | None = None
    doubt: str = ""
    own_field: str = ""
    but_not: str = ""


class _Candidate(NamedTuple):
    """A field whose values may tell groups apart.

    Attributes:
        key: of the field.
        values: of each sample.
        stems: what is left of each value without the numbers of patients and replicates.
        tail: the regular expression that finds such a number at the end.
    """

    key: str
    values: Sequence[str]
    stems: Sequence[str]
    tail: str


def best_groups(fields: Mapping[str, Sequence[str]]) -> tuple[str | None, tuple[SampleGroup, ...]]:
    """The field that best separates cases from controls: it has both, is named like a group, and has few values.

    Numbers of patients and replicates are ignored where values with them are as many as samples: `Tumour tissue 1` is
    a tumour tissue (GSE83521), `Patient 3, normal` a normal one.

    Args:
        fields: each field's value in every sample.
    """
    ranked: list[tuple[bool, bool, int, int]] = []
    found = _candidates(fields)
    proposals: list[tuple[SampleGroup, ...]] = []
    for i, candidate in enumerate(found):
        groups = _groups(candidate)
        proposals.append(groups)
        if groups and _tell_apart(groups, candidate.values):
            kinds = {group.kind for group in groups}
            ranked.append((len(kinds) == 1, GROUP_KEY.search(candidate.key) is None, len(groups), i))
    usable = [entry for entry in ranked if not (entry[0] and entry[1])]
    if not usable:
        return None, ()
    best = min(usable)[3]
    return found[best].key, proposals[best]


def _candidates(fields: Mapping[str, Sequence[str]]) -> list[_Candidate]:
    """Every field as it is, then texts without a number at the end, then without the numbers inside them."""
    # `any` means every field, and a key that does not stay as it is in YAML would not be found.
    asked = {key: values for key, values in fields.items() if key.lower() != ANY and as_yaml(key) == key}
    own = [key for key in ("source_name", "title") if key in fields]
    found = [_Candidate(key, values, values, "$") for key, values in asked.items()]
    found += [_Candidate(key, fields[key], [without_tail(text) for text in fields[key]], TAIL) for key in own]
    for key, values in asked.items():
        stems = [without_serials(text) for text in values]
        tail = LONG_TAIL if any(is_numbered(text) for text in values) else "$"
        if key in own or len(set(values)) > len(values) / 2:  # else each value is of several samples: no serial number
            found.append(_Candidate(key, values, stems, tail))
    return found


def _tell_apart(groups: Sequence[SampleGroup], values: Sequence[str]) -> bool:
    """Whether the pattern of exactly one group matches each value."""
    found = {value: sum(re.search(group.pattern, value) is not None for group in groups) for value in values}
    return set(found.values()) == {1}


def _groups(candidate: _Candidate) -> tuple[SampleGroup, ...]:
    """Groups of a field's values; a single control group is called `control`, so that series can be merged."""
    counts = dict(Counter(candidate.stems))
    if "" in counts or len(counts) > _MOST_SPELLINGS:
        return ()
    one = same_spelling(counts)
    heads = list(dict.fromkeys(one.values()))
    if not 2 <= len(heads) <= min(_MOST_GROUPS, len(candidate.values) - 1):
        return ()
    controls, doubts = _controls(heads)
    taken: set[str] = set()
    groups: list[SampleGroup] = []
    for head in heads:
        own = {text: n for text, n in counts.items() if one[text] == head}
        label = "control" if controls == [head] else label_of(plain_text(head))
        while label in taken:
            label += "_2"
        taken.add(label)
        kind = "control" if head in controls else "case"
        pattern = _pattern(list(own), candidate.tail)
        shown = {shown_text(text): n for text, n in own.items()} if len(own) > 1 else None
        groups.append(
            SampleGroup(shown_text(head), sum(own.values()), kind, label, pattern, shown, doubts.get(head, ""))
        )
    return tuple(groups)


def _controls(texts: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The texts of controls, by the surest kind of word that any of them has, and what is to be asked of them."""
    if found := [text for text in texts if _is_control(plain_text(text), _HEALTHY)]:
        return found, {}
    if found := [text for text in texts if _is_control(plain_text(text), _UNTREATED)]:
        asked = {text: (match := _UNTREATED.search(text)) and _OF_TREATMENT.format(match[0]) for text in found}
        return found, {text: doubt or "" for text, doubt in asked.items()}
    found = [text for text in texts if _is_control(plain_text(text), _UNSURE_CONTROL)]
    asked = {text: (match := _UNSURE_CONTROL.search(text)) and _UNSURE.format(match[0]) for text in found}
    return found, {text: doubt or "" for text, doubt in asked.items()}


def _pattern(texts: Sequence[str], tail: str) -> str:
    """A regular expression of the texts in any case; of a long text its beginning."""
    pieces = [_piece(text) for text in distinct_spellings(texts)]
    if any(len(text) > _LONGEST for text in texts):
        pieces, tail = [escaped(text[:_LONGEST].rstrip()) for text in distinct_spellings(texts)], ""
    one_of = pieces[0] if len(pieces) == 1 else f"(?:{'|'.join(pieces)})"
    return f"(?i)^{one_of}{tail}"


def _piece(text: str) -> str:
    return r"\d+[A-Za-z]?".join(escaped(part) for part in text.split(MARK))


def label_of(text: str) -> str:
    """A label in the form that study files require, from a description; of a long one its first whole words."""
    text = re.sub(r"(?<!\W)\+(?![\w+])", " pos ", re.sub(r"(?<!\W)-(?![\w-]| *\d)", " neg ", text))  # HIV+, HIV-
    words = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    if len(words) > _LONGEST_LABEL:
        words = words[: _LONGEST_LABEL + 1].rpartition("_")[0] or words[:_LONGEST_LABEL]
    return words if words[:1].isalpha() else f"group_{words}".rstrip("_")


def _is_control(text: str, words: re.Pattern[str]) -> bool:
    """Whether the text has a control word, and without it names no disease, as `tumor, control arm` does."""
    if words.search(text) is None:
        return False
    rest = words.sub(" ", text)
    is_disease = _CASE.search(rest) is not None and _FROM.search(rest) is None
    return _WITHOUT.search(rest) is None and not is_disease
