"""A short soak: a revision whose run is killed, followed by automation, ends as a fresh build.

`make soak` makes 200 of them on twenty series and six studies, with full disks and faults of servers too.
"""

from pathlib import Path

import pytest

from dmicc_assets_tests.worlds.soak import soak

pytestmark = [pytest.mark.slow, pytest.mark.apart]


def test_a_revision_whose_run_is_killed_ends_as_a_fresh_build(tmp_path: Path) -> None:
    with soak(tmp_path / "soaked", tmp_path / "logs", seed=9, n_datasets=3, n_studies=1) as soaked:
        soaked.begin()
        soaked.round(1, "killed")
        soaked.compare()
        assert soaked.problems == [], (tmp_path / "logs" / "rounds.jsonl").read_text()
