"""Texts of figures: names from data as plain lines, wrapped, shortened; p-values in words.

That no text is read as mathematics is a setting of `style.py`.
"""

import math
import re
import textwrap

_NARROW = frozenset(" .,:;'()[]|iljtfr-/!")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def plain(name: str) -> str:
    """A name from data as one line of text; matplotlib keeps names that begin with an underscore out of legends."""
    text = _CONTROL.sub(" ", name).strip()
    return f" {text}" if text.startswith("_") else text


def shortened(name: str, longest: int) -> str:
    """A name as one line of at most so many letters: both of its ends, because names often differ at the end."""
    text = plain(name)
    half = (longest - 1) // 2
    return text if len(text) <= longest else f"{text[: longest - 1 - half]}…{text[-half:]}"


def wrapped(text: str, width: int, lines: int = 3) -> str:
    """Text in lines of at most `width` characters; what does not fit in `lines` ends in an ellipsis."""
    text = plain(text)
    return "\n".join(
        textwrap.wrap(text, width, max_lines=lines, placeholder=" …", break_on_hyphens=False) or [text[:width]]
    )


def inches(text: str, points: float) -> float:
    """About how wide a line is in DejaVu Sans; every sign that is not Latin counts as wide."""
    ems = sum(0.34 if sign in _NARROW else 0.62 if sign.islower() or sign.isdigit() else 0.72 for sign in text)
    return ems * points / 72


def p_text(p: float | None) -> str:
    """A p-value in words: `p = 0.012`, `p = 3.1e-06`; empty when there is none."""
    if p is None or math.isnan(p):
        return ""
    if p >= 0.001:
        return f"p = {p:.2g}" if p < 0.1 else f"p = {p:.2f}"
    return f"p = {p:.1e}" if p > 0 else "p < 1e-300"
