"""`dmicc check` as a person sees it: the file alone, what the sources have, and a server that does not answer."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from dmicc_assets.checks import look
from dmicc_assets.cli import main as cli
from dmicc_assets.geo import preview
from dmicc_assets.geo.formats.tabular import MatrixNames
from dmicc_assets.geo.http.policy import Patience
from dmicc_assets_tests.worlds.fake_geo import FakeGeo
from dmicc_assets_tests.worlds.small_mirror import family_text, small_mirror, write_family

Said = tuple[int, list[str], str]
Check = Callable[..., Said]
STUDY: dict[str, Any] = {
    "study": "small",
    "title": "Lupus",
    "datasets": {
        "GSE1001": {
            "source": "geo",
            "labels": [
                {"label": "lupus", "where": {"disease": "lupus"}, "expect": 3},
                {"label": "healthy", "where": {"disease": "healthy"}},
            ],
        }
    },
    "cohorts": {"sle": {"title": "Lupus", "datasets": ["GSE1001"], "case": "lupus", "control": "healthy"}},
    "enrichment": {"libraries": ["SETS", "KEGG"], "min_size": 2},
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """Writes the study, checks it against a server, and gives status, lines and errors."""
    small_mirror(tmp_path / "mirror")
    sets = tmp_path / "home" / "gene_sets"
    sets.mkdir(parents=True)
    (sets / "enrichr-human-SETS.gmt").write_text("A\t\tGENE1\tGENE2\tELSE\nB\t\tGENE3\n")
    monkeypatch.setattr(look, "PATIENCE", Patience(2, 0.01, 0.02, 1.0, 1.0))

    def run(geo_url: str, *options: str, **changes: Any) -> Said:
        (tmp_path / "small.yaml").write_text(yaml.safe_dump(STUDY | changes))
        for name, value in {"HOME": tmp_path / "home", "STUDIES": tmp_path, "GEO_URL": geo_url}.items():
            monkeypatch.setenv(f"DMICC_{name}", str(value))
        monkeypatch.setenv("DMICC_REQUESTS_PER_SECOND", "50")
        monkeypatch.setattr(sys, "argv", ["dmicc", "check", "small", *options])
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out.splitlines(), said.err

    return run


def test_what_the_sources_have(run: Check, tmp_path: Path) -> None:
    with FakeGeo(tmp_path / "mirror") as geo:
        status, lines, errors = run(geo.geo_url)
    assert (status, errors) == (0, "")
    size = (tmp_path / "mirror/geo/series/GSE1nnn/GSE1001/matrix/GSE1001_series_matrix.txt.gz").stat().st_size
    (row,) = [line.split("  ") for line in lines if line.startswith("GSE1001") and "expected" in line]
    assert [cell.strip() for cell in row if cell] == [
        "GSE1001", "6", "lupus 3 (expected 3), healthy 3", "GPL7, genes by Gene symbol", "Homo sapiens", "40",
        f"{size / 1e3:.1f} kB",
    ]  # fmt: skip
    (cohort,) = [line for line in lines if line.startswith("sle")]
    assert cohort.split("  ")[0] == "sle"
    assert [int(cell) for cell in cohort.split() if cell.isdigit()] == [3, 3, 40]
    assert "gene sets SETS: 3 of 40 genes are in a set, 1 of 2 sets can be tested" in lines
    assert "gene sets KEGG: not on this machine yet; a run fetches them" in lines
    assert f"to download: {size / 1e3:.1f} kB in 1 files" in lines
    assert "risk model in sle; the file is valid" in lines
    assert any(line.startswith("note: cohort sle: 3 cases and 3 controls") for line in lines)


def test_what_a_run_would_refuse_is_status_1_with_everything_shown(run: Check, tmp_path: Path) -> None:
    text = yaml.safe_dump(STUDY["datasets"]).replace("expect: 3", "expect: 4")
    with FakeGeo(tmp_path / "mirror") as geo:
        status, lines, errors = run(geo.geo_url, datasets=yaml.safe_load(text))
    assert status == 1
    assert errors == "dmicc: small: a run would stop at GSE1001; why, is said above\n"
    assert sum("3 samples are lupus" in line for line in lines) == 1
    assert any(line.startswith("a run stops here: GSE1001: 3 samples are lupus") for line in lines)
    assert any("lupus 3 (expected 4)" in line for line in lines)
    assert "risk model in sle; the file is valid, but does not fit its sources" in lines


def test_what_was_found_in_annotations_and_gene_sets_is_found_once(
    run: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = (tmp_path / "mirror" / "geo").as_uri()
    first = run(mirror)

    def is_not_read(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(look, "read_gmt", is_not_read)
    monkeypatch.setattr(preview, "read_genes", is_not_read)
    assert run(mirror) == first
    sets = tmp_path / "home" / "gene_sets" / "enrichr-human-SETS.gmt"
    sets.write_text("A\t\tGENE1\n")
    with pytest.raises(AssertionError):
        run(mirror)


def test_the_names_of_a_matrix_are_read_once_for_each_content(
    run: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = STUDY["datasets"]["GSE1001"]["labels"]
    own = {"OWN": {"source": "file", "matrix": "own.tsv", "samples": "s.tsv", "labels": labels}}
    cohorts = {"sle": {**STUDY["cohorts"]["sle"], "datasets": ["OWN"]}}
    groups = {f"s{i}": "lupus" if i < 3 else "healthy" for i in range(6)}
    (tmp_path / "s.tsv").write_text("\n".join(["sample\tdisease", *map("\t".join, groups.items())]))
    matrix, numbers = tmp_path / "own.tsv", "\t".join("123456")
    matrix.write_text("\n".join(["\t".join(["gene", *groups]), *(f"GENE{i}\t{numbers}" for i in range(20))]) + "\n")
    mirror, n_read, names_of = (tmp_path / "mirror" / "geo").as_uri(), list[Path](), preview.names_of

    def counted(path: Path) -> MatrixNames:
        n_read.append(path)
        return names_of(path)

    monkeypatch.setattr(preview, "names_of", counted)
    first = run(mirror, datasets=own, cohorts=cohorts)
    assert "gene sets SETS: 3 of 20 genes are in a set, 1 of 2 sets can be tested" in first[1]
    assert (run(mirror, datasets=own, cohorts=cohorts), len(n_read)) == (first, 1)
    matrix.write_text(matrix.read_text().replace("GENE3\t", "GENE333\t"))
    assert (
        "gene sets SETS: 2 of 20 genes are in a set, 1 of 2 sets can be tested"
        in run(mirror, datasets=own, cohorts=cohorts)[1]
    )
    assert len(n_read) == 2


def test_what_would_be_downloaded_is_not_said_of_a_file_that_is_not_there(run: Check, tmp_path: Path) -> None:
    labels = STUDY["datasets"]["GSE1001"]["labels"]
    own = {"source": "file", "matrix": "nothere.tsv", "samples": "s.tsv", "labels": labels}
    cohorts = {"sle": {**STUDY["cohorts"]["sle"], "datasets": ["OWN"]}}
    mirror = (tmp_path / "mirror" / "geo").as_uri()
    status, lines, _ = run(mirror, datasets={"OWN": own}, cohorts=cohorts)
    assert status == 1
    assert "to download: not known for OWN" in lines


def test_a_program_gets_objects_and_what_stops_a_run_last(run: Check, tmp_path: Path) -> None:
    text = yaml.safe_dump(STUDY["datasets"]).replace("expect: 3", "expect: 4")
    with FakeGeo(tmp_path / "mirror") as geo:
        whole = [json.loads(line) for line in run(geo.geo_url, "--json")[1]]
        status, lines, errors = run(geo.geo_url, "--json", datasets=yaml.safe_load(text))
    assert [each["cases"] for each in whole if "cohort" in each] == ["3"]
    assert whole[-1]["outcome"] == "succeeded"
    assert (status, errors.count("\n")) == (1, 1)
    dataset, *remarks, last = map(json.loads, lines)
    assert (dataset["dataset"], dataset["samples"]) == ("GSE1001", "6")
    told = (
        "GSE1001: 3 samples are lupus, the study expects 4 (GSM100, GSM101, GSM102); correct the rules, or write "
        "`expect: 3` if that is right"
    )
    assert [each["remark"] for each in remarks if each["stops"]] == [told]
    assert (last["outcome"], last["study"]) == ("failed", "small")
    assert last["error"] == f"small: a run would stop: {told}"


def test_offline_asks_nothing_and_a_silent_server_is_no_validity(run: Check, tmp_path: Path) -> None:
    with FakeGeo(tmp_path / "mirror") as geo:
        status, offline, errors = run(geo.geo_url, "--offline")
        assert geo.requests == []
    assert (status, errors) == (0, "")
    assert "cohort sle: lupus against healthy in GSE1001, batch: covariate, block: auto" in offline
    assert any("series matrix of GSE1001" in line and "lupus (3), healthy (?)" in line for line in offline)
    status, silent, errors = run(geo.geo_url)
    assert (status, errors.count("\n")) == (1, 1)
    assert errors.startswith("dmicc: small: GSE1001 was not looked at, since no source answered: whether a run would")
    more, validity = [line for line in silent if line not in offline]
    assert more.startswith("not looked at: GSE1001 (cannot reach 127.0.0.1")
    assert validity == "risk model in sle; the file is valid by itself; NOT LOOKED AT: GSE1001"
    assert "risk model in sle; the file is valid" in offline
    status, objects, _ = run(geo.geo_url, "--json")
    last = json.loads(objects[-1])
    assert (status, last["outcome"], list(last["not_looked_at"].values())) == (1, "failed", [["GSE1001"]])


def test_verify_reads_the_files_again_by_geoparse(run: Check, tmp_path: Path) -> None:
    """The small mirror has a series matrix and an annotation without descriptions, which GEOparse does not read."""
    mirror = (tmp_path / "mirror" / "geo").as_uri()
    status, lines, errors = run(mirror, "--verify")
    assert (status, errors) == (0, "")
    first, second = lines[-2:]
    assert first.startswith("GSE1001, GPL7.annot.gz: not compared: ")
    assert second == "GSE1001, GSE1001_series_matrix.txt.gz: GEOparse reads no such table, so it is not compared"
    samples = {f"GSM{i}": {f"{1000 + j}_at": f"{i + j}.5" for j in range(40)} for i in range(1, 7)}
    genes = {f"{1000 + i}_at": f"GENE{i}" for i in range(40)}
    (tmp_path / "mirror/geo/series/GSE1nnn/GSE1001/matrix/GSE1001_series_matrix.txt.gz").unlink()
    family = family_text("GSE1001", {"GPL7": samples}, {"GPL7": genes}).replace("#VALUE = ", "#VALUE = log2 RMA")
    write_family(tmp_path / "mirror", "GSE1001", family)
    labels = [{"label": "lupus", "where": {"sample": "[123]$"}}, {"label": "healthy", "where": {"sample": "[456]$"}}]
    datasets = {"GSE1001": {"source": "geo", "labels": labels}}
    status, lines, errors = run(mirror, "--verify", datasets=datasets)
    assert (status, errors) == (0, "")
    said = "6 samples of GPL7 with 24 fields and 240 values, equal by GEOparse"
    assert f"GSE1001, GSE1001_family.soft.gz: {said}" in lines
    status, _, errors = run(mirror, "--verify", "--offline")
    assert (status, "--verify downloads files" in errors) == (2, True)


def _labels(**expect: int) -> list[dict[str, Any]]:
    return [{"label": label, "where": {"disease": label}, "expect": n} for label, n in expect.items()]


def test_mistakes_in_labels_patients_and_gene_sets_are_all_named(
    run: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DMICC_GENE_SETS", str(tmp_path))
    (tmp_path / "KEGG.gmt").write_text("A\t\tGENE1\tGENE2\n")
    series = {"source": "geo", "labels": _labels(lupus=4, healthy=9), "patient": {"field": "visit", "pattern": "(.)"}}
    with FakeGeo(tmp_path / "mirror") as geo:
        status, lines, errors = run(geo.geo_url, datasets={"GSE1001": series})
        as_json = run(geo.geo_url, "--json", datasets={"GSE1001": series})
    stops = [line for line in lines if line.startswith("a run stops here: ")]
    assert "3 samples are lupus, the study expects 4 (" in stops[1]
    assert "3 samples are healthy, the study expects 9 (" in stops[1]
    assert "enrichment.libraries: gene-set library SETS: expected SETS.gmt" in stops[0]
    assert "GSE1001: patient: unknown field 'visit'" in stops[2]
    assert errors == "dmicc: small: a run would stop at enrichment.libraries and GSE1001; why, is said above\n"
    assert (status, as_json[0], len(stops)) == (2, 2, 3)
    assert sum(json.loads(line).get("stops") is True for line in as_json[1]) == 3


def test_a_wrong_file_does_not_hide_a_library_that_is_not_there(
    run: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DMICC_GENE_SETS", str(tmp_path))
    status, _, errors = run("", model={"cohort": "other"}, enrichment={"libraries": ["KEGG", "SETS"]})
    assert status == 2
    assert "model.cohort: 'other' is not one of the cohorts (sle)\nalso enrichment.libraries: " in errors
    assert all(f"expected {name}.gmt" in errors for name in ("KEGG", "SETS"))


@pytest.mark.parametrize("libraries", [[3], ["SETS", "SETS"]])
def test_of_libraries_that_cannot_be_read_no_other_is_said_to_lack(
    run: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, libraries: list[Any]
) -> None:
    """The libraries of a study that names none were said to be missing."""
    monkeypatch.setenv("DMICC_GENE_SETS", str(tmp_path))
    status, _, errors = run("", enrichment={"libraries": libraries})
    assert status == 2
    assert "libraries" in errors
    assert "GO_BP" not in errors


def test_every_file_that_is_not_there_is_named(run: Check, tmp_path: Path) -> None:
    local = {"source": "file", "matrix": "m.tsv", "samples": "s.tsv", "clinical": ["c.tsv"]}
    labels = _labels(lupus=3, healthy=3)
    with FakeGeo(tmp_path / "mirror") as geo:
        _, lines, _ = run(geo.geo_url, datasets={"GSE1001": {**local, "labels": labels}})
    (stop,) = [line for line in lines if line.startswith("a run stops here: ")]
    assert all(f"no {role} file at " in stop for role in ("matrix", "samples", "clinical"))
