"""A kept answer of `dmicc check` is given as long as nothing changed that it depends on, and never after."""

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from dmicc_assets.cli import found_check, kept_check
from dmicc_assets.cli import main as cli
from dmicc_assets.lake import file_states
from dmicc_assets_tests.unit.cli.test_check import STUDY
from dmicc_assets_tests.worlds.fake_geo import FakeGeo
from dmicc_assets_tests.worlds.small_mirror import small_mirror

MATRIX = "mirror/geo/series/GSE1nnn/GSE1001/matrix/GSE1001_series_matrix.txt.gz"
ANNOTATION = "mirror/geo/platforms/GPLnnn/GPL7/annot/GPL7.annot.gz"
KEPT = "home/downloads/answers/check.small.json"
CODE = "from dmicc_assets.cli.main import main; main()"


class World:
    """A folder with a study, its sources and its home, in which answers are counted that had to be found."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.n_found = folder, 0
        self._monkeypatch, self._capsys, find = monkeypatch, capsys, found_check.find_answer

        def counted(*args: Any, **options: Any) -> Any:
            self.n_found += 1
            return find(*args, **options)

        monkeypatch.setattr(found_check, "find_answer", counted)
        for name, path in {"HOME": "home", "STUDIES": "studies", "GENE_SETS": "sets"}.items():
            monkeypatch.setenv(f"DMICC_{name}", str(folder / path))
        monkeypatch.setenv("DMICC_GEO_URL", (folder / "mirror/geo").as_uri())

    def check(self, *options: str) -> list[str]:
        """What is printed, errors last."""
        self._monkeypatch.setattr(sys, "argv", ["dmicc", "check", "small", *options])
        with pytest.raises(SystemExit):
            cli.main()
        said = self._capsys.readouterr()
        return [*said.out.splitlines(), *said.err.splitlines()]

    def write_study(self, **changes: Any) -> None:
        changes = {"enrichment": {"libraries": ["SETS"], "min_size": 2}} | changes
        (self.folder / "studies/small.yaml").write_text(yaml.safe_dump(STUDY | changes))

    def replace(self, path: str, old: str, new: str) -> None:
        """Replace a text in a compressed file, in its place, and give it the time that it had."""
        file = self.folder / path
        before, text = file.stat(), gzip.decompress(file.read_bytes()).decode()
        assert old in text
        file.write_bytes(gzip.compress(text.replace(old, new).encode()))
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> World:
    """A world whose files are older than a step of the file system's clock."""
    small_mirror(tmp_path / "mirror")
    for name in ("sets", "studies"):
        (tmp_path / name).mkdir()
    (tmp_path / "sets/SETS.gmt").write_text("A\t\tGENE1\tGENE2\tELSE\nB\t\tGENE3\n")
    made = World(tmp_path, monkeypatch, capsys)
    made.write_study()
    time.sleep(1.5 * file_states.CLOCK_STEP / 1e9)
    return made


def test_the_same_is_said_of_unchanged_things_and_found_once(world: World) -> None:
    first = world.check()
    assert "gene sets SETS: 3 of 40 genes are in a set, 1 of 2 sets can be tested" in first
    assert world.check() == first
    objects = list(map(json.loads, world.check("--json")))
    assert world.n_found == 1
    (world.folder / KEPT).unlink()
    assert list(map(json.loads, world.check("--json"))) == objects
    assert world.n_found == 2


def test_a_kept_answer_loads_no_large_library(world: World) -> None:
    world.check()
    watch = (
        "import atexit, sys; atexit.register(lambda: print(sorted({'polars', 'numpy', 'duckdb'} & set(sys.modules))))"
    )
    command = [sys.executable, "-c", f"{watch}; {CODE}", "check", "small"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said[-1] == "[]"
    assert said[:-1] == world.check()


def edited_label(world: World) -> str:
    labels = [{"label": "lupus", "where": {"disease": "lupus"}}, {"label": "healthy", "where": {"disease": "healthy"}}]
    world.write_study(datasets={"GSE1001": {"source": "geo", "labels": labels}})
    return "lupus 3, healthy 3"


def edited_samples(world: World) -> str:
    world.replace(MATRIX, "GSM105", "GSM1O5")
    return ""


def relabelled_samples(world: World) -> str:
    world.replace(MATRIX, "disease: healthy", "disease: lupus")
    return "lupus 6 (expected 3)"


def renamed_gene(world: World) -> str:
    world.replace(ANNOTATION, "GENE1\t", "ELSEW\t")
    return "2 of 40 genes are in a set"


def another_matrix(world: World) -> str:
    (world.folder / MATRIX).with_name("GSE1001-GPL9_series_matrix.txt.gz").write_bytes(b"")
    return ""


def another_gene_set(world: World) -> str:
    (world.folder / "sets/SETS.gmt").write_text("A\t\tGENE1\tGENE4\tGENE5\nB\t\tGENE3\n")
    return "4 of 40 genes are in a set"


def no_gene_sets(world: World) -> str:
    (world.folder / "sets/SETS.gmt").unlink()
    return "gene-set library SETS: expected SETS.gmt"


def lost_copy(world: World) -> str:
    (copy,) = (world.folder / "home/downloads").glob("*/*/GPL7.annot.gz")
    copy.unlink()
    return ""


def write_in_home(world: World, name: str, content: str) -> None:
    path = world.folder / "home" / name
    path.parent.mkdir(parents=True)
    path.write_text(content)


def another_file_of_the_lake(world: World) -> str:
    write_in_home(world, "lake/source/files/small.GSE1001.json", "{}")
    return "is missing or damaged"


def a_decision_of_another_command(world: World) -> str:
    write_in_home(world, "lake/warehouse/partitions/small.parquet", "")
    return ""


def another_report(world: World) -> str:
    write_in_home(world, "reports/small/index.html", "")
    return ""


def another_study(world: World) -> str:
    (world.folder / "studies/other.yaml").write_text("study: other\n")
    return ""


def damaged_answer(world: World) -> str:
    kept = world.folder / KEPT
    kept.write_text(kept.read_text().replace("3 of 40", "9 of 40"))
    return "3 of 40 genes are in a set"


CHANGES = [
    edited_label, edited_samples, relabelled_samples, renamed_gene, another_matrix, another_gene_set, no_gene_sets,
    lost_copy, another_file_of_the_lake, a_decision_of_another_command, another_report, another_study, damaged_answer,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_whatever_changed_the_answer_is_found_anew(world: World, change: Callable[[World], str]) -> None:
    """Each change gives the words that the new answer must have; some change none of its words."""
    first = "\n".join(world.check())
    said = change(world)
    assert change is damaged_answer or not said or said not in first
    assert said in "\n".join(world.check())
    assert world.n_found == 2


def test_other_code_and_other_settings_find_it_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = world.check()
    with monkeypatch.context() as patch:
        patch.setattr(kept_check, "code_state", lambda: "of tomorrow")
        assert (world.check(), world.n_found) == (first, 2)
        assert (world.check(), world.n_found) == (first, 2)
    monkeypatch.setenv("DMICC_SIZE_LIMITS", "2")
    assert (world.check(), world.n_found) == (first, 3)


def test_what_would_stop_a_run_is_looked_at_each_time(world: World) -> None:
    world.replace(MATRIX, "disease: healthy", "disease: lupus")
    time.sleep(1.5 * file_states.CLOCK_STEP / 1e9)
    first = world.check()
    assert first[-1] == "dmicc: small: a run would stop at GSE1001; why, is said above"
    assert (world.check(), world.n_found) == (first, 2)


def test_a_server_is_asked_each_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DMICC_REQUESTS_PER_SECOND", "50")
    with FakeGeo(world.folder / "mirror") as geo:
        monkeypatch.setenv("DMICC_GEO_URL", geo.geo_url)
        world.check()
        n_asked = len(geo.requests)
        world.check()
        assert len(geo.requests) > n_asked
    assert world.n_found == 2


@pytest.mark.parametrize("path", [MATRIX, "sets/SETS.gmt", "studies/small.yaml"])
def test_an_answer_is_not_kept_beside_a_file_that_changes_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    find = found_check.find_answer

    def disturbed(*args: Any, **options: Any) -> Any:
        found = find(*args, **options)
        (world.folder / path).touch()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(found_check, "find_answer", disturbed)
        world.check()
    assert not (world.folder / KEPT).exists()


def test_an_answer_is_not_kept_beside_a_file_of_the_same_moment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written in the same step of the clock again would show neither another time nor another size."""
    monkeypatch.setattr(file_states, "CLOCK_STEP", 10**12)
    world.check()
    assert not (world.folder / KEPT).exists()
