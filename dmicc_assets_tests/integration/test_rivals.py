"""Command line, jobs of the UI and daemon on the same studies at once: each ends, and what they leave is right.

`make locks` tries it twenty times.
"""

from pathlib import Path

import pytest

from dmicc_assets_tests.worlds.rivals import RIVALS, rivals_in

pytestmark = [pytest.mark.slow, pytest.mark.apart]


def test_rivals_on_the_same_studies_end_and_leave_what_a_fresh_build_has(tmp_path: Path) -> None:
    assert {rival["do"] for rival in RIVALS} == {"command", "job", "materialise", "automation"}
    (tmp_path / "rivals").mkdir()
    with rivals_in(tmp_path / "rivals") as rivals:
        assert rivals.trial() == []
