import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmicc_assets.errors import RequestError
from dmicc_assets.geo.accession import bucket, matrix_name, pasted_accessions, platform_folder, series_folder


@pytest.mark.parametrize(
    "text",
    ["gse1,GSE2", "GSE1; GSE2.", "GSE1\nGSE2", "GSE1|'GSE2'", "https://x.org/geo/query/acc.cgi?acc=GSE1 (GSE2)"],
)
def test_accessions_are_found_as_people_paste_them(text: str) -> None:
    assert pasted_accessions([text]) == ["GSE1", "GSE2"]
    assert pasted_accessions(["gse1\u2013gpl96"]) == ["GSE1-GPL96"]


@pytest.mark.parametrize(
    ("accession", "folder"),
    [
        ("GSE32225", "series/GSE32nnn/GSE32225"),
        ("GSE1551", "series/GSE1nnn/GSE1551"),
        ("GSE781", "series/GSEnnn/GSE781"),
        ("GSE118828", "series/GSE118nnn/GSE118828"),
        ("SIM1001", "series/SIM1nnn/SIM1001"),
        ("SIM1", "series/SIMnnn/SIM1"),
    ],
)
def test_series_are_under_their_bucket(accession: str, folder: str) -> None:
    assert series_folder(accession) == folder


@pytest.mark.parametrize(
    ("accession", "folder"),
    [
        ("GPL96", "platforms/GPLnnn/GPL96"),
        ("GPL570", "platforms/GPLnnn/GPL570"),
        ("GPL8432", "platforms/GPL8nnn/GPL8432"),
        ("SIMP2", "platforms/SIMPnnn/SIMP2"),
    ],
)
def test_platforms_are_under_their_bucket(accession: str, folder: str) -> None:
    assert platform_folder(accession) == folder


def test_the_matrix_of_one_of_several_platforms_carries_its_name() -> None:
    assert matrix_name("GSE14520", "GPL571") == "GSE14520-GPL571_series_matrix.txt.gz"
    assert matrix_name("GSE32225") == "GSE32225_series_matrix.txt.gz"


@pytest.mark.parametrize("bad", ["../../etc", "GSE1/../../etc", "GSE", "GSE１", "gse1", "GSE1\n", "", "GSE1 ", "GPL96"])
def test_anything_else_is_refused_and_named(bad: str) -> None:
    with pytest.raises(RequestError, match=re.escape(repr(bad))):
        series_folder(bad)


@given(st.text(alphabet="GSEPLIM0123456789./\\n\0 -", max_size=14))
def test_no_text_leads_out_of_the_tree(text: str) -> None:
    for folder in (series_folder, platform_folder):
        try:
            path = folder(text)
        except RequestError:
            continue
        assert re.fullmatch(r"(series|platforms)/[A-Z]+[0-9]*nnn/[A-Z]+[0-9]+", path)
        assert path.split("/")[1] == bucket(text)
