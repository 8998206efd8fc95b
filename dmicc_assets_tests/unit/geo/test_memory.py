"""In one run a file is asked for once: the download tells what a HEAD would, and later runs ask for validators."""

import gzip
import shutil
from pathlib import Path

import pytest

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.acquire import acquire
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.http.memory import Memory
from dmicc_assets.geo.observe import observe, observed_text
from dmicc_assets_tests.worlds import fake_geo as fake
from dmicc_assets_tests.worlds.fake_geo import QUICK, FakeGeo, over_http
from dmicc_assets_tests.worlds.small_mirror import annot_text, family_text, spec, write_annot, write_family


def of_one_run(geo: FakeGeo, folder: Path) -> GeoClient:
    roots = geo.geo_url, geo.acc_url, geo.xena_url
    return GeoClient(*roots, folder / "cache", folder / "locks", rate=500.0, patience=QUICK, memory=Memory())


def run(geo: FakeGeo, folder: Path) -> tuple[str, list[str]]:
    """What `dmicc run` observes, and each request: it acquires the files only when that is new."""
    geo.requests.clear()
    client = of_one_run(geo, folder)
    first = not (folder / "seen").exists()
    seen = observed_text(observe("GSE1001", spec(), client, Path(), fetches=first))
    if first:
        (folder / "seen").write_text(seen)
        assert len(acquire("GSE1001", spec(), client, Path())) == 2
    return seen, [f"{request.method} {request.path.rsplit('/', 1)[-1] or 'listing'}" for request in geo.requests]


@pytest.mark.parametrize("lengths", [True, False], ids=["lengths", "no lengths"])
@pytest.mark.parametrize("validators", [True, False], ids=["validators", "no validators"])
def test_a_first_run_asks_for_each_file_once(
    fake_geo: FakeGeo, tmp_path: Path, validators: bool, lengths: bool
) -> None:
    fake_geo.validators, fake_geo.lengths = validators, lengths
    first, asked = run(fake_geo, tmp_path)
    assert asked == ["GET listing", "GET GSE1001_series_matrix.txt.gz", "GET GPL7.annot.gz"]
    second, asked = run(fake_geo, tmp_path)
    assert second == first
    if validators:
        assert asked == ["GET listing", "HEAD GSE1001_series_matrix.txt.gz", "HEAD GPL7.annot.gz"]


def test_a_part_of_a_family_file_is_one_request(mirror: Path, fake_geo: FakeGeo, tmp_path: Path) -> None:
    (mirror / "geo/platforms/GPLnnn/GPL7/annot/GPL7.annot.gz").unlink()
    probes = {"GPL7": {f"{1000 + i}_at": f"GENE{i}" for i in range(40)}}
    write_family(mirror, "GSE1001", family_text("GSE1001", {"GPL7": {"GSM100": {"1000_at": "1"}}}, probes))
    first, asked = run(fake_geo, tmp_path)
    assert asked[-1].startswith("GET GSE1001_family.soft.gz")
    assert len(asked) == len(set(asked))
    second, asked = run(fake_geo, tmp_path)
    assert second == first
    assert asked[-1].startswith("HEAD GSE1001_family.soft.gz")


def test_a_file_that_is_wrong_is_tried_once_a_run_and_named(fake_geo: FakeGeo, tmp_path: Path) -> None:
    fake_geo.plan("matrix.txt", *[fake.html_page()] * 9)
    client = of_one_run(fake_geo, tmp_path)
    assert observe("GSE1001", spec(), client, Path(), fetches=True) == []
    n_requests = len(fake_geo.requests)
    with pytest.raises(SourceError, match=r"GSE1001_series_matrix\.txt\.gz: .*HTML"):
        acquire("GSE1001", spec(), client, Path())
    assert len(fake_geo.requests) == n_requests


@pytest.mark.parametrize("remembers", [True, False])
def test_a_page_with_status_200_where_a_file_may_be_leads_to_the_next_place(
    mirror: Path, fake_geo: FakeGeo, tmp_path: Path, remembers: bool
) -> None:
    """A server that answers 200 for what it does not have; acc.cgi has the platform's table."""
    annot = mirror / "geo/platforms/GPLnnn/GPL7/annot/GPL7.annot.gz"
    table = gzip.decompress(annot.read_bytes()).decode()
    (mirror / "acc/GPL7.self.full.txt").write_text(f"^PLATFORM = GPL7\n{table[table.index('#ID') :]}")
    annot.unlink()
    fake_geo.plan("annot|soft/GPL7", *[fake.html_page()] * 40)
    client = of_one_run(fake_geo, tmp_path) if remembers else over_http(fake_geo, tmp_path)
    seen = {each.role: each.url for each in observe("GSE1001", spec(), client, Path(), fetches=remembers)}
    assert seen["platform"].startswith(fake_geo.acc_url)
    files = {file.role: file.url for file in acquire("GSE1001", spec(), client, Path())}
    assert files == seen


def test_a_page_everywhere_is_named(mirror: Path, fake_geo: FakeGeo, tmp_path: Path) -> None:
    (mirror / "geo/platforms/GPLnnn/GPL7/annot/GPL7.annot.gz").unlink()
    fake_geo.plan("GPL7", *[fake.html_page()] * 40)
    client = of_one_run(fake_geo, tmp_path)
    assert [each.role for each in observe("GSE1001", spec(), client, Path(), fetches=True)] == ["matrix"]
    with pytest.raises(SourceError, match=r"GPL7\.annot\.gz: an HTML page in place of"):
        acquire("GSE1001", spec(), client, Path())


def test_a_download_that_is_lost_within_a_run_is_fetched_again(fake_geo: FakeGeo, tmp_path: Path) -> None:
    client = of_one_run(fake_geo, tmp_path)
    (matrix, _) = acquire("GSE1001", spec(), client, Path())
    matrix.path.unlink()
    assert acquire("GSE1001", spec(), client, Path())[0].path.is_file()


def test_a_run_with_lost_downloads_asks_for_versions_alone(fake_geo: FakeGeo, tmp_path: Path) -> None:
    """What was made from them is in the lake; they are fetched again when they are read."""
    first, _ = run(fake_geo, tmp_path)
    shutil.rmtree(tmp_path / "cache")
    second, asked = run(fake_geo, tmp_path)
    assert second == first
    assert asked[0] == "GET listing"
    assert {"HEAD GSE1001_series_matrix.txt.gz", "HEAD GPL7.annot.gz"} <= set(asked)


def test_without_a_memory_every_question_is_asked(mirror: Path, fake_geo: FakeGeo, tmp_path: Path) -> None:
    client = over_http(fake_geo, tmp_path)
    before = observe("GSE1001", spec(), client, Path())
    write_annot(mirror, "GPL7", annot_text("GPL7", {"1000_at": "TP63"}))
    assert observe("GSE1001", spec(), client, Path()) != before
