"""How numbers and lists stand in a sentence: plural, thousands, minus sign. What is said is decided elsewhere.

What programs read (TSV, JSON, SQL) has plain numbers.
"""

from collections.abc import Sequence


def counted(n: int, noun: str) -> str:
    """A number with its noun, in the plural unless the number is one: `1 row`, `1,200 rows`."""
    return f"{n:,} {plural(n, noun)}"


def plural(n: int, noun: str) -> str:
    """A noun as it stands behind a number."""
    return one_or_many(n, noun, f"{noun}s")


def one_or_many(n: int, one: str, many: str) -> str:
    """The words for one, or those for another number: `is` or `are`."""
    return one if n == 1 else many


def listed(texts: Sequence[str]) -> str:
    """Texts as a list in a sentence: a, b and c."""
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else list(texts))


def signed(x: float, form: str) -> str:
    """A number in a format, with the minus sign of print."""
    return format(x, form).replace("-", "−")
