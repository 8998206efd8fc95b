"""Every fault of a server ends in the right file or in a clear error, and never in a wrong file in the cache."""

import gzip
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dmicc_assets.errors import RequestError, SourceError
from dmicc_assets.geo.formats.series_matrix import verify_series_matrix
from dmicc_assets.geo.http import limits
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.http.limits import Limit
from dmicc_assets.geo.http.policy import NotServedError, Patience
from dmicc_assets_tests.worlds import fake_geo as fake
from dmicc_assets_tests.worlds.fake_geo import FakeGeo, Fault
from dmicc_assets_tests.worlds.small_mirror import matrix_text, revise, small_mirror, small_values

QUICK = Patience(attempts=4, backoff=0.01, longest_backoff=0.05, connect_timeout=2.0, read_timeout=0.4, slowest=1000.0)
MATRIX = "series/GSE1nnn/GSE1001/matrix/GSE1001_series_matrix.txt.gz"


@pytest.fixture
def geo(tmp_path: Path) -> Iterator[FakeGeo]:
    small_mirror(tmp_path / "mirror", n_rows=2000)
    with FakeGeo(tmp_path / "mirror") as server:
        yield server


def client_of(geo: FakeGeo, folder: Path, **settings: object) -> GeoClient:
    chosen = {"rate": 500.0, "patience": QUICK, **settings}
    return GeoClient(geo.geo_url, geo.acc_url, geo.xena_url, folder / "cache", folder / "locks", **chosen)  # pyright: ignore


def cached_files(folder: Path) -> list[Path]:
    """Everything under a final name in the cache."""
    inside = [path.relative_to(folder / "cache") for path in (folder / "cache").rglob("*") if path.is_file()]
    return [path for path in inside if path.parts[0] not in ("urls", "partial")]


def fetch(client: GeoClient) -> bytes:
    return client.fetch(client.geo(MATRIX), "matrix", verify_series_matrix).path.read_bytes()


def test_a_file_is_kept_under_its_content_and_not_downloaded_again(geo: FakeGeo, tmp_path: Path) -> None:
    client = client_of(geo, tmp_path)
    first = client.fetch(client.geo(MATRIX), "matrix", verify_series_matrix)
    second = client_of(geo, tmp_path).fetch(client.geo(MATRIX), "matrix", verify_series_matrix)
    assert first == second
    assert first.sha256 in first.path.parts
    assert first.n_bytes == (geo.root / "geo" / MATRIX).stat().st_size
    assert first.etag
    assert first.last_modified
    assert [request.status for request in geo.requests] == [200, 304]


FAULTS: dict[str, list[Fault]] = {
    "429 with Retry-After": [fake.status(429, retry_after="0.2")],
    "503": [fake.status(503), fake.status(503)],
    "503 with a date": [fake.status(503, retry_after="Mon, 01 Jan 2024 00:00:00 GMT")],
    "time-out": [fake.timeout(2.0)],
    "reset half-way": [fake.reset(0.5), fake.reset(0.3)],
    "reset before the first byte": [fake.reset(0.0)],
    "truncated with the wrong length": [fake.short(0.5)],
    "truncated with the right length": [fake.short_with_right_length(0.5)],
    "HTML with status 200": [fake.html_page()],
    "slow drip": [fake.drip(0.05)],
    "redirect within the host": [fake.redirect(f"/geo/{MATRIX}")],
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
def test_a_passing_fault_ends_in_the_right_file(geo: FakeGeo, tmp_path: Path, faults: list[Fault]) -> None:
    geo.plan("series_matrix", *faults)
    served = (geo.root / "geo" / MATRIX).read_bytes()
    assert fetch(client_of(geo, tmp_path)) == served
    assert len(cached_files(tmp_path)) == 1
    assert not list((tmp_path / "cache" / "partial").rglob("*.gz*"))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (fake.status(503), "HTTP 503"),
        (fake.status(403), "HTTP 403"),
        (fake.status(404), "not there"),
        (fake.status(429, retry_after="7200"), "come back in 7200 s"),
        (fake.timeout(2.0), "no answer"),
        (fake.reset(0.0), "broke"),
        (fake.short_with_right_length(0.5), "cut short"),
        (fake.html_page(), "an HTML page in place of a gzip file"),
        (fake.redirect("http://example.org/evil.gz"), "redirected to example.org"),
        (fake.redirect("https://ftp.ncbi.nlm.nih.gov.evil.org/x"), "redirected to ftp.ncbi.nlm.nih.gov.evil.org"),
        (fake.redirect("file:///etc/passwd"), "redirected to nowhere"),
        (fake.redirect(""), "redirected to"),
        (fake.redirect(f"/geo/{MATRIX}"), "more than 5 redirects"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
def test_a_lasting_fault_is_one_clear_error_and_leaves_no_file(
    geo: FakeGeo, tmp_path: Path, fault: Fault, expected: str
) -> None:
    geo.plan("series_matrix", *[fault] * 40)
    with pytest.raises(SourceError, match=expected) as caught:
        fetch(client_of(geo, tmp_path))
    assert "GSE1001" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert cached_files(tmp_path) == []


def test_what_is_wrong_at_the_source_is_not_fetched_for_as_long_as_patience_lasts(geo: FakeGeo, tmp_path: Path) -> None:
    """Gigabytes that are wrong twice are wrong; a page that says that the server is down may go."""
    patience = Patience(attempts=5, backoff=0.01, longest_backoff=0.02, read_timeout=1.0)
    revise(geo.root / "geo" / MATRIX, matrix_text("GSE1001", "GPL7", small_values(), row_count=41))
    with pytest.raises(SourceError, match=r"has 40 rows, but .* says 41 \(the same file came twice\)$"):
        fetch(client_of(geo, tmp_path, patience=patience))
    assert [request.status for request in geo.requests] == [200, 200]
    geo.plan("series_matrix", *[fake.html_page()] * 40)
    with pytest.raises(SourceError, match=r"an HTML page .* \(tried 5 times\)$"):
        fetch(client_of(geo, tmp_path, patience=patience))
    assert len(geo.requests) == 2 + 5


def test_a_redirect_to_ncbi_is_followed(geo: FakeGeo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx2

    geo.plan("series_matrix", fake.redirect("https://ftp.ncbi.nlm.nih.gov/elsewhere.gz"))
    sent: list[str] = []
    send = httpx2.Client.send

    def at_ncbi(self: httpx2.Client, request: httpx2.Request, **options: object) -> httpx2.Response:
        sent.append(str(request.url))
        if request.url.host == "ftp.ncbi.nlm.nih.gov":
            return httpx2.Response(404, request=request, stream=httpx2.ByteStream(b""))
        return send(self, request, **options)  # pyright: ignore

    monkeypatch.setattr(httpx2.Client, "send", at_ncbi)
    with pytest.raises(NotServedError):
        fetch(client_of(geo, tmp_path))
    assert sent[-1] == "https://ftp.ncbi.nlm.nih.gov/elsewhere.gz"


def test_a_download_is_resumed_where_it_broke(geo: FakeGeo, tmp_path: Path) -> None:
    geo.plan("series_matrix", fake.reset(0.5))
    served = (geo.root / "geo" / MATRIX).read_bytes()
    assert fetch(client_of(geo, tmp_path)) == served
    assert [request.status for request in geo.requests] == [200, 206]
    start = int(geo.requests[1].headers["Range"].removeprefix("bytes=").removesuffix("-"))
    assert 0 < start <= len(served) // 2
    assert geo.requests[1].headers["If-Range"] == f'"{_etag(geo)}"'


def test_a_later_process_resumes_what_an_earlier_one_left(geo: FakeGeo, tmp_path: Path) -> None:
    geo.plan("series_matrix", fake.reset(0.5))
    with pytest.raises(SourceError):
        fetch(client_of(geo, tmp_path, patience=Patience(attempts=1, read_timeout=1.0)))
    assert cached_files(tmp_path) == []
    assert fetch(client_of(geo, tmp_path)) == (geo.root / "geo" / MATRIX).read_bytes()
    assert [request.status for request in geo.requests] == [200, 206]


@pytest.mark.parametrize("heeds_if_range", [True, False])
def test_a_file_that_changes_during_a_resume_is_fetched_anew(
    geo: FakeGeo, tmp_path: Path, heeds_if_range: bool
) -> None:
    path = geo.root / "geo" / MATRIX
    text = matrix_text("GSE1001", "GPL7", small_values(2000, seed=2))
    geo.plan("series_matrix", fake.reset(0.5, then=lambda: revise(path, text)))
    geo.heeds_if_range = heeds_if_range
    assert gzip.decompress(fetch(client_of(geo, tmp_path))).decode() == text
    assert len(cached_files(tmp_path)) == 1


def test_a_state_without_its_part_resumes_nothing(geo: FakeGeo, tmp_path: Path) -> None:
    """A process may be killed after it wrote the validators of a new version and before its first byte."""
    geo.plan("series_matrix", fake.reset(0.5))
    with pytest.raises(SourceError):
        fetch(client_of(geo, tmp_path, patience=Patience(attempts=1, read_timeout=1.0)))
    (part,) = (tmp_path / "cache" / "partial").rglob("*.gz")
    part.unlink()
    assert fetch(client_of(geo, tmp_path)) == (geo.root / "geo" / MATRIX).read_bytes()
    assert [request.status for request in geo.requests] == [200, 200]


def test_what_nobody_took_up_for_a_week_is_swept(geo: FakeGeo, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    left = [cache / "partial" / "abc" / name for name in ("GSE9.gz", "GSE9.gz.state")] + [
        cache / "urls" / "a.json.4711"
    ]
    recent = cache / "partial" / "def" / "GSE8.gz"
    for path in (*left, recent):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    for path in left:
        eight_days_ago = time.time() - 8 * 24 * 3600
        os.utime(path, (eight_days_ago, eight_days_ago))
    kept = client_of(geo, tmp_path).fetch(f"{geo.geo_url}/{MATRIX}", "matrix", verify_series_matrix).path
    assert not [path for path in left if path.exists()]
    assert recent.exists()
    assert kept.exists()


def test_without_validators_nothing_is_resumed(geo: FakeGeo, tmp_path: Path) -> None:
    geo.validators = False
    geo.plan("series_matrix", fake.reset(0.5))
    assert fetch(client_of(geo, tmp_path)) == (geo.root / "geo" / MATRIX).read_bytes()
    assert [request.status for request in geo.requests] == [200, 200]


def test_a_server_without_ranges_is_asked_for_the_whole_again(geo: FakeGeo, tmp_path: Path) -> None:
    geo.ranges = False
    geo.plan("series_matrix", fake.reset(0.5))
    assert fetch(client_of(geo, tmp_path)) == (geo.root / "geo" / MATRIX).read_bytes()
    assert [request.status for request in geo.requests] == [200, 200]


def test_a_cached_file_that_was_damaged_is_fetched_again(geo: FakeGeo, tmp_path: Path) -> None:
    client = client_of(geo, tmp_path)
    path = client.fetch(client.geo(MATRIX), "matrix", verify_series_matrix).path
    damaged = bytearray(path.read_bytes())
    damaged[100] ^= 1
    path.write_bytes(damaged)
    assert fetch(client) == (geo.root / "geo" / MATRIX).read_bytes()


def test_a_revised_file_is_a_second_file_beside_the_first(geo: FakeGeo, tmp_path: Path) -> None:
    client = client_of(geo, tmp_path)
    fetch(client)
    text = matrix_text("GSE1001", "GPL7", small_values(50, seed=3))
    revise(geo.root / "geo" / MATRIX, text)
    assert gzip.decompress(fetch(client)).decode() == text
    assert len(cached_files(tmp_path)) == 2


def test_observing_is_a_head_that_tells_versions_apart(geo: FakeGeo, tmp_path: Path) -> None:
    client = client_of(geo, tmp_path)
    before = client.observe(client.geo(MATRIX), "matrix")
    fetch(client)
    assert client.observe(client.geo(MATRIX), "matrix") == before
    assert geo.requests[-1].method == "HEAD"
    revise(geo.root / "geo" / MATRIX, matrix_text("GSE1001", "GPL7", small_values(50, seed=3)))
    assert client.observe(client.geo(MATRIX), "matrix") != before
    assert geo.paths("GET") == [f"/geo/{MATRIX}"]
    geo.validators = False
    assert client.observe(client.geo(MATRIX), "matrix").validator == ""


def test_requests_keep_the_pace_over_threads_and_clients(geo: FakeGeo, tmp_path: Path) -> None:
    clients = [client_of(geo, tmp_path, rate=10.0) for _ in range(4)]
    threads = [
        threading.Thread(target=lambda c=client: [c.observe(c.geo(MATRIX), "matrix") for _ in range(5)])
        for client in clients
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(geo.requests) == 20
    assert geo.keeps_pace(10.0)


OBSERVE = """
import sys
from pathlib import Path
from dmicc_assets.geo.http.client import GeoClient
url, folder = sys.argv[1], Path(sys.argv[2])
client = GeoClient(url, url, url, folder / "cache", folder / "locks", rate=10.0)
for _ in range(8):
    client.observe(client.geo(sys.argv[3]), "matrix")
"""


def test_requests_keep_the_pace_over_processes(geo: FakeGeo, tmp_path: Path) -> None:
    command = [sys.executable, "-c", OBSERVE, geo.geo_url, str(tmp_path), MATRIX]
    running = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert len(geo.requests) == 24
    assert geo.keeps_pace(10.0)


def test_retries_keep_the_pace(geo: FakeGeo, tmp_path: Path) -> None:
    geo.plan("series_matrix", fake.status(503), fake.reset(0.5), fake.short(0.7), fake.redirect(f"/geo/{MATRIX}"))
    patience = Patience(attempts=9, backoff=0.001, longest_backoff=0.001, read_timeout=1.0)
    assert fetch(client_of(geo, tmp_path, rate=3.0, patience=patience))
    assert len(geo.requests) >= 5
    assert geo.keeps_pace(3.0)


def test_retry_after_holds_everybody(geo: FakeGeo, tmp_path: Path) -> None:
    geo.plan("series_matrix", fake.status(429, retry_after="0.5"))
    fetch(client_of(geo, tmp_path))
    assert geo.requests[1].time - geo.requests[0].time >= 0.5


def test_a_page_that_never_ends_is_broken_off(geo: FakeGeo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PAGE", Limit(1 << 10, 60.0))
    (geo.root / "geo" / "long.txt").write_bytes(b"x" * (1 << 20))
    with pytest.raises(SourceError, match="expected at most 1024 bytes, found more"):
        client_of(geo, tmp_path).text(f"{geo.geo_url}/long.txt")
    assert len(geo.requests) == 1
    with pytest.raises(SourceError, match="expected at most 1024 bytes, found more"):
        client_of(geo, tmp_path).listing(f"{geo.geo_url}/long.txt")


def test_a_page_that_comes_on_for_ever_is_broken_off(
    geo: FakeGeo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faster than the slowest that is waited for, and below the largest."""
    monkeypatch.setattr(limits, "PAGE", Limit(1 << 20, 0.2))
    (geo.root / "geo" / "long.txt").write_bytes(b"x" * 200)
    geo.plan("long.txt", *[fake.drip(0.01)] * 9)
    patience = Patience(attempts=5, backoff=0.01, longest_backoff=0.02, read_timeout=5.0)
    with pytest.raises(SourceError, match=r"not at its end after 0 s and \d+ bytes"):
        client_of(geo, tmp_path, patience=patience).text(f"{geo.geo_url}/long.txt")
    assert len(geo.requests) == 1


@pytest.mark.parametrize("role", ["gene_sets", "gene_ids", "samples", "clinical"])
def test_a_file_that_is_read_whole_has_a_limit_too(
    geo: FakeGeo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    assert role in limits.LIMITS
    monkeypatch.setitem(limits.LIMITS, role, Limit(1 << 10, 60.0))
    (geo.root / "geo" / "long.gmt").write_bytes(b"x" * (1 << 20))
    client = client_of(geo, tmp_path)
    with pytest.raises(SourceError, match="expected at most 1024 bytes, found more"):
        client.fetch(f"{geo.geo_url}/long.gmt", role, lambda _: None)
    assert len(geo.requests) == 1
    assert not [path for path in (tmp_path / "cache" / "partial").rglob("*") if path.is_file()]


def test_a_listing_that_drips_is_broken_off(geo: FakeGeo, tmp_path: Path) -> None:
    geo.plan("matrix/$", *[fake.drip(0.1)] * 2)
    impatient = Patience(attempts=2, backoff=0.01, longest_backoff=0.02, read_timeout=0.3)
    with pytest.raises(SourceError, match="bytes came in"):
        client_of(geo, tmp_path, patience=impatient).listing(f"{geo.geo_url}/series/GSE1nnn/GSE1001/matrix")


def test_progress_tells_bytes_so_far_and_in_all(geo: FakeGeo, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    fetch(client_of(geo, tmp_path, progress=lambda *step: seen.append(step)))
    size = (geo.root / "geo" / MATRIX).stat().st_size
    assert seen[-1] == (f"{geo.geo_url}/{MATRIX}", size, size)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_an_unreachable_geo_is_one_line_that_names_host_and_setting(tmp_path: Path) -> None:
    client = GeoClient(
        "http://127.0.0.1:9/geo",
        "http://127.0.0.1:9/acc.cgi",
        "http://127.0.0.1:9/x",
        tmp_path,
        tmp_path,
        patience=QUICK,
    )
    begun = time.monotonic()
    with pytest.raises(SourceError, match=r"^cannot reach 127\.0\.0\.1 .*DMICC_GEO_URL") as caught:
        client.listing(client.geo("series"))
    assert "\n" not in str(caught.value)
    assert time.monotonic() - begun < 5


def test_a_proxy_of_the_environment_is_used(geo: FakeGeo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", geo.address)
    monkeypatch.setenv("HTTP_PROXY", geo.address)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    other = "http://geo.invalid/geo"
    client = GeoClient(other, f"{other}/acc.cgi", other, tmp_path / "c", tmp_path / "l", rate=500.0, patience=QUICK)
    with pytest.raises(NotServedError):
        client.observe(client.geo("nothing"), "matrix")
    assert geo.paths() == ["http://geo.invalid/geo/nothing"]


@pytest.mark.parametrize("url", ["ftp://ftp.ncbi.nlm.nih.gov/geo", "/srv/geo", "geo", "https:///geo"])
def test_a_root_of_another_kind_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(RequestError, match="https://, http:// or file://"):
        GeoClient(url, "https://example.org", "https://example.org", tmp_path, tmp_path)


def _etag(geo: FakeGeo) -> str:
    stat = (geo.root / "geo" / MATRIX).stat()
    return f"{stat.st_mtime_ns:x}-{stat.st_size:x}"
