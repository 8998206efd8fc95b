"""`dmicc gene-sets --study`: what each library of a study stands for, and getting, pinning and removing these."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dmicc_assets.cli import main as cli
from dmicc_assets.enrichment.providers.library_folder import forget_answers
from dmicc_assets_tests.worlds.gene_set_providers import KEGG, GeneSetProviders
from dmicc_assets_tests.worlds.local_study import local_study, values_of

Said = tuple[int, list[str], str]
Run = Callable[..., Said]
SETS = {"libraries": ["GO_MF", {"KEGG": "Reactome_2022"}], "min_size": 1}
SCORED: dict[str, Any] = {"libraries": ["HALLMARK"]}


@pytest.fixture
def providers(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeneSetProviders]:
    forget_answers()
    with GeneSetProviders() as world:
        world.served["/enrichr/Enrichr/geneSetLibrary?mode=text&libraryName=Reactome_2022"] = KEGG.encode()
        for name, value in world.environment().items():
            monkeypatch.setenv(name, value)
        yield world
    forget_answers()


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], providers: GeneSetProviders
) -> Run:
    settings = local_study(tmp_path, {"A": values_of("A", 3, 3, 1)}, enrichment=SETS, scores=SCORED)
    for name, value in {"HOME": settings.home, "STUDIES": settings.studies, "REQUESTS_PER_SECOND": 50}.items():
        monkeypatch.setenv(f"DMICC_{name}", str(value))
    monkeypatch.delenv("DMICC_GENE_SETS", raising=False)

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["dmicc", "gene-sets", *arguments])
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out.splitlines(), said.err

    return run


def row(lines: list[str], name: str) -> list[str]:
    (line,) = [line for line in lines if line.startswith(name)]
    return re.split(r"\s{2,}", line.strip())


def test_what_a_study_pins_is_listed_fetched_and_removed(run: Run, providers: GeneSetProviders) -> None:
    status, lines, _ = run("--study", "local")
    assert status == 0
    assert row(lines, "KEGG")[:5] == ["KEGG", "Reactome_2022", "Enrichr", "Reactome_2022", "not yet"]
    assert row(lines, "HALLMARK")[:4] == ["HALLMARK", "MSigDB", "h.all", "not yet"]
    assert not providers.requests
    status, lines, _ = run("get", "--study", "local")
    assert status == 0
    fetched = [line.split(" is in ")[0] for line in lines if " is in " in line]
    assert fetched == ["GO_MF", "KEGG", "HALLMARK"]
    assert not any("KEGG_2021_Human" in path for path in providers.asked("GET"))
    status, lines, _ = run("--study", "local")
    assert "not yet" not in "".join(lines)
    assert row(lines, "GO_MF")[-1] == "1"
    assert run("pin", "GO_MF", "--study", "local")[0] == 0
    assert row(run("--study", "local")[1], "GO_MF")[-1] == "yes"
    assert run("remove", "KEGG", "--study", "local")[1] == ["KEGG is removed"]
    assert "not yet" in row(run("--study", "local")[1], "KEGG")


def test_one_library_by_its_name_in_the_study(run: Run, providers: GeneSetProviders) -> None:
    status, lines, _ = run("get", "KEGG", "--study", "local")
    assert status == 0
    assert lines[-1].endswith("enrichr-human-Reactome_2022.gmt")
    assert [path for path in providers.asked("GET") if "go/" in path] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("get", "REACTOME", "--study", "local"),
            "'REACTOME' is not one of its libraries (GO_MF, KEGG, HALLMARK)",
        ),
        (("remove", "--study", "local"), "dmicc gene-sets remove: name a library"),
        (("get",), "dmicc gene-sets get: name a library"),
        (("--study", "nobody"), "nobody"),
        (("get", "--study", "local", "--organism", "mouse"), "leave out --organism or --study"),
    ],
)
def test_what_is_wrong_is_said(run: Run, arguments: tuple[str, ...], message: str) -> None:
    status, _, error = run(*arguments)
    assert status == 2
    assert message in error
