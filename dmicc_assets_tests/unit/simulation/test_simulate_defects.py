"""Each defect of GEO's files that the simulated mirror must hold, read from the text as it is served."""

import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from dmicc_assets.simulation.files import (
    CONTACT,
    annotation_path,
    annotation_text,
    gmt_text,
    number_lines,
    series_matrix_path,
    write_gzip,
)
from dmicc_assets.simulation.mirror import simulate_mirror
from dmicc_assets.simulation.planted_truth import Truth


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    folder = tmp_path_factory.mktemp("mirror")
    return folder, simulate_mirror(folder, seed=3)


@pytest.fixture(scope="module")
def lines(mirror: tuple[Path, Truth]) -> dict[str, list[str]]:
    """Lines of each series matrix, cut at LF only."""
    named = {"SIM101": None, "SIM201": None, "SIM102-SIMP1": "SIMP1", "SIM102-SIMP2": "SIMP2"}
    geo = mirror[0] / "geo"
    return {
        name: gzip.decompress(series_matrix_path(geo, name.split("-")[0], platform).read_bytes()).decode().split("\n")
        for name, platform in named.items()
    }


def fields(lines: list[str], key: str) -> list[list[str]]:
    return [[c.strip('"') for c in line.split("\t")[1:]] for line in lines if line.split("\t")[0] == key]


def table(lines: list[str]) -> list[list[str]]:
    start, end = lines.index("!series_matrix_table_begin"), lines.index("!series_matrix_table_end")
    return [line.split("\t") for line in lines[start + 2 : end]]


def test_titles_have_curly_quotes(lines: dict[str, list[str]]) -> None:
    (titles,) = fields(lines["SIM101"], "!Sample_title")
    assert any("“" in title and "”" in title for title in titles)
    assert "‘dermal simulosis’" in fields(lines["SIM101"], "!Series_summary")[0][0]


def test_gender_is_written_in_several_ways(lines: dict[str, list[str]]) -> None:
    rows = fields(lines["SIM101"], "!Sample_characteristics_ch1")
    sexes = Counter(rows[1])
    assert set(sexes) == {"Gender:M", "gender: F", "Gender: M", "Gender: F"}


def test_a_row_of_characteristics_is_empty(lines: dict[str, list[str]]) -> None:
    rows = fields(lines["SIM101"], "!Sample_characteristics_ch1")
    assert sum(set(row) == {""} for row in rows) == 1


def test_one_row_has_several_keys_and_one_sample_a_key_twice(lines: dict[str, list[str]]) -> None:
    rows = fields(lines["SIM101"], "!Sample_characteristics_ch1")
    keys = [{cell.split(":")[0].lower() for cell in row} for row in rows]
    assert {"age", "scan day"} in keys
    first = [cell.split(":")[0] for row in rows for cell in row[:1]]
    assert Counter(first)["tissue"] == 2


def test_a_value_has_no_key(lines: dict[str, list[str]]) -> None:
    rows = fields(lines["SIM101"], "!Sample_characteristics_ch1")
    assert [set(row) for row in rows if ":" not in row[0] and row[0]] == [{"punch biopsy"}]


def test_old_metadata_has_carriage_returns_inside(lines: dict[str, list[str]]) -> None:
    assert "\r" in fields(lines["SIM201"], "!Series_summary")[0][0]
    assert "\r" in fields(lines["SIM201"], "!Sample_description")[0][0]
    assert not any("\r" in line for line in lines["SIM101"])


def test_missing_values_are_written_in_all_ways(lines: dict[str, list[str]]) -> None:
    words: set[str] = set()
    for row in table(lines["SIM101"]):
        words |= {cell for cell in row[1:] if not cell.replace(".", "").replace("-", "").isdigit()}
    assert words == {"NA", "null", "", "NaN", "N/A"}


def test_contact_fields_are_there_to_be_left_out(lines: dict[str, list[str]]) -> None:
    for text in lines.values():
        assert fields(text, "!Series_contact_email") == [[CONTACT["email"]]]
        assert set(fields(text, "!Sample_contact_name")[0]) == {CONTACT["name"]}


def test_the_series_lists_samples_of_another_platform_too(lines: dict[str, list[str]]) -> None:
    (accessions,) = fields(lines["SIM102-SIMP2"], "!Sample_geo_accession")
    listed = fields(lines["SIM102-SIMP2"], "!Series_sample_id")[0][0].split()
    (others,) = fields(lines["SIM102-SIMP1"], "!Sample_geo_accession")
    assert len(accessions) == 28
    assert len(others) == 4
    assert set(listed) == set(accessions) | set(others)
    assert fields(lines["SIM102-SIMP2"], "!Series_platform_id") == [["SIMP2"], ["SIMP1"]]


def test_dates_of_series_and_samples_differ(lines: dict[str, list[str]]) -> None:
    assert fields(lines["SIM101"], "!Series_last_update_date") == [["Mar 25 2019"]]
    assert set(fields(lines["SIM101"], "!Sample_last_update_date")[0]) == {"Feb 21 2014", "Aug 28 2018"}


def test_row_counts_hold_and_ids_are_quoted_unless_numeric(lines: dict[str, list[str]]) -> None:
    for name, text in lines.items():
        rows = table(text)
        (counts,) = fields(text, "!Sample_data_row_count")
        assert set(counts) == {str(len(rows))}
        ids = [row[0] for row in rows]
        bare = [i for i in ids if i.isdigit()]
        quoted = [i for i in ids if i.startswith('"')]
        assert len(bare) + len(quoted) == len(ids) == len(set(ids))
        assert bool(bare) == (name == "SIM201")
        assert '"NA"' in ids


@pytest.mark.parametrize(("platform", "mangled"), [("SIMP1", "1-Mar"), ("SIMP2", "44256"), ("SIMP3", "2-Sep")])
def test_annotations_have_the_quirks_of_real_ones(mirror: tuple[Path, Truth], platform: str, mangled: str) -> None:
    text = gzip.decompress(annotation_path(mirror[0] / "geo", platform).read_bytes()).decode()
    head, _, rest = text.partition("!platform_table_begin\n")
    columns, *rows = [line.split("\t") for line in rest.removesuffix("!platform_table_end\n").splitlines()]
    assert f"!Annotation_platform = {platform}" in head
    assert Counter(columns)["Platform_SPOTID"] == 2
    symbols = [row[2] for row in rows]
    assert all(len(row) == len(columns) for row in rows)
    assert sum(" /// " in s for s in symbols) > 20
    assert sum("///" in s and " /// " not in s for s in symbols) > 20
    assert symbols.count("---") > 20
    assert symbols.count("") > 100
    assert symbols.count(mangled) == 1
    assert sum(row[0].startswith("AFFX-") for row in rows) == 24
    probes_a_gene = Counter(s for s in symbols if s.startswith("SIMG") and "/" not in s)
    assert {1, 2, 3} <= set(probes_a_gene.values())


def test_planted_genes_are_measured_on_every_platform(mirror: tuple[Path, Truth]) -> None:
    planted = {gene for moved in mirror[1].log_fc.values() for gene in moved}
    for platform in ("SIMP1", "SIMP2", "SIMP3"):
        text = gzip.decompress(annotation_path(mirror[0] / "geo", platform).read_bytes()).decode()
        assert planted <= {line.split("\t")[2] for line in text.splitlines() if line.count("\t") == 5}


def test_planted_terms_are_made_of_moved_genes_and_others_are_not(mirror: tuple[Path, Truth]) -> None:
    folder, truth = mirror
    for cohort, libraries in truth.terms.items():
        moved = set(truth.log_fc[cohort])
        for library, terms in libraries.items():
            rows = [line.split("\t") for line in (folder / "gene_sets" / f"{library}.gmt").read_text().splitlines()]
            shares = {row[0]: len(moved & set(row[2:])) / len(row[2:]) for row in rows}
            planted = [name for name in shares if any(term in name for term in terms)]
            assert len(planted) == len(terms)
            assert all(shares[name] > 0.4 for name in planted)
    assert all((folder / "gene_sets" / f"{library}.gmt").exists() for library in ("GO_BP", "GO_CC", "GO_MF", "KEGG"))


def test_numbers_are_written_with_their_decimals_and_missing_words_in_turn() -> None:
    values = np.array([[1.23456, np.nan, -3.0], [np.nan, 1e5, np.nan]])
    assert number_lines(['"a"', "7"], values, 2, ("NA", "")) == '"a"\t1.23\tNA\t-3.00\n7\t\t100000.00\tNA\n'


def test_gzip_has_neither_time_nor_name(tmp_path: Path) -> None:
    write_gzip(tmp_path / "a" / "x.gz", "text\n")
    packed = (tmp_path / "a" / "x.gz").read_bytes()
    assert packed[:4] == b"\x1f\x8b\x08\x00"
    assert packed[4:8] == b"\0\0\0\0"
    assert gzip.decompress(packed) == b"text\n"


def test_annotation_and_gene_sets_refuse_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="shorter"):
        annotation_text("SIMP1", "title", "Sep 01 2018", ["a", "b"], ["SIMG0001"])
    assert (
        gmt_text({"a (SIM:1)": ["SIMG0001", "SIMG0002"]}, "simulated") == "a (SIM:1)\tsimulated\tSIMG0001\tSIMG0002\n"
    )
