"""The kinds of values that a dataset may hold, and their logarithm to base 2.

Which kind a dataset has is decided in `values.py`, of two channels in `two_channels.py`; counts are `counts.py`'s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from dmicc_assets.errors import DataError
from dmicc_assets.expression.log_base import TO_LOG2, Base
from dmicc_assets.study.dataset_parts import KnownValues
from dmicc_assets.types import FloatArray

# What a logarithm of one channel and a log ratio of two are called, by base.
LOGARITHMS: Mapping[Base, KnownValues] = {"2": "log2", "e": "ln", "10": "log10"}
RATIOS: Mapping[Base, KnownValues] = {"2": "log_ratio", "e": "ln_ratio", "10": "log10_ratio"}
_BASES: Mapping[str, Base] = {kind: base for kinds in (LOGARITHMS, RATIOS) for base, kind in kinds.items()}


class Doubt(NamedTuple):
    """What else the values may be, in words, and how much would be wrong then."""

    text: str
    severity: Literal["warning", "info"]


@dataclass(frozen=True, slots=True)
class KindOfValues:
    """What the values of a dataset are.

    Attributes:
        kind: what they are.
        why: who says so, in words.
        is_guess: whether only the numbers say so.
        flipped: samples whose log ratio is reference over sample, so that its sign changes.
        doubt: what else the values may be; None where nothing speaks for it.
    """

    kind: KnownValues
    why: str
    is_guess: bool = False
    flipped: frozenset[str] = frozenset()
    doubt: Doubt | None = None


def log2_of_logarithms(values: FloatArray, samples: Sequence[str], of: KindOfValues) -> FloatArray:
    """Logarithms and log ratios to base 2, (G, N), sample over reference."""
    factor = TO_LOG2[_BASES[of.kind]]
    return values * np.where([sample in of.flipped for sample in samples], -factor, factor)


def log2_of_abundance(values: FloatArray, name: str) -> FloatArray:
    """log2(x + 1) of TPM or FPKM, (G, N).

    Raises:
        DataError: a value is negative.
    """
    if (values < 0).any():
        raise DataError(f"{name}: a value is negative ({np.nanmin(values):g}): expected TPM or FPKM, not logarithms")
    return np.log2(values + 1.0)
