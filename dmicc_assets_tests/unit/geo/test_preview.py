"""What is known of a dataset before its download: from headers, with one request a file and no matrix."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl
import pytest

from dmicc_assets.geo import preview
from dmicc_assets.geo.acquire import acquire
from dmicc_assets.geo.describe import describe_series
from dmicc_assets.geo.http import limits
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.http.limits import Limit
from dmicc_assets.geo.preview import DatasetPreview, preview_dataset
from dmicc_assets.study.addresses import GEO_ACC_URL
from dmicc_assets_tests.worlds import fake_geo as fake
from dmicc_assets_tests.worlds.fake_geo import FakeGeo, over_http
from dmicc_assets_tests.worlds.small_mirror import (
    annot_text,
    empty_rna_seq,
    family_text,
    matrix_text,
    small_values,
    spec,
    write_annot,
    write_counts,
    write_family,
    write_gzip,
    write_matrix,
)

MATRIX = "/geo/series/GSE1nnn/GSE1001/matrix/GSE1001_series_matrix.txt.gz"


def names(seen: DatasetPreview) -> list[str]:
    assert seen.samples is not None, seen.problem
    return seen.samples["sample"].to_list()


def asked(geo: FakeGeo) -> Counter[str]:
    """How often each file was asked for; folders aside."""
    return Counter(request.path for request in geo.requests if not urlsplit(request.path).path.endswith("matrix/"))


@pytest.mark.parametrize("has_ranges", [True, False])
def test_of_a_matrix_only_the_beginning_is_read(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_ranges: bool
) -> None:
    monkeypatch.setattr(limits, "HEADER", Limit(100_000, 60.0))
    text = matrix_text("GSE1001", "GPL7", small_values(5000))
    size = write_matrix(mirror, "GSE1001", "GPL7", text).stat().st_size
    assert size > 110_000
    with FakeGeo(mirror, ranges=has_ranges) as geo:
        client = over_http(geo, tmp_path)
        seen = preview_dataset("GSE1001", spec(), client, tmp_path)
        assert names(seen) == [f"GSM{100 + i}" for i in range(6)]
        assert (seen.organisms, seen.platform, seen.symbol_column) == (("Homo sapiens",), "GPL7", "Gene symbol")
        assert seen.genes == frozenset(f"GENE{i}" for i in range(40))
        matrix, platform = seen.files
        assert (matrix.role, matrix.n_bytes, matrix.is_held) == ("matrix", size, False)
        assert (platform.role, platform.is_held) == ("platform", True)
        assert set(asked(geo).values()) == {1}
        (request,) = [each for each in geo.requests if each.path == MATRIX]
        assert (request.headers["Range"], request.status) == ("bytes=0-99999", 206 if has_ranges else 200)
        assert not client.cache.recorded(f"{geo.address}{MATRIX}", "matrix")


@pytest.mark.parametrize("has_ranges", [True, False])
def test_a_header_beyond_the_limit_is_said(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_ranges: bool
) -> None:
    monkeypatch.setattr(limits, "HEADER", Limit(200, 60.0))
    with FakeGeo(mirror, ranges=has_ranges) as geo:
        seen = preview_dataset("GSE1001", spec(), over_http(geo, tmp_path), tmp_path)
        assert seen.problem is not None
        assert re.search("expected a header in the first 200 bytes|at most 200 bytes, found more", seen.problem)
        assert seen.samples is None


def test_files_that_are_here_already_are_not_counted_as_downloads(fake_geo: FakeGeo, tmp_path: Path) -> None:
    client = over_http(fake_geo, tmp_path)
    acquire("GSE1001", spec(), client, tmp_path)
    fake_geo.requests.clear()
    seen = preview_dataset("GSE1001", spec(), client, tmp_path)
    assert names(seen) == [f"GSM{100 + i}" for i in range(6)]
    assert [file.is_held for file in seen.files] == [True, True]
    assert set(asked(fake_geo).values()) == {1}
    assert {request.status for request in fake_geo.requests if request.path in asked(fake_geo)} == {304}


def test_an_annotation_of_two_datasets_is_asked_for_once(fake_geo: FakeGeo, mirror: Path, tmp_path: Path) -> None:
    write_matrix(mirror, "GSE1002", "GPL7", matrix_text("GSE1002", "GPL7", small_values()))
    client, fetched = over_http(fake_geo, tmp_path), preview.Fetched()
    for name in ("GSE1001", "GSE1002"):
        assert preview_dataset(name, spec(), client, tmp_path, fetched).genes
    assert set(asked(fake_geo).values()) == {1}


def test_counts_of_ncbi(mirror: Path, tmp_path: Path) -> None:
    empty_rna_seq(mirror)
    write_counts(mirror)
    with FakeGeo(mirror) as geo:
        seen = preview_dataset("GSE118828", spec(), over_http(geo, tmp_path), tmp_path)
        assert names(seen) == ["GSM100", "GSM101"]  # the others have no counts
        assert seen.genes == {"TP53", "CD4", "A1BG"}
        assert [file.role for file in seen.files] == ["matrix", "counts", "gene_ids"]
        assert set(asked(geo).values()) == {1}


def test_a_hub_s_matrix_and_a_local_one(mirror: Path, tmp_path: Path) -> None:
    write_gzip(mirror / "xena" / "A.gz", "gene\tP1-01\tP2-11\n" + "TP53\t1\t2\n" * 3)
    with FakeGeo(mirror) as geo:
        seen = preview_dataset("A", spec("xena", matrix="A"), over_http(geo, tmp_path), tmp_path)
        assert (names(seen), seen.genes, seen.files[0].is_held) == (["P1-01", "P2-11"], None, False)
    frame = pl.DataFrame({"gene": ["TP53", "CD4"], "a": [1.0, 2.0], "b": [3.0, 4.0]})
    frame.write_parquet(tmp_path / "m.parquet")
    frame.write_csv(tmp_path / "m.csv")
    (tmp_path / "s.tsv").write_text("sample\tsex\na\tF\nb\tM\n")
    client = GeoClient("file:///no", GEO_ACC_URL, "file:///no", tmp_path / "c", tmp_path / "l")
    for file in ("m.parquet", "m.csv"):
        seen = preview_dataset("X", spec("file", matrix=file, samples="s.tsv"), client, tmp_path)
        assert (names(seen), seen.genes) == (["a", "b"], {"TP53", "CD4"})
        assert seen.samples is not None
        assert seen.samples["characteristics"].to_list() == [[{"key": "sex", "value": each}] for each in "FM"]


def test_channels_are_those_of_the_samples_on_the_platform(mirror: Path, client: GeoClient, tmp_path: Path) -> None:
    tables = {
        "GPL7": {f"GSM{i}": {"1000_at": "1.5"} for i in (1, 2)},
        "GPL8": {f"GSM{i}": {"1_at": "0.5"} for i in (3, 4)},
    }
    text = family_text("GSE9", tables, {"GPL7": {"1000_at": "TP53"}, "GPL8": {"1_at": "TP53"}})
    for sample, texts in (("GSM3", ("patient", "pool")), ("GSM4", ("pool", "patient"))):
        channels = "".join(f"!Sample_source_name_ch{i} = {told}\n" for i, told in enumerate(texts, 1))
        start = f"^SAMPLE = {sample}\n"
        text = text.replace(start, f"{start}!Sample_channel_count = 2\n{channels}")
    write_family(mirror, "GSE9", text)
    one = preview_dataset("GSE9-GPL7", spec(), client, tmp_path)
    assert (one.problem, names(one)) == (None, ["GSM1", "GSM2"])
    two = preview_dataset("GSE9-GPL8", spec(), client, tmp_path)
    assert "dyes are swapped" in (two.problem or "")
    described = {dataset.name: dataset for dataset in describe_series("GSE9", client).datasets}
    assert {name: each.reference for name, each in described.items()} == {"GSE9-GPL7": None, "GSE9-GPL8": "^pool$"}
    assert {name: each.has_base for name, each in described.items()} == {"GSE9-GPL7": True, "GSE9-GPL8": False}


def test_a_series_without_a_matrix_is_read_from_its_family(mirror: Path, client: GeoClient, tmp_path: Path) -> None:
    tables = {"GPL7": {"GSM1": {"1000_at": "1"}, "GSM2": {"1000_at": "2"}}}
    write_family(mirror, "GSE9", family_text("GSE9", tables, {"GPL7": {"1000_at": "TP53"}}))
    write_annot(mirror, "GPL7", annot_text("GPL7", {"1000_at": "TP53"}))
    seen = preview_dataset("GSE9", spec(), client, tmp_path)
    assert (names(seen), seen.genes) == (["GSM1", "GSM2"], {"TP53"})


def test_clinical_files_are_read_whole(mirror: Path, tmp_path: Path) -> None:
    write_gzip(mirror / "xena" / "A.gz", "gene\tP1-01\tP2-11\nTP53\t1\t2\n")
    (mirror / "xena" / "A_clinicalMatrix").write_text("sampleID\tage\nP1-01\t61\n")
    with FakeGeo(mirror) as geo:
        asked_for = spec("xena", matrix="A", clinical="A_clinicalMatrix")
        seen = preview_dataset("A", asked_for, over_http(geo, tmp_path), tmp_path)
        assert seen.clinical == {"A_clinicalMatrix": {"P1-01": {"age": "61"}}}
        assert set(asked(geo).values()) == {1}


def test_what_a_run_would_refuse_is_the_problem(client: GeoClient, tmp_path: Path) -> None:
    seen = preview_dataset("GSE1001", spec(platform="GPL8"), client, tmp_path)
    assert seen.problem == "GSE1001: the study says GPL8, but the samples are on GPL7"
    assert not seen.is_unanswered
    seen = preview_dataset("GSE404", spec(), client, tmp_path)
    assert seen.problem is not None
    assert seen.problem.startswith("GSE404: no such series at")


@pytest.mark.parametrize("fault", [fake.status(503), fake.reset(0.0)], ids=["503", "no answer"])
def test_a_server_that_does_not_answer_is_not_a_problem_of_the_study(
    fake_geo: FakeGeo, tmp_path: Path, fault: fake.Fault
) -> None:
    fake_geo.plan("matrix", *[fault] * 40)
    seen = preview_dataset("GSE1001", spec(), over_http(fake_geo, tmp_path), tmp_path)
    assert (seen.is_unanswered, seen.samples) == (True, None)
    assert seen.problem is not None
