"""The same files are downloaded, watched and read, for every kind of source."""

import gzip
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dmicc_assets.geo.acquire import acquire
from dmicc_assets.geo.dataset import read_dataset
from dmicc_assets.geo.http.cache import SourceFile
from dmicc_assets.geo.http.client import GeoClient, Observed, local_path
from dmicc_assets.geo.observe import NOT_SERVED, observe
from dmicc_assets.study.schema import Dataset
from dmicc_assets_tests.worlds.fake_geo import FakeGeo, over_http
from dmicc_assets_tests.worlds.small_mirror import (
    annot_text,
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

SEQUENCING = "Expression profiling by high throughput sequencing"
SAMPLES = ("GSM100", "GSM101")


@dataclass(frozen=True)
class Kind:
    """A kind of source: what is put on the mirror, the dataset, and the files that it is read from."""

    name: str
    make: Callable[[Path], object]
    roles: frozenset[str]
    dataset: Dataset


def matrix(mirror: Path, n_rows: int = 0, *, kind: str = "Expression profiling by array", says: bool = True) -> None:
    text = matrix_text("GSE118828", "GPL7", small_values(n_rows, 2), kind=kind)
    if not says:
        text = "\n".join(line for line in text.split("\n") if not line.startswith("!Sample_data_row_count"))
    write_matrix(mirror, "GSE118828", "GPL7", text)


def family(mirror: Path, *, with_platform: bool = False) -> None:
    tables = {"GPL7": {sample: {"1000_at": "1.5", "1001_at": "2.5"} for sample in SAMPLES}}
    genes = {"GPL7": {"1000_at": "TP53", "1001_at": "CD4"}} if with_platform else {}
    write_family(mirror, "GSE118828", family_text("GSE118828", tables, genes))
    if with_platform:
        for path in (mirror / "geo" / "platforms").rglob("*.annot.gz"):
            path.unlink()


def entrez(mirror: Path) -> None:
    write_annot(mirror, "GPL7", annot_text("GPL7", {"1000_at": "7157", "1001_at": "920"}, column="ENTREZ_GENE_ID"))
    write_counts(mirror)


def beside(folder: Path) -> None:
    """A matrix of probes and a sheet of its samples, for a hub and for the disk."""
    write_gzip(folder / "m.tsv.gz", "probe\tS1\tS2\n1000_at\t1\t2\n1001_at\t3\t4\n")
    (folder / "s.tsv").write_text("sample\tdisease\nS1\tlupus\nS2\thealthy\n")


def each(*makers: Callable[[Path], object]) -> Callable[[Path], None]:
    def make(mirror: Path) -> None:
        for maker in makers:
            maker(mirror)

    return make


def counts(*, says: bool) -> Callable[[Path], None]:
    return each(lambda mirror: matrix(mirror, kind=SEQUENCING, says=says), write_counts)


BESIDE = {"matrix": "m.tsv.gz", "samples": "s.tsv", "platform": "GPL7"}
KINDS = [
    Kind("matrix", lambda mirror: matrix(mirror, 4), frozenset({"matrix", "platform"}), spec()),
    Kind(
        "matrix and a platform of Entrez ids",
        each(lambda mirror: matrix(mirror, 4), entrez),
        frozenset({"matrix", "platform", "gene_ids"}),
        spec(),
    ),
    Kind("empty matrix, family", each(matrix, family), frozenset({"matrix", "soft", "platform"}), spec()),
    Kind(
        "empty matrix without a row count, family",
        each(lambda mirror: matrix(mirror, says=False), family),
        frozenset({"matrix", "soft", "platform"}),
        spec(),
    ),
    Kind("family", family, frozenset({"soft", "platform"}), spec(platform="GPL7")),
    Kind("family with its platform", lambda mirror: family(mirror, with_platform=True), frozenset({"soft"}), spec()),
    Kind("counts", counts(says=True), frozenset({"matrix", "counts", "gene_ids"}), spec()),
    Kind("counts without a row count", counts(says=False), frozenset({"matrix", "counts", "gene_ids"}), spec()),
    Kind(
        "hub",
        lambda mirror: beside(mirror / "xena"),
        frozenset({"matrix", "samples", "platform"}),
        spec("xena", **BESIDE),
    ),
    Kind("disk", beside, frozenset({"matrix", "samples", "platform"}), spec("file", **BESIDE)),
]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])


def places(files: Iterable[SourceFile | Observed]) -> set[tuple[str, str]]:
    return {(file.role, file.url) for file in files}


def watched(kind: Kind, client: GeoClient, mirror: Path) -> list[Observed]:
    """What is observed of the files that are served."""
    seen = observe("GSE118828", kind.dataset, client, mirror)
    return [each for each in seen if each.validator != NOT_SERVED]


@every_kind
@pytest.mark.parametrize("way", ["disk", "http", "http without validators"])
def test_what_is_downloaded_is_what_is_watched_and_what_is_read(
    mirror: Path, client: GeoClient, fake_geo: FakeGeo, tmp_path: Path, way: str, kind: Kind
) -> None:
    fake_geo.validators = "without" not in way
    asked = client if way == "disk" else over_http(fake_geo, tmp_path)
    kind.make(mirror)
    before = watched(kind, asked, mirror)
    files = acquire("GSE118828", kind.dataset, asked, mirror)
    assert places(before) == places(files)
    assert {file.role for file in files} == kind.roles
    assert watched(kind, asked, mirror) == before, "the same before and after"
    raw = read_dataset("GSE118828", kind.dataset, files)
    assert raw.matrix.values.size
    assert raw.probe_genes is not None
    assert (raw.probe_genes["n_symbols"] == 1).any()


@every_kind
def test_a_revision_of_every_file_is_seen(mirror: Path, client: GeoClient, kind: Kind) -> None:
    """Of the counts too where the empty matrix has no line `!Sample_data_row_count`."""
    kind.make(mirror)
    files = acquire("GSE118828", kind.dataset, client, mirror)
    for file in files:
        before = watched(kind, client, mirror)
        path = local_path(file.url)
        assert path is not None
        text = path.read_bytes()
        path.write_bytes(gzip.compress(gzip.decompress(text)) if path.suffix == ".gz" else text + os.linesep.encode())
        revised = [each.role for each in watched(kind, client, mirror) if each not in before]
        assert revised == [file.role]


def test_counts_that_appear_in_the_place_of_none_are_seen(mirror: Path, client: GeoClient) -> None:
    kind = next(kind for kind in KINDS if kind.name == "counts without a row count")
    matrix(mirror, kind=SEQUENCING, says=False)
    assert {each.role for each in watched(kind, client, mirror)} == {"matrix"}
    write_counts(mirror)
    assert {each.role for each in watched(kind, client, mirror)} == kind.roles
