"""The symbol column by rule, several and mangled symbols, ids in upper and lower case."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dmicc_assets.errors import DataError, SourceError
from dmicc_assets.geo.formats.gzip_stream import text_blocks
from dmicc_assets.geo.formats.platform import match_probes, needs_entrez, read_platform
from dmicc_assets_tests.worlds.small_mirror import annot_text

Gzipped = Callable[..., Path]


def soft_text(columns: list[str], *rows: list[str]) -> str:
    table = ["\t".join(row) for row in (columns, *rows)]
    return "\n".join(["^PLATFORM = GPL7", "!platform_table_begin", *table, "!platform_table_end"]) + "\n"


ASSIGNED = "NM_1 // OR4F17 // olfactory // 19p13 // 81099 /// ENST1 // OR4F17 // --- /// NM_2 // OR4F4 // x"


@pytest.mark.parametrize(
    ("column", "cell", "gene", "n_symbols", "rule"),
    [
        ("Gene Symbol", "DDR1 /// MIR4640", "DDR1 /// MIR4640", 2, "gene symbol"),  # GPL570, submitter
        ("Gene symbol", "DDR1///MIR4640", "DDR1 /// MIR4640", 2, "gene symbol"),  # GPL570, annot
        ("Gene Symbol", "TP53 /// TP53", "TP53", 1, "gene symbol"),
        ("Gene Symbol", "---", None, 0, "gene symbol"),
        ("GENE_SYMBOL", "MX1", "MX1", 1, "gene symbol"),  # Agilent
        ("Symbol", "PHTF2", "PHTF2", 1, "symbol"),  # GPL8432
        ("ILMN_Gene", "PHTF2", "PHTF2", 1, "Illumina gene"),
        ("gene_assignment", ASSIGNED, "OR4F17 /// OR4F4", 2, "gene assignment"),  # GPL6244, GPL17586, GPL5175
        ("gene_assignment", "---", None, 0, "gene assignment"),
        ("gene_assignment", "ENST1 // --- // x", None, 0, "gene assignment"),
    ],
)
def test_symbols_of_a_column(
    gzipped: Gzipped, column: str, cell: str, gene: str | None, n_symbols: int, rule: str
) -> None:
    filled = "ENST // SYM // x" if column == "gene_assignment" else "SYM"
    text = soft_text(["ID", "Description", column], ["1_at", "words", cell], ["2_at", "words", filled])
    platform = read_platform(gzipped(text, "GPL7.soft.gz"))
    assert platform.probe_genes.rows() == [("1_at", gene, n_symbols), ("2_at", "SYM", 1)]
    assert (platform.accession, platform.symbol_column, platform.rule) == ("GPL7", column, rule)


def test_a_better_column_wins_and_an_empty_one_does_not_count(gzipped: Gzipped) -> None:
    text = soft_text(["ID", "ILMN_Gene", "Symbol"], ["1", "OLD", "NEW"])
    assert read_platform(gzipped(text)).symbol_column == "Symbol"
    text = soft_text(["ID", "ILMN_Gene", "Symbol"], ["1", "OLD", ""])
    assert read_platform(gzipped(text)).symbol_column == "ILMN_Gene"
    text = soft_text(["ID", "Gene symbol", "Gene symbol"], ["1", "", "SECOND"])  # `.annot` repeats names
    assert read_platform(gzipped(text)).probe_genes["gene"].to_list() == ["SECOND"]


@pytest.mark.parametrize("mangled", ["1-Mar", "12-Sep", "Sep-02", "MAR-1", "44256", "36951", "44256.0", "1-DEC"])
def test_symbols_that_became_dates_are_dropped_and_counted(gzipped: Gzipped, mangled: str) -> None:
    platform = read_platform(gzipped(annot_text("GPL7", {"a": mangled, "b": "TP53", "c": f"CD4///{mangled}"})))
    assert platform.probe_genes.rows() == [("a", None, 0), ("b", "TP53", 1), ("c", "CD4", 2)]
    assert platform.n_date_mangled == 2


@pytest.mark.parametrize("symbol", ["SEPT2", "MARCH1", "DEC1", "1-8D", "HLA-A", "NKX2-1", "123", "7A5", "SEPT2-AS1"])
def test_symbols_that_only_look_a_little_like_dates_stay(gzipped: Gzipped, symbol: str) -> None:
    assert read_platform(gzipped(annot_text("GPL7", {"a": symbol}))).probe_genes.rows() == [("a", symbol, 1)]


def test_ids_match_whatever_their_case_and_exactly_first(gzipped: Gzipped) -> None:
    """GSE35683 writes its probe ids otherwise than the platform does."""
    platform = read_platform(gzipped(annot_text("GPL7", {"A_23_p1": "LOWER", "A_23_P1": "UPPER", "x": "X"})))
    matched = match_probes(["A_23_P1", "a_23_p1", "X", "none"], platform)
    assert matched.rows() == [("A_23_P1", "UPPER", 1), ("a_23_p1", "LOWER", 1), ("X", "X", 1), ("none", None, 0)]


def test_entrez_ids_need_a_mapping(gzipped: Gzipped) -> None:
    path = gzipped(soft_text(["ID", "ENTREZ_GENE_ID"], ["1", "7157"], ["2", "920 /// 925"], ["3", "1"]), "GPL7.txt.gz")
    assert needs_entrez(text_blocks(path), path.name)
    with pytest.raises(DataError, match=r"no column of GPL7 names genes.*found ID, ENTREZ_GENE_ID"):
        read_platform(path)
    platform = read_platform(path, entrez={"7157": "TP53", "920": "CD4", "925": "CD8A"})
    assert platform.probe_genes.rows() == [("1", "TP53", 1), ("2", "CD4 /// CD8A", 2), ("3", None, 0)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["1", "7157", ""], ["2", "", "CD4"]], False),  # the first symbol may be far down
        ([["1", "7157", "---"], ["2", "", ""]], True),
        ([["1", "", ""], ["2", "---", ""]], False),  # names no gene at all
        ([["", "", "CD4"], ["2", "7157", ""]], True),  # a row without an id is none
    ],
)
def test_entrez_ids_are_needed_where_no_symbol_is(gzipped: Gzipped, rows: list[list[str]], expected: bool) -> None:
    path = gzipped(soft_text(["ID", "ENTREZ_GENE_ID", "Symbol"], *rows))
    assert needs_entrez(text_blocks(path), path.name, "GPL7") is expected


def test_whether_entrez_ids_are_needed_is_told_by_the_beginning_of_a_file(gzipped: Gzipped) -> None:
    first = soft_text(["ID", "Symbol"], ["1", "TP53"]).partition("!platform_table_end")[0].encode()

    def blocks() -> Iterator[bytes]:
        yield first
        raise AssertionError("it reads on")

    assert not needs_entrez(blocks(), "GPL7.soft", "GPL7")
    with pytest.raises(SourceError, match=r"GPL7\.soft: the platform's table is cut short"):
        needs_entrez([soft_text(["ID", "Symbol"]).partition("!platform_table_end")[0].encode()], "GPL7.soft")
    with pytest.raises(SourceError, match="expected the table of GPL8, found none"):
        needs_entrez([first], "GPL7.soft", "GPL8")


def test_a_platform_without_genes_is_named_with_its_columns(gzipped: Gzipped) -> None:
    with pytest.raises(DataError, match="found ID, circRNA, SPOT_ID"):
        read_platform(gzipped(soft_text(["ID", "circRNA", "SPOT_ID"], ["1", "hsa_circ", "x"])))


def test_only_the_genes_make_the_checksum(gzipped: Gzipped) -> None:
    text = annot_text("GPL7", {"a": "TP53"})
    before = read_platform(gzipped(text)).table_sha256
    assert read_platform(gzipped(text.replace("title", "other").replace("^Anno", "!x\n^Anno"))).table_sha256 == before
    assert read_platform(gzipped(text.replace("TP53", "TP63"))).table_sha256 != before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<!DOCTYPE html><html>", "an HTML page"),
        ("", "an empty file"),
        ("^PLATFORM = GPL8\n!platform_table_begin\nID\tSymbol\n!platform_table_end\n", "expected the table of GPL7"),
        ("^PLATFORM = GPL7\n!platform_table_begin\nID\tSymbol\n1\tA\n", "cut short"),
        (soft_text(["ID", "Symbol"], ["1", "A"], ["1", "B"]), "duplicate probe '1'"),
    ],
)
def test_a_wrong_file_is_one_clear_error(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "GPL7.txt"
    path.write_text(text)
    with pytest.raises(SourceError, match=expected) as caught:
        read_platform(path, "GPL7")
    assert str(caught.value).startswith("GPL7.txt: ")
