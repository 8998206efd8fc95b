"""Patients are proposed where identifiers differ in their last letter or number, and not for groups or replicates."""

import re
from collections.abc import Sequence

import pytest
import yaml

from dmicc_assets.geo.describe import DatasetDescription, SeriesDescription
from dmicc_assets.geo.propose_study import propose_study
from dmicc_assets.geo.proposed_patients import proposed_patients
from dmicc_assets.geo.sample_groups import best_groups

TISSUES = ("tumor", "normal")


def described(titles: Sequence[str], tissues: Sequence[str], **fields: Sequence[str]) -> DatasetDescription:
    values = {"title": list(titles), "tissue": list(tissues), **fields}
    rows = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    field, groups = best_groups({key: list(texts) for key, texts in values.items()})
    assert field == "tissue"
    return DatasetDescription(
        "GSE1", "GPL1", (), len(rows), {}, field, groups, "", True, True, None,
        tuple(f"GSM{n}" for n in range(len(rows))), tuple(rows),
    )  # fmt: skip


def pairs(way: str, n: int = 6, ends: Sequence[str] = ("A", "B")) -> list[str]:
    return [way.format(number, end) for number in range(3, 3 + n) for end in ends]


@pytest.mark.parametrize(
    ("way", "ends"),
    [
        ("LCS-{}{}", ("A", "B")),
        ("liver, patient {} {}", ("T", "N")),
        ("P{}-{}", ("1", "2")),
        ("biopsy {}_{}", ("1", "2")),
    ],
)
def test_a_letter_or_number_at_the_end_tells_samples_of_a_patient_apart(way: str, ends: Sequence[str]) -> None:
    titles = [*pairs(way, ends=ends), "healthy donor"]
    found = proposed_patients(described(titles, [*TISSUES * 6, "normal"]))
    assert found is not None
    assert (found.field, found.n_patients, found.n_several) == ("title", 6, 6)
    matches = [re.search(found.pattern, title) for title in titles[:-1]]
    assert [match and match[1] for match in matches[::2]] == [match and match[1] for match in matches[1::2]]
    assert len({match and match[1] for match in matches}) == 6
    assert found.example == (titles[0], titles[1])
    assert f"6 of 6 patients would have several samples, such as '{titles[0]}'" in found.text


def test_letters_of_donors_and_fields_for_people_are_read() -> None:
    letters = [f"donor {letter}{number}" for letter in "ABCDEF" for number in (1, 2)]
    found = proposed_patients(described(letters, TISSUES * 6))
    assert found is not None
    assert found.n_several == 6
    same = [str(number) for number in range(6) for _ in TISSUES]
    titles = [f"array {'x' * n}" for n in range(12)]
    found = proposed_patients(described(titles, TISSUES * 6, **{"patient id": same}))
    assert found is not None
    assert (found.field, found.n_patients, found.n_several) == ("patient id", 6, 6)


@pytest.mark.parametrize(
    ("titles", "tissues"),
    [
        ([f"{tissue} {n}" for tissue in TISSUES for n in range(1, 7)], [t for t in TISSUES for _ in range(6)]),
        ([f"line{c}{n}" for c in "AB" for n in (1, 2, 3)], ["tumor"] * 3 + ["normal"] * 3),
        ([f"P{n}" for n in range(10, 22)], TISSUES * 6),
        (pairs("S{}{}"), ["tumor"] * 6 + ["normal"] * 6),
        (pairs("S{}{}", ends=("A", "A")), TISSUES * 6),
    ],
    ids=["replicates of groups", "replicates of lines", "a number each", "replicates of samples", "no difference"],
)
def test_what_is_a_group_or_a_replicate_is_no_patient(titles: Sequence[str], tissues: Sequence[str]) -> None:
    assert proposed_patients(described(titles, tissues)) is None


def test_the_proposal_stands_in_the_file_and_is_not_applied() -> None:

    series = SeriesDescription("GSE1", "Livers", (), (described(pairs("LCS-{}{}"), TISSUES * 6),))
    text = propose_study([series], "livers")
    assert "    # Proposed, to be confirmed (then remove the # before patient): 6 of 6 patients" in text
    assert "patient" not in yaml.safe_load(text)["datasets"]["GSE1"]
    confirmed = yaml.safe_load(text.replace("    # patient: ", "    patient: "))["datasets"]["GSE1"]["patient"]
    assert confirmed["field"] == "title"
    assert re.search(confirmed["pattern"], "LCS-12B")[1] == "LCS-12"  # pyright: ignore[reportOptionalSubscript]
