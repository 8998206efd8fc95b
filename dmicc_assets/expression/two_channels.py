"""Log ratios of two channels: their base, and the direction by which channel is the reference.

What values of one channel are is decided in `values.py`.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from dmicc_assets.errors import DataError
from dmicc_assets.expression.kinds import RATIOS, Doubt, KindOfValues
from dmicc_assets.expression.log_base import named_base
from dmicc_assets.study.dataset_parts import Channels
from dmicc_assets.study.patterns import bounded, search
from dmicc_assets.study.schema import Dataset

_REFERENCE = re.compile(r"\b(reference|universal|uhr|pool(ed)?|common|stratagene)\b", re.I)


def of_two_channels(name: str, samples: pl.DataFrame, value_text: str, spec: Dataset) -> KindOfValues:
    """Log ratios of two channels: the base by the study file or the header, the direction by the reference.

    Args:
        name: of the dataset, in messages.
        samples: columns sample, source_name and characteristics; keys of the second channel end with `_ch2`.
        value_text: what the source says of the making of its values.
        spec: the dataset's section of the study file.

    Raises:
        DataError: dyes are swapped and no reference is named, or it is not in one channel of every sample; or nobody
            names the base.
    """
    if spec.values not in ("auto", *RATIOS.values()):  # one channel's values were deposited
        return KindOfValues(spec.values, "the study file says so")
    problems: list[str] = []
    swap = swapped_text(samples) if spec.channels is None else None
    if swap is not None:
        problems.append(
            f"dyes are swapped ({swap.text!r} is in channel 1 of {swap.first}, in channel 2 of {swap.second}): write "
            f"channels: {{reference: {reference_pattern(swap.text)!r}}} with the text of the reference, so that every "
            "value becomes the sample over the reference"
        )
    base = named_base(value_text)
    kind = spec.values if spec.values != "auto" else base and RATIOS[base]
    if kind is None:
        problems.append(
            "its arrays have two channels, and the header does not name the base of their log ratios: write "
            "values: log_ratio (base 2), log10_ratio or ln_ratio; or values: log2 or linear of one channel"
        )
    if kind is None or problems:
        raise DataError(f"{name}: {'; '.join(problems)}")
    why = "the header says so" if spec.values == "auto" else "the study file says so"
    flipped = _flipped(name, samples, spec.channels) if spec.channels else ()
    doubt = None if spec.channels else _reference_first(samples)
    return KindOfValues(kind, why, flipped=frozenset(flipped), doubt=doubt)


def _reference_first(samples: pl.DataFrame) -> Doubt | None:
    """Where channel 1 is the reference of every sample: channel 1 over 2 would be the inverse of what is compared."""
    channels = list(_channels(samples))
    common = frozenset[str].intersection(*(first for _, first, _ in channels)) if channels else frozenset[str]()
    references = sorted(text for text in common if _REFERENCE.search(text))
    if not references or any(_REFERENCE.search(text) for _, _, second in channels for text in second):
        return None
    line = f"channels: {{reference: {reference_pattern(references[0])!r}, ratio: ...}}"
    text = (
        f"the reference ({references[0]}) is in channel 1 of every sample: as channel 1 over channel 2 they are "
        f"reference over sample, and every gene's direction is inverse: write {line} with ch1/ch2 or ch2/ch1"
    )
    return Doubt(text, "warning")


def _flipped(name: str, samples: pl.DataFrame, channels: Channels) -> Iterator[str]:
    """Samples whose value has the reference above the line."""
    with bounded(f"{name}: channels"):
        found = [
            (each, [any(search(channels.reference, text) for text in channel) for channel in each[1:]])
            for each in _channels(samples)
        ]
    for (sample, first, second), matches in found:
        if matches[0] == matches[1]:
            which = "both channels" if matches[0] else "no channel"
            raise DataError(
                f"{name}: {channels.reference!r} is in {which} of {sample}: expected the reference in one "
                f"(channel 1: {'; '.join(first)}; channel 2: {'; '.join(second)})"
            )
        if matches[0] == (channels.ratio == "ch1/ch2"):
            yield sample


def has_reference_first(samples: pl.DataFrame, reference: str) -> list[bool]:
    """Whether channel 1 of each sample is the reference, by the pattern of its description."""
    pattern = re.compile(reference)
    return [any(pattern.search(text) for text in first) for _, first, _ in _channels(samples)]


class SwappedDyes(NamedTuple):
    """A description that is of channel 1 in one sample and of channel 2 in another."""

    text: str
    first: str
    second: str


def reference_pattern(text: str) -> str:
    """The pattern of `channels:` that matches exactly this description."""
    return f"^{re.escape(text)}$".replace("\\ ", " ")


def swapped_text(samples: pl.DataFrame) -> SwappedDyes | None:
    """A description of the first channel here and of the second there: one that names a reference, else the commonest.

    Args:
        samples: columns sample, source_name and characteristics; keys of the second channel end with `_ch2`.
    """
    only: dict[str, tuple[list[str], list[str]]] = {}
    for sample, first, second in _channels(samples):
        for text in first ^ second:
            only.setdefault(text, ([], []))[text in second].append(sample)
    swapped = {text: (ones, twos) for text, (ones, twos) in only.items() if ones and twos}
    if not swapped:
        return None
    text = max(sorted(swapped), key=lambda each: (bool(_REFERENCE.search(each)), sum(map(len, swapped[each]))))
    return SwappedDyes(text, swapped[text][0][0], swapped[text][1][0])


def _channels(samples: pl.DataFrame) -> Iterator[tuple[str, frozenset[str], frozenset[str]]]:
    """Each sample with the descriptions of its two channels."""
    for row in samples.iter_rows(named=True):
        described: list[dict[str, str]] = row["characteristics"]
        second = frozenset(each["value"] for each in described if each["key"].endswith("_ch2"))
        first = [row["source_name"], *(each["value"] for each in described if not each["key"].endswith("_ch2"))]
        yield row["sample"], frozenset(text for text in first if text), second
