"""The base of a logarithm: the words in which submitters name it, and the factor that makes it log2.

What a dataset's values are is decided in `values.py`.
"""

import re
from collections.abc import Mapping
from typing import Literal

import numpy as np

Base = Literal["2", "e", "10"]

# What a logarithm to each base is multiplied by to be one to base 2.
TO_LOG2: Mapping[Base, float] = {"2": 1.0, "e": float(np.log2(np.e)), "10": float(np.log2(10))}

_WORD = r"(?<![a-z])log(?:arithm)?s?"
# Not the first digits of another number, and not the logarithm of a p-value.
_END = r"(?!\d|[.,]\d|\)?[\s_(-]*(?:of\s+)?p(?:[\s_-]*val|\)|\b))"
_BETWEEN = r"[\s_({\[<>-]*(?:sub>)?"
_NUMBERS: Mapping[str, Base] = {
    "2": "2",
    "two": "2",
    "\u2082": "2",
    "10": "10",
    "ten": "10",
    "\u2081\u2080": "10",
    "e": "e",
}
_DIRECT = re.compile(rf"{_WORD}{_BETWEEN}(2|10|\u2082|\u2081\u2080){_END}", re.I)
_BASE = re.compile(rf"{_WORD}[^.;\n]{{0,60}}?\bbase[\s_=:-]*(?:of\s+)?(2|two|10|ten|e)\b", re.I)
_BASE_FIRST = re.compile(r"\bbase[\s_=-]*(2|two|10|ten|e)[\s_-]+log", re.I)
_OTHERS: Mapping[Base, re.Pattern[str]] = {
    "2": re.compile(r"\b(?:binary|dual)[\s-]+log|\blg[\s_]*2\b", re.I),
    "10": re.compile(r"\b(?:decadic|decimal|common)[\s-]+log|\blg\b", re.I),
    # LN alone may be a lymph node.
    "e": re.compile(r"\bnatural[\s-]+log|\blog[\s_-]*natural|\blog_?e\b|\blog1p\b|(?-i:\bln\b)"
                    r"|\bln[\s_-]*(?:trans|ratio|\()", re.I),
}  # fmt: skip


def named_base(text: str) -> Base | None:
    """The base that a text names; None where it names none or several.

    Args:
        text: what a source says of its values, as in `log ratio (base 2)`, `log10-transformed`, `natural log`.
    """
    found: set[Base] = {
        _NUMBERS[match[1].lower()] for pattern in (_DIRECT, _BASE, _BASE_FIRST) for match in pattern.finditer(text)
    }
    found |= {base for base, pattern in _OTHERS.items() if pattern.search(text)}
    return found.pop() if len(found) == 1 else None
