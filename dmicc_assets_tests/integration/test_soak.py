"""A short soak: revisions followed by automation, under a kill, a full disk and a faulty server, end as a fresh build.

`make soak` makes 200 of them on twenty series and six studies.
"""

from pathlib import Path

import pytest

from dmicc_assets_tests.worlds.soak import soak

pytestmark = [pytest.mark.slow, pytest.mark.apart]


def test_revisions_under_faults_end_as_a_fresh_build(tmp_path: Path) -> None:
    with soak(tmp_path / "soaked", tmp_path / "logs", seed=5, n_datasets=4, n_studies=1) as soaked:
        soaked.begin()
        for kind in ("killed", "disk", "server"):
            soaked.round(1, kind)
        soaked.compare()
        assert soaked.problems == [], (tmp_path / "logs" / "rounds.jsonl").read_text()
