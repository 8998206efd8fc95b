"""With a network and nothing else `dmicc run dm_icc` gives the whole paper, each file asked for once.

The servers are loopback ones; what is known of the real ones is in `worlds/networked_paper.py`.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from dmicc_assets.cli import main as cli
from dmicc_assets.enrichment.providers.library_folder import forget_answers
from dmicc_assets.geo.http import client as http_client
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.results.reader import Results
from dmicc_assets.study.settings import load_settings
from dmicc_assets.tables import TABLES
from dmicc_assets_tests.worlds.fake_geo import QUICK, FakeGeo
from dmicc_assets_tests.worlds.gene_set_providers import GeneSetProviders
from dmicc_assets_tests.worlds.networked_paper import paper_providers, write_mirror, write_quick_study

pytestmark = pytest.mark.slow
# Not of this study: a table for three or more datasets of a cohort.
WITHOUT_ROWS = {"validation/internal_external"}


@dataclass
class Said:
    """What a command printed."""

    status: int
    out: str
    err: str


class Machine:
    """A machine with a network: a home, and servers for everything that is asked over it."""

    def __init__(self, folder: Path, geo: FakeGeo, sets: GeneSetProviders, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.geo, self.sets, self._capsys = folder, geo, sets, capsys
        self.home = folder / "home"
        self.studies = folder / "studies"

    @property
    def variables(self) -> dict[str, str]:
        """The addresses, and where this test keeps its state."""
        geo = {"DMICC_GEO_URL": self.geo.geo_url, "DMICC_GEO_ACC_URL": self.geo.acc_url}
        here = {"DMICC_HOME": str(self.home), "DMICC_STUDIES": str(self.studies)}
        pace = {"DMICC_REQUESTS_PER_SECOND": "50", "DMICC_XENA_URL": self.geo.xena_url}
        return self.sets.environment() | geo | here | pace

    def dmicc(self, *arguments: str) -> Said:
        """Run the command in this process."""
        forget_answers()  # as a new process begins
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "environ", os.environ | self.variables)
            patch.setattr(sys, "argv", ["dmicc", *arguments])
            patch.setattr("dmicc_assets.orchestration.asset.picture", lambda _context, _manifest: {})
            patch.setattr("dmicc_assets.assets.report.study_figures", lambda _tables: [])
            with pytest.raises(SystemExit) as left:
                cli.main()
        said = self._capsys.readouterr()
        return Said(int(left.value.code or 0), said.out, said.err)

    def requests(self) -> list[tuple[str, str]]:
        """Method and path of each request since the last call."""
        asked = [(each.method, each.path) for each in self.geo.requests] + self.sets.requests
        self.geo.requests.clear()
        self.sets.requests.clear()
        return asked

    def results(self) -> Results:
        """What the lake has of the study."""
        workspace = open_workspace(load_settings(home=self.home, studies=str(self.studies)))
        return Results.of_study(workspace.lake, workspace.study("dm_icc"))

    def report(self) -> str:
        """The report's HTML."""
        return (self.home / "reports" / "dm_icc" / "index.html").read_text(encoding="utf-8")


@pytest.fixture
def machine(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    monkeypatch.setattr(http_client, "Patience", lambda: QUICK)
    write_mirror(tmp_path / "mirror")
    write_quick_study(tmp_path / "studies")
    with FakeGeo(tmp_path / "mirror", is_s3=True) as geo, paper_providers() as sets:
        yield Machine(tmp_path, geo, sets, capsys)


def test_the_whole_paper_comes_by_itself_and_a_second_run_asks_validators(machine: Machine) -> None:
    done = machine.dmicc("run", "dm_icc")
    assert (done.status, done.err.strip()) == (0, "")
    assert "36 made, 0 computed without a change, 0 up to date" in done.out
    first = machine.requests()
    assert [path for (_, path), n in Counter(first).items() if n > 1] == []
    assert {method for method, _ in first} == {"GET"}, "nothing is asked before it is fetched"

    results = machine.results()
    empty = {
        name for name in TABLES if results.rows(name).is_empty() and name.split("/")[0] not in ("atlas", "warehouse")
    }
    assert empty == WITHOUT_ROWS
    published = results.report.published
    assert published.filter(pl.col("agrees") == "not testable")["quantity"].to_list() == []
    of_terms = published.filter(pl.col("quantity").str.starts_with("term."))
    assert (len(of_terms), set(of_terms["agrees"])) == (17, {"yes"})
    samples = results.rows("cohort/samples").group_by("dataset", "is_case").len()
    counts = {(dataset, is_case): n for dataset, is_case, n in samples.iter_rows()}
    assert counts == {
        ("GSE46239", True): 48,
        ("GSE46239", False): 4,
        ("GSE1551", True): 13,
        ("GSE1551", False): 10,
        ("GSE32225", True): 149,
        ("GSE32225", False): 6,
    }
    scales = dict(results.rows("source/datasets").select("dataset", "scale_detected").iter_rows())
    assert scales == {"GSE46239": "log2", "GSE1551": "log2", "GSE32225": "linear", "TCGA-CHOL": "log2"}
    assert "Enrichment was not made" not in machine.report()

    again = machine.dmicc("run", "dm_icc")
    assert (again.status, again.err.strip()) == (0, "")
    assert "0 made, 0 computed without a change, 36 up to date" in again.out
    second = machine.requests()
    bodies = [path for method, path in second if method == "GET" and not path.endswith(("/matrix/", "view=brief"))]
    assert bodies == []
    assert not [path for _, path in second if path.startswith("/enrichr")], "a pinned library is not asked for"
    assert max(Counter(second).values()) == 1
