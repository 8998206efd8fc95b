"""Files that a dataset needs, from a mirror on disk and over HTTP, and the dataset read from them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
import pytest

from dmicc_assets.errors import DataError, RequestError, SourceError
from dmicc_assets.expression.prepare import prepare_dataset
from dmicc_assets.expression.raw_dataset import RawDataset
from dmicc_assets.geo.acquire import acquire
from dmicc_assets.geo.dataset import read_dataset
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.observe import observe
from dmicc_assets.geo.source_files import source_files_table
from dmicc_assets.study.addresses import GEO_ACC_URL
from dmicc_assets.study.dataset_parts import Annotation, LabelRule
from dmicc_assets.study.loading import load_study
from dmicc_assets.study.schema import Dataset
from dmicc_assets_tests.oracle import ORACLE
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

GENES = {"1_at": "TP53", "2_at": "CD4"}


def get(name: str, chosen: Dataset, client: GeoClient, folder: Path = Path()) -> RawDataset:
    return read_dataset(name, chosen, acquire(name, chosen, client, folder))


def test_a_series_on_disk(client: GeoClient) -> None:
    files = acquire("GSE1001", spec(platform="GPL7"), client, Path())
    assert [(file.role, file.path.name) for file in files] == [
        ("matrix", "GSE1001_series_matrix.txt.gz"),
        ("platform", "GPL7.annot.gz"),
    ]
    raw = read_dataset("GSE1001", spec(platform="GPL7"), files)
    np.testing.assert_array_equal(raw.matrix.values, small_values())
    assert (raw.source, raw.accession, raw.platform, raw.organism) == ("geo", "GSE1001", "GPL7", "Homo sapiens")
    assert (raw.last_update_date, raw.latest_sample_update_date) == ("2019-03-25", "2018-08-28")
    assert (raw.relations, raw.pubmed_ids) == (["SubSeries of: GSE9"], ["123"])
    assert raw.probe_genes is not None
    assert raw.probe_genes.row(0) == ("1000_at", "GENE0", 1)
    assert (raw.value_kind, raw.symbol_column) == ("unknown", "Gene symbol")
    assert raw.samples["sample"].to_list() == list(raw.matrix.samples)


def test_disk_and_http_give_the_same_dataset(client: GeoClient, fake_geo: FakeGeo, tmp_path: Path) -> None:
    here, there = get("GSE1001", spec(), client), get("GSE1001", spec(), over_http(fake_geo, tmp_path / "http"))
    assert (here.table_sha256, here.metadata_sha256) == (there.table_sha256, there.metadata_sha256)
    assert here.matrix.features == there.matrix.features
    assert fake_geo.paths()[0] == "/geo/series/GSE1nnn/GSE1001/matrix/"  # listed, not guessed


def test_of_several_platforms_the_named_one(mirror: Path, client: GeoClient) -> None:
    for platform, seed in (("GPL7", 1), ("GPL8", 2)):
        text = matrix_text("GSE14520", platform, small_values(3, seed=seed))
        write_matrix(mirror, "GSE14520", platform, text, names_platform=True)
        write_annot(mirror, platform, annot_text(platform, {"1000_at": f"ON{platform}"}))
    raw = get("GSE14520-GPL8", spec(), client)
    np.testing.assert_array_equal(raw.matrix.values, small_values(3, seed=2))
    assert raw.probe_genes is not None
    assert raw.probe_genes["gene"].to_list() == ["ONGPL8", None, None]
    assert get("GSE14520", spec(platform="GPL7"), client).platform == "GPL7"
    with pytest.raises(RequestError, match="name the dataset GSE14520-GPL7 or GSE14520-GPL8"):
        acquire("GSE14520", spec(), client, Path())
    with pytest.raises(SourceError, match=r"no matrix of GPL9 .*GPL7, GPL8"):
        acquire("GSE14520-GPL9", spec(), client, Path())


def test_the_last_update_is_of_series_or_samples(mirror: Path, client: GeoClient) -> None:
    """GSE4107: the series in March 2019, its samples in August 2018; it may be the other way round."""
    for of_samples, expected in (("Aug 28 2018", "2019-03-25"), ("Jan 02 2020", "2020-01-02")):
        text = matrix_text("GSE1001", "GPL7", small_values()).replace("Aug 28 2018", of_samples)
        write_matrix(mirror, "GSE1001", "GPL7", text)
        files = acquire("GSE1001", spec(), client, Path())
        rules = [LabelRule(label=name, where={"disease": name}) for name in ("lupus", "healthy")]
        chosen = spec().model_copy(update={"labels": rules})
        prepared = prepare_dataset(read_dataset("GSE1001", chosen, files), chosen, source_files_table(files))
        assert prepared.dataset["last_update_date"].to_list() == [expected]
        assert prepared.notes["samples_without_values"] == []


@pytest.mark.parametrize("value_kind", ["intensity", "counts"])
def test_a_platform_that_names_no_gene_is_asked_about(
    client: GeoClient, value_kind: Literal["intensity", "counts"]
) -> None:
    rules = [LabelRule(label=name, where={"disease": name}) for name in ("lupus", "healthy")]
    chosen = spec().model_copy(update={"labels": rules})
    files = acquire("GSE1001", chosen, client, Path())
    raw = read_dataset("GSE1001", chosen, files)
    assert raw.probe_genes is not None
    nameless = raw.probe_genes.with_columns(gene=pl.lit(None, dtype=pl.String), n_symbols=pl.lit(0, dtype=pl.Int64))
    nameless = replace(raw, probe_genes=nameless, value_kind=value_kind)
    with pytest.raises(DataError, match="GSE1001: no probe has exactly one gene symbol on GPL7"):
        prepare_dataset(nameless, chosen, source_files_table(files))


def test_an_array_that_failed_is_left_out_and_named(mirror: Path, client: GeoClient) -> None:
    values = small_values(40)
    values[:, 2] = np.nan
    text = matrix_text("GSE1001", "GPL7", values).replace("\tnan", "\tnull")
    write_matrix(mirror, "GSE1001", "GPL7", text)
    raw = get("GSE1001", spec(), client)
    assert raw.left_out == ("GSM102",)
    assert list(raw.matrix.samples) == raw.samples["sample"].to_list() == [f"GSM{i}" for i in (100, 101, 103, 104, 105)]
    np.testing.assert_array_equal(raw.matrix.values, np.delete(values, 2, axis=1))
    text = matrix_text("GSE1001", "GPL7", np.full((40, 6), np.nan)).replace("\tnan", "\tnull")
    write_matrix(mirror, "GSE1001", "GPL7", text)
    with pytest.raises(DataError, match=r"GSE1001: no sample has a value in .*GSE1001_series_matrix\.txt\.gz"):
        get("GSE1001", spec(), client)


def test_re_analyses_are_relations_of_samples(mirror: Path, client: GeoClient) -> None:
    """`Reanalyzed by: GSE26971` stands on the samples of GSE12093, beside what is each sample's own."""
    lines = matrix_text("GSE1001", "GPL7", small_values()).split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith("!Sample_platform_id"))
    rows = (["Reanalyzed by: GSE26971"] * 6, [f"BioSample: https://example.org/SAMN{i}" for i in range(6)])
    lines[at:at] = ["!Sample_relation\t" + "\t".join(f'"{cell}"' for cell in row) for row in rows]
    write_matrix(mirror, "GSE1001", "GPL7", "\n".join(lines))
    assert get("GSE1001", spec(), client).relations == ["SubSeries of: GSE9", "Reanalyzed by: GSE26971"]


def test_a_sample_without_a_table_is_left_out_of_a_family(mirror: Path, client: GeoClient) -> None:
    tables = {"GPL7": {"GSM1": {"1000_at": "1.5"}, "GSM2": {}, "GSM3": {"1000_at": "2.5"}}}
    write_family(mirror, "GSE1002", family_text("GSE1002", tables, {}))
    raw = get("GSE1002", spec(), client)
    assert (raw.left_out, raw.matrix.samples) == (("GSM2",), ("GSM1", "GSM3"))
    np.testing.assert_array_equal(raw.matrix.values, [[1.5, 2.5]])


def test_another_platform_than_the_study_says_is_refused(client: GeoClient) -> None:
    with pytest.raises(DataError, match="the study says GPL8, but the samples are on GPL7"):
        acquire("GSE1001", spec(platform="GPL8"), client, Path())


def test_a_missing_series_names_accession_and_address(client: GeoClient, fake_geo: FakeGeo, tmp_path: Path) -> None:
    for asked in (client, over_http(fake_geo, tmp_path)):
        with pytest.raises(SourceError, match=r"^GSE77777: no such series at .*/series/GSE77nnn/GSE77777/"):
            acquire("GSE77777", spec(), asked, Path())


def test_an_accession_that_is_a_path_is_refused(client: GeoClient) -> None:
    with pytest.raises(RequestError, match="is not a series accession"):
        acquire("../../etc", spec(), client, Path())


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda path: path.write_bytes(b"<html>down</html>"), "an HTML page in place of a gzip file"),
        (lambda path: path.write_bytes(path.read_bytes()[:300]), "the gzip file is cut short"),
        (lambda path: path.write_bytes(b""), "an empty file"),
        (lambda path: revise(path, matrix_text("GSE1001", "GPL7", small_values(9), row_count=8)), "9 rows"),
    ],
)
def test_a_wrong_file_on_disk_enters_no_cache(
    mirror: Path, client: GeoClient, tmp_path: Path, damage: Callable[[Path], object], expected: str
) -> None:
    damage(mirror / "geo" / "series" / "GSE1nnn" / "GSE1001" / "matrix" / "GSE1001_series_matrix.txt.gz")
    with pytest.raises(SourceError, match=expected) as caught:
        acquire("GSE1001", spec(), client, Path())
    assert caught.value.check == "I1"
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


@pytest.mark.parametrize("has_empty_matrix", [False, True])
def test_without_a_matrix_the_family_file_is_read(mirror: Path, client: GeoClient, has_empty_matrix: bool) -> None:
    if has_empty_matrix:
        write_matrix(mirror, "GSE781", "GPL96", matrix_text("GSE781", "GPL96", small_values(0)))
    tables = {"GPL96": {"GSM1": dict.fromkeys(GENES, "1.5")}, "GPL97": {"GSM2": {"9_at": "2"}}}
    write_family(mirror, "GSE781", family_text("GSE781", tables, {"GPL96": GENES, "GPL97": {"9_at": "MX1"}}))
    raw = get("GSE781-GPL96", spec(), client)
    assert raw.matrix.features == ("1_at", "2_at")
    assert raw.probe_genes is not None
    assert raw.probe_genes["gene"].to_list() == ["TP53", "CD4"]
    with pytest.raises(DataError, match=r"names 2 platforms \(GPL96, GPL97\): say which one"):
        acquire("GSE781", spec(), client, Path())


def test_a_series_without_any_table_says_so(mirror: Path, client: GeoClient) -> None:
    write_matrix(mirror, "GSE11413", "GPL7", matrix_text("GSE11413", "GPL7", small_values(0)))
    with pytest.raises(DataError, match="GSE11413: its series matrix is empty, and there is no"):
        acquire("GSE11413", spec(), client, Path())
    write_family(mirror, "GSE11413", family_text("GSE11413", {"GPL7": {"GSM1": {}}}, {}))
    write_annot(mirror, "GPL7", annot_text("GPL7", {"1_at": "TP53"}))
    with pytest.raises(DataError, match="GSE11413: no sample has an expression table in"):
        get("GSE11413", spec(), client)


@pytest.mark.parametrize("way", ["disk", "http"])
def test_rna_seq_leads_to_ncbis_counts(
    mirror: Path, client: GeoClient, fake_geo: FakeGeo, tmp_path: Path, way: str
) -> None:
    empty_rna_seq(mirror)
    write_counts(mirror)
    raw = get("GSE118828", spec(), client if way == "disk" else over_http(fake_geo, tmp_path))
    assert raw.value_kind == "counts"
    assert raw.matrix.samples == ("GSM100", "GSM101")  # the series' order; four samples have no counts
    assert raw.left_out == ("GSM102", "GSM103", "GSM104", "GSM105")
    np.testing.assert_array_equal(raw.matrix.values, [[0, 5], [12, 7], [2, 1]])
    assert raw.probe_genes is not None
    assert raw.probe_genes.rows() == [("7157", "TP53", 1), ("920", "CD4", 1), ("1", "A1BG", 1)]
    assert ("entrez", "7157", "TP53") in raw.gene_ids.rows()
    assert raw.samples.height == 2
    if way == "http":
        assert any("type=rnaseq_counts&acc=GSE118828" in path for path in fake_geo.paths())


def test_rna_seq_without_counts_is_a_clear_outcome(mirror: Path, client: GeoClient) -> None:
    empty_rna_seq(mirror)
    with pytest.raises(DataError, match=r"GSE118828: no expression table: .* is empty and NCBI has no counts of it"):
        acquire("GSE118828", spec(), client, Path())


def test_an_html_page_for_the_counts_is_no_counts(mirror: Path, fake_geo: FakeGeo, tmp_path: Path) -> None:
    empty_rna_seq(mirror)
    write_counts(mirror)
    fake_geo.plan("rnaseq_counts", *[fake.html_page()] * 3)
    with pytest.raises(DataError, match=r"NCBI has no counts of it .*an HTML page"):
        acquire("GSE118828", spec(), over_http(fake_geo, tmp_path), Path())
    fake_geo.plan("rnaseq_counts", *[fake.status(503)] * 3)
    with pytest.raises(SourceError, match="HTTP 503"):  # what may pass is no outcome
        acquire("GSE118828", spec(), over_http(fake_geo, tmp_path), Path())


def test_counts_that_are_none_are_refused(mirror: Path, client: GeoClient) -> None:
    empty_rna_seq(mirror)
    write_counts(mirror, "GeneID\tGSM100\n7157\t5.5\n")
    with pytest.raises(SourceError, match=r"expected counts, found 5.5 for gene 7157 in GSM100"):
        get("GSE118828", spec(), client)


def test_a_platform_falls_back_to_the_submitters_table_and_then_to_acc(
    mirror: Path, fake_geo: FakeGeo, tmp_path: Path
) -> None:
    text = matrix_text("GSE5", "GPL8432", small_values(2), probes=["ILMN_1", "ILMN_2"])
    write_matrix(mirror, "GSE5", "GPL8432", text)
    table = "!platform_table_begin\nID\tSymbol\nilmn_1\tPHTF2\nILMN_2\tMX1\n!platform_table_end\n"
    (mirror / "acc" / "GPL8432.self.full.txt").write_text(f"^PLATFORM = GPL8432\n{table}")
    raw = get("GSE5", spec(), over_http(fake_geo, tmp_path))
    assert raw.symbol_column == "Symbol"
    assert raw.probe_genes is not None
    assert raw.probe_genes["gene"].to_list() == ["PHTF2", "MX1"]
    assert fake_geo.paths()[-1].endswith("acc.cgi?acc=GPL8432&targ=self&form=text&view=full")
    soft = mirror / "geo" / "platforms" / "GPL8nnn" / "GPL8432" / "soft" / "GPL8432.soft.gz"
    write_gzip(soft, f"^PLATFORM = GPL8432\n{table.replace('PHTF2', 'STAT1')}")
    raw = get("GSE5", spec(), over_http(fake_geo, tmp_path))
    assert raw.probe_genes is not None
    assert raw.probe_genes["gene"].to_list() == ["STAT1", "MX1"]


@pytest.mark.parametrize("annotation", [None, Annotation(column="entrez_gene_id")])
def test_a_platform_with_entrez_ids_brings_ncbis_symbols(
    mirror: Path, client: GeoClient, annotation: Annotation | None
) -> None:
    write_counts(mirror)
    write_annot(mirror, "GPL7", annot_text("GPL7", {"1000_at": "7157", "1001_at": "920"}, column="ENTREZ_GENE_ID"))
    raw = get("GSE1001", spec(annotation=annotation), client)
    assert raw.probe_genes is not None
    assert raw.probe_genes["gene"].to_list()[:3] == ["TP53", "CD4", None]
    assert raw.symbol_column == "ENTREZ_GENE_ID"


def test_an_author_names_the_column_of_a_platform_or_brings_a_table(
    mirror: Path, client: GeoClient, tmp_path: Path
) -> None:
    write_annot(mirror, "GPL7", annot_text("GPL7", {"1000_at": "x <TP53>", "1001_at": "y <CD4>"}, column="Target"))
    with pytest.raises(DataError, match=r"no column of GPL7 names genes .*Target: x <TP53>, y <CD4>"):
        get("GSE1001", spec(), client)
    raw = get("GSE1001", spec(annotation=Annotation(column="Target", pattern="<(.+)>")), client)
    assert raw.probe_genes is not None
    assert raw.probe_genes["gene"].to_list()[:3] == ["TP53", "CD4", None]
    (tmp_path / "mine.tsv").write_text("probe\tsymbol\n1000_at\tEGFR\n")
    files = acquire("GSE1001", spec(annotation="mine.tsv"), client, tmp_path)
    assert [file.role for file in files] == ["annotation", "matrix"]
    raw = read_dataset("GSE1001", spec(annotation="mine.tsv"), files)
    assert raw.probe_genes is not None
    assert (raw.probe_genes["gene"].to_list()[:2], raw.symbol_column) == (["EGFR", None], "symbol")


def test_a_platform_that_is_nowhere_is_named(mirror: Path, client: GeoClient) -> None:
    write_matrix(mirror, "GSE5", "GPL9", matrix_text("GSE5", "GPL9", small_values(2)))
    with pytest.raises(SourceError, match=r"^GPL9: no platform file at file://"):
        acquire("GSE5", spec(), client, Path())


MATRIX = "gene\tS1\tS2\nTP53\t1.5\t2\nCD4\tNA\t4\n"


@pytest.mark.parametrize("way", ["disk", "http"])
def test_a_xena_matrix(mirror: Path, client: GeoClient, fake_geo: FakeGeo, tmp_path: Path, way: str) -> None:
    write_gzip(mirror / "xena" / "TCGA.CHOL.sampleMap" / "HiSeqV2.gz", MATRIX)
    chosen = spec("xena", matrix="TCGA.CHOL.sampleMap/HiSeqV2")
    raw = get("TCGA-CHOL", chosen, client if way == "disk" else over_http(fake_geo, tmp_path))
    np.testing.assert_array_equal(raw.matrix.values, [[1.5, 2], [np.nan, 4]])
    assert (raw.platform, raw.probe_genes) == (None, None)
    assert raw.accession == "TCGA.CHOL.sampleMap/HiSeqV2"
    with pytest.raises(SourceError, match=r"^X: no matrix file at .*none\.gz or .*none"):
        acquire("X", spec("xena", matrix="none"), client, Path())


@pytest.mark.parametrize("name", ["TCGA.CHOL.sampleMap/HiSeqV2", "TCGA.CHOL.sampleMap%2FHiSeqV2"])
@pytest.mark.parametrize("file", ["TCGA.CHOL.sampleMap/HiSeqV2.gz", "TCGA.CHOL.sampleMap/HiSeqV2"])
def test_a_bucket_that_forbids_what_it_lacks(
    mirror: Path, fake_geo: FakeGeo, tmp_path: Path, name: str, file: str
) -> None:
    """Xena's hubs are S3 buckets: a key that is not there is 403, and the next name is tried."""
    fake_geo.is_s3 = True
    write_gzip(mirror / "xena" / file, MATRIX)
    client = over_http(fake_geo, tmp_path)
    assert get("TCGA-CHOL", spec("xena", matrix=name), client).matrix.values.shape == (2, 2)
    assert observe("TCGA-CHOL", spec("xena", matrix=name), client, Path())[0].url.endswith(file)
    with pytest.raises(SourceError, match=r"^X: no matrix file at .*TCGA\.CHOL\.sampleMap/HiSeqV3"):
        acquire("X", spec("xena", matrix="TCGA.CHOL.sampleMap/HiSeqV3"), client, Path())


@pytest.mark.parametrize("name", ["TCGA.CHOL.sampleMap/HiSeqV3", "TCGA.CHOL.sampleMap%2FHiSeqV3"])
def test_a_matrix_that_is_not_there_is_said_in_one_readable_line(mirror: Path, client: GeoClient, name: str) -> None:
    root = (mirror / "xena").as_uri()
    with pytest.raises(SourceError) as refused:
        acquire("X", spec("xena", matrix=name), client, Path())
    at = f"{root}/TCGA.CHOL.sampleMap/HiSeqV3.gz or HiSeqV3"
    assert str(refused.value).partition(",")[0] == f"X: no matrix file at {at}: {name} is not there"


def test_a_slash_in_a_name_may_be_a_part_of_the_files_name(mirror: Path, client: GeoClient) -> None:
    write_gzip(mirror / "xena" / "TCGA.CHOL.sampleMap%2FHiSeqV2.gz", MATRIX)
    assert get("TCGA-CHOL", spec("xena", matrix="TCGA.CHOL.sampleMap/HiSeqV2"), client).matrix.values.shape == (2, 2)


def test_a_local_matrix_with_sheet_and_platform(client: GeoClient, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("probe,S1,S2\n1000_at,1,2\n1001_AT,3,4\n")
    (tmp_path / "s.tsv").write_text("sample\tdisease\ttitle\nS1\tlupus\tfirst\nS2\thealthy\tsecond\nS3\tx\ty\n")
    raw = get("mine", spec("file", matrix="m.csv", samples="s.tsv", platform="GPL7"), client, tmp_path)
    assert raw.probe_genes is not None
    assert raw.probe_genes.rows() == [("1000_at", "GENE0", 1), ("1001_AT", "GENE1", 1)]
    assert raw.samples["title"].to_list() == ["first", "second"]
    assert {"key": "disease", "value": "lupus"} in raw.samples["characteristics"][0].to_list()
    with pytest.raises(SourceError, match=r"mine: no matrix file at file://.*gone\.tsv"):
        acquire("mine", spec("file", matrix="gone.tsv"), client, tmp_path)


def test_a_fault_in_any_request_of_a_dataset_passes(fake_geo: FakeGeo, tmp_path: Path) -> None:
    fake_geo.plan(r"/matrix/$", fake.status(503), fake.reset(0.5))
    fake_geo.plan(r"annot", fake.html_page(), fake.short(0.4))
    assert get("GSE1001", spec(), over_http(fake_geo, tmp_path)).matrix.values.shape == (40, 6)


def test_every_dataset_of_a_study_is_acquired_and_read(tmp_path: Path) -> None:
    mirror = ORACLE / "study"
    client = GeoClient(
        (mirror / "geo").as_uri(), GEO_ACC_URL, (mirror / "xena").as_uri(), tmp_path / "cache", tmp_path / "locks"
    )
    study = load_study(mirror / "made.yaml")
    shapes = {name: get(name, each, client).matrix.values.shape for name, each in study.datasets.items()}
    assert shapes == {"GSE71001": (210, 23), "GSE71002": (210, 20), "GSE71003": (200, 23), "MADE-VALIDATION": (150, 19)}
