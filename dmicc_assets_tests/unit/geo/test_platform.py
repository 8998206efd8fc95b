"""The symbol column by rule, several and mangled symbols, ids in upper and lower case."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dmicc_assets.errors import DataError, SourceError
from dmicc_assets.geo.formats.gzip_stream import text_blocks
from dmicc_assets.geo.formats.platform import match_probes, read_platform, read_probe_table
from dmicc_assets.geo.formats.platform_table import verify_platform_table
from dmicc_assets.geo.formats.symbol_columns import needs_entrez
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
    text = soft_text(["ID", "ILMN_Gene", "Symbol"], ["1", "TP53", "EGFR"])
    assert read_platform(gzipped(text)).symbol_column == "Symbol"
    text = soft_text(["ID", "ILMN_Gene", "Symbol"], ["1", "TP53", ""])
    assert read_platform(gzipped(text)).symbol_column == "ILMN_Gene"
    text = soft_text(["ID", "Gene symbol", "Gene symbol"], ["1", "", "SECOND"])  # `.annot` repeats names
    assert read_platform(gzipped(text)).probe_genes["gene"].to_list() == ["SECOND"]


@pytest.mark.parametrize("mangled", ["1-Mar", "12-Sep", "Sep-02", "MAR-1", "44256", "36951", "44256.0", "1-DEC"])
def test_symbols_that_became_dates_are_dropped_and_counted(gzipped: Gzipped, mangled: str) -> None:
    platform = read_platform(gzipped(annot_text("GPL7", {"a": mangled, "b": "TP53", "c": f"CD4///{mangled}"})))
    assert platform.probe_genes.rows() == [("a", None, 0), ("b", "TP53", 1), ("c", "CD4", 2)]
    assert platform.n_date_mangled == 2


@pytest.mark.parametrize("symbol", ["SEPT2", "MARCH1", "DEC1", "1-8D", "HLA-A", "NKX2-1", "7A5", "SEPT2-AS1"])
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
    with pytest.raises(DataError, match=r"no column of GPL7 names genes \(ID: 1, 2, 3; ENTREZ_GENE_ID: 7157"):
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
    with pytest.raises(DataError, match=r"ID: 1; circRNA: hsa_circ; SPOT_ID: empty\).*annotation: \{column: NAME\}"):
        read_platform(gzipped(soft_text(["ID", "circRNA", "SPOT_ID"], ["1", "hsa_circ", ""])))


def rows_named(text: Path) -> tuple[str, list[str | None]]:
    platform = read_platform(text)
    return platform.symbol_column, platform.probe_genes["gene"].to_list()


TITLE = "NM_1 // RefSeq // Homo sapiens olfactory receptor, family 4, member 5 (OR4F5), mRNA. // chr1 // 100 // 0"


@pytest.mark.parametrize(
    ("columns", "rows", "column", "genes"),
    [
        (["ID", "Symbol", "Gene Symbol"], [["TP53", ""], ["KRAS", "K-RAS"]], "Symbol", ["TP53", "KRAS"]),
        (["ID", "ILMN_Gene", "Symbol"], [["EGFR", ""], ["TP53", "1-Mar"]], "ILMN_Gene", ["EGFR", "TP53"]),
        (["ID", "GB_ACC", "Gene_Sym"], [["U02079", "NFATC2"]], "Gene_Sym", ["NFATC2"]),
        (["ID", "GeneName", "ControlType"], [["APOBEC3B", "0"], ["DarkCorner", "1"]], "GeneName", ["APOBEC3B", None]),
        (["ID", "ORF", "GB_ACC"], [["TP53", "NM_0"]], "ORF", ["TP53"]),
        (["ID", "Name", "UCSC_RefGene_Name"], [["cg1", "RBL2;RBL2"]], "UCSC_RefGene_Name", ["RBL2"]),
        (["ID", "SPOT_ID", "SPOT_ID"], [["Coding", TITLE], ["Coding", "---"]], "SPOT_ID", ["OR4F5", None]),
        (["ID", "miRNA_ID"], [["hsa-let-7a-5p"]], "miRNA_ID", ["hsa-let-7a-5p"]),
        (["ID", "My genes", "note"], [["TP53", "x y"], ["EGFR", "z"]], "My genes", ["TP53", "EGFR"]),
        (["ID", '"Gene Symbol"'], [['"TP53"']], '"Gene Symbol"', ["TP53"]),
    ],
)  # fmt: skip
def test_the_column_in_which_most_probes_have_a_known_gene_is_read(
    gzipped: Gzipped, columns: list[str], rows: list[list[str]], column: str, genes: list[str | None]
) -> None:
    text = soft_text(columns, *([str(i), *row] for i, row in enumerate(rows)))
    assert rows_named(gzipped(text)) == (column, genes)


def test_a_whole_table_is_verified_and_a_part_or_another_platform_is_not(gzipped: Gzipped) -> None:
    text = soft_text(["ID", "Symbol"], ["1", "TP53"], ["2", "EGFR"])
    verify_platform_table(gzipped(text), "GPL7")
    for part in (text.partition("!platform_table_end")[0], text.partition("!platform_table_begin")[0], "<html>"):
        with pytest.raises(SourceError):
            verify_platform_table(gzipped(part), "GPL7")
    with pytest.raises(SourceError, match="expected the table of GPL8"):
        verify_platform_table(gzipped(text), "GPL8")


def test_a_column_of_descriptions_names_no_genes(gzipped: Gzipped) -> None:
    with pytest.raises(DataError, match="GENE_NAME: apolipoprotein"):
        read_platform(gzipped(soft_text(["ID", "GENE", "GENE_NAME"], ["1", "9582", "apolipoprotein"])))


def test_the_probe_is_the_column_named_id(gzipped: Gzipped) -> None:
    text = soft_text(["SPOT_ID", "ID", "Gene Symbol"], ["x", "1_at", "TP53"], ["y", "2_at", "EGFR"])
    assert read_platform(gzipped(text)).probe_genes.rows() == [("1_at", "TP53", 1), ("2_at", "EGFR", 1)]


def test_an_author_names_the_column_and_the_part_of_a_cell(gzipped: Gzipped) -> None:
    text = soft_text(["ID", "Target", "Symbol"], ["1", "TP53_exon 3", "WRONG"], ["2", "EGFR_x,KRAS_y", ""])
    platform = read_platform(gzipped(text), column="target", pattern=r"(\w+?)_")
    assert platform.probe_genes.rows() == [("1", "TP53", 1), ("2", "EGFR /// KRAS", 2)]
    assert (platform.symbol_column, platform.rule) == ("Target", "study file")
    for column, problem in (("Targets", "no such column"), ("Symbol", "no symbol in column 'Symbol'")):
        with pytest.raises(DataError, match=f"{problem}: no column .*Target: TP53_exon 3"):
            read_platform(gzipped(text), column=column, pattern="^(none)$")


def test_an_author_may_name_the_probes_own_column(gzipped: Gzipped) -> None:
    platform = read_platform(gzipped(soft_text(["ID", "Class"], ["TP53", "Endogenous"], ["GAPDH", "x"])), column="ID")
    assert platform.probe_genes.rows() == [("TP53", "TP53", 1), ("GAPDH", "GAPDH", 1)]


def test_an_author_brings_a_table_of_probes(tmp_path: Path) -> None:
    path = tmp_path / "my_probes.csv"
    path.write_text("probe,length,Symbol\n1_at,60,TP53;WRAP53\n2_at,60,EGFR\n3_at,60,#N/A\n")
    platform = read_probe_table(path)
    assert platform.probe_genes.rows() == [("1_at", "TP53 /// WRAP53", 2), ("2_at", "EGFR", 1), ("3_at", None, 0)]
    assert (platform.n_compound, platform.n_placeholders) == (1, 1)
    for text, problem in (
        ("1_at\n", "expected a table of probe and symbol"),
        ("p,s\n1,0\n", "no symbol in column 's'"),
        ("1_at,TP53\n2_at,EGFR\n", "line 1 is of the gene TP53"),
        ("symbol,probe\nTP53,1_at\n", "the first column is 'symbol': expected the probe"),
    ):
        path.write_text(text)
        with pytest.raises(SourceError, match=problem):
            read_probe_table(path)


def test_row_numbers_of_an_authors_table_are_no_probes(tmp_path: Path) -> None:
    path = tmp_path / "my_probes.csv"
    for start in ('"","probe","symbol"', '"probe","symbol"'):
        path.write_text(f'{start}\n"1","7892501","TP53"\n"2","7892502","EGFR"\n')
        assert read_probe_table(path).probe_genes.rows() == [("7892501", "TP53", 1), ("7892502", "EGFR", 1)]


def test_the_symbols_of_an_authors_table_may_stand_behind_others(tmp_path: Path) -> None:
    path = tmp_path / "my_probes.csv"
    for name in ("hgnc_symbol", "official"):
        path.write_text(f"probe,description,{name}\n1_at,tumor protein,TP53\n2_at,a receptor,EGFR\n")
        assert read_probe_table(path).probe_genes["gene"].to_list() == ["TP53", "EGFR"]


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


def test_identifiers_of_other_namespaces_are_those_of_probes_with_one_gene(gzipped: Gzipped) -> None:
    """Columns of `.annot`, of Agilent and of GPL6244; a cell with several identifiers is of no one gene."""
    columns = ["ID", "Gene symbol", "Gene ID", "Ensembl"]
    rows = [
        ["1", "TP53", "7157", "ENSG00000141510.18"],
        ["2", "TP53", "7157", ""],
        ["3", "CD4///CD8A", "920///925", ""],
        ["4", "HLA-A", "3105", "ENSG00000206503 /// ENSG00000235657"],
        ["5", "", "1", "ENSG00000121410"],
        ["6", "MX1", "4599", "ENST00000398598"],
    ]
    ids = read_platform(gzipped(soft_text(columns, *rows))).gene_ids
    assert sorted(ids.rows()) == [
        ("ensembl", "ENSG00000141510", "TP53"),
        ("entrez", "3105", "HLA-A"),
        ("entrez", "4599", "MX1"),
        ("entrez", "7157", "TP53"),
    ]
    assigned = soft_text(["ID", "gene_assignment"], ["1", "NM_1 // TP53 // x // 17p13 // 7157 /// NM_2 // TP53 // x"])
    assert read_platform(gzipped(assigned)).gene_ids.rows() == [("entrez", "7157", "TP53")]
    agilent = soft_text(["ID", "GENE", "GENE_SYMBOL", "ENSEMBL_ID"], ["1", "4599", "MX1", "ENST00000398598"])
    assert read_platform(gzipped(agilent)).gene_ids.rows() == [("entrez", "4599", "MX1")]


def test_identifiers_of_an_authors_table(tmp_path: Path) -> None:
    path = tmp_path / "probes.tsv"
    path.write_text("probe\tensembl_gene_id\tsymbol\n1\tENSG00000141510\tTP53\n2\t\tCD4\n")
    platform = read_probe_table(path)
    assert platform.probe_genes["gene"].to_list() == ["TP53", "CD4"]
    assert platform.gene_ids.rows() == [("ensembl", "ENSG00000141510", "TP53")]
