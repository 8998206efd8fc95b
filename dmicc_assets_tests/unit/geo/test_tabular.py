"""Plain matrices and sample sheets: three formats, one table; each defect one clear error."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats.tabular import (
    MatrixNames,
    names_of,
    read_matrix,
    read_sample_sheet,
    samples_of,
    verify_matrix,
)
from dmicc_assets_tests.worlds.small_mirror import write_gzip

VALUES = [[1.5, np.nan], [3.0, -4.25]]
TSV = "gene\tS1\tS 2\nTP53\t1.5\tNA\n1-Mar\t3\t-4.25\n"


def written(folder: Path, name: str) -> Path:
    """The same table in the format of the name."""
    path = folder / name
    text = TSV.replace("\t", ",") if ".csv" in name else TSV
    if name.endswith(".parquet"):
        pl.DataFrame({"gene": ["TP53", "1-Mar"], "S1": [1.5, 3.0], "S 2": [None, -4.25]}).write_parquet(path)
    elif name.endswith(".gz"):
        write_gzip(path, text)
    else:
        path.write_text(text, encoding="utf-8-sig")
    return path


@pytest.mark.parametrize("name", ["m.tsv", "m.tsv.gz", "m.csv", "m.csv.gz", "m.parquet", "HiSeqV2.gz", "m.txt"])
def test_every_format_is_the_same_table(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name)
    verify_matrix(path)
    matrix, digest = read_matrix(path)
    assert (matrix.features, matrix.samples) == (("TP53", "1-Mar"), ("S1", "S 2"))
    np.testing.assert_array_equal(matrix.values, VALUES)
    assert len(digest) == 64


def test_the_checksum_is_of_the_text_not_of_its_compression(tmp_path: Path) -> None:
    (tmp_path / "m.tsv").write_text(TSV)
    write_gzip(tmp_path / "m.tsv.gz", TSV)
    assert read_matrix(tmp_path / "m.tsv")[1] == read_matrix(tmp_path / "m.tsv.gz")[1]


GCT = "#1.2\n2\t2\nNAME\tDescription\tS1\tS2\nTP53\tna\t1.5\t2.5\nEGFR\tna\t3\t4\n"
FEATURE_COUNTS = (
    '# Program:featureCounts v2.0; Command:"x"\nGeneid\tChr\tStart\tEnd\tStrand\tLength\tS1\tS2\n'
    "TP53\tchr17\t1\t2\t+\t100\t1.5\t2.5\nEGFR\tchr7\t1\t2\t+\t100\t3\t4\n"
)


@pytest.mark.parametrize(
    "text",
    [
        '"S1"\t"S2"\n"TP53"\t1.5\t2.5\n"EGFR"\t3\t4\n',  # R's write.table
        '"S1" "S2"\n"TP53" 1.5 2.5\n"EGFR" 3 4\n',  # with its default separator
        '"","S1","S2"\n"TP53",1.5,2.5\n"EGFR",3,4\n',  # write.csv
        '"";"S1";"S2"\n"TP53";1,5;2,5\n"EGFR";3;4\n',  # write.csv2
        "gene\tS1\tS2\nTP53\t1,5\t2,5\nEGFR\t3\t4\n",
        'gene,S1,S2\nTP53,"1,5","2,5"\nEGFR,3,4\n',
        "gene,S1,S2\nTP53,1.5,2.5\nEGFR,3,4\n",
        "gene|S1|S2\nTP53|1.5|2.5\nEGFR|3|4\n",
        "       S1   S2\nTP53  1.5  2.5\nEGFR 3.0  4.0 \n",  # R's print
        'gene   S1    S2\r\n"TP53" 1.5   2.5\r\nEGFR   3     4\r\n',
        ",gene,S1,S2\n0,TP53,1.5,2.5\n1,EGFR,3,4\n",  # pandas
        '"gene"\t"S1"\t"S2"\n"1"\t"TP53"\t1.5\t2.5\n"2"\t"EGFR"\t3\t4\n',  # write.table of a data.frame
        "gene\tS1\tS2\t\nTP53\t1.5\t2.5\t\nEGFR\t3\t4\t\n",
        "gene,S1,S2\r\nTP53,1.5,2.5\r\nEGFR,3,4\r\n,,\r\n,,\r\n",  # a spreadsheet's empty rows
        "gene\tS1\tS2\rTP53\t1.5\t2.5\rEGFR\t3\t4\r",  # an old Macintosh
        GCT,
        FEATURE_COUNTS,
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_r_and_spreadsheets_write_is_the_same_table(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "m.csv"  # the name says nothing
    path.write_bytes(text.encode(encoding))
    verify_matrix(path)
    matrix = read_matrix(path)[0]
    assert (matrix.features, matrix.samples) == (("TP53", "EGFR"), ("S1", "S2"))
    np.testing.assert_array_equal(matrix.values, [[1.5, 2.5], [3, 4]])
    assert names_of(path) == MatrixNames(["TP53", "EGFR"], ["S1", "S2"])


def test_commas_before_three_digits_are_decimal_where_no_thousand_can_be_meant(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    for text in ("gene;S1\nTP53;7,123\nEGFR;5,001\n", "gene\tS1\nTP53\t7,123\nEGFR\t0,125\n"):
        path.write_text(text)
        assert read_matrix(path)[0].values[0, 0] == 7.123


def test_errors_of_a_spreadsheet_are_missing_values(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("gene,S1,S2\nTP53,#NUM!,2\nEGFR,#DIV/0!,1\n")
    np.testing.assert_array_equal(read_matrix(path)[0].values, [[np.nan, 2], [np.nan, 1]])


@pytest.mark.parametrize("text", ["age;sex\nS1;30;f\nS2;40;m\n", "id,age,sex\r\nS1,30,f\r\n,,\r\nS2,40,m\r\n"])
def test_a_sheet_is_read_as_r_and_spreadsheets_write_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.txt").write_text(text)
    assert read_sample_sheet(tmp_path / "s.txt") == {"S1": {"age": "30", "sex": "f"}, "S2": {"age": "40", "sex": "m"}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "an empty file in place of a table"),
        ("<html></html>", "an HTML page in place of a table"),
        ("gene\tS1\tS1\nTP53\t1\t2\n", "duplicate sample column 'S1'"),
        ("gene\tS1\t\nTP53\t1\t2\n", "column 3 of the table has no name"),
        ("gene\tS1\n", "the table has no rows"),
        ("gene\tS1\tS2\nTP53\t1\n", "'TP53' has 1 values, expected 2"),
        ("gene\tS1\nTP53\tx\nEGFR\t1\n", "'TP53' has 'x' for S1, expected a number"),
        ("gene\tS1\nTP53\tx\n", r"column 'S1' holds text \('x'\): expected one column of names, then numbers"),
        ("gene\tsymbol\tS1\nENSG1\tTP53\t1\n", r"column 'symbol' holds text \('TP53'\)"),
        ("gene\tS1\nTP53\t1,5\nEGFR\t1.5\n", "'TP53' has '1,5' for S1, expected a number"),
        ('gene,S1\nTP53,"1,234.5"\nEGFR,"2,000"\n', "'1,234.5' has a separator of thousands"),
        ("gene\tS1\nTP53\t1,234\nEGFR\t567\n", "'1,234' may be a number over a thousand or a decimal fraction"),
        ("gene\tS1\nTP53\t1,234\nEGFR\t5,678\n", "'1,234' may be a number over a thousand or a decimal fraction"),
        ("gene\tS1\nTP53\t1_000\n", "'TP53' has '1_000' for S1, expected a number"),
        ("gene\tS1\n \nTP53\t1\n", "the row '' has 0 values, expected 1"),
        ("gene\tS1\nTP53\t1\nTP53\t2\n", "duplicate id 'TP53'"),
        ("gene\nTP53\n", "one column for each sample"),
        ("PK\x03\x04", "a zip archive or an Excel workbook: save the sheet as CSV"),
        ("gene\tS1\n\0", "expected text, found a binary file"),
    ],
)
def test_a_wrong_matrix_is_one_clear_error(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "m.tsv"
    path.write_text(text)
    with pytest.raises(SourceError, match=expected) as caught:
        read_matrix(path)
    assert str(caught.value).startswith("m.tsv: ")


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (pl.DataFrame({"gene": ["A", "A"], "S1": [1.0, 2.0]}), "duplicate id 'A'"),
        (pl.DataFrame({"gene": ["A", None], "S1": [1.0, 2.0]}), "a name in the first column"),
        (pl.DataFrame({"gene": ["A", ""], "S1": [1.0, 2.0]}), "a name in the first column"),
        (pl.DataFrame({"gene": ["A", "B"], "S1": [1.0, 2.0], "name": ["1", "x"]}), "column 'name' holds text .'x'."),
        (pl.DataFrame({"gene": ["A"]}), "one column for each sample"),
    ],
)
def test_a_wrong_parquet_is_one_clear_error(tmp_path: Path, frame: pl.DataFrame, expected: str) -> None:
    frame.write_parquet(tmp_path / "m.parquet")
    with pytest.raises(SourceError, match=expected):
        read_matrix(tmp_path / "m.parquet")


def test_a_parquet_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "m.parquet")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(SourceError, match="cut short"):
        verify_matrix(path)
    with pytest.raises(SourceError, match="cannot be read"):
        read_matrix(path)


def test_a_sheet_describes_the_samples(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text('sample,disease,note\nS1,lupus,"a, b"\n\nS2,healthy,\n')
    sheet = read_sample_sheet(tmp_path / "s.csv")
    assert sheet == {"S1": {"disease": "lupus", "note": "a, b"}, "S2": {"disease": "healthy", "note": ""}}
    pl.DataFrame({"sample": ["S1"], "age": [61]}).write_parquet(tmp_path / "s.parquet")
    assert read_sample_sheet(tmp_path / "s.parquet") == {"S1": {"age": "61"}}
    samples = samples_of(["S2", "S1"], sheet, "mine")
    assert samples["sample"].to_list() == ["S2", "S1"]
    assert samples["characteristics"].to_list()[0] == [{"key": "disease", "value": "healthy"}]


def test_a_sheet_must_have_each_sample_once(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="mine: the sample 'S3' of the matrix has no row in the sample sheet"):
        samples_of(["S3"], {"S1": {}}, "mine")
    (tmp_path / "s.tsv").write_text("sample\tx\nS1\t1\nS1\t2\n")
    with pytest.raises(SourceError, match=r"s\.tsv: duplicate sample 'S1'"):
        read_sample_sheet(tmp_path / "s.tsv")
    (tmp_path / "e.tsv").write_text("sample\tx\n")
    with pytest.raises(SourceError, match="expected a sample sheet"):
        read_sample_sheet(tmp_path / "e.tsv")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sample\tage\tage\nS1\t1\t2\n", r"s\.tsv: duplicate column 'age'"),
        ("sample\tage\nS1\t1\tlupus\n", r"s\.tsv: the row of 'S1' has 3 cells, the header 2"),
    ],
)
def test_a_sheet_loses_no_cell(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "s.tsv").write_text(text)
    with pytest.raises(SourceError, match=expected):
        read_sample_sheet(tmp_path / "s.tsv")


def test_a_sheets_cell_may_hold_the_ends_of_lines(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text('sample,note,\nS1,"one\ntwo",\nS2,a\u2028b,\nS3\n', encoding="utf-8-sig")
    assert read_sample_sheet(tmp_path / "s.csv") == {"S1": {"note": "one\ntwo"}, "S2": {"note": "a\u2028b"}, "S3": {}}


def test_a_parquet_sheet_that_is_cut_short_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    pl.DataFrame({"sample": ["S1"], "age": [61]}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(SourceError, match=r"s\.parquet: the Parquet file cannot be read"):
        read_sample_sheet(path)


@pytest.mark.parametrize(
    "text",
    [
        "#1.3\n2\t2\t1\t1\nid\tname\tS1\tS2\nage\tna\t30\t40\nTP53\tx\t1.5\t2.5\nEGFR\ty\t3\t4\n",
        "#1.3\n2\t2\t0\t0\nid\tS1\tS2\nTP53\t1.5\t2.5\nEGFR\t3\t4\n",
        "#1.3\n2\t2\t2\t1\nid\tn\tlen\tS1\tS2\nsex\tna\tna\tm\tf\nTP53\tx\t9\t1.5\t2.5\nEGFR\ty\t9\t3\t4\n",
        "sep=;\ngene;S1;S2\nTP53;1,5;2,5\nEGFR;3;4\n",
        "#gene\tS1\tS2\nTP53\t1.5\t2.5\nEGFR\t3\t4\n",
        "gene\tS1\tS2\nTP53 \t1.5\t2.5\nEGFR\t3\t4\n__no_feature\t7\t8\nN_unmapped\t1\t1\n",
    ],
)
def test_what_is_no_gene_and_no_sample_is_left_out(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.tsv").write_text(text)
    matrix, _ = read_matrix(tmp_path / "m.tsv")
    assert (matrix.features, matrix.samples) == (("TP53", "EGFR"), ("S1", "S2"))
    np.testing.assert_array_equal(matrix.values, [[1.5, 2.5], [3, 4]])
    assert names_of(tmp_path / "m.tsv") == MatrixNames(["TP53", "EGFR"], ["S1", "S2"])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("id\tS1\tS1 Detection Pval\na\t9\t0.01\n", "'S1 Detection Pval' is no sample"),
        ("symbol\tEntrez_Gene_Id\tS1\nTP53\t7157\t1\n", "'Entrez_Gene_Id' is no sample"),
        ("Name\tLength\tEffectiveLength\tTPM\nE1\t9\t8\t1.5\n", "leave out 'Length', 'EffectiveLength'"),
        ("TP53\t5\t7\nEGFR\t7\t8\n", "line 1 is of the gene TP53"),
        ('g\ts1\n"y\t3\nz"\t5\n', "a quotation mark in it is not closed"),
        ("g;s1;s2\nTP53;1.234;2.500\nEGFR;3.100;400\n", "may be a number over a thousand"),
        ('g,s1\nTP53,"1,234"\nEGFR,"3,100"\n', "may be a number over a thousand"),
        ("g\ts1\nb \t1\nb\t3\n", "duplicate id 'b' in the table: keep one row of each"),
        ("1007_s_at\t5.25\t7.5\n1053_s_at\t7.5\t8\n", "line 1 is of the row 1007_s_at, as those below it"),
        ("Table S1. Values\n\ng\ts1\ts2\nTP53\t1\t2\n", "line 1 .'Table S1. Values'. is no header"),
        ("N_unmapped\t5\t5\t5\nN_noFeature\t5\t5\t5\nENSG1\t1\t2\t3\n", "line 1 is of the row N_unmapped"),
        ("%%MatrixMarket matrix coordinate\n3 3 2\n1 1 5\n", "a sparse matrix without names"),
        ("hsa-miR-21-5p\t52\t7\nhsa-miR-155-5p\t7\t8\n", "line 1 is of the gene hsa-miR-21-5p"),
        ("My experiment,,\ng,s1,s2\na,1,2\n", "has no name .line 1: 'My experiment,,'"),
        ("#1.3\n2\t2\nid\tS1\nTP53\t1\n", "expected four numbers in the second line of GCT 1.3"),
    ],
)
def test_what_cannot_be_a_matrix_is_refused_with_what_to_do(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "m.txt").write_text(text)
    with pytest.raises(SourceError, match=problem):
        read_matrix(tmp_path / "m.txt")


def test_fractions_below_one_are_no_thousands(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("g;s1\na;0,125\nb;3\n")
    np.testing.assert_array_equal(read_matrix(tmp_path / "m.csv")[0].values, [[0.125], [3]])


def test_samples_may_be_numbered(tmp_path: Path) -> None:
    (tmp_path / "m.tsv").write_text("ID\t1.1\t2\nTP53\t5\t7\n")
    assert read_matrix(tmp_path / "m.tsv")[0].samples == ("1.1", "2")


def test_the_index_of_pandas_is_the_last_column_of_parquet(tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    pl.DataFrame({"S1": [1.5, 3.0], "__index_level_0__": ["TP53", "EGFR"]}).write_parquet(path)
    matrix, _ = read_matrix(path)
    assert (matrix.features, matrix.samples) == (("TP53", "EGFR"), ("S1",))
    assert names_of(path) == MatrixNames(["TP53", "EGFR"], ["S1"])


def test_names_in_quotes_are_the_same_for_a_check_and_a_run(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text('g,s1\n"HLA-A, B",1\n"b""x",2\n"c",3\n')
    assert tuple(names_of(tmp_path / "m.csv").features) == read_matrix(tmp_path / "m.csv")[0].features


def test_quotes_and_bytes_as_r_and_old_machines_write_them(tmp_path: Path) -> None:
    escaped = r""""S1"	"S2"
"5\" probe"	1.5	2.5
"\"b\""	3	4
"c:\"	5	6
"""
    (tmp_path / "m.tsv").write_text(escaped)
    matrix, _ = read_matrix(tmp_path / "m.tsv")
    assert matrix.features == ('5" probe', '"b"', "c:\\")
    np.testing.assert_array_equal(matrix.values, [[1.5, 2.5], [3, 4], [5, 6]])
    (tmp_path / "s.tsv").write_text(r"""sample	note
S1	"a \"good\" one"
""")
    assert read_sample_sheet(tmp_path / "s.tsv") == {"S1": {"note": 'a "good" one'}}
    (tmp_path / "old.tsv").write_bytes("gene\tMüller\nTP53\t1\n".encode("cp1252"))
    assert read_matrix(tmp_path / "old.tsv")[0].samples == ("Müller",)
    (tmp_path / "sheet.csv").write_bytes("sample,Größe\nMüller,\x8fx\n".encode("latin-1"))
    assert list(read_sample_sheet(tmp_path / "sheet.csv")["Müller"]) == ["Größe"]


def test_any_number_of_comments_precedes_a_header(tmp_path: Path) -> None:
    comments = "".join(f"# line {i}\n" for i in range(150))
    (tmp_path / "m.tsv").write_text(comments + "gene\tS1\nTP53\t1.5\n")
    assert read_matrix(tmp_path / "m.tsv")[0].values.tolist() == [[1.5]]
    (tmp_path / "s.tsv").write_text(comments + "sample\tgroup\nS1\ta\n")
    assert read_sample_sheet(tmp_path / "s.tsv") == {"S1": {"group": "a"}}


@pytest.mark.parametrize(
    "text",
    [
        '"","sample","group"\n"1","S1","a"\n"2","S2","a"\n',
        '"sample","group"\n"1","S1","a"\n"2","S2","a"\n',
        ",sample,group\n0,S1,a\n1,S2,a\n",
        "X\tsample\tgroup\n1\tS1\ta\n2\tS2\ta\n",
    ],
)
def test_row_numbers_of_a_sheet_are_no_samples(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.csv").write_text(text)
    assert read_sample_sheet(tmp_path / "s.csv") == {"S1": {"group": "a"}, "S2": {"group": "a"}}


def test_numbered_samples_of_a_sheet_keep_their_names(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(",group,sex\n1,tumor,F\n2,tumor,M\n")
    assert list(read_sample_sheet(tmp_path / "s.csv")) == ["1", "2"]


@pytest.mark.parametrize("before", ["", "# of the clinic\n", "sep=;\n", "\n#x\n", "#"])
def test_lines_before_a_sample_sheet(tmp_path: Path, before: str) -> None:
    (tmp_path / "s.csv").write_text(f"{before}sample;group\ns1;a\n")
    assert read_sample_sheet(tmp_path / "s.csv") == {"s1": {"group": "a"}}


def test_a_quotation_mark_that_is_not_closed_hides_no_sample(tmp_path: Path) -> None:
    (tmp_path / "s.tsv").write_text('sample\tgroup\ns1\t"5 inch\ns2\tb\n')
    with pytest.raises(SourceError, match="a quotation mark in it is not closed"):
        read_sample_sheet(tmp_path / "s.tsv")
