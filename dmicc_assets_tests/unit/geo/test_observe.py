"""The cheapest signal gives the current version, the same before and after the download."""

from pathlib import Path

import pytest

from dmicc_assets.errors import RequestError, SourceError
from dmicc_assets.geo.acquire import acquire
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.observe import NOT_SERVED, observe
from dmicc_assets.study.schema import Dataset
from dmicc_assets_tests.worlds import fake_geo as fake
from dmicc_assets_tests.worlds.fake_geo import FakeGeo, over_http
from dmicc_assets_tests.worlds.small_mirror import (
    annot_text,
    empty_rna_seq,
    family_text,
    matrix_text,
    revise,
    small_values,
    spec,
    write_annot,
    write_counts,
    write_family,
    write_gzip,
    write_matrix,
)

MATRIX = "geo/series/GSE1nnn/GSE1001/matrix/GSE1001_series_matrix.txt.gz"
ANNOT = "geo/platforms/GPLnnn/GPL7/annot/GPL7.annot.gz"


def observed(client: GeoClient, name: str = "GSE1001", chosen: Dataset | None = None) -> dict[str, str]:
    """Validator by role."""
    return {each.role: each.validator for each in observe(name, chosen or spec(), client, Path())}


def changed(before: dict[str, str], now: dict[str, str]) -> set[str]:
    return {role for role in before.keys() | now.keys() if before.get(role) != now.get(role)}


def cached(folder: Path) -> list[Path]:
    return [path for path in (folder / "cache").rglob("*.gz") if path.is_file()]


@pytest.mark.parametrize("named", [True, False], ids=["platform named", "platform of the header"])
@pytest.mark.parametrize("withheld", ["", "ETag", "Last-Modified"])
def test_heads_tell_every_revision_and_download_nothing(
    mirror: Path, fake_geo: FakeGeo, tmp_path: Path, named: bool, withheld: str
) -> None:
    fake_geo.withheld = withheld
    client, chosen = over_http(fake_geo, tmp_path), spec(platform="GPL7") if named else spec()
    before = observed(client, chosen=chosen)
    assert set(before) == {"matrix", "platform"}
    assert cached(tmp_path) == []
    acquire("GSE1001", chosen, client, Path())
    n_requests = len(fake_geo.requests)
    assert observed(client, chosen=chosen) == before
    assert [request.method for request in fake_geo.requests[n_requests:]] == ["GET", "HEAD", "HEAD"]  # a listing first
    revise(mirror / MATRIX, matrix_text("GSE1001", "GPL7", small_values(), updated="Apr 01 2024"))
    assert changed(before, observed(client, chosen=chosen)) == {"matrix"}
    revise(mirror / ANNOT, annot_text("GPL7", {"1000_at": "TP63"}))
    assert changed(before, observed(client, chosen=chosen)) == {"matrix", "platform"}


def write_acc(mirror: Path, series: str = "Mar 25 2019", sample: str = "Aug 28 2018", platform: str = "") -> None:
    """What acc.cgi says of GSE1001, of one sample of another platform too, and of GPL7."""
    lines = ["^SERIES = GSE1001", "!Series_geo_accession = GSE1001", f"!Series_last_update_date = {series}"]
    (mirror / "acc" / "GSE1001.self.brief.txt").write_text("\n".join(lines) + "\n")
    dates = {**{f"GSM{100 + i}": "Aug 28 2018" for i in range(5)}, "GSM105": sample, "GSM900": "Jan 01 2026"}
    lines = [line for gsm, day in dates.items() for line in (f"^SAMPLE = {gsm}", f"!Sample_last_update_date = {day}")]
    (mirror / "acc" / "GSE1001.gsm.brief.txt").write_text("\n".join(lines) + "\n")
    text = f"^PLATFORM = GPL7\n!Platform_last_update_date = {platform}\n"
    (mirror / "acc" / "GPL7.self.brief.txt").write_text(text)


def downloads(geo: FakeGeo) -> list[str]:
    """Names of the files that were downloaded."""
    return [path.rsplit("/", 1)[-1] for path in geo.paths("GET") if path.endswith(".gz") or "view=full" in path]


def test_without_validators_the_dates_of_acc_spare_the_download(
    mirror: Path, fake_geo: FakeGeo, tmp_path: Path
) -> None:
    fake_geo.validators = False
    write_acc(mirror)
    client = over_http(fake_geo, tmp_path)
    before = observed(client)
    files = acquire("GSE1001", spec(), client, Path())
    assert before == {file.role: f"sha256={file.sha256}" for file in files}
    fake_geo.requests.clear()
    assert observed(client) == before
    assert downloads(fake_geo) == ["GPL7.annot.gz"], "an annot has no date that acc.cgi could confirm"

    # the series' date, then a sample's alone: each leads to the content, and the content tells
    for dates in ({"series": "Apr 01 2024"}, {"sample": "Apr 01 2024"}):
        write_acc(mirror, **dates)
        fake_geo.requests.clear()
        assert observed(client) == before
        assert "GSE1001_series_matrix.txt.gz" in downloads(fake_geo)
    revise(mirror / MATRIX, matrix_text("GSE1001", "GPL7", small_values(seed=2), updated="Apr 01 2024"))
    assert changed(before, observed(client)) == {"matrix"}


def test_a_second_revision_on_one_day_is_seen_by_a_thorough_look(
    mirror: Path, fake_geo: FakeGeo, tmp_path: Path
) -> None:
    fake_geo.validators = False
    write_acc(mirror)
    client = over_http(fake_geo, tmp_path)
    before = observe("GSE1001", spec(), client, Path())
    revise(mirror / MATRIX, matrix_text("GSE1001", "GPL7", small_values(seed=2)))
    assert observe("GSE1001", spec(), client, Path()) == before
    assert observe("GSE1001", spec(), client, Path(), thorough=True) != before


@pytest.mark.parametrize("fault", [fake.status(404), fake.status(503), fake.html_page()])
def test_where_acc_cannot_say_the_content_tells(
    mirror: Path, fake_geo: FakeGeo, tmp_path: Path, fault: fake.Fault
) -> None:
    fake_geo.validators = False
    client = over_http(fake_geo, tmp_path)
    before = observed(client)
    fake_geo.plan("acc.cgi", *[fault] * 9)
    revise(mirror / MATRIX, matrix_text("GSE1001", "GPL7", small_values(seed=2)))
    assert changed(before, observed(client)) == {"matrix"}


def test_a_platform_of_acc_is_told_by_its_date(mirror: Path, fake_geo: FakeGeo, tmp_path: Path) -> None:
    (mirror / ANNOT).unlink()
    write_acc(mirror, platform="May 02 2018")
    table = "!platform_table_begin\nID\tSymbol\n1000_at\tMX1\n!platform_table_end\n"
    full = mirror / "acc" / "GPL7.self.full.txt"
    full.write_text(f"^PLATFORM = GPL7\n!Platform_last_update_date = May 02 2018\n{table}")
    client = over_http(fake_geo, tmp_path)
    before = observed(client)
    fake_geo.requests.clear()
    assert observed(client) == before
    assert not [path for path in fake_geo.paths("GET") if "view=full" in path]
    assert any("GPL7&targ=self&form=text&view=brief" in path for path in fake_geo.paths())
    full.write_text(full.read_text().replace("MX1", "MX2").replace("2018", "2019"))
    write_acc(mirror, platform="May 02 2019")
    assert changed(before, observed(client)) == {"platform"}


def test_a_server_that_answers_no_head_is_asked_for_the_content(
    fake_geo: FakeGeo, tmp_path: Path, client: GeoClient
) -> None:
    fake_geo.plan(r"\.gz", fake.status(405))
    assert observed(over_http(fake_geo, tmp_path))["matrix"] == observed(client)["matrix"]


def test_an_annotation_that_appears_in_a_better_place_is_a_revision(mirror: Path, client: GeoClient) -> None:
    annot = (mirror / ANNOT).read_bytes()
    (mirror / ANNOT).unlink()
    soft = mirror / "geo" / "platforms" / "GPLnnn" / "GPL7" / "soft" / "GPL7.soft.gz"
    write_gzip(soft, "^PLATFORM = GPL7\n!platform_table_begin\nID\tSymbol\n1000_at\tMX1\n!platform_table_end\n")
    before = observe("GSE1001", spec(), client, Path())
    acquire("GSE1001", spec(), client, Path())
    (mirror / ANNOT).write_bytes(annot)
    after = observe("GSE1001", spec(), client, Path())
    assert [each.url.rsplit("/", 1)[-1] for each in (before[1], after[1])] == ["GPL7.soft.gz", "GPL7.annot.gz"]


@pytest.mark.parametrize("way", ["disk", "http"])
def test_counts_are_observed_with_their_annotation(
    mirror: Path, client: GeoClient, fake_geo: FakeGeo, tmp_path: Path, way: str
) -> None:
    empty_rna_seq(mirror)
    asked = client if way == "disk" else over_http(fake_geo, tmp_path)
    without = observed(asked, "GSE118828")
    assert (without["counts"], set(without)) == (NOT_SERVED, {"matrix", "counts"})
    write_counts(mirror)
    before = observed(asked, "GSE118828")
    assert changed(without, before) == {"counts", "gene_ids"}, "counts that NCBI adds later are a revision"
    acquire("GSE118828", spec(), asked, Path())
    assert observed(asked, "GSE118828") == before
    counts = mirror / "geo" / "rnaseq_counts" / "GSE118828_raw_counts_GRCh38.p13_NCBI.tsv.gz"
    revise(counts, "GeneID\tGSM101\n7157\t6\n")
    assert changed(before, observed(asked, "GSE118828")) == {"counts"}


@pytest.mark.parametrize("has_empty_matrix", [False, True])
def test_a_family_file_and_its_platform_are_observed(mirror: Path, client: GeoClient, has_empty_matrix: bool) -> None:
    roles = {"soft", "platform"} | ({"matrix"} if has_empty_matrix else set())
    if has_empty_matrix:
        write_matrix(mirror, "GSE781", "GPL7", matrix_text("GSE781", "GPL7", small_values(0)))
    tables = {"GPL7": {"GSM1": {"1000_at": "1.5"}}}
    text = family_text("GSE781", tables, {}).replace("^SAMPLE", "!Series_platform_id = GPL7\n^SAMPLE", 1)
    path = write_family(mirror, "GSE781", text)
    before = observed(client, "GSE781")
    assert set(before) == roles
    acquire("GSE781", spec(), client, Path())
    assert observed(client, "GSE781") == before
    revise(path, text.replace("1.5", "2.5"))
    assert changed(before, observed(client, "GSE781")) == {"soft"}
    write_annot(mirror, "GPL7", annot_text("GPL7", {"1000_at": "TP63"}))
    assert changed(before, observed(client, "GSE781")) == {"soft", "platform"}


def test_gene_ids_are_observed_where_the_platform_needs_them(mirror: Path, client: GeoClient) -> None:
    write_counts(mirror)
    write_annot(mirror, "GPL7", annot_text("GPL7", {"1000_at": "7157", "1001_at": "920"}, column="ENTREZ_GENE_ID"))
    acquire("GSE1001", spec(), client, Path())
    before = observed(client)
    assert set(before) == {"matrix", "platform", "gene_ids"}
    revise(mirror / "geo" / "rnaseq_counts" / "Human.GRCh38.p13.annot.tsv.gz", "GeneID\tSymbol\n7157\tTP63\n")
    assert changed(before, observed(client)) == {"gene_ids"}


def test_what_is_no_series_matrix_is_observed_and_refused_where_it_is_acquired(mirror: Path, client: GeoClient) -> None:
    (mirror / MATRIX).write_bytes(b"<html>down</html>")
    assert set(observed(client)) == {"matrix"}
    with pytest.raises(SourceError, match="an HTML page"):
        acquire("GSE1001", spec(), client, Path())


def test_a_broken_connection_is_no_answer(fake_geo: FakeGeo, tmp_path: Path) -> None:
    fake_geo.plan(r"matrix\.txt\.gz", fake.reset(), fake.reset(0.1))  # the first meets the HEAD, which has no body
    client = over_http(fake_geo, tmp_path)
    with pytest.raises(SourceError, match="the connection broke"):
        observed(client)
    assert set(observed(client)) == {"matrix", "platform"}


def test_a_series_that_is_not_there_or_on_several_platforms_says_so(mirror: Path, client: GeoClient) -> None:
    with pytest.raises(SourceError, match="GSE77777: no such series"):
        observed(client, "GSE77777")
    (mirror / MATRIX).unlink()
    with pytest.raises(SourceError, match=r"GSE1001: neither a series matrix nor .*GSE1001_family\.soft\.gz"):
        observed(client)
    for platform in ("GPL7", "GPL8"):
        text = matrix_text("GSE14520", platform, small_values(3))
        write_matrix(mirror, "GSE14520", platform, text, names_platform=True)
    with pytest.raises(RequestError, match="name the dataset GSE14520-GPL7 or GSE14520-GPL8"):
        observed(client, "GSE14520")


def test_a_mirror_on_disk_tells_by_content(client: GeoClient, mirror: Path, tmp_path: Path) -> None:
    text = "gene\tS1\tS2\nTP53\t1.5\t2\n"
    write_gzip(mirror / "xena" / "m.gz", text)
    (tmp_path / "m.tsv").write_text(text)
    for name, chosen in (("X", spec("xena", matrix="m")), ("mine", spec("file", matrix="m.tsv"))):
        before = observe(name, chosen, client, tmp_path)
        assert before == observe(name, chosen, client, tmp_path)
        assert before[0].validator == f"sha256={acquire(name, chosen, client, tmp_path)[0].sha256}"
    with pytest.raises(SourceError, match="no matrix file"):
        observe("mine", spec("file", matrix="gone.tsv"), client, tmp_path)
