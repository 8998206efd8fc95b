"""Reading any text as a matrix or a sample sheet gives a whole table or a clear error."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dmicc_assets.geo.formats.tabular import read_matrix, read_sample_sheet, verify_matrix
from dmicc_assets_tests.properties.test_series_matrix_fuzz import check_whole, mutated, read_or_refused

TABLES = [
    b"gene\tS1\tS2\nTP53\t1.5\tNA\nEGFR\t3\t-4.25\n",
    b'"";"S1";"S2"\n"TP53";1,5;2,5\n"EGFR";3;4\n',
    b",gene,S1,S2\r\n0,TP53,1,2\r\n1,EGFR,3,4\r\n",
    b"#1.2\n2\t2\nNAME\tDescription\tS1\tS2\nTP53\tna\t1\t2\nEGFR\tna\t3\t4\n",
    "gene\tS1\tS2\nTP53\t1\t2\n".encode("utf-16"),
]
TEXT = st.one_of(
    *[mutated(table) for table in TABLES], st.text("\t\n\r,;\"'# ab1.-\0\u00e9", max_size=60).map(str.encode)
)
quick = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(text=TEXT)
def test_any_text_is_a_whole_matrix_or_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(text)
    read_or_refused(verify_matrix, path)
    if read := read_or_refused(read_matrix, path):
        check_whole(read[0], list(read[0].samples))


@quick
@given(text=TEXT)
def test_any_text_is_a_sample_sheet_or_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(text)
    if sheet := read_or_refused(read_sample_sheet, path):
        assert all(sample.strip() for sample in sheet)
