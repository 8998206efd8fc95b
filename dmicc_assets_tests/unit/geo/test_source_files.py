"""A lost download is downloaded again when it is needed, and must be the same version."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.acquire import acquire
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.source_files import source_files, source_files_table, whole_files
from dmicc_assets.study.addresses import GEO_ACC_URL
from dmicc_assets_tests.worlds import fake_geo as fake
from dmicc_assets_tests.worlds.fake_geo import FakeGeo, over_http
from dmicc_assets_tests.worlds.small_mirror import matrix_text, revise, small_values, spec

MATRIX = "geo/series/GSE1nnn/GSE1001/matrix/GSE1001_series_matrix.txt.gz"


def files_of(table: pl.DataFrame, client: GeoClient) -> list[Path]:
    return [file.path for file in whole_files(table, "GSE1001", spec(), client, Path())]


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[40] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("lose", [Path.unlink, damage, lambda path: path.write_bytes(path.read_bytes()[:-1])])
@pytest.mark.parametrize("way", ["disk", "http"])
def test_what_is_missing_or_damaged_is_fetched_again(
    client: GeoClient, fake_geo: FakeGeo, tmp_path: Path, way: str, lose: Callable[[Path], object]
) -> None:
    asked = client if way == "disk" else over_http(fake_geo, tmp_path)
    files = acquire("GSE1001", spec(), asked, Path())
    table = source_files_table(files)
    assert source_files(table, asked.cache) == files
    content = [file.path.read_bytes() for file in files]
    lose(files[0].path)
    fake_geo.requests.clear()
    assert files_of(table, asked) == [file.path for file in files]
    assert [file.path.read_bytes() for file in files] == content
    if way == "http":
        downloads = [request.path for request in fake_geo.requests if request.path.endswith(".gz")]
        statuses = [request.status for request in fake_geo.requests if request.path.endswith(".gz")]
        assert (len(downloads), statuses) == (2, [200, 304]), "only what is lost is downloaded"


def test_nothing_is_asked_while_every_file_is_whole(fake_geo: FakeGeo, tmp_path: Path) -> None:
    client = over_http(fake_geo, tmp_path)
    table = source_files_table(acquire("GSE1001", spec(), client, Path()))
    fake_geo.requests.clear()
    files_of(table, client)
    assert fake_geo.requests == []


def test_another_version_is_not_taken_for_the_one_that_was_read(mirror: Path, client: GeoClient) -> None:
    table = source_files_table(acquire("GSE1001", spec(), client, Path()))
    files_of(table, client)[0].unlink()
    revise(mirror / MATRIX, matrix_text("GSE1001", "GPL7", small_values(seed=2)))
    for _ in range(2):
        with pytest.raises(SourceError) as caught:
            files_of(table, client)
        assert str(caught.value) == (
            f"GSE1001: GSE1001_series_matrix.txt.gz is missing or damaged in {client.cache.folder}, and the source "
            "now serves another version: `dmicc run STUDY --only source --force` takes that one"
        )


def test_without_the_source_one_line_says_what_is_lost_and_why(
    client: GeoClient, mirror: Path, fake_geo: FakeGeo, tmp_path: Path
) -> None:
    over_there = over_http(fake_geo, tmp_path / "http")
    of_http = source_files_table(acquire("GSE1001", spec(), over_there, Path()))
    for path in files_of(of_http, over_there):
        path.unlink()
    fake_geo.plan(".", *[fake.status(503)] * 99)
    with pytest.raises(
        SourceError,
        match=r"^GSE1001: GSE1001_series_matrix\.txt\.gz, GPL7\.annot\.gz is missing or damaged in .*http/cache and "
        r"cannot be downloaded again \(http://.* HTTP 503 .*\(tried 3 times\)\)$",
    ):
        files_of(of_http, over_there)

    table = source_files_table(acquire("GSE1001", spec(), client, Path()))
    files_of(table, client)[1].unlink()
    gone = tmp_path / "gone"
    elsewhere = GeoClient(gone.as_uri(), GEO_ACC_URL, gone.as_uri(), client.cache.folder, tmp_path / "locks")
    with pytest.raises(
        SourceError, match=r"^GSE1001: GPL7\.annot\.gz is missing .*cannot be downloaded again \(GSE1001: no such"
    ) as caught:
        files_of(table, elsewhere)
    assert "\n" not in str(caught.value)
