"""What the values of a dataset are: logarithms, intensities, read counts, TPM, FPKM or log ratios of two channels.

The study file says it, or the source's words, or the numbers where they leave no doubt; else the dataset stops.
The kinds are `kinds.py`'s, log ratios `two_channels.py`'s, GEO2R's rule `scale.py`'s.
"""

import re
from dataclasses import replace
from typing import Literal, NoReturn

import numpy as np

from dmicc_assets.errors import DataError
from dmicc_assets.expression.kinds import LOGARITHMS, Doubt, KindOfValues
from dmicc_assets.expression.log_base import TO_LOG2, Base, named_base
from dmicc_assets.expression.raw_dataset import RawDataset
from dmicc_assets.expression.scale import log2_decision
from dmicc_assets.expression.two_channels import of_two_channels
from dmicc_assets.study.dataset_parts import Values
from dmicc_assets.study.schema import Dataset
from dmicc_assets.types import FloatArray

# Rounded logarithms and ranks of few samples stay below it; counts of a library do not.
LARGE = 1000.0
# No measured value has a log2 above it; scanners end at 16, read counts of a library at 30.
_NO_LOGARITHM = 50.0
# What intensities and counts end at: their logarithms to base 10 and e are no larger than its own.
_LARGEST = 1e7
# Twice what a scanner of 16 bits ends at: logarithms of intensities to base 10 end at 5.1, to base e at 11.8.
_SCANNER = float(1 << 17)
# Bases whose logarithms are smaller, and how much a wrong base matters: a fold change of 2 is 0.30 and 0.69.
_SMALLER: tuple[tuple[Base, Literal["warning", "info"]], ...] = (("10", "warning"), ("e", "info"))
# RSEM's expected counts are whole where no read has several genes.
_WHOLE_AS_RSEM = 0.2
_BY_RULE = "GEO2R's rule on their quantiles"
# Its results are log2 (Irizarry 2003, doi:10.1093/biostatistics/4.2.249).
_RMA = re.compile(r"\b(?:gc|f)?-?rma\b|robust multi-?(?:array|chip)", re.I)


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
        return _of_ratios(raw, spec)
    _refuse_channels(raw.name, spec, "one channel")
    if spec.values != "auto":
        doubt = _no_counts(raw) if spec.values == "counts" else None
        return KindOfValues(spec.values, "the study file says so", doubt=doubt)
    return _by_numbers(raw)


def _no_counts(raw: RawDataset) -> Doubt | None:
    """What speaks against counts that the study file says: nearly all are small fractions."""
    observed = raw.matrix.values[np.isfinite(raw.matrix.values)]
    if not observed.size or observed.max() > _NO_LOGARITHM or (observed % 1 != 0).mean() < 1 - _WHOLE_AS_RSEM:
        return None
    text = f"they are fractions up to {observed.max():g}, as logarithms are: write values: log2 if they are"
    return Doubt(text, "warning")


def _refuse_channels(name: str, spec: Dataset, found: str) -> None:
    if spec.channels is not None:
        raise DataError(f"{name}: `channels:` is of log ratios of two channels, but the source has {found}")


def _of_ratios(raw: RawDataset, spec: Dataset) -> KindOfValues:
    """Log ratios, unless the numbers cannot be some: one channel's intensities or logarithms were deposited."""
    of = of_two_channels(raw.name, raw.samples, raw.value_text, spec)
    observed = raw.matrix.values[np.isfinite(raw.matrix.values)]
    if spec.values != "auto" or not observed.size:
        return of
    if np.abs(observed).max() > _NO_LOGARITHM:
        what = (
            f"its arrays have two channels, but the values ({observed.min():g} to {observed.max():g}) are no log ratios"
        )
        _stop(raw, what, ("linear", "log2", of.kind))
    if of.doubt is not None or np.quantile(observed, 0.25) <= 0:
        return of
    text = "over 75 % of them are above 0, as logarithms of one channel are: write values: log2 if they are"
    return replace(of, doubt=Doubt(text, "warning"))


def _by_numbers(raw: RawDataset) -> KindOfValues:
    observed = raw.matrix.values[np.isfinite(raw.matrix.values)]
    if not observed.size:
        raise DataError(f"{raw.name}: the matrix has no number, only missing values")
    by_rule = log2_decision(raw.matrix.values).scale_detected
    if bool((observed % 1 == 0).all()):
        return _whole(raw, float(observed.min()), float(observed.max()))
    return _linear(raw, observed) if by_rule == "linear" else _logarithms(raw, observed)


def _is_array(raw: RawDataset) -> bool:
    return raw.platform is not None and not raw.is_sequencing


def _whole(raw: RawDataset, low: float, high: float) -> KindOfValues:
    """Whole numbers are counts where they were sequenced, or in a file of large ones; else nobody can tell.

    Rounded intensities (MAS 5) and rounded logarithms are whole too.
    """
    may_be_counts = low >= 0 and not _is_array(raw)
    if may_be_counts and raw.is_sequencing and high > _NO_LOGARITHM:
        return KindOfValues("counts", f"all values are whole numbers up to {high:g}, and were sequenced", True)
    if may_be_counts and raw.source == "file" and high > LARGE:
        why = f"all values are whole numbers up to {high:g}, and of no array"
        if low == 0:
            return KindOfValues("counts", why, True)
        text = "none of them is 0, so that they may be rounded intensities: write values: linear if they are"
        return KindOfValues("counts", why, True, doubt=Doubt(text, "warning"))
    choices: tuple[Values, ...] = ("linear", "log2", "counts") if _is_array(raw) else ("counts", "linear", "log2")
    return _stop(raw, f"all values are whole numbers ({low:g} to {high:g})", choices)


def _linear(raw: RawDataset, observed: FloatArray) -> KindOfValues:
    """No logarithms: intensities of an array, or what sequencing gives."""
    high = float(observed.max())
    if np.quantile(observed, 0.99) <= _NO_LOGARITHM:  # a few values of another scale among logarithms
        _refuse_mixture(raw, float(observed.min()), high)
    if _is_array(raw):
        return KindOfValues("linear", _BY_RULE, True, doubt=_other_samples(raw))
    of_sequencing: tuple[Values, ...] = ("tpm", "fpkm", "counts", "linear")
    # The logarithm of 0 would be missing: genes that are off in one group would lose that group.
    if (observed == 0).any() or raw.is_sequencing:
        _stop(raw, f"the values are no logarithms ({observed.min():g} to {high:g}), and of no array", of_sequencing)
    whole = float((observed % 1 == 0).mean())
    if whole > _WHOLE_AS_RSEM:
        _stop(raw, f"{whole:.0%} of the values are whole numbers (up to {high:g}), and of no array", of_sequencing)
    text = "of no array: write values: tpm, fpkm or counts if they were sequenced"
    return KindOfValues("linear", _BY_RULE, True, doubt=_other_samples(raw) or Doubt(text, "info"))


def _other_samples(raw: RawDataset) -> Doubt | None:
    """Whether some samples have logarithms and others have not: quantile normalisation would hide it."""
    observed = np.isfinite(raw.matrix.values).any(axis=0)
    tops = np.nanquantile(raw.matrix.values[:, observed], 0.99, axis=0)
    small = tops <= _NO_LOGARITHM
    if not small.any() or tops[~small].min(initial=np.inf) < 2 * _NO_LOGARITHM:
        return None
    first = np.array(raw.matrix.samples)[observed][small][0]
    text = (
        f"{small.sum()} of {small.size} samples ({first}, ...) have values as small as logarithms, the others have "
        "intensities: bring all samples to one scale in a local file"
    )
    return Doubt(text, "warning")


def _refuse_mixture(raw: RawDataset, low: float, high: float) -> NoReturn:
    choices: tuple[Values, ...] = ("linear", "log2") if _is_array(raw) else ("tpm", "fpkm", "counts", "linear")
    _stop(raw, f"the values ({low:g} to {high:g}) are no logarithms, but mostly as small as some", choices)


def _logarithms(raw: RawDataset, observed: FloatArray) -> KindOfValues:
    """Small values: logarithms to base 2, unless numbers or the header's words speak against it."""
    low, high = float(observed.min()), float(observed.max())
    if high > _NO_LOGARITHM:  # FPKM of 60,000 genes: 99 % may be below the rule's 100
        _refuse_mixture(raw, low, high)
    base = named_base(raw.value_text)
    if base == "2":
        return KindOfValues("log2", "the header says so", True)
    if base is not None and high <= np.log2(_LARGEST) / TO_LOG2[base]:
        _stop(raw, f"the header names logarithms to base {base} ({low:g} to {high:g})", (LOGARITHMS[base], "log2"))
    return KindOfValues("log2", _BY_RULE, True, doubt=None if _RMA.search(raw.value_text) else _other_base(observed))


def _other_base(observed: FloatArray) -> Doubt | None:
    """Whether logarithms of which nobody names the base are as small as those to another one."""
    high = float(observed.max())
    if np.quantile(observed, 0.25) <= 0:  # ratios, or around the mean of a gene: their size tells no base
        return None
    for base, severity in _SMALLER:
        if high <= np.log2(_SCANNER) / TO_LOG2[base]:
            kind = LOGARITHMS[base]
            text = f"nobody names the base, and logarithms to base {base} are as small: write values: {kind} or log2"
            return Doubt(text, severity)
    return None


def _stop(raw: RawDataset, what: str, choices: tuple[Values, ...]) -> NoReturn:
    lines = ", ".join(f"values: {choice}" for choice in choices[:-1]) + f" or values: {choices[-1]}"
    raise DataError(f"{raw.name}: {what}, which does not tell what they are: write {lines} for the dataset")
