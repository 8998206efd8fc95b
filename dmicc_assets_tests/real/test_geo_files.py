"""Real files of GEO, Xena and GO: values compared with GEOquery's checksums and GEOparse."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

from dmicc_assets.enrichment.gene_sets import read_gmt
from dmicc_assets.errors import DmiccError
from dmicc_assets.expression.labels import assign_labels
from dmicc_assets.geo.acquire import acquire
from dmicc_assets.geo.dataset import read_dataset
from dmicc_assets.geo.describe import describe_series
from dmicc_assets.geo.formats.platform import read_platform
from dmicc_assets.geo.formats.platform_table import read_platform_table
from dmicc_assets.geo.formats.series_matrix import read_series_matrix
from dmicc_assets.geo.formats.soft import read_family
from dmicc_assets.geo.formats.symbol_columns import COLUMNS, choose_column
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.propose_study import propose_study
from dmicc_assets.study.addresses import GEO_ACC_URL
from dmicc_assets.study.loading import load_study
from dmicc_assets_tests.unit.geo.test_describe import study_of
from dmicc_assets_tests.unit.geo.test_series_matrix import rows_of
from dmicc_assets_tests.unit.geo.test_soft import assert_read_as_geoparse, assert_same_series
from dmicc_assets_tests.worlds.small_mirror import spec

HERE = Path(__file__).parent
CIRC = Path("geo", "series", "GSE83nnn", "GSE83521")


@pytest.fixture
def client(shared: Path, tmp_path: Path) -> GeoClient:
    """A client of the real mirror on disk."""
    return GeoClient(
        (shared / "geo").as_uri(), GEO_ACC_URL, (shared / "xena").as_uri(), tmp_path / "cache", tmp_path / "locks"
    )


def md5_of(ids: Sequence[str], cells: Iterable[str]) -> str:
    """As geoquery.R: of lines `id <tab> cell`."""
    lines = "".join(f"{key}\t{cell}\n" for key, cell in zip(ids, cells, strict=True))
    return hashlib.md5(lines.encode(), usedforsecurity=False).hexdigest()


def test_every_file_equals_geoquery(shared: Path) -> None:
    """Every value of every file to 15 digits, by MD5."""
    expected: dict[str, list[dict[str, str]]] = {}
    for row in rows_of(HERE / "geoquery.tsv"):
        expected.setdefault(row["file"], []).append(row)
    paths = {path.name: path for path in (shared / "geo" / "series").rglob("*.gz")}
    assert set(paths) == set(expected)
    for name, rows in expected.items():
        matrix = (read_family if "soft" in name else read_series_matrix)(paths[name]).matrix
        assert list(matrix.samples) == [row["sample"] for row in rows]
        assert {len(matrix.features)} == {int(row["n_rows"]) for row in rows}
        if not matrix.features:
            continue
        for column, row in zip(matrix.values.T, rows, strict=True):
            cells = ("NA" if np.isnan(value) else f"{value:.15g}" for value in column)
            assert md5_of(matrix.features, cells) == row["md5"], (name, row["sample"])


def test_every_platform_equals_geoquery(shared: Path) -> None:
    expected = {row["file"]: row for row in rows_of(HERE / "geoquery_platforms.tsv")}
    paths = {path.name: path for path in (shared / "geo" / "platforms").rglob("*.gz")}
    assert set(paths) == set(expected)
    for name, row in expected.items():
        table = read_platform_table(paths[name], columns=COLUMNS)
        chosen = choose_column(table)
        assert chosen is not None
        index = chosen[1]
        assert len(table.rows) == int(row["n_probes"])
        assert md5_of([cells[0] for cells in table.rows], (cells[index] for cells in table.rows)) == row["md5"], name


def test_matrix_and_family_of_gse83521_are_the_same_table(shared: Path) -> None:
    family = read_family(shared / CIRC / "soft" / "GSE83521_family.soft.gz")
    assert_same_series(family, read_series_matrix(shared / CIRC / "matrix" / "GSE83521_series_matrix.txt.gz"))


def test_gse83521_is_read_as_by_geoparse(shared: Path) -> None:
    assert_read_as_geoparse(shared / CIRC / "soft" / "GSE83521_family.soft.gz")


def test_symbols_of_every_platform_are_found(shared: Path) -> None:
    columns: dict[str, tuple[str, int]] = {}
    for path in (shared / "geo" / "platforms").rglob("*.gz"):
        platform = read_platform(path)
        columns[platform.accession] = platform.symbol_column, len(platform.probe_genes)
    assert columns == {
        "GPL96": ("Gene symbol", 22283),
        "GPL570": ("Gene symbol", 54675),
        "GPL571": ("Gene symbol", 22277),
        "GPL8432": ("Symbol", 24526),
    }


def test_every_dataset_of_ra_hcc_is_read(shared: Path, client: GeoClient) -> None:
    shapes = {}
    for name, each in load_study(shared / "studies" / "ra_hcc.yaml").datasets.items():
        files = acquire(name, each, client, Path())
        shapes[name] = read_dataset(name, each, files).matrix.values.shape
    assert shapes == {
        "GSE55235": (22283, 30),
        "GSE55457": (22283, 33),
        "GSE14520-GPL571": (22268, 43),
        "TCGA-CHOL": (20387, 45),
    }
    with pytest.raises(DmiccError, match="GSE118828: no expression table"):
        acquire("GSE118828", spec(), client, Path())


def test_the_study_proposed_of_three_series_labels_every_sample(client: GeoClient, tmp_path: Path) -> None:
    series = [describe_series(accession, client) for accession in ("GSE55235", "GSE55457", "GSE14520")]
    assert [each.datasets[0].tissue for each in series] == ["synovium", "synovium", "liver"]
    study = study_of(propose_study(series, "my_study"), tmp_path)
    assert study.cohorts["rheumatoid_arthritis"].datasets == ["GSE55235", "GSE55457"]
    assert study.cohorts["liver_tumor_tissue"].control == "liver_non_tumor_tissue"
    for name, each in study.datasets.items():
        raw = read_dataset(name, each, acquire(name, each, client, tmp_path))
        assert len(assign_labels(name, raw.samples, each.labels)) == raw.samples.height


def test_terms_of_go_have_names(shared: Path) -> None:
    library = read_gmt(shared / "gene_sets/GO_BP.gmt.gz")
    assert library.sets["GO:0000002"].name == "mitochondrial genome maintenance"
    assert len(library.sets) == 9373
    assert all(term.startswith("GO:") for term in library.sets)
