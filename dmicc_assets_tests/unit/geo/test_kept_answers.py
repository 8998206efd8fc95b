import json
import os
import time
from pathlib import Path

import pytest

from dmicc_assets.geo.http import kept_answers
from dmicc_assets.geo.http.kept_answers import FOLDER, kept_answer


class Asked:
    """A question that counts how often its answer is looked for."""

    def __init__(self, folder: Path) -> None:
        self.n, self._folder = 0, folder

    def __call__(self, *of: str) -> object:
        return kept_answer(self._folder, "genes", of, self._find)

    def _find(self) -> list[object]:
        self.n += 1
        return ["Gene symbol", self.n]


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return Asked(tmp_path)


def test_an_answer_is_found_once_for_the_same_files(asked: Asked) -> None:
    assert asked("a", "b") == asked("a", "b") == ["Gene symbol", 1]
    assert asked("ab") == ["Gene symbol", 2]
    assert asked.n == 2


def test_other_code_finds_it_anew(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    asked("a")
    monkeypatch.setattr(kept_answers, "code_state", lambda: "of tomorrow")
    assert asked("a") == ["Gene symbol", 2]


@pytest.mark.parametrize("damage", ["", "{", "null", "5", "[]", '["Gene symbol", 9]', '{"answer": [], "sha256": ""}'])
def test_a_damaged_answer_is_found_anew(asked: Asked, tmp_path: Path, damage: str) -> None:
    asked("a")
    (kept,) = (tmp_path / FOLDER).iterdir()
    kept.write_text(damage)
    assert asked("a") == json.loads(kept.read_text())["answer"] == ["Gene symbol", 2]


def test_another_name_in_a_kept_answer_is_damage(asked: Asked, tmp_path: Path) -> None:
    asked("a")
    (kept,) = (tmp_path / FOLDER).iterdir()
    kept.write_text(kept.read_text().replace("symbol", "symbal"))
    assert asked("a") == ["Gene symbol", 2]


def test_a_kept_answer_of_somebody_else_is_taken(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError

    asked("a")
    monkeypatch.setattr(os, "utime", refuse)
    assert asked("a") == ["Gene symbol", 1]


def test_an_answer_that_cannot_be_kept_is_given(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("a file where the folder should be")
    asked = Asked(tmp_path)
    assert [asked("a"), asked("a")] == [["Gene symbol", 1], ["Gene symbol", 2]]


def test_what_nobody_asked_for_in_three_months_is_deleted(asked: Asked, tmp_path: Path) -> None:
    asked("old")
    (old,) = (tmp_path / FOLDER).iterdir()
    os.utime(old, (0, time.time() - 100 * 24 * 3600))
    asked("new")
    assert not old.exists()
    assert len(list((tmp_path / FOLDER).iterdir())) == 1
