"""Family SOFT files: one platform of several, the same table as the matrix, GEOparse's values."""

import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dmicc_assets.errors import DataError, SourceError
from dmicc_assets.geo.formats.platform import read_platform
from dmicc_assets.geo.formats.series_matrix import SeriesMatrix, read_series_matrix
from dmicc_assets.geo.formats.soft import read_family, verify_family
from dmicc_assets_tests.worlds.small_mirror import CONTACT, family_text, write_gzip

Gzipped = Callable[..., Path]
GENES = {"GPL96": {"1_at": "TP53", "2_at": "CD4 /// CD8"}, "GPL97": {"!odd_at": "MX1", "4_at": "---"}}
TABLES = {
    "GPL96": {"GSM1": {"1_at": "1.5", "2_at": "null"}, "GSM2": {"2_at": "4", "1_at": "3"}},
    "GPL97": {"GSM3": {"!odd_at": "5", "4_at": "6"}},
}


def family(gzipped: Gzipped, change: Callable[[str], str] = str) -> Path:
    return gzipped(change(family_text("GSE781", TABLES, GENES)), "GSE781_family.soft.gz")


def test_one_of_two_platforms_is_read(gzipped: Gzipped) -> None:
    """GSE781's family file holds GPL96 and GPL97."""
    read = read_family(family(gzipped), "GPL96")
    assert read.matrix.samples == ("GSM1", "GSM2")
    assert read.matrix.features == ("1_at", "2_at")
    np.testing.assert_array_equal(read.matrix.values, [[1.5, 3.0], [np.nan, 4.0]])
    assert read.header.samples["platform"].to_list() == ["GPL96", "GPL96"]
    assert read.header.accession == "GSE781"


def test_a_data_line_may_begin_with_an_exclamation_mark(gzipped: Gzipped) -> None:
    path = family(gzipped)
    assert read_family(path, "GPL97").matrix.features == ("!odd_at", "4_at")
    assert read_platform(path, "GPL97").probe_genes.rows() == [("!odd_at", "MX1", 1), ("4_at", None, 0)]
    assert read_platform(path, "GPL96").probe_genes.rows() == [("1_at", "TP53", 1), ("2_at", "CD4 /// CD8", 2)]


def test_several_platforms_and_none_chosen_is_a_question_to_the_user(gzipped: Gzipped) -> None:
    with pytest.raises(DataError, match="name one of GPL96, GPL97"):
        read_family(family(gzipped))
    with pytest.raises(SourceError, match="expected samples of GPL570, found GPL96, GPL97"):
        read_family(family(gzipped), "GPL570")


def test_samples_with_other_probes_are_joined_by_id(gzipped: Gzipped) -> None:
    tables = {"GPL7": {"GSM1": {"a": "1", "b": "2"}, "GSM2": {"b": "3", "c": "4"}}}
    matrix = read_family(gzipped(family_text("GSE5", tables, {}), "GSE5_family.soft.gz")).matrix
    assert matrix.features == ("a", "b", "c")
    np.testing.assert_array_equal(matrix.values, [[1, np.nan], [2, 3], [np.nan, 4]])


def test_the_probes_of_many_samples_are_held_once(gzipped: Gzipped) -> None:
    """A family of 500 arrays of 54,675 probes would else hold 27 million texts."""
    table = {f"{i}_at": "1.5" for i in range(2000)}
    path = gzipped(family_text("GSE5", {"GPL7": {f"GSM{i}": table for i in range(120)}}, {}), "GSE5_family.soft.gz")
    tracemalloc.start()
    matrix = read_family(path).matrix
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert matrix.values.shape == (2000, 120)
    assert peak < 5 * matrix.values.nbytes, "one text alone takes seven times what its value takes"


def test_samples_without_tables_give_no_rows(gzipped: Gzipped) -> None:
    path = gzipped(family_text("GSE5", {"GPL7": {"GSM1": {}, "GSM2": {}}}, {}), "GSE5_family.soft.gz")
    assert read_family(path).matrix.values.shape == (0, 2)


def test_no_contact_field_is_kept(gzipped: Gzipped) -> None:
    read = read_family(family(gzipped), "GPL96")
    assert CONTACT[1] not in f"{read.header.series} {read.header.samples.to_dicts()}"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda t: t.replace("2_at\tnull\tP\n", ""), "table of GSM1 has 1 row, but !Sample_data_row_count says 2"),
        (lambda t: t.rsplit("!sample_table_end", 1)[0], "cut short: no line !sample_table_end"),
        (lambda t: t.replace("1_at\t1.5", "1_at\tabc"), "'1_at' has 'abc' for VALUE"),
        (lambda t: t.replace("2_at\tnull\t", "1_at\tnull\t"), "duplicate id '1_at'"),
        (lambda t: t.replace("ID_REF\tVALUE", "PROBE\tVALUE", 1), "first column is ID_REF, found 'PROBE'"),
        (lambda t: t.replace("^SAMPLE = GSM2", "^SAMPLE = GSM1"), "duplicate sample 'GSM1'"),
        (lambda _: "^PLATFORM = GPL1\n", "expected samples of GPL96, found none"),
    ],
)
def test_a_wrong_file_is_one_clear_error(gzipped: Gzipped, change: Callable[[str], str], expected: str) -> None:
    with pytest.raises(SourceError, match=expected):
        read_family(family(gzipped, change), "GPL96")


def test_a_file_that_is_no_family_is_refused(gzipped: Gzipped) -> None:
    with pytest.raises(SourceError, match="expected the family SOFT file of a series"):
        verify_family(gzipped("^PLATFORM = GPL1\n", "GSE1_family.soft.gz"))


def test_matrix_and_family_of_the_same_series_are_the_same_table(gzipped: Gzipped) -> None:
    tables = {"GPL7": {f"GSM{i}": {"1_at": f"{i}.5", "2_at": f"{2 * i}"} for i in (1, 2, 3)}}
    family_read = read_family(gzipped(family_text("GSE5", tables, {}), "GSE5_family.soft.gz"))
    quoted = "\t".join(f'"GSM{i}"' for i in (1, 2, 3))
    rows = {
        "!Series_title": '"Family GSE5"',
        "!Series_geo_accession": '"GSE5"',
        "!Sample_title": "\t".join(f'"GSM{i} of GPL7"' for i in (1, 2, 3)),
        "!Sample_geo_accession": quoted,
        "!Sample_platform_id": "\t".join(['"GPL7"'] * 3),
        "!Sample_data_row_count": "\t".join(['"2"'] * 3),
        "!Sample_characteristics_ch1": "\t".join(['"disease: lupus"'] * 3),
    }
    table = ["!series_matrix_table_begin", f'"ID_REF"\t{quoted}', '"1_at"\t1.5\t2.5\t3.5', '"2_at"\t2\t4\t6']
    lines = [*(f"{key}\t{cells}" for key, cells in rows.items()), *table, "!series_matrix_table_end"]
    matrix_read = read_series_matrix(gzipped("\n".join(lines) + "\n", "GSE5_series_matrix.txt.gz"))
    assert_same_series(family_read, matrix_read)


def assert_same_series(family_read: SeriesMatrix, matrix_read: SeriesMatrix) -> None:
    """Values, samples and the checksum of the samples are equal."""
    assert family_read.matrix.features == matrix_read.matrix.features
    assert family_read.matrix.samples == matrix_read.matrix.samples
    np.testing.assert_array_equal(family_read.matrix.values, matrix_read.matrix.values)
    assert family_read.header.samples.equals(matrix_read.header.samples)
    assert family_read.metadata_sha256 == matrix_read.metadata_sha256


def test_values_and_titles_are_geoparses(gzipped: Gzipped) -> None:
    tables = {"GPL7": {f"GSM{i}": {"1_at": f"{i}.25", "2_at": f"1e-0{i}", "3_at": "null"} for i in (1, 2, 3)}}
    assert_read_as_geoparse(gzipped(family_text("GSE5", tables, {}), "GSE5_family.soft.gz"))


def assert_read_as_geoparse(path: Path) -> None:
    """Values and titles equal GEOparse's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GEOparse's own, about today's pandas
        import GEOparse

        expected = GEOparse.get_GEO(filepath=str(path), silent=True)
        table = expected.pivot_samples("VALUE")
    matrix = read_family(path).matrix
    assert list(matrix.samples) == list(expected.gsms)
    table = table.loc[list(matrix.features), list(matrix.samples)]
    np.testing.assert_allclose(matrix.values, table.to_numpy(), rtol=1e-15)
    titles = {name: gsm.metadata["title"][0] for name, gsm in expected.gsms.items()}
    samples = read_family(path).header.samples
    assert dict(zip(samples["sample"], samples["title"], strict=True)) == titles


def test_a_family_is_written_and_read_back(tmp_path: Path) -> None:
    path = write_gzip(tmp_path / "GSE6_family.soft.gz", family_text("GSE6", TABLES, GENES).replace("\n", "\r\n"))
    verify_family(path)
    np.testing.assert_array_equal(read_family(path, "GPL97").matrix.values, [[5.0], [6.0]])
