"""Values and samples equal GEOquery's (oracle/geo); each defect of a file is one clear error."""

import csv
import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats.series_matrix import read_header, read_series_matrix, verify_series_matrix
from dmicc_assets_tests.oracle import MADE_UP, ORACLE, Answers
from dmicc_assets_tests.worlds.small_mirror import CONTACT, matrix_text, small_values, write_gzip

GOLDEN = ORACLE / "geo"
Gzipped = Callable[..., Path]
DEFECTS = (GOLDEN / "defects_series_matrix.txt").read_text(encoding="utf-8")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def as_number(cell: str) -> float:
    return float("nan") if cell == "NA" else float(cell)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_values_and_ids_are_geoquerys(gzipped: Gzipped, line_end: str) -> None:
    matrix = read_series_matrix(gzipped(DEFECTS.replace("\n", line_end))).matrix
    expected = rows_of(GOLDEN / "defects_exprs.tsv")
    assert list(matrix.features) == [row["ID_REF"] for row in expected]
    assert matrix.samples == ("GSM11", "GSM12", "GSM13", "GSM14")
    values = np.array([[as_number(row[sample]) for sample in matrix.samples] for row in expected])
    np.testing.assert_array_equal(matrix.values, values)


def test_samples_and_characteristics_are_geoquerys(gzipped: Gzipped) -> None:
    samples = read_series_matrix(gzipped(DEFECTS)).header.samples
    for row, expected in zip(samples.iter_rows(named=True), rows_of(GOLDEN / "defects_samples.tsv"), strict=True):
        described = {pair["key"]: pair["value"] for pair in row["characteristics"]}
        assert row["title"] == expected["title"]
        assert row["sample"] == expected["geo_accession"]
        assert row["source_name"] == expected["source_name_ch1"]
        assert row["platform"] == expected["platform_id"]
        for key in ("age", "disease", "Gender", "note"):
            assert described.get(key, "NA") == expected[f"{key}:ch1"]


def test_the_header_keeps_lists_dates_and_the_keyless(gzipped: Gzipped) -> None:
    header = read_header(gzipped(DEFECTS))
    assert header.accession == "GSE1234"
    assert header.series["summary"] == ["line one", "line two"]
    assert header.series["platform_id"] == ["GPL7", "GPL8"]
    assert header.platforms == ["GPL7"]  # the samples' own, as in GSE14520-GPL571
    assert header.first("title") == 'A series of ‘skin’; with "quotes", a # hash and a \'tick'
    assert header.last_update_date == date(2019, 3, 25)
    assert header.samples["last_update_date"].max() == date(2018, 8, 29)  # GSE4107: the dates differ
    assert header.samples["relations"].to_list()[1:3] == [["BioSample: x2", "SRA: y2"], ["BioSample: x3"]]
    assert {"key": "characteristics", "value": "no colon here"} in header.samples["characteristics"][3].to_list()
    assert header.organisms == ("Homo sapiens",)


def test_no_contact_field_is_kept(gzipped: Gzipped) -> None:
    read = read_series_matrix(gzipped(matrix_text("GSE1", "GPL7", small_values())))
    kept = f"{read.header.series} {read.header.samples.to_dicts()}"
    for private in CONTACT:
        assert private not in kept


def test_every_way_to_write_a_missing_value(gzipped: Gzipped) -> None:
    tokens = [
        "",
        '""',
        "NA",
        "null",
        "NULL",
        "Null",
        "NaN",
        "N/A",
        "#N/A",
        "Inf",
        "-Inf",
        '"NA"',
        "#NUM!",
        "--",
        ".",
        "-1.#IND",
    ]
    lines = matrix_text("GSE1", "GPL7", np.full((1, len(tokens)), 7.0)).splitlines()
    lines[-2] = '"NA"\t' + "\t".join(tokens)  # a probe called NA exists (GSE15197)
    matrix = read_series_matrix(gzipped("\n".join(lines) + "\n")).matrix
    assert matrix.features == ("NA",)
    assert np.isnan(matrix.values).all()


def test_missing_values_may_be_padded_and_ids_older_than_utf8(gzipped: Gzipped) -> None:
    """R's `format` pads `NA` to the width of its column; numbers are padded too."""
    lines = matrix_text("GSE1", "GPL7", np.full((2, 3), 7.0)).splitlines()
    lines[-3:-1] = ["µ_at\t    NA\t 7.25\t N/A", '"b"\t1\t2\tnull ']
    for encoded in ("\n".join(lines).encode("cp1252", errors="replace"), "\r\n".join(lines).encode()):
        matrix = read_series_matrix(gzipped(encoded)).matrix
        assert matrix.features == ("µ_at", "b")
        np.testing.assert_array_equal(matrix.values, [[np.nan, 7.25, np.nan], [1.0, 2.0, np.nan]])


def test_a_byte_order_mark_hides_no_line(gzipped: Gzipped) -> None:
    text = matrix_text("GSE1", "GPL7", small_values(3))
    read = read_series_matrix(gzipped(text.encode("utf-8-sig")))
    assert read.header.first("title") == "Study GSE1 of ‘skin’"
    assert read.table_sha256 == read_series_matrix(gzipped(text)).table_sha256


@pytest.mark.parametrize("blank", ["\n", " \t \n", "\t\t\r\n"])
def test_blank_lines_of_a_header_are_no_cells(gzipped: Gzipped, blank: str) -> None:
    text = matrix_text("GSE1", "GPL7", small_values(3))
    read = read_series_matrix(gzipped(text.replace("!Sample_title", f"{blank}!Sample_title")))
    assert read.header.samples.equals(read_series_matrix(gzipped(text)).header.samples)


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_the_end_marker_needs_no_line_end(gzipped: Gzipped, end: str) -> None:
    text = matrix_text("GSE1", "GPL7", small_values(5)).rstrip("\n") + end
    assert read_series_matrix(gzipped(text)).matrix.values.shape == (5, 6)


def test_one_sample_and_ids_of_64_bits(gzipped: Gzipped) -> None:
    """GSE11595 has one sample, GSE7864 ids that no float can hold; GSE42872 writes ids bare."""
    text = matrix_text("GSE11595", "GPL7", small_values(2, 1), probes=["9007199254740993", "9007199254740992"])
    matrix = read_series_matrix(
        gzipped(text.replace('"90071', "90071").replace('93"', "93").replace('92"', "92"))
    ).matrix
    assert matrix.features == ("9007199254740993", "9007199254740992")


def test_a_data_line_may_begin_like_the_end_marker(gzipped: Gzipped) -> None:
    probes = ["!series_matrix_table_end_x", "b"]
    text = matrix_text("GSE1", "GPL7", small_values(2, 2), probes=probes)
    assert read_series_matrix(gzipped(text.replace('"!series', "!series").replace('_x"', "_x"))).matrix.features == (
        probes[0],
        "b",
    )


def test_old_metadata_may_hold_carriage_returns_and_other_bytes(gzipped: Gzipped) -> None:
    """GSE781 has CR inside metadata; before UTF-8 there was Latin-1."""
    text = matrix_text("GSE781", "GPL7", small_values(3)).replace("sample 1", "one\rtwo").encode()
    raw = text.replace("‘skin’".encode(), b"Sj\xf6gren\x92s")
    header = read_series_matrix(gzipped(raw)).header
    assert header.first("title") == "Study GSE781 of Sjögren’s"
    assert header.samples["title"][0] == "one\rtwo"


def test_a_tab_inside_quotes_is_part_of_the_cell(gzipped: Gzipped) -> None:
    text = matrix_text("GSE1", "GPL7", small_values(3)).replace('"sample 2"', '"sample\t2"')
    assert read_header(gzipped(text)).samples["title"].to_list()[1:3] == ["sample\t2", "sample 3"]


@pytest.mark.parametrize("inside", ["one\ntwo", "one\r\ntwo", "one\n\ntwo", "\none two"])
def test_quoted_text_may_hold_line_feeds(gzipped: Gzipped, inside: str) -> None:
    text = DEFECTS.replace("!Sample_geo", f'!Sample_data_processing\t"{inside}"\t"x"\t"x"\t"x"\n!Sample_geo', 1)
    text = text.replace(
        "!Sample_geo", f'!Sample_characteristics_ch1\t"k: {inside}"\t"k: x"\t"k: x"\t"k: x"\n\n!Sample_geo', 1
    )
    header = read_series_matrix(gzipped(text)).header
    first = {each["key"]: each["value"] for each in header.samples["characteristics"][0]}
    assert first["k"].split() == ["one", "two"]
    assert header.samples.height == 4


def test_a_key_that_is_not_read_stops_nothing(gzipped: Gzipped) -> None:
    text = DEFECTS.replace("!Sample_geo", '!Sample_contact_fax\t"x"\n!Sample_geo', 1)
    assert read_series_matrix(gzipped(text)).header.samples.height == 4


def test_an_old_macintosh_ends_lines_by_cr(gzipped: Gzipped) -> None:
    text = "\n".join(line for line in DEFECTS.split("\n") if "\r" not in line)
    old, new = (read_series_matrix(gzipped(text.replace("\n", end))) for end in ("\r", "\n"))
    np.testing.assert_array_equal(old.matrix.values, new.matrix.values)
    assert old.header.metadata_sha256 == new.header.metadata_sha256


@pytest.mark.parametrize("accession", ["GSE118828", "GSE11413"])
def test_an_empty_table_is_no_error_of_the_reader(gzipped: Gzipped, accession: str) -> None:
    read = read_series_matrix(path := gzipped(matrix_text(accession, "GPL7", small_values(0))))
    assert read.matrix.values.shape == (0, 6)
    assert verify_series_matrix(path) == 0


def edited(change: Callable[[str], str]) -> str:
    return change(matrix_text("GSE1", "GPL7", small_values(4, 3)))


WRONG = {
    "no end marker": (lambda t: t.replace("!series_matrix_table_end\n", ""), "cut short: no line !series_matrix"),
    "a row lost": (lambda t: "".join(x for x in t.splitlines(True) if not x.startswith('"1002')), "3 rows, .* says 4"),
    "row count disagrees": (lambda t: t.replace('count\t"4"\t"4"\t"4"', 'count\t"5"\t"5"\t"5"'), "4 rows, .* says 5"),
    "row count no number": (
        lambda t: t.replace('count\t"4"\t"4"\t"4"', 'count\t"x"\t"4"\t"4"'),
        "'x', expected a number",
    ),
    "other columns": (
        lambda t: t.replace('"ID_REF"\t"GSM100"', '"ID_REF"\t"GSM999"'),
        "'GSM999' is not the sample 'GSM100'",
    ),
    "columns in another order": (
        lambda t: t.replace('"ID_REF"\t"GSM100"\t"GSM101"', '"ID_REF"\t"GSM101"\t"GSM100"'),
        "'GSM101' is not the sample 'GSM100'",
    ),
    "a column more": (lambda t: t.replace('"ID_REF"\t', '"ID_REF"\t"GSM1"\t'), "4 sample columns, .* names 3"),
    "a cell more in the samples": (
        lambda t: t.replace('"skin"\t', '"skin"\t"skin"\t', 1),
        "source_name_ch1 has 4 cells",
    ),
    "no accessions": (
        lambda t: t.replace("!Sample_geo_accession", "!Sample_gone"),
        "expected a row !Sample_geo_accession",
    ),
    "a sample twice": (lambda t: t.replace("GSM101", "GSM100"), "duplicate sample 'GSM100'"),
    "a sample unnamed": (lambda t: t.replace('"GSM101"', '""'), "a sample has no accession"),
    "no table": (lambda t: t.replace("!series_matrix_table_begin", ""), "found no line !series_matrix_table_begin"),
    "something behind the end": (lambda t: t + '"x"\t1\t2\t3\n', "something follows"),
    "an id twice": (lambda t: t.replace("1002_at", "1001_at"), "duplicate id '1001_at'"),
    "an id missing": (lambda t: t.replace('"1002_at"', '""'), "row 3 of the table has no id"),
}


@pytest.mark.parametrize(("change", "expected"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_one_clear_error(gzipped: Gzipped, change: Callable[[str], str], expected: str) -> None:
    with pytest.raises(SourceError, match=expected) as caught:
        read_series_matrix(gzipped(edited(change)))
    assert str(caught.value).startswith("GSE1_series_matrix.txt.gz: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1,5", "'1002_at' has '1,5' for GSM101, expected a number"),
        ("abc", "'abc'"),
        ("1\t2", "has 4 values, expected 3"),
    ],
)
def test_a_cell_that_is_no_number_is_named(gzipped: Gzipped, cell: str, expected: str) -> None:
    lines = edited(str).splitlines()
    row = next(i for i, line in enumerate(lines) if line.startswith('"1002'))
    lines[row] = f'"1002_at"\t1\t{cell}\t3'
    with pytest.raises(SourceError, match=expected):
        read_series_matrix(gzipped("\n".join(lines) + "\n"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "an empty file in place of a gzip file"),
        (b"<!DOCTYPE html><html></html>", "an HTML page in place of a gzip file"),
        (b'!Series_title\t"x"\n', "a file that begins with b'!Series_titl'"),
        (gzip.compress(edited(str).encode())[:-5], "the gzip file is cut short"),
        (gzip.compress(edited(str).encode())[:200], "the gzip file is cut short"),
        (gzip.compress(edited(str).encode())[:-8] + b"\0" * 8, "the gzip file is damaged"),
        (gzip.compress(edited(str).encode()) + b"rubbish", "the gzip file is damaged"),
    ],
)
def test_what_is_no_whole_gzip_file_fails_the_integrity_check(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "GSE1_series_matrix.txt.gz"
    path.write_bytes(content)
    for read in (read_series_matrix, verify_series_matrix):
        with pytest.raises(SourceError, match=expected) as caught:
            read(path)
        assert caught.value.check == "I1"


def test_gzip_members_and_padding_are_read_on(tmp_path: Path) -> None:
    text = edited(str).encode()
    path = tmp_path / "GSE1_series_matrix.txt.gz"
    path.write_bytes(gzip.compress(text[:700]) + gzip.compress(text[700:]) + b"\0" * 9)
    assert read_series_matrix(path).matrix.values.shape == (4, 3)


def test_samples_may_differ_in_their_row_counts(gzipped: Gzipped) -> None:
    text = edited(lambda t: t.replace('count\t"4"\t"4"\t"4"', 'count\t"3"\t"4"\t"2"'))
    assert verify_series_matrix(gzipped(text)) == 4


def test_checksums_are_of_the_table_and_of_the_samples_alone(tmp_path: Path) -> None:
    values = small_values(6)
    before = matrix_text("GSE1", "GPL7", values)

    def sums(text: str) -> tuple[str, str]:
        read = read_series_matrix(write_gzip(tmp_path / "x_series_matrix.txt.gz", text))
        return read.table_sha256, read.metadata_sha256

    table, metadata = sums(before)
    header_edit = (
        before.replace("Mar 25 2019", "Apr 01 2024").replace("Study GSE1", "Better title").replace("GSE9", "GSE8")
    )
    assert sums(header_edit.replace("Aug 28 2018", "Apr 01 2024").replace("Jane", "June")) == (table, metadata)
    assert sums(matrix_text("GSE1", "GPL7", values + 1)) == (sums(matrix_text("GSE1", "GPL7", values + 1))[0], metadata)
    assert sums(matrix_text("GSE1", "GPL7", values + 1))[0] != table
    assert sums(before.replace("disease: healthy", "disease: none"))[0] == table
    assert sums(before.replace("disease: healthy", "disease: none"))[1] != metadata


@pytest.mark.parametrize("case", ["nasty", "nasty_crlf", "intensities"])
def test_values_of_a_case_are_geoquerys(case: str) -> None:
    assert_read_as_geoquery(MADE_UP, case)


def assert_read_as_geoquery(answers: Answers, case: str) -> None:
    """Ids, values, missing ones and sums equal GEOquery's."""
    matrix = read_series_matrix(answers.cases / "geo" / f"{case}_series_matrix.txt.gz").matrix
    text = gzip.decompress((answers.topics / "geo" / f"{case}__exprs.tsv.gz").read_bytes()).decode()
    expected = list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert list(matrix.features) == [row["ID_REF"] for row in expected]
    values = np.array([[as_number(row[sample]) for sample in matrix.samples] for row in expected])
    np.testing.assert_array_equal(matrix.values, values)
    summary = answers.summary("geo", case)
    assert summary["dim"] == [len(matrix.features), len(matrix.samples)]
    assert summary["feature_names_head"] == list(matrix.features[:9])
    assert summary["n_na"] == np.isnan(matrix.values).sum()
    sums = [summary["colsums"][sample] for sample in matrix.samples]
    np.testing.assert_allclose(np.nansum(matrix.values, axis=0), sums, rtol=1e-13)


@pytest.mark.parametrize("case", ["nasty", "nasty_crlf", "intensities"])
def test_samples_of_a_case_are_geoquerys(case: str) -> None:
    assert_samples_as_geoquery(MADE_UP, case)


def assert_samples_as_geoquery(answers: Answers, case: str) -> None:
    """Titles, sources, platforms and characteristics equal GEOquery's."""
    header = read_series_matrix(answers.cases / "geo" / f"{case}_series_matrix.txt.gz").header
    theirs, ours = rows_of(answers.topics / "geo" / f"{case}__pdata.tsv"), header.samples.to_dicts()
    assert header.platforms == [answers.summary("geo", case)["annotation"]]
    assert header.row_counts == tuple({int(row["data_row_count"]) for row in theirs})
    assert set(header.organisms) == {row["organism_ch1"] for row in theirs if "organism_ch1" in row}
    pairs = {"sample": "geo_accession", "title": "title", "source_name": "source_name_ch1", "platform": "platform_id"}
    for name, column in pairs.items():
        assert [row[name] for row in ours] == [row[column] for row in theirs]
    for mine, row in zip(ours, theirs, strict=True):
        assert mine["sample"] == row["sample"]
        described = {pair["key"]: pair["value"] for pair in mine["characteristics"]}
        written = [value for key, value in row.items() if key.startswith("characteristics_ch1") and value]
        assert sorted(described.values()) == sorted(value.split(": ", 1)[-1] for value in written)
        named = {key.removesuffix(":ch1"): value for key, value in row.items() if key.endswith(":ch1")}
        assert {key: described.get(key, "NA") for key in named} == named


def test_an_empty_table_has_no_rows_where_geoquery_stops() -> None:
    assert not MADE_UP.summary("geo", "empty")["ok"]
    matrix = read_series_matrix(MADE_UP.cases / "geo" / "empty_series_matrix.txt.gz").matrix
    assert matrix.features == ()
    assert matrix.values.shape == (0, len(matrix.samples))
