"""Which warnings doubt one area under the curve: of a subject, estimated in one way. No check is made here."""

from collections.abc import Sequence

import polars as pl

_DELONG = ("apparent", "external")
_EVERY = ("apparent", "leaky_cv", "nested_cv", "bootstrap_632plus", "external")
# What a warning says of an area, and of which kinds: nested intervals draw patients, DeLong's take samples as people.
_MEANINGS: dict[str, tuple[tuple[str, ...], str]] = {
    "I6": (("external",), "it holds samples of training"),
    "R1": (("apparent", "leaky_cv"), "lower when the genes are chosen inside the folds"),
    "R2": (_EVERY, "random genes do as well"),
    "R3": (_EVERY, "permuted labels do as well"),
    "R6": (_DELONG, "its interval is wide or cannot be trusted"),
    "R12": (("external",), "not independent of training"),
    "R15": (_DELONG, "samples of one patient taken for different people"),
}


def auc_doubts(findings: pl.DataFrame, subject: str, kind: str) -> Sequence[tuple[str, str]]:
    """Code and meaning of each warning on an area of the model.

    Args:
        findings: rows of rigor/findings.
        subject: the cohort or validation dataset.
        kind: how the area was estimated, as in `validation.roc`.
    """
    warned = findings.filter(pl.col("severity").is_in(["warning", "error"]), pl.col("subject") == subject)
    codes = set(warned["code"])
    return [(code, meaning) for code, (kinds, meaning) in _MEANINGS.items() if code in codes and kind in kinds]
