"""What one cell of a platform's table says: symbols, dates, placeholders, joined symbols."""

import pytest

from dmicc_assets.expression import symbols as known
from dmicc_assets.geo.formats import symbol_cells
from dmicc_assets.geo.formats.symbol_cells import Cell, read_cell


@pytest.mark.parametrize(
    ("cell", "symbols"),
    [
        ("TP53;WRAP53", ["TP53", "WRAP53"]),
        ("RPL41|RPL41P1", ["RPL41", "RPL41P1"]),
        ("ACSF3;MIR9-3", ["ACSF3", "MIR9-3"]),
        ("TP53 , EGFR", ["TP53", "EGFR"]),
        ("CD4 CD8A", ["CD4", "CD8A"]),
        ("Tp53;Wrap53", ["Tp53", "Wrap53"]),
        ("EGFR;NOSUCHGENE", ["EGFR", "NOSUCHGENE"]),
        ("ACSF3:MIR9-3", ["ACSF3", "MIR9-3"]),
        ("TP53&WRAP53", ["TP53", "WRAP53"]),
        ("TP53 + WRAP53", ["TP53", "WRAP53"]),
        ("TP53 and WRAP53", ["TP53", "WRAP53"]),
        ("NKX2-1:NOSUCHGENE", ["NKX2-1", "NOSUCHGENE"]),
        ("hsa-miR-17-5p;hsa-miR-92a-3p", ["hsa-miR-17-5p", "hsa-miR-92a-3p"]),
        ("hsa-mir-21+hsa-mir-22", ["hsa-mir-21", "hsa-mir-22"]),
        ("TP53, tumor protein p53", ["TP53"]),
        ("TP53; EGFR; epidermal growth factor receptor", ["TP53", "EGFR"]),
        ("TP53;ENSG00000141510;NM_000546.6", ["TP53"]),
        ("Gene=TP53;Symbol=EGFR", ["TP53", "EGFR"]),
        ("EGFR, transcript variant 2", ["EGFR"]),
    ],
)
def test_known_symbols_are_separated(cell: str, symbols: list[str]) -> None:
    assert read_cell(cell) == Cell(tuple(symbols), is_compound=True)


@pytest.mark.parametrize(
    ("cell", "symbols"),
    [
        ("EGFR /// EGFR-AS1", ["EGFR", "EGFR-AS1"]),
        ("HLA-A//HLA-B", ["HLA-A", "HLA-B"]),
        ("TP53,", ["TP53"]),
        (' "TP53" ', ["TP53"]),
        ("TP53 /// TP53", ["TP53"]),
        ("NOP5/NOP58", ["NOP5/NOP58"]),
        ("NKX2-1", ["NKX2-1"]),
        ("TP53 (human)", ["TP53"]), ("TP53 [Homo sapiens]", ["TP53"]), ("TP53(7157)", ["TP53"]), ("TP53*", ["TP53"]),
        ("tumor protein p53 (TP53)", ["TP53"]), ("p53 (TP53)", ["TP53"]), ("'TP53'", ["TP53"]),
        ("TP53 // tumor protein p53", ["TP53"]), ("TP53 // description", ["TP53"]), ("TP53 - tumor protein", ["TP53"]),
        ("TP53: tumor protein p53 /// EGFR", ["TP53", "EGFR"]),
        ("TRAV34 /// V alpha immunoglobulin", ["TRAV34", "V alpha immunoglobulin"]),  # GPL570's own names
        ("hsa-miR-21*", ["hsa-miR-21*"]), ("ERCC1", ["ERCC1"]), ("chr1:12-34", ["chr1:12-34"]),
        ("A, B", ["A, B"]),  # neither is a known symbol
        ("kinase of TP53", ["kinase of TP53"]),
        ("LOC100130000", ["LOC100130000"]),
        ("SEPT9", ["SEPT9"]), ("MARCH5", ["MARCH5"]), ("DEC1", ["DEC1"]),
        ("March 2", ["MARCH2"]), ("Septin 12", ["SEPTIN12"]),  # GPL8432
        ("TP53 gene", ["TP53"]), ("Gene TP53", ["TP53"]), ("TP53 protein", ["TP53"]), ("EGFR variant 2", ["EGFR"]),
        ("HGNC:TP53", ["TP53"]), ("gene:TP53", ["TP53"]),
        ("\u201cTP53\u201d", ["TP53"]), ("\ufeffTP53\u200b", ["TP53"]), ("AGO-2", ["AGO-2"]), ("SET-1", ["SET-1"]),
        ("NONO", ["NONO"]), ("NOTCH1", ["NOTCH1"]), ("NOS1", ["NOS1"]),
    ],
)  # fmt: skip
def test_what_is_one_symbol_stays(cell: str, symbols: list[str]) -> None:
    assert read_cell(cell) == Cell(tuple(symbols))


DATES = (
    "MAR-01, 1-Mar, 2001/3/1, 3/1/2001, Mar 1, 01-Mar-01, 2-Sep-2010, Oct-04, 1-Dec, 43891, 37316, 1-Mar-01, 15-SEP, "
    "2003-09-01 00:00:00, 44256.0, 1-March, 1. Mrz, 01-Mär, 2-déc, Dez 01, 1-set"
)
PLACEHOLDERS = (
    "#N/A, #REF!, #VALUE!, 0, 123, 3.8E+03, 2.31E+19, none, None, n/a, na, NaN, Null, unknown, ., ?, "
    "no match, Not Available, no gene, empty, not found, no hit, TBD, n.d., unknown gene, hypothetical protein, "
    "uncharacterized, withdrawn, pseudogene, intergenic"
)
CONTROLS = (
    "permuted_negative, Negative Control 12, NegativeControl, DarkCorner, GE_BrightCorner, AFFX-BioB, (+)E1A_r60_1, "
    "AFFX-r2-Ec-bioB-3_at, E1A_r60_a97, (-)3xSLv1, ERCC-00002, ERCC-00002_178, ILMN_Controls, eQC-41, NC2_00079215, "
    "ETG10_212828, Spike-in, control, cy3_hyb, POS_A(128), NEG_B"
)


@pytest.mark.parametrize("cell", DATES.split(", "))
def test_dates_of_spreadsheets_are_counted(cell: str) -> None:
    assert read_cell(cell) == Cell((), n_dates=1)
    assert read_cell(f"TP53 /// {cell}") == Cell(("TP53",), n_dates=1)


@pytest.mark.parametrize("cell", PLACEHOLDERS.split(", "))
def test_placeholders_are_no_genes(cell: str) -> None:
    assert read_cell(cell) == Cell((), n_placeholders=1)


@pytest.mark.parametrize("cell", CONTROLS.split(", "))
def test_control_probes_are_counted_as_such(cell: str) -> None:
    assert read_cell(cell) == Cell((), n_controls=1)


def test_unknown_genes_of_tcga_are_none() -> None:
    assert read_cell("?|100130426") == Cell((), n_placeholders=2, is_compound=True)
    assert read_cell("TP53|7157").symbols == ("TP53",)


def test_a_date_behind_a_colon_is_a_second_symbol() -> None:
    assert read_cell("TP53:1-Mar") == Cell(("TP53",), n_dates=1, is_compound=True)


@pytest.mark.parametrize("cell", ["", "---", " - ", "--"])
def test_blanks_of_platforms_are_not_counted(cell: str) -> None:
    assert read_cell(cell) == Cell(())


def test_a_cell_of_one_symbol_is_read_as_by_all_rules() -> None:
    names = sorted({*known._current(), *known._today()})
    odd = [name for name in names if not name.isalnum()]
    for name in ["NA", "NaN", "2E4", *names[::50], *odd[::25]]:
        assert read_cell.__wrapped__(name) == symbol_cells._read_entries(name), name
