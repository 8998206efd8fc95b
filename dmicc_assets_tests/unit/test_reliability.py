"""The page docs/reliability.md names tests that exist."""

import re

from dmicc_assets_tests.conftest import ROOT

ROW = re.compile(r"^\| (?P<fault>[^|]+) \| (?P<promise>[^|]+) \| `(?P<file>[\w/]+\.py)::(?P<test>test_\w+)` \|$")


def test_every_promise_is_held_by_a_test_that_is_there() -> None:
    lines = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| fault")]
    assert len(rows) >= 30
    for row in rows:
        match = ROW.match(row)
        assert match, row
        path = ROOT / "dmicc_assets_tests" / match["file"]
        assert path.is_file(), row
        assert re.search(rf"^def {match['test']}\(", path.read_text(encoding="utf-8"), re.MULTILINE), row


def test_a_test_is_named_once() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    named = re.findall(r"::(test_\w+)`", text)
    assert len(named) == len(set(named))
