"""Texts of submitters: spellings of one text, numbers of patients and replicates in it, and how a study file has it.

Groups are made of them by `sample_groups.py`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

MARK = "\x00"  # stands for the number of a patient or a replicate
TAIL = r"(?:[\s_#-]*\d[\s_#\d-]*[A-Za-z]?)?$"  # the number of a replicate or a patient, as in `tissue_12b`
_NUMBERS = re.compile(TAIL.replace(")?$", ")$"))
# The same, also behind `rep` and in brackets.
LONG_TAIL = r"(?:[\s_,.#(\[-]*(?:rep(?:licate|eat)?[\s_.#-]*)?\d[\s_#\d.-]*[A-Za-z]?[)\]]?)?$"
_LONG_NUMBERS = re.compile(LONG_TAIL.replace(")?$", ")$"), re.I)
# Words before the number of a person or a sample: those that say nothing of the group, and those that may.
_PLAIN_COUNTED = (
    r"patients?|pts?|subjects?|individuals?|participants?|samples?|specimens?|mouse|mice|rats?|animals?"
    r"|rep(?:licate|eat)?s?|no|nr|id"
)
_COUNTED = rf"{_PLAIN_COUNTED}|donors?|volunteers?|cases?"
_UNIT = r"(?:h|hrs?|hours?|d|days?|w|wks?|weeks?|min|months?|y|yrs?|years?)"
_SERIAL = re.compile(
    rf"(?<![^\W\d_])((?:{_COUNTED})[\s_.:#-]*)\d+[a-z]?(?![^\W_])"
    rf"|^(?!\d+[\s_-]*{_UNIT}\b)(p?)\d+[a-z]?(?=[_-])|^(?!\d+[\s_-]*{_UNIT}\b)()\d+[a-z]?(?=[\s.,:])",
    re.I,
)
_SERIAL_MARK = re.compile(rf"(?:(?<![^\W\d_])(?:{_PLAIN_COUNTED}|p)[\s_.:#-]*)?{MARK}", re.I)
_REPLICATE = re.compile(r"[\s_,.([-]+(?:(?:bio\w*|tech\w*)[\s_-]+)?rep(?:licate|eat)?s?[\s_.#-]*$", re.I)
_SHORTEST = 5  # letters of a word in which a letter may be left out, added or swapped
_SHORTEST_OTHER = 7  # in which one may be another
_ENDS = re.compile(r"(?:[^\w+-]|_)+$")  # HIV+ and HIV- are not one
# Between words; a hyphen before a space or at the end is a minus (ER- tumour).
_BETWEEN = re.compile(r"[\s_]+(?:-+[\s_]+)*|-(?=\w)")


def as_yaml(text: str) -> str:
    """The text as it stands in a study file: printable, on one line, with single spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def shortened(text: str, n_most: int = 80) -> str:
    """The text as it stands in a comment: on one line, and of at most so many characters."""
    plain = as_yaml(text)
    return plain if len(plain) <= n_most else f"{plain[: n_most - 3].rstrip()}..."


def escaped(text: str) -> str:
    """The text as a readable regular expression that stays as it is in YAML: only special characters are escaped."""
    special = re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", text)
    return re.sub(r"(?<= ) |[^ -~]", lambda found: _codepoint(found[0]), special)


def _codepoint(character: str) -> str:
    return character if character.isprintable() and character != " " else f"\\U{ord(character):08x}"


def without_tail(text: str) -> str:
    """A text without the number at its end."""
    return _NUMBERS.sub("", text)


def without_serials(text: str) -> str:
    """A text with `MARK` for each number of a patient or a replicate inside it, and without the number at its end."""
    marked = _marked(text)
    return _LONG_NUMBERS.sub("", marked) or marked


def is_numbered(text: str) -> bool:
    """Whether `without_serials` leaves out a number at the end of a text."""
    return without_serials(text) != _marked(text)


def _marked(text: str) -> str:
    return _SERIAL.sub(lambda found: f"{found[1] or found[2] or ''}{MARK}", text)


def plain_text(text: str) -> str:
    """A text without the marks, the words before them, and the word for a replicate at its end."""
    bare = _REPLICATE.sub("", _SERIAL_MARK.sub(" ", text)).strip(" \t_,.;:()[]")
    bare = re.sub(r"^-+|[\s_]-+$", "", bare).strip()  # HIV- is not HIV
    return bare or text.replace(MARK, " ").strip()


def shown_text(text: str) -> str:
    """A text with `#` for each mark."""
    return text.replace(MARK, "#")


def patterns_of(counts: Mapping[str, int]) -> dict[str, int]:
    """Texts with `#` for numbers by which they differ, with their counts, where that leaves at most half of them.

    Texts of nothing but numbers stay: ages tell more than `#`.
    """
    alike: dict[str, list[str]] = {}
    for text in counts:
        alike.setdefault(re.sub(r"\d+", "#", text) if re.search(r"[^\W\d_]", text) else text, []).append(text)
    if 2 * len(alike) > len(counts) or len(counts) < 3:
        return dict(counts)
    return {_common(texts): sum(counts[text] for text in texts) for texts in alike.values()}


def _common(texts: Sequence[str]) -> str:
    """Texts that differ by their numbers alone as one, with `#` where a number differs."""
    parts = zip(*(re.split(r"(\d+)", text) for text in texts), strict=True)
    return "".join(own[0] if len(set(own)) == 1 else "#" for own in parts)


def same_spelling(counts: Mapping[str, int]) -> dict[str, str]:
    """For each text the most frequent spelling of it: itself, unless it differs by case, signs or one wrong letter.

    Signs between words and the case of words but alleles (AA, Aa) do not matter, nor the s of a plural. In one word
    of five letters or more a letter may be left out, added or swapped with the next, neither the first nor the last,
    where the other spelling has twice as many samples; of seven letters or more one may be another, at four times as
    many. Digits never differ: stages and doses do by them.

    Args:
        counts: samples with each text.
    """
    order = sorted(counts, key=lambda text: -counts[text])
    heads: list[str] = []
    one: dict[str, str] = {}
    for text in order:
        head = next((each for each in heads if _is_same(each, text, counts[each] / counts[text])), text)
        one[text] = head
        if head == text:
            heads.append(text)
    return {text: one[text] for text in counts}


def distinct_spellings(texts: Iterable[str]) -> list[str]:
    """The texts, those that differ by case alone once."""
    return list({text.casefold(): text for text in reversed(list(texts))}.values())[::-1]


def _is_same(common: str, other: str, times: float) -> bool:
    words = [_folded(text).split(" ") for text in (common, other)]
    if len(words[0]) != len(words[1]):
        return False
    differ = [(word, its) for word, its in zip(words[0], words[1], strict=True) if word != its]
    return not differ or (len(differ) == 1 and _is_slip(differ[0][0], differ[0][1], times))


def _folded(text: str) -> str:
    """Words with one space between, in lower case but for alleles: of one or two of the same letter (AA, Aa, aa)."""
    words = _BETWEEN.split(re.sub("['’]", "", _ENDS.sub("", text)).strip())
    return " ".join(word if len(set(filter(str.isalpha, word.casefold()))) == 1 else word.casefold() for word in words)


def _is_slip(common: str, other: str, times: float) -> bool:
    """Whether two words differ by a plural's s, or by one wrong letter."""
    if not (common.isalpha() and other.isalpha()):
        return False
    short, long = sorted((common, other), key=len)
    if long == f"{short}s" and len(short) >= _SHORTEST - 1:
        return True
    if len(short) < _SHORTEST or common[0] != other[0]:
        return False
    n_same = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    rest, of_long = short[n_same:], long[n_same:]
    if len(rest) < (1 if len(short) < len(long) else 2):  # the last letter: clusterA and clusterB
        return False
    if len(short) < len(long):
        return rest == of_long[1:] and times >= 2
    is_swapped = rest[:2] == of_long[1::-1] and rest[2:] == of_long[2:]
    return (is_swapped and times >= 2) or (rest[1:] == of_long[1:] and times >= 4 and len(short) >= _SHORTEST_OTHER)
