"""What I2 and I8 say where a file does not tell what its values are, or a spreadsheet changed its genes."""

from typing import Any

import pytest

from dmicc_assets.checks.finding import Finding
from dmicc_assets.checks.registry import CHECKS
from dmicc_assets.types import ExpressionMatrix
from dmicc_assets_tests.worlds.sound_study import sound, with_frame, with_matrix, with_notes


def log2_scale(**notes: Any) -> Finding:
    """What I2 says of a dataset with such notes."""
    return CHECKS["I2"](with_notes(sound(), "expression/genes", "SIM1", **notes))[0]


@pytest.mark.parametrize("severity", ["warning", "info"])
def test_a_doubt_is_said_as_gravely_as_it_is(severity: str) -> None:
    quantiles = [0.5, 1.0, 2.0, 3.0, 4.0, 4.8]
    found = log2_scale(values="log2", quantiles=quantiles, took_log2=False, values_doubt=["another base?", severity])
    assert (found.severity, found.message.endswith("; another base?")) == (severity, True)
    counted = log2_scale(
        values="counts", values_why="whole numbers", values_guessed=True, values_doubt=["intensities?", severity]
    )
    assert (counted.severity, counted.message.endswith("whole numbers; intensities?")) == (severity, True)


@pytest.mark.parametrize(("is_guess", "severity"), [(True, "info"), (False, "ok")])
def test_other_kinds_of_values_are_named(is_guess: bool, severity: str) -> None:
    for kind, text in (("ln", "natural logarithms"), ("log10", "logarithms to base 10"), ("tpm", "TPM")):
        found = log2_scale(values=kind, values_why="who says it", values_guessed=is_guess, n_flipped=2)
        assert found.severity == severity
        assert found.message.startswith(text)
        assert found.message.endswith("who says it; 2 samples with the reference above")


def test_dates_in_a_matrix_by_gene_are_named() -> None:
    evidence = sound()
    matrix = evidence.matrices["SIM1"]
    genes = ("1-Mar", "2-Sep", "44256", *matrix.features[3:])
    spoilt = with_matrix(evidence, "SIM1", ExpressionMatrix(matrix.values, genes, matrix.samples))
    spoilt = with_frame(spoilt, "source/probe_genes", evidence.rows("source/probe_genes").clear())
    found = {each.subject: each for each in CHECKS["I8"](spoilt)}["SIM1"]
    assert found.severity == "warning"
    assert found.message.startswith("the matrix is by gene; 3 gene symbols turned into dates (1-Mar, 2-Sep, 44256)")
