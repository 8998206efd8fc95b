"""What the values of a dataset are: logarithms, intensities, read counts, TPM, FPKM or log ratios of two channels.

The study file says it, or the source's words, or the numbers where they leave no doubt; else the dataset stops.
`scale.py` has GEO2R's rule, `counts.py` what is done with counts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from dmicc_assets.errors import DataError
from dmicc_assets.expression.raw_dataset import RawDataset
from dmicc_assets.expression.scale import log2_decision
from dmicc_assets.study.dataset_parts import Channels, Values
from dmicc_assets.study.schema import Dataset
from dmicc_assets.types import FloatArray

KnownValues = Literal["log2", "linear", "counts", "tpm", "fpkm", "log_ratio", "log10_ratio"]
# Rounded logarithms and ranks of few samples stay below it; counts of a library do not.
LARGE = 1000.0
# No measured value has a log2 above it; scanners end at 16, read counts of a library at 30.
_NO_LOGARITHM = 50.0
# The logarithm to base 10 of what scanners and libraries end at.
_LOG10_AT_MOST = 7.0
_LOG10 = re.compile(r"log(?:arithm)?[\s_(-]*(?:base[\s_-]*)?10\b|\blg\b", re.I)
_REFERENCE = re.compile(r"\b(reference|universal|uhr|pool(ed)?|common|stratagene)\b", re.I)
_LOG2 = re.compile(r"log(?:arithm)?[\s_(-]*(?:base[\s_-]*)?2\b", re.I)


@dataclass(frozen=True, slots=True)
class KindOfValues:
    """What the values of a dataset are.

    Attributes:
        kind: what they are.
        why: who says so, in words.
        is_guess: whether only the numbers say so.
        flipped: samples whose log ratio is reference over sample, so that its sign changes.
    """

    kind: KnownValues
    why: str
    is_guess: bool = False
    flipped: frozenset[str] = frozenset()


def kind_of_values(raw: RawDataset, spec: Dataset) -> KindOfValues:
    """Decide what the values of a dataset are.

    Args:
        raw: the dataset as served.
        spec: its section of the study file.

    Raises:
        DataError: nobody says what the values are, or the study file contradicts the source; the message has the line
            to write.
    """
    if raw.value_kind == "counts":
        if spec.values not in ("auto", "counts"):
            raise DataError(f"{raw.name}: the source has read counts, but the study file says values: {spec.values}")
        _refuse_channels(raw.name, spec, "read counts")
        return KindOfValues("counts", "the source has read counts")
    if raw.n_channels == 2 and spec.values != "counts":
        return of_two_channels(raw.name, raw.samples, raw.value_text, spec)
    _refuse_channels(raw.name, spec, "one channel")
    if spec.values != "auto":
        return KindOfValues(spec.values, "the study file says so")
    return _by_numbers(raw)


def _refuse_channels(name: str, spec: Dataset, found: str) -> None:
    if spec.channels is not None:
        raise DataError(f"{name}: `channels:` is of log ratios of two channels, but the source has {found}")


def _by_numbers(raw: RawDataset) -> KindOfValues:
    observed = raw.matrix.values[np.isfinite(raw.matrix.values)]
    if not observed.size:
        raise DataError(f"{raw.name}: the matrix has no number, only missing values")
    by_rule = log2_decision(raw.matrix.values).scale_detected
    low, high = float(observed.min()), float(observed.max())
    is_array = raw.platform is not None and not raw.is_sequencing
    if bool((observed % 1 == 0).all()):
        if low >= 0 and high > LARGE and not is_array:
            return KindOfValues("counts", f"all values are whole numbers up to {high:g}, and of no array", True)
        if not is_array or by_rule == "log2":
            _stop(raw, f"all values are whole numbers ({low:g} to {high:g})", ("counts", "log2", "linear"))
    elif not is_array and by_rule == "linear" and (observed == 0).any():
        # The logarithm of 0 would be missing: genes that are off in one group would lose that group.
        _stop(
            raw, f"the values are no logarithms (0 to {high:g}), and of no array", ("tpm", "fpkm", "counts", "linear")
        )
    elif by_rule == "log2" and high > _NO_LOGARITHM:  # FPKM of 60,000 genes: 99 % may be below the rule's 100
        choices: tuple[Values, ...] = ("linear", "log2") if is_array else ("tpm", "fpkm", "counts", "linear")
        _stop(raw, f"the values ({low:g} to {high:g}) are no logarithms, but mostly as small as some", choices)
    elif by_rule == "log2" and low >= 0 and high <= _LOG10_AT_MOST and named_base(raw.value_text) == "log10_ratio":
        _stop(raw, f"the header names logarithms to base 10 ({low:g} to {high:g})", ("log10_ratio", "log2"))
    return KindOfValues(by_rule, "GEO2R's rule on their quantiles", True)


def _stop(raw: RawDataset, what: str, choices: tuple[Values, ...]) -> None:
    lines = ", ".join(f"values: {choice}" for choice in choices[:-1]) + f" or values: {choices[-1]}"
    raise DataError(f"{raw.name}: {what}, which does not tell what they are: write {lines} for the dataset")


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
    if spec.values in ("log2", "linear", "tpm", "fpkm"):  # one channel's values were deposited
        return KindOfValues(spec.values, "the study file says so")
    problems: list[str] = []
    swap = swapped_text(samples) if spec.channels is None else None
    if swap is not None:
        problems.append(
            f"dyes are swapped ({swap.text!r} is in channel 1 of {swap.first}, in channel 2 of {swap.second}): write "
            f"channels: {{reference: {reference_pattern(swap.text)!r}}} with the text of the reference, so that every "
            "value becomes the sample over the reference"
        )
    base = named_base(value_text) if spec.values == "auto" else spec.values
    if base is None:
        problems.append(
            "its arrays have two channels, and the header does not name the base of their log ratios: write "
            "values: log_ratio (base 2) or values: log10_ratio; or values: log2 or linear if one channel was deposited"
        )
    if base is None or problems:
        raise DataError(f"{name}: {'; '.join(problems)}")
    why = "the header says so" if spec.values == "auto" else "the study file says so"
    flipped = _flipped(name, samples, spec.channels) if spec.channels else ()
    return KindOfValues(base, why, flipped=frozenset(flipped))


def named_base(text: str) -> Literal["log_ratio", "log10_ratio"] | None:
    """The base of the logarithm by the header's text; None where it names none or two."""
    is_10, is_2 = bool(_LOG10.search(text)), bool(_LOG2.search(text))
    return None if is_10 == is_2 else "log10_ratio" if is_10 else "log_ratio"


def _flipped(name: str, samples: pl.DataFrame, channels: Channels) -> Iterator[str]:
    """Samples whose value has the reference above the line."""
    reference = re.compile(channels.reference)
    for sample, first, second in _channels(samples):
        matches = [any(reference.search(text) for text in channel) for channel in (first, second)]
        if matches[0] == matches[1]:
            which = "both channels" if matches[0] else "no channel"
            raise DataError(
                f"{name}: {channels.reference!r} is in {which} of {sample}: expected the reference in one "
                f"(channel 1: {'; '.join(first)}; channel 2: {'; '.join(second)})"
            )
        if matches[0] == (channels.ratio == "ch1/ch2"):
            yield sample


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


def log2_ratios(values: FloatArray, samples: tuple[str, ...], of: KindOfValues) -> FloatArray:
    """Log ratios to base 2, (G, N), sample over reference."""
    factor = np.log2(10) if of.kind == "log10_ratio" else 1.0
    return values * np.where([sample in of.flipped for sample in samples], -factor, factor)


def log2_of_abundance(values: FloatArray, name: str) -> FloatArray:
    """log2(x + 1) of TPM or FPKM, (G, N).

    Raises:
        DataError: a value is negative.
    """
    if (values < 0).any():
        raise DataError(f"{name}: a value is negative ({np.nanmin(values):g}): expected TPM or FPKM, not logarithms")
    return np.log2(values + 1.0)
