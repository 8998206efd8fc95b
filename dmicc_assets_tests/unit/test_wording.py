"""Numbers in sentences: plural, thousands, and one minus sign wherever a person reads."""

import re
from pathlib import Path

import pytest

import dmicc_assets
from dmicc_assets.report.data_tables import number_text
from dmicc_assets.results.intervals import estimate_text, interval_text
from dmicc_assets.wording import counted, listed, one_or_many, signed

# Choices between one and many that are not of a noun or verb behind a number.
_PLURAL = re.compile(r"""\{'' if [^}]*== 1 else 's'\}|== 1 else (f?["'])\w+s\1|["']s["'] if""")


def test_one_is_no_plural_and_thousands_have_a_comma() -> None:
    said = [counted(n, "row") for n in (0, 1, 2, 12345)]
    assert said == ["0 rows", "1 row", "2 rows", "12,345 rows"]
    assert [one_or_many(n, "is", "are") for n in (0, 1, 2)] == ["are", "is", "are"]
    assert [listed("abc"[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    "text",
    [
        signed(-0.5, ".2f"), interval_text(-0.25, 0.5), estimate_text(-0.1, -0.3, -0.01),
        number_text(-0.25), number_text(-3), number_text(1e-9),
    ],
)  # fmt: skip
def test_a_person_reads_one_minus_sign(text: str) -> None:
    assert "−" in text
    assert "-" not in text


def test_nothing_else_makes_plurals() -> None:
    package = Path(dmicc_assets.__file__).parent
    found = [
        f"{path.relative_to(package)}: {line.strip()}"
        for path in sorted(package.rglob("*.py"))
        if path.name != "wording.py"
        for line in path.read_text().splitlines()
        if _PLURAL.search(line)
    ]
    assert found == []
