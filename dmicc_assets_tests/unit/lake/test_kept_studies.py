"""A study file is read once for each content: the study is the file's, and a changed or wrong file is read again."""

import json
from pathlib import Path

import pytest

from dmicc_assets.lake import kept_studies
from dmicc_assets.lake.kept_studies import load_studies
from dmicc_assets.study.loading import load_study, study_files


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    (tmp_path / "lake").mkdir()
    return tmp_path / "lake" / "kept" / "studies" / "all"


def test_a_study_that_was_kept_is_the_files(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = study_files([])
    first = list(load_studies(files, kept))
    assert [study for _, study, _ in first] == [load_study(path) for path in files.values()]

    def read(_: Path) -> None:
        raise AssertionError("a file is read again")

    monkeypatch.setattr(kept_studies, "load_study", read)
    again = list(load_studies(files, kept))
    assert again == first
    assert [study and study.model_dump(exclude_unset=True) for _, study, _ in again] == [
        study and study.model_dump(exclude_unset=True) for _, study, _ in first
    ]


def test_a_changed_file_is_read_and_a_wrong_one_says_why_every_time(kept: Path, tmp_path: Path) -> None:
    text = study_files([])["demo"].read_text()
    path = tmp_path / "demo.yaml"
    path.write_text(text)
    list(load_studies({"demo": path}, kept))
    path.write_text(text.replace("top: 3", "top: 4"))
    ((_, study, _),) = load_studies({"demo": path}, kept)
    assert study is not None
    assert study.ranking.top == 4
    path.write_text(text.replace("top: 3", "top: many"))
    for _ in range(2):
        ((_, study, why),) = load_studies({"demo": path}, kept)
        assert study is None
        assert "top" in why
    moved = tmp_path / "other.yaml"
    moved.write_text(text)
    ((_, study, why),) = load_studies({"other": moved}, kept)
    assert study is None
    assert "they must be the same" in why


def test_a_home_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    list(load_studies(study_files([]), tmp_path / "home" / "lake" / "kept" / "studies" / "all"))
    assert not (tmp_path / "home").exists()


def test_earlier_versions_are_kept_up_to_a_number(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_studies, "_MOST", 2)
    text = study_files([])["demo"].read_text()
    path = tmp_path / "demo.yaml"
    for top in range(3, 9):
        path.write_text(text.replace("top: 3", f"top: {top}"))
        list(load_studies({"demo": path}, kept))
    assert [study["ranking"]["top"] for study in map(json.loads, json.loads(kept.read_text()).values())] == [6, 7, 8]
