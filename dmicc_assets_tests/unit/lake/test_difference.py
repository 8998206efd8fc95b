import polars as pl

from dmicc_assets.lake.difference import difference


def test_genes_that_entered_and_left_are_named() -> None:
    old, new = pl.DataFrame({"gene": ["A", "B", "C"]}), pl.DataFrame({"gene": ["B", "C", "D"]})
    assert difference(3, 3, old, new) == "1 gene entered (D), 1 left (A)"
    many = pl.DataFrame({"gene": [f"G{i:02d}" for i in range(25)]})
    assert "25 genes entered (G00, " in (text := difference(3, 28, old, pl.concat([old, many])))
    assert text.endswith("G19, ...), 0 left (none)")


def roc(**areas: float) -> pl.DataFrame:
    rows = [{"subject": "dm", "kind": "apparent", "predictor": name, "auc": auc} for name, auc in areas.items()]
    return pl.DataFrame(rows)


def test_areas_that_moved_are_told_the_most_moved_first() -> None:
    old, new = roc(A=0.9, B=0.8, C=0.7, GONE=0.6), roc(A=0.91, B=0.7, C=0.7 + 1e-16, NEW=0.5)
    assert difference(4, 4, old, new) == (
        "1 predictor entered (NEW), 1 left (GONE); "
        "AUC moved of B in dm (apparent) from 0.800 to 0.700, A in dm (apparent) from 0.900 to 0.910"
    )
    assert difference(1, 1, roc(A=0.9), roc(A=0.9)).endswith("AUC moved of none")


def test_of_anything_else_the_rows_are_counted() -> None:
    frame = pl.DataFrame({"sample": ["x"]})
    assert difference(3, 1, None, frame) == difference(3, 1, frame, frame) == "3 rows became 1"
    assert difference(1, 3, None, frame) == "1 row became 3"
