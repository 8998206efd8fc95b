"""Names in tables get words of the field; names without a word stay unchanged."""

import pytest

from dmicc_assets.report.words import in_words, quantity_in_words, setting_in_words


@pytest.mark.parametrize(
    ("quantity", "said"),
    [
        ("n_deg.dm", "genes differentially expressed in dm"),
        ("direction.TCGA-CHOL.MT1M", "direction of MT1M in TCGA-CHOL"),
        ("auc.icc.PARP12", "AUC of PARP12 in icc"),
        ("term.dm.GO_BP.response to virus", "GO BP of dm: response to virus"),
        ("term.dm.KEGG.hsa05171", "KEGG of dm: hsa05171"),
        ("trees.icc", "trees with the smallest error in icc"),
        ("nomogram_sign.HLA-A.1", "sign of HLA-A.1 in the nomogram"),
        ("signature", "signature"),
    ],
)
def test_published_quantities(quantity: str, said: str) -> None:
    assert quantity_in_words(quantity) == said


def test_names_of_values() -> None:
    assert in_words("nested_cv") == "nested cross-validation"
    assert in_words("leave_one_control_out:icc") == "in the signature, one control left out, icc"
    assert in_words("a_new_kind") == "a new kind"


def test_settings() -> None:
    assert setting_in_words("log_fc 1.25, adjust BH") == "fold change ≥ 1.25 log2, Benjamini-Hochberg p"
    assert setting_in_words("as in the study") == "as in the study"
