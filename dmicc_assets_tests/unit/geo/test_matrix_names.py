"""Rows and columns of a local table that are no genes and no samples stop it; names that only look so do not."""

from pathlib import Path

import numpy as np
import pytest

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats.tabular import read_matrix, read_sample_sheet

HEAD = "gene\tS1\tS2\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "m.tsv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEAD}group\t0\t1\nTP53\t1.5\t2\n", "row 'group' is no gene"),  # of the class labels: a perfect marker
        (f"{HEAD}TP53\t1.5\t2\nDisease status\t0\t1\n", "row 'Disease status' is no gene"),
        (f"{HEAD}TP53\t1.5\t2\nTotal\t1.5\t2\n", "row 'Total' is no gene"),
        ("sample\tTP53\tEGFR\tKRAS\nS1\t1\t2\t3\nS2\t3\t4\t5\n", "genes are in columns .*transpose"),
        ("\tlogFC\tAveExpr\tt\tP.Value\tadj.P.Val\nTP53\t1\t2\t3\t0.1\t0.1\n", "'logFC' is no sample"),
        ("gene,baseMean,log2FoldChange,padj\nTP53,1,2,0.1\n", "'baseMean' is no sample"),
        ("Status\tS1\tS2\nAssigned\t9\t9\nUnassigned_Unmapped\t1\t1\n", "has no rows"),
        (f"{HEAD}1-Mar\t1\t2\n1-Mar\t3\t4\n", "a date of symbols like MARCH1 and MARC1"),
        (HEAD + "TP53\t1\t2\n" * 1 + "".join(f"G{i}\t1\t2\n" for i in range(80)) + "EGFR\t1,5\t2\n", "decimal points"),
        ('!Series_title\t"x"\n', "a series matrix of GEO: write source: geo"),
    ],
)
def test_what_is_no_gene_and_no_sample_stops(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read_matrix(written(tmp_path, text))


def test_samples_with_names_of_genes_are_samples(tmp_path: Path) -> None:
    header = "\t".join(["probe", *(f"C{i}" for i in range(2, 10)), *(f"NORM{i}" for i in range(9))])
    row = "\t".join(["p1_at", *"12345678", *"123456789"])
    assert read_matrix(written(tmp_path, f"{header}\n{row}\n"))[0].features == ("p1_at",)
    assert read_matrix(written(tmp_path, f"{HEAD}STAT1\t1\t2\nSET\t1\t2\n"))[0].features == ("STAT1", "SET")


def test_cells_of_no_measurement_are_missing(tmp_path: Path) -> None:
    matrix, _ = read_matrix(written(tmp_path, f"{HEAD}TP53\t?\t1.5\nEGFR\t#NAME?\t<NA>\n"))
    np.testing.assert_array_equal(matrix.values, [[np.nan, 1.5], [np.nan, np.nan]])


def test_a_sheet_with_several_spaces_keeps_every_cell(tmp_path: Path) -> None:
    sheet = read_sample_sheet(written(tmp_path, "sample    disease   age\nS1    lupus   20\nS2    healthy 30\n"))
    assert sheet["S2"] == {"disease": "healthy", "age": "30"}
    with pytest.raises(SourceError, match="write tabs"):
        read_sample_sheet(written(tmp_path, "sample disease age\nS1 lupus 20\nS2 30\n"))
