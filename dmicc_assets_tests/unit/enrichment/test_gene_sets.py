"""Valid and invalid GMT files."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from dmicc_assets.enrichment.gene_sets import GeneSet, library_path, read_gmt
from dmicc_assets.enrichment.libraries import served_libraries
from dmicc_assets.enrichment.measured_sets import measured_sets
from dmicc_assets.enrichment.terms import library_notes
from dmicc_assets.errors import RequestError, SourceError
from dmicc_assets.study.schema import Enrichment
from dmicc_assets.study.settings import load_settings


def write(folder: Path, text: str, name: str = "LIB.gmt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_term_and_name_of_each_style(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "mitochondrial genome maintenance (GO:0000002)\t\tAKT3\tDNA2\tAKT3\n"
        "hsa00010\t\tACSS1\tADH1A\n"
        "HALLMARK_HYPOXIA\thttp://www.gsea-msigdb.org/HYPOXIA\tPGK1\tPDK1\n"
        "GO:0000109\tnucleotide-excision repair complex\tXPA\n"
        "\n"
        "by commas\tna\tTP53, EGFR,KRAS\n"
        "Enrichr style\tna\tTP53,1.0\tMYC,0.5\t\n",
    )
    library = read_gmt(path)
    assert library.sets == {
        "GO:0000002": GeneSet("mitochondrial genome maintenance", ("AKT3", "DNA2")),
        "hsa00010": GeneSet(None, ("ACSS1", "ADH1A")),
        "by commas": GeneSet(None, ("EGFR", "KRAS", "TP53")),
        "HALLMARK_HYPOXIA": GeneSet(None, ("PDK1", "PGK1")),
        "GO:0000109": GeneSet("nucleotide-excision repair complex", ("XPA",)),
        "Enrichr style": GeneSet(None, ("MYC", "TP53")),
    }
    assert library.name == "LIB"
    assert library.path == path


def test_what_the_file_is(tmp_path: Path) -> None:
    text = "T1\t\tA\tB\r\nT2\t\tC\r\n"
    plain = read_gmt(write(tmp_path, text))
    packed = tmp_path / "LIB2.gmt.gz"
    packed.write_bytes(gzip.compress(plain.path.read_bytes()))
    again = read_gmt(packed)
    assert again.sets == plain.sets
    assert again.name == "LIB2"
    assert again.sha256 == plain.sha256 == hashlib.sha256(plain.path.read_bytes()).hexdigest()
    assert plain.version is None
    assert len(plain.date) == len("2024-01-31")


def test_version_and_date_stated_beside_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "T1\t\tA\n")
    (tmp_path / "LIB.json").write_text(json.dumps({"version": "2023.2", "date": "2023-10-31"}))
    library = read_gmt(path)
    assert (library.version, library.date) == ("2023.2", "2023-10-31")
    (tmp_path / "LIB.json").write_text("[]")
    with pytest.raises(SourceError, match=r"LIB\.json: expected a JSON object"):
        read_gmt(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected gene sets in GMT format"),
        ("A\tTP53\tEGFR\nB\tKRAS\tMYC\n", "the second column holds genes .TP53.*put an empty column before"),
        ("<html>not found</html>\n", "line 1: expected term, description and genes"),
        ("T1\t\tA\nT2\tonly a description\n\t\tB\n", "line 2: expected term, .* 2 of 3 lines are no gene sets"),
    ],
)
def test_bad_file_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        read_gmt(write(tmp_path, text))
    assert "LIB.gmt" in str(caught.value)


def test_a_broken_line_is_left_out_and_named(tmp_path: Path) -> None:
    text = 'T1\tthe \u0085 first\tTP53\tEGFR\nT2\tonly a description\nT1\t\tKRAS\n\r\nT3\t\t"MYC"\r\nT4\t\tKRAS\n'
    library = read_gmt(write(tmp_path, text))
    assert {term: each.genes for term, each in library.sets.items()} == {
        "T1": ("EGFR", "TP53"), "T3": ("MYC",), "T4": ("KRAS",)
    }  # fmt: skip
    assert library.sets["T1"].name == "the \u0085 first"
    assert library.left_out == (
        "line 2: expected term, description and genes by tabs, got 'T2'", "line 3: duplicate term T1"
    )  # fmt: skip
    said = library_notes([library])["libraries"][0]
    assert (said["n_left_out"], said["first_left_out"]) == (2, library.left_out[0])


def test_symbols_in_lower_case_are_read_as_in_upper_case(tmp_path: Path) -> None:
    assert read_gmt(write(tmp_path, "T1\t\ttp53\tegfr\tx9z\n")).sets["T1"].genes == ("EGFR", "TP53", "X9Z")
    assert read_gmt(write(tmp_path, "T1\t\tTrp53\tEgfr\tMyc\n")).sets["T1"].genes == ("Egfr", "Myc", "Trp53")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_encoding_is_the_same_library(tmp_path: Path, encoding: str, line_end: str) -> None:
    path = write(tmp_path, "")
    path.write_bytes(f"T1\tSjögren\tTP53\tEGFR{line_end}T2\t\tKRAS{line_end}".encode(encoding))
    assert read_gmt(path).sets == {"T1": GeneSet("Sjögren", ("EGFR", "TP53")), "T2": GeneSet(None, ("KRAS",))}


@pytest.mark.parametrize(
    ("cells", "genes"),
    [
        ("TP53 EGFR KRAS", ("EGFR", "KRAS", "TP53")),
        ("TP53, EGFR; KRAS", ("EGFR", "KRAS", "TP53")),
        ('"TP53"\t"EGFR"', ("EGFR", "TP53")),
        ("TP53,1.0\tEGFR,0.5", ("EGFR", "TP53")),
        ("7157 1956", ("1956", "7157")),
        ("7157,1.0\t1956,0.25", ("1956", "7157")),
        ("7157,1956,3845", ("1956", "3845", "7157")),
    ],
)
def test_genes_of_a_set_by_whatever_separates_them(tmp_path: Path, cells: str, genes: tuple[str, ...]) -> None:
    assert read_gmt(write(tmp_path, f"T1\t\t{cells}\n")).sets["T1"].genes == genes


def test_the_content_tells_whether_a_file_is_compressed(tmp_path: Path) -> None:
    text = b"T1\t\tTP53\n"
    for name, content in (("PLAIN.gmt.gz", text), ("PACKED.gmt", gzip.compress(text))):
        (tmp_path / name).write_bytes(content)
        assert read_gmt(tmp_path / name).sets["T1"].genes == ("TP53",)


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="readable gene-set library"):
        read_gmt(tmp_path / "ABSENT.gmt")
    packed = gzip.compress(b"T1\t\tA\n" * 100)
    for name, content in (("CUT.gmt.gz", packed[:-9]), ("ZERO.gmt.gz", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SourceError, match=name):
            read_gmt(tmp_path / name)


def test_library_is_found_or_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    write(tmp_path, "T1\t\tA\n", "KEGG.gmt")
    (tmp_path / "GO_BP.gmt.gz").write_bytes(gzip.compress(b"T1\t\tA\n"))
    assert library_path(tmp_path, "KEGG") == tmp_path / "KEGG.gmt"
    assert library_path(tmp_path, "GO_BP") == tmp_path / "GO_BP.gmt.gz"
    with pytest.raises(RequestError, match=r"GO_CC.*there: GO_BP, KEGG"):
        library_path(tmp_path, "GO_CC")


def test_a_version_stated_later_is_seen(tmp_path: Path) -> None:
    write(tmp_path, "A\t\tX\n")
    asked, settings = Enrichment(libraries=["LIB", "NONE"]), load_settings(gene_sets=tmp_path)
    before = served_libraries(asked, settings)
    assert before.splitlines()[1] == "NONE is not there"
    write(tmp_path, json.dumps({"version": "7", "date": "2024-01-01"}), "LIB.json")
    after = served_libraries(asked, settings)
    assert after != before
    assert after.startswith(before.splitlines()[0])


def test_sets_within_the_measured_genes(tmp_path: Path) -> None:
    library = read_gmt(write(tmp_path, "T1\t\tCCN1\tSPP1\tXYZ\nT2\t\tXYZ\n"))
    measured = measured_sets(library, ["CYR61", "SPP1", "MT1M"])
    assert measured.sets == {"T1": frozenset({"CYR61", "SPP1"})}
    assert measured.genes == {"CYR61", "SPP1"}
    assert measured.by_previous == {"CCN1": "CYR61"}
