"""NCBI's challenge in place of an answer: known by what is in it, answered by another way or by one line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dmicc_assets.errors import DataError, SourceError
from dmicc_assets.geo.acquire import acquire
from dmicc_assets.geo.dataset import read_dataset
from dmicc_assets.geo.describe import describe_series
from dmicc_assets.geo.http.challenge import ChallengeError, refuse_challenge
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.observe import observe
from dmicc_assets_tests.worlds import fake_geo as fake
from dmicc_assets_tests.worlds.fake_geo import CHALLENGE_PAGE, HTML_PAGE, FakeGeo, over_http
from dmicc_assets_tests.worlds.small_mirror import (
    empty_rna_seq,
    family_text,
    matrix_text,
    small_values,
    spec,
    write_counts,
    write_family,
    write_matrix,
)

PROBES = {f"{1000 + i}_at": f"GENE{i}" for i in range(40)}
Ask = Callable[[GeoClient, str, Path], object]


@pytest.mark.parametrize(
    "page",
    [
        CHALLENGE_PAGE,
        b"\xef\xbb\xbf\n<!-- ncbi -->\n<html><body>Please confirm you are human</body></html>",
        b"<html><title>Just a moment...</title><script src='/cdn-cgi/challenge-platform/x.js'></script></html>",
        b"<html><body>Our systems have detected unusual traffic from your network</body></html>",
    ],
)
def test_a_challenge_is_known_by_its_content(page: bytes) -> None:
    with pytest.raises(ChallengeError, match=r"www\.ncbi\.nlm\.nih\.gov answers with a challenge page"):
        refuse_challenge("https://www.ncbi.nlm.nih.gov/geo/query/acc.cgi?acc=GPL7", page, "DMICC_GEO_URL to a mirror")


@pytest.mark.parametrize(
    "page", [b"", HTML_PAGE, b"^SERIES = GSE1\n!Series_title = Who solves a captcha?\n", b"<html>Index of /geo</html>"]
)
def test_other_pages_are_not_challenges(page: bytes) -> None:
    refuse_challenge("https://www.ncbi.nlm.nih.gov/geo/", page, "DMICC_GEO_URL to a mirror")


@pytest.mark.parametrize("code", [200, 403, 429, 503])
@pytest.mark.parametrize(
    "ask",
    [
        lambda client, url, _: client.text(url),
        lambda client, url, folder: client.fetch(url, "platform", lambda path: path.read_text(), "x"),
        lambda client, url, _: _read_all(client, url),
    ],
    ids=["text", "download", "blocks"],
)
def test_a_challenge_is_not_asked_again(fake_geo: FakeGeo, tmp_path: Path, ask: Ask, code: int) -> None:
    fake_geo.plan("acc.cgi", *[fake.challenge(code)] * 5)
    with pytest.raises(SourceError, match="challenge page"):
        ask(over_http(fake_geo, tmp_path), f"{fake_geo.acc_url}?acc=GPL7", tmp_path)
    assert len(fake_geo.requests) == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and CHALLENGE_PAGE in path.read_bytes()]


def _read_all(client: GeoClient, url: str) -> bytes:
    with client.blocks(url) as blocks:
        return b"".join(blocks)


def platform_in_family_only(mirror: Path) -> None:
    """GSE5 on GPL9: the tree has no table of the platform, and its family SOFT file has two."""
    write_matrix(mirror, "GSE5", "GPL9", matrix_text("GSE5", "GPL9", small_values()))
    others = {"1000_at": "OTHER"}
    sample = {"GSM100": {"1000_at": "1.5"}}
    write_family(mirror, "GSE5", family_text("GSE5", {"GPL9": sample}, {"GPL8": others, "GPL9": PROBES}))


@pytest.mark.parametrize("challenges", [True, False])
def test_a_platform_is_read_from_the_family_file(fake_geo: FakeGeo, tmp_path: Path, challenges: bool) -> None:
    platform_in_family_only(fake_geo.root)
    fake_geo.challenges = challenges
    client = over_http(fake_geo, tmp_path)
    before = observe("GSE5", spec(), client, Path())
    files = acquire("GSE5", spec(), client, Path())
    raw = read_dataset("GSE5", spec(), files)
    assert raw.probe_genes is not None
    assert raw.probe_genes["gene"].to_list()[:2] == ["GENE0", "GENE1"]
    assert files[1].url == f"{fake_geo.geo_url}/series/GSEnnn/GSE5/soft/GSE5_family.soft.gz#GPL9"
    assert b"^SAMPLE" not in files[1].path.read_bytes()
    assert observe("GSE5", spec(), client, Path()) == before
    n_requests = len(fake_geo.requests)
    assert acquire("GSE5", spec(), client, Path()) == files
    again = [r for r in fake_geo.requests[n_requests:] if r.path.endswith("family.soft.gz")]
    assert [request.method for request in again] == ["HEAD"]


def test_a_challenge_that_comes_and_goes_is_no_revision(fake_geo: FakeGeo, tmp_path: Path) -> None:
    platform_in_family_only(fake_geo.root)
    record = "\n".join(
        ["^PLATFORM = GPL9", "!platform_table_begin", "ID\tGene Symbol", "1000_at\tX", "!platform_table_end"]
    )
    (fake_geo.root / "acc" / "GPL9.self.full.txt").write_text(f"{record}\n")
    client = over_http(fake_geo, tmp_path)
    before, files = observe("GSE5", spec(), client, Path()), acquire("GSE5", spec(), client, Path())
    assert "acc.cgi" in files[1].url
    fake_geo.challenges = True
    assert observe("GSE5", spec(), client, Path()) == before
    assert acquire("GSE5", spec(), client, Path()) == files


def test_where_only_the_challenge_is_left_it_is_named(fake_geo: FakeGeo, tmp_path: Path) -> None:
    write_matrix(fake_geo.root, "GSE5", "GPL9", matrix_text("GSE5", "GPL9", small_values()))
    fake_geo.challenges = True
    with pytest.raises(SourceError, match=r"acc\.cgi.*challenge page.*mirror"):
        acquire("GSE5", spec(), over_http(fake_geo, tmp_path), Path())


def test_a_challenge_is_not_called_a_lack_of_counts(fake_geo: FakeGeo, tmp_path: Path) -> None:
    empty_rna_seq(fake_geo.root)
    write_counts(fake_geo.root)
    fake_geo.challenges = True
    with pytest.raises(SourceError, match=r"whether NCBI has counts of it cannot be asked: .*challenge page"):
        acquire("GSE118828", spec(), over_http(fake_geo, tmp_path), Path())
    fake_geo.challenges = False
    assert [file.role for file in acquire("GSE118828", spec(), over_http(fake_geo, tmp_path), Path())] == [
        "matrix",
        "counts",
        "gene_ids",
    ]
    assert all("acc=GSE118828" in path for path in fake_geo.paths() if "/geo/download/" in path)


@pytest.mark.parametrize(
    ("organism", "assembly", "annotation"),
    [
        ("Mus musculus", "GRCm39", "Mouse.GRCm39.annot.tsv.gz"),
        ("Rattus norvegicus", "mRatBN7.2", "Rat.mRatBN7.2.annot.tsv.gz"),
    ],
)
def test_counts_are_of_the_series_organism(
    fake_geo: FakeGeo, tmp_path: Path, organism: str, assembly: str, annotation: str
) -> None:
    write_rna_seq_of(fake_geo.root, organism)
    write_counts(fake_geo.root)
    folder = fake_geo.root / "geo" / "rnaseq_counts"
    counts, genes = sorted(folder.iterdir())
    counts.rename(folder / f"GSE118828_raw_counts_{assembly}_NCBI.tsv.gz")
    genes.rename(folder / annotation)
    files = acquire("GSE118828", spec(), over_http(fake_geo, tmp_path), Path())
    assert [file.path.name for file in files[1:]] == [f"GSE118828_raw_counts_{assembly}_NCBI.tsv.gz", annotation]


def test_an_organism_that_ncbi_does_not_count_is_said(fake_geo: FakeGeo, tmp_path: Path) -> None:
    write_rna_seq_of(fake_geo.root, "Danio rerio")
    with pytest.raises(DataError, match=r"NCBI counts reads of Homo sapiens, .*, not of Danio rerio"):
        acquire("GSE118828", spec(), over_http(fake_geo, tmp_path), Path())
    assert not [path for path in fake_geo.paths() if "/geo/download/" in path]


def write_rna_seq_of(mirror: Path, organism: str) -> None:
    """An RNA-seq series with an empty matrix."""
    kind = "Expression profiling by high throughput sequencing"
    text = matrix_text("GSE118828", "GPL18573", small_values(0), kind=kind).replace("Homo sapiens", organism)
    write_matrix(mirror, "GSE118828", "GPL18573", text)


def test_a_series_without_a_matrix_is_described_from_its_family_file(fake_geo: FakeGeo, tmp_path: Path) -> None:
    write_family(fake_geo.root, "GSE6", family_text("GSE6", {"GPL9": {"GSM1": {"1000_at": "1"}}}, {"GPL9": PROBES}))
    fake_geo.challenges = True
    described = describe_series("GSE6", over_http(fake_geo, tmp_path))
    assert [(each.platform, each.n_samples) for each in described.datasets] == [("GPL9", 1)]


def test_the_advice_names_the_variable_of_the_address_although_it_is_below_geos_tree(
    fake_geo: FakeGeo, tmp_path: Path
) -> None:
    fake_geo.challenges = True
    with pytest.raises(ChallengeError, match="or set DMICC_GEO_ACC_URL to a mirror"):
        over_http(fake_geo, tmp_path).text(f"{fake_geo.acc_url}?acc=GPL7&targ=self&form=text&view=brief")
