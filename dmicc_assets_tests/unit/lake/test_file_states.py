import os
from pathlib import Path

from dmicc_assets.lake.durable import CLOCK_STEP
from dmicc_assets.lake.file_states import is_settled, states_below, states_of


def test_a_state_shows_what_times_and_sizes_hide(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    before = states_of([path])
    written = path.stat()
    assert states_of([path]) == before
    path.write_text("two")
    os.utime(path, ns=(written.st_atime_ns, written.st_mtime_ns))
    after = states_of([path])
    assert after != before
    assert after[str(path)][1:3] == before[str(path)][1:3]


def test_a_folder_changes_with_its_names_and_nothing_is_a_state_too(tmp_path: Path) -> None:
    nothing = states_of([tmp_path / "a", tmp_path])
    (tmp_path / "a").touch()
    now = states_of([tmp_path / "a", tmp_path])
    assert all(now[path] != state for path, state in nothing.items())
    assert nothing[str(tmp_path / "a")] == []


def test_folders_that_are_left_out_are_not_entered(tmp_path: Path) -> None:
    for name in ("a/b/c.txt", "kept/d.txt", "a/kept/e.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = states_below(tmp_path, [tmp_path / "kept"])
    assert [Path(path).relative_to(tmp_path).as_posix() for path in sorted(found)] == ["a/b/c.txt", "a/kept/e.txt"]
    assert states_below(tmp_path / "nowhere") == {}


def test_what_changed_in_the_same_step_of_the_clock_is_not_settled(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    states = states_of([tmp_path / "a", tmp_path / "nowhere"])
    changed = states[str(tmp_path / "a")][-1]
    assert is_settled(states, changed + CLOCK_STEP + 1)
    assert not is_settled(states, changed + CLOCK_STEP)
    assert is_settled({"nowhere": []}, 0)
