"""With a network and nothing else `dmicc run dm_icc` gives the whole paper, each file asked for once.

The servers are loopback ones; what is known of the real ones is in `worlds/networked_paper.py`.
"""

import io
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from dmicc_assets.assets import STEPS
from dmicc_assets.cli import main as cli
from dmicc_assets.enrichment.providers.library_folder import forget_answers
from dmicc_assets.geo.http import client as http_client
from dmicc_assets.lake.making import make
from dmicc_assets.lake.steps import partition_keys
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.results.reader import Results
from dmicc_assets.study.settings import Settings, load_settings
from dmicc_assets.tables import TABLES
from dmicc_assets_tests.worlds.fake_geo import QUICK, FakeGeo
from dmicc_assets_tests.worlds.gene_set_providers import GeneSetProviders
from dmicc_assets_tests.worlds.networked_paper import paper_providers, write_mirror, write_quick_study

pytestmark = pytest.mark.slow
# Groups of tables that the report has a section of; one of them needs three datasets in a cohort.
SECTIONS = ("cohort", "differential", "enrichment", "signature", "validation", "model", "rigor", "clinical", "report")
PROGRESS = re.compile(r"\d+:\d\d:\d\d ")
WITHOUT_ROWS = {"validation/internal_external"}
ARRAYS = {("GSE46239", True): 48, ("GSE46239", False): 4, ("GSE1551", True): 13, ("GSE1551", False): 10}
ARRAYS |= {("GSE32225", True): 149, ("GSE32225", False): 6}


@dataclass(frozen=True)
class Said:
    """What a command printed, without its progress, and what it asked the servers for: method and path."""

    status: int
    out: str
    err: str
    asked: list[tuple[str, str]]


@dataclass(frozen=True)
class Machine:
    """A machine with a network: a home, and servers for everything that is asked over it."""

    folder: Path
    geo: FakeGeo
    sets: GeneSetProviders

    def settings(self, home: str = "home") -> Settings:
        """The addresses, and where this test keeps its state."""
        return load_settings(
            home=self.folder / home,
            studies=str(self.folder / "studies"),
            geo_url=self.geo.geo_url,
            geo_acc_url=self.geo.acc_url,
            xena_url=self.geo.xena_url,
            requests_per_second=50,
            **{f"{name}_url": self.sets.root(name) for name in ("enrichr", "go", "msigdb", "reactome")},
        )

    def dmicc(self, *arguments: str, home: str = "home") -> Said:
        """Run the command in this process."""
        self.geo.requests.clear()
        self.sets.requests.clear()
        forget_answers()  # as a new process begins
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "environ", os.environ | self.settings(home).environment())
            patch.setattr(sys, "argv", ["dmicc", *arguments])
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            patch.setattr("dmicc_assets.orchestration.pictures.Pictures.picture", lambda _context, _manifest: None)
            patch.setattr("dmicc_assets.report.figures.catalog.study_figures", lambda *_: [])
            with pytest.raises(SystemExit) as left:
                cli.main()
        asked = [(each.method, each.path) for each in self.geo.requests] + self.sets.requests
        told = "".join(line for line in err.getvalue().splitlines(keepends=True) if not PROGRESS.match(line))
        return Said(int(left.value.code or 0), out.getvalue(), told.strip(), asked)

    def make(self, *steps: str, part: str | None = None, home: str = "home") -> None:
        """Compute steps of the study without Dagster, which takes most of a command's time."""
        forget_answers()
        workspace = open_workspace(self.settings(home))
        workspace.settings.prepare_home()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("dmicc_assets.report.figures.catalog.study_figures", lambda *_: [])
            for step in (step for step in STEPS if step.name in steps):
                for key in partition_keys(step.partition, workspace.study("dm_icc")):
                    if part in (None, key.part):
                        make(workspace.context(step, key))

    def forget_libraries(self) -> None:
        """As if no library had been fetched."""
        shutil.rmtree(self.folder / "home" / "gene_sets")

    def results(self, home: str = "home") -> Results:
        """What the lake has of the study."""
        workspace = open_workspace(self.settings(home))
        return Results.of_study(workspace.lake, workspace.study("dm_icc"))

    def report(self) -> str:
        """The report's HTML."""
        return (self.folder / "home" / "reports" / "dm_icc" / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Machine, Said]]:
    """The machine after its first run, with what that said and asked; the home is kept beside."""
    folder = tmp_path_factory.mktemp("machine")
    write_mirror(folder / "mirror")
    write_quick_study(folder / "studies")
    with (
        pytest.MonkeyPatch.context() as patch,
        FakeGeo(folder / "mirror", is_s3=True) as geo,
        paper_providers() as sets,
    ):
        patch.setattr(http_client, "Patience", lambda: QUICK)
        machine = Machine(folder, geo, sets)
        said = machine.dmicc("run", "dm_icc")
        shutil.copytree(folder / "home", folder / "kept")
        yield machine, said


@pytest.fixture
def machine(first: tuple[Machine, Said]) -> Iterator[Machine]:
    """The machine just after its first run, with every server up."""
    here, _ = first
    shutil.rmtree(here.folder / "home")
    shutil.copytree(here.folder / "kept", here.folder / "home")
    yield here
    here.sets.down.clear()
    here.geo.challenges = False


def test_the_whole_paper_comes_by_itself_and_each_file_is_asked_for_once(first: tuple[Machine, Said]) -> None:
    machine, said = first
    assert (said.status, said.err) == (0, "")
    assert " made, 0 computed without a change, 0 up to date" in said.out
    assert [path for (_, path), n in Counter(said.asked).items() if n > 1] == []
    assert {method for method, _ in said.asked} == {"GET"}, "nothing is asked before it is fetched"

    results = machine.results()
    of_study = [name for name in TABLES if name.split("/")[0] in SECTIONS]
    assert {name for name in of_study if results.rows(name).is_empty()} == WITHOUT_ROWS
    samples = results.rows("cohort/samples").group_by("dataset", "is_case").len()
    assert {(dataset, is_case): n for dataset, is_case, n in samples.iter_rows()} == ARRAYS
    labels = results.rows("source/samples", dataset="TCGA-CHOL").group_by("label").len()
    assert dict(labels.iter_rows()) == {"tumour": 36, "normal": 9}
    scales = dict(results.rows("source/datasets").select("dataset", "scale_detected").iter_rows())
    assert scales == {"GSE46239": "log2", "GSE1551": "log2", "GSE32225": "linear", "TCGA-CHOL": "log2"}
    published = results.report.published
    assert published.filter(pl.col("agrees") == "not testable")["quantity"].to_list() == []
    of_terms = published.filter(pl.col("quantity").str.starts_with("term."))
    assert (len(of_terms), set(of_terms["agrees"])) == (17, {"yes"})
    directions = published.filter(pl.col("quantity").str.starts_with("direction."))
    assert (len(directions), set(directions["agrees"])) == (6, {"yes"})
    assert "Enrichment was not made" not in machine.report()


def test_a_second_run_asks_for_validators_and_nothing_of_a_pinned_library(machine: Machine) -> None:
    said = machine.dmicc("run", "dm_icc")
    assert (said.status, said.err) == (0, "")
    assert "\nsteps: 0 made, 0 computed without a change, " in said.out
    bodies = [path for method, path in said.asked if method == "GET" and not path.endswith(("/matrix/", "view=brief"))]
    assert bodies == [], "only listings, and the date of acc.cgi's table, which has no validators"
    assert not [path for _, path in said.asked if path.startswith("/enrichr")]
    assert max(Counter(said.asked).values()) == 1


def test_with_challenges_everywhere_the_annotation_comes_from_the_tree(machine: Machine) -> None:
    machine.geo.challenges = True
    machine.make("files", "dataset", part="GSE32225", home="challenged")
    results = machine.results("challenged")
    files = results.source.files
    (source,) = files.filter(pl.col("role") == "platform")["source_url"]
    assert source.endswith("/soft/GSE32225_family.soft.gz#GPL8432")
    assert results.rows("source/probe_genes").equals(machine.results().rows("source/probe_genes", dataset="GSE32225"))


def test_a_challenge_without_another_way_is_one_line_and_the_rest_is_made(machine: Machine) -> None:
    machine.geo.challenges = True
    (family,) = machine.folder.rglob("GSE32225_family.soft.gz")
    family.rename(machine.folder / "away")
    try:
        said = machine.dmicc("run", "dm_icc", "--only", "source", home="alone")
    finally:
        (machine.folder / "away").rename(family)
    assert said.status == 1
    assert "6 made" in said.out
    lines = [line for line in said.err.splitlines() if line]
    assert len(lines) == 2, said.err
    assert "files of dm_icc.GSE32225 failed: " in lines[0]
    assert "challenge page (reCAPTCHA)" in lines[0]
    assert "DMICC_GEO_ACC_URL" in lines[0]


def test_enrichr_down_is_one_line_and_takes_only_its_libraries(machine: Machine) -> None:
    machine.forget_libraries()
    machine.sets.down |= {"enrichr"}
    said = machine.dmicc("run", "dm_icc", "--only", "enrichment")
    assert said.status == 0
    assert said.err.startswith("warning: enrichment was not made in KEGG, which could not be had (KEGG: http")
    assert (said.err.count("\n"), said.err.count("503")) == (0, 1)
    asked = Counter(said.asked)
    assert sum(asked.values()) == len(asked) + QUICK.attempts - 1, "a provider that is down is tried once a run"
    machine.make("published", "report")
    results = machine.results()
    for table in ("enrichment/camera", "enrichment/terms", "enrichment/gsea"):
        assert set(results.rows(table)["library"]) == {"GO_BP", "GO_CC", "GO_MF"}
    untestable = results.report.published.filter(pl.col("agrees") == "not testable")["quantity"]
    assert {quantity.split(".")[2] for quantity in untestable} == {"KEGG"}
    assert machine.report().count("Enrichment was not made in KEGG, which could not be had (KEGG: http") == 1


def test_with_go_down_the_bundled_one_is_used_and_named(machine: Machine) -> None:
    machine.forget_libraries()
    machine.sets.down |= {"go"}
    machine.make("terms", part="dm")
    results = machine.results()
    assert "KEGG" in set(results.rows("enrichment/terms", cohort="dm")["library"])
    notes = results.notes("enrichment/terms", "dm")
    assert set(notes["bundled_libraries"]) == {"GO_BP", "GO_CC", "GO_MF"}
    assert notes["missing_libraries"] == {}


def test_with_every_provider_down_the_report_says_so_and_never_that_no_set_holds_a_gene(machine: Machine) -> None:
    machine.forget_libraries()
    machine.sets.down |= {"enrichr", "go", "msigdb", "reactome"}
    machine.make("terms", "report")
    page = machine.report()
    assert page.count("Enrichment was not made in KEGG, which could not be had (KEGG: http") == 1
    assert page.count("was used for GO_BP, GO_CC and GO_MF, because none could be had (http") == 1
    assert "holds a differentially expressed gene" not in page
