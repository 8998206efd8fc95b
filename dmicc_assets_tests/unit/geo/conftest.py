"""A small mirror and a fake GEO over it, for the tests of this folder."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.study.addresses import GEO_ACC_URL
from dmicc_assets_tests.worlds.fake_geo import FakeGeo
from dmicc_assets_tests.worlds.small_mirror import small_mirror, write_gzip


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """Root of a mirror with GSE1001 on GPL7."""
    small_mirror(tmp_path / "mirror")
    return tmp_path / "mirror"


@pytest.fixture
def client(mirror: Path, tmp_path: Path) -> GeoClient:
    """A client of that mirror on disk."""
    return GeoClient(
        (mirror / "geo").as_uri(), GEO_ACC_URL, (mirror / "xena").as_uri(), tmp_path / "cache", tmp_path / "locks"
    )


@pytest.fixture
def fake_geo(mirror: Path) -> Iterator[FakeGeo]:
    """The same mirror behind a server."""
    with FakeGeo(mirror) as server:
        yield server


@pytest.fixture
def gzipped(tmp_path: Path) -> Callable[..., Path]:
    """Writes a text as a gzip file and gives its path."""

    def write(text: str | bytes, name: str = "GSE1_series_matrix.txt.gz") -> Path:
        return write_gzip(tmp_path / name, text)

    return write
