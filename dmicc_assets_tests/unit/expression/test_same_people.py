"""Two datasets of the same people: by titles, by profiles, and not where people differ."""

import numpy as np
import pytest

from dmicc_assets.expression.same_people import People, same_people, same_titles, title_stems
from dmicc_assets.types import ExpressionMatrix


def _two(n: int, *, are_same: bool, n_common: int = 300, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Log2 values of n samples on two platforms, half of them tumours with other genes up."""
    rng = np.random.default_rng(seed)
    tumour = 2 * rng.normal(size=(n_common, 1)) * (np.arange(n) % 2)
    people = [rng.normal(size=(n_common, n)) for _ in range(2)]
    people[1] = people[0] if are_same else people[1]
    return tuple(
        rng.normal(8, 2, (n_common, 1)) + tumour + own + 0.7 * rng.normal(size=(n_common, n)) for own in people
    )  # type: ignore[return-value]


def _people(values: np.ndarray, titles: list[str], prefix: str) -> People:
    names = tuple(f"{prefix}{i}" for i in range(values.shape[1]))
    matrix = ExpressionMatrix(values, tuple(f"g{i}" for i in range(len(values))), names)
    return People(titles, ["tumour" if i % 2 else "normal" for i in range(values.shape[1])], matrix)


A = [f"C{i:03d} {'tumor' if i % 2 else 'normal'} kidney U133A" for i in range(16)]
B = [title.replace("U133A", "U133B") for title in A]


@pytest.mark.parametrize(
    ("titles", "stems"),
    [
        (["C001 renal U133A", "C002 renal U133A"], ["c001", "c002"]),
        (["1A", "2A", "3A"], ["1", "2", "3"]),
        (["P1, HG-U133 Plus 2", "P2, HG-U133 Plus 2"], ["p1", "p2"]),
        (["tumor 7 [GPL96]"], ["tumor_7"]),
    ],
)
def test_stems_are_what_tells_titles_apart(titles: list[str], stems: list[str]) -> None:
    assert title_stems(titles) == stems


def test_titles_name_partners_in_any_order() -> None:
    assert same_titles(A, B[::-1]) == [(i, 15 - i) for i in range(16)]
    assert same_titles(A, [f"K{i} normal U133B" for i in range(16)]) == []
    assert same_titles(["x"] * 5, ["x"] * 5) == []


def test_one_rna_on_two_arrays_is_found_by_titles_and_profiles() -> None:
    first, second = _two(16, are_same=True)
    found = same_people(_people(first, A, "a"), _people(second, B, "b"), are_related=True)
    assert found is not None
    assert found.by == "titles and profiles"
    assert found.pairs == tuple((f"a{i}", f"b{i}") for i in range(16))


@pytest.mark.parametrize("seed", range(5))
def test_profiles_alone_find_them_and_do_not_find_others(seed: int) -> None:
    first, second = _two(16, are_same=True, seed=seed)
    one, other = [f"x{i}" for i in range(16)], [f"y{17 * i}" for i in range(16)]
    found = same_people(_people(first, one, "a"), _people(second, other, "b"), are_related=False)
    assert found is not None
    assert found.by == "profiles"
    assert set(found.pairs) <= {(f"a{i}", f"b{i}") for i in range(16)}
    first, second = _two(16, are_same=False, seed=seed)
    assert same_people(_people(first, one, "a"), _people(second, other, "b"), are_related=False) is None


def test_partners_that_profiles_name_against_most_titles_are_said_to_be_by_profiles() -> None:
    first, second = _two(16, are_same=True)
    some_right = [*B[:4], *B[5:], B[4]]
    found = same_people(_people(first, A, "a"), _people(second, some_right, "b"), are_related=True)
    assert found is not None
    assert found.by == "profiles"
    assert set(found.pairs) <= {(f"a{i}", f"b{i}") for i in range(16)}


@pytest.mark.parametrize("are_related", [True, False])
def test_other_people_with_the_same_numbers_are_other_people(are_related: bool) -> None:
    numbered = [f"{'tumor' if i % 2 else 'normal'} {i}" for i in range(16)]
    n_found = 0
    for seed in range(40):
        first, second = _two(16, are_same=False, seed=seed)
        n_found += same_people(_people(first, numbered, "a"), _people(second, numbered, "b"), are_related) is not None
    assert n_found <= (2 if are_related else 0)


def test_without_common_genes_titles_count_in_one_series_only() -> None:
    first, second = _two(16, are_same=True, n_common=20)
    one, other = _people(first, A, "a"), _people(second, B, "b")
    assert same_people(one, other, are_related=False) is None
    found = same_people(one, other, are_related=True)
    assert found is not None
    assert (found.by, len(found.pairs)) == ("titles", 16)
