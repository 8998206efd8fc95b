"""Wilcoxon's rank sum test and Welch's t against R's answers, and bad input."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import mannwhitneyu

from dmicc_assets.model.validation import expression_tests
from dmicc_assets.stats.two_sample import welch_t, wilcoxon
from dmicc_assets.types import CaseControl, ExpressionMatrix
from dmicc_assets_tests.oracle import MADE_UP
from dmicc_assets_tests.oracle.linear import numbers
from dmicc_assets_tests.oracle.model import golden

ROWS = golden("tests.tsv").to_dicts()


def _number(value):
    return np.nan if value is None else float(value)


@pytest.mark.parametrize("row", [pytest.param(row, id=row["id"]) for row in ROWS])
def test_both_tests_equal_r(row):
    rows = golden("tests_input.tsv.gz").filter(pl.col("id") == row["id"])
    values, is_case = rows["value"].to_numpy().astype(float)[None, :], rows["is_case"].to_numpy() == 1
    by_default, normal, welch = (
        wilcoxon(values, is_case),
        wilcoxon(values, is_case, exact=False),
        welch_t(values, is_case),
    )
    assert by_default.statistic[0] == pytest.approx(_number(row["w"]), nan_ok=True)
    assert by_default.p_value[0] == pytest.approx(_number(row["p"]), rel=1e-7, nan_ok=True)
    assert normal.p_value[0] == pytest.approx(_number(row["p_normal"]), rel=1e-7, nan_ok=True)
    assert not normal.is_exact.any()
    assert welch.statistic[0] == pytest.approx(_number(row["t"]), rel=1e-8, abs=1e-9, nan_ok=True)
    assert welch.df[0] == pytest.approx(_number(row["df"]), rel=1e-8, nan_ok=True)
    assert welch.p_value[0] == pytest.approx(_number(row["p_welch"]), rel=1e-7, nan_ok=True)


def test_exact_only_without_ties_and_below_fifty():
    rng = np.random.default_rng(0)
    for n_case, n_control, expected in ((49, 49, True), (50, 10, False), (10, 50, False), (6, 40, True)):
        is_case = np.arange(n_case + n_control) < n_case
        assert wilcoxon(rng.normal(size=(1, len(is_case))), is_case).is_exact[0] == expected
    tied = np.array([[1.0, 1.0, 2.0, 3.0]])
    assert not wilcoxon(tied, np.array([True, False, True, False])).is_exact[0]


def test_exact_distribution_by_counting_every_arrangement():
    from itertools import combinations

    values = np.arange(7.0)
    observed = [sum(chosen) - 3 for chosen in combinations(range(7), 3)]
    for chosen in combinations(range(7), 3):
        is_case = np.isin(np.arange(7), chosen)
        w = sum(chosen) - 3
        tail = min(np.mean([o <= w for o in observed]), np.mean([o >= w for o in observed]))
        assert wilcoxon(values[None, :], is_case).p_value[0] == pytest.approx(min(1, 2 * tail))


def test_exact_may_be_asked_for_beyond_fifty():
    rng = np.random.default_rng(1)
    is_case = np.arange(120) < 60
    values = rng.normal(size=(1, 120)) + 0.4 * is_case
    exact = wilcoxon(values, is_case, exact=True)
    assert exact.is_exact[0]
    by_scipy = mannwhitneyu(values[0, is_case], values[0, ~is_case], method="exact")
    assert exact.p_value[0] == pytest.approx(by_scipy.pvalue, rel=1e-10)


def test_genes_with_nothing_to_compare_have_no_p():
    is_case = np.array([True, True, False, False])
    values = np.array([[np.nan] * 4, [1, 2, np.nan, np.nan], [5.0] * 4, [1, np.nan, 2, 3]])
    ranks, welch = wilcoxon(values, is_case), welch_t(values, is_case)
    assert np.isnan(ranks.p_value).tolist() == [True, True, True, False]
    assert np.isnan(welch.p_value).all()
    assert ranks.n_case.tolist() == [0, 2, 2, 1]
    assert ranks.n_control.tolist() == [0, 0, 2, 2]


def test_rounding_noise_of_either_mean_is_essentially_constant():
    noise = 1e6 + np.array([0, 2e-10, 0])
    values = np.stack([np.concatenate([noise, np.zeros(3)]), np.concatenate([np.zeros(3), noise])])
    assert np.isnan(welch_t(values, np.arange(6) < 3).p_value).all()


@pytest.mark.parametrize("test", [wilcoxon, welch_t])
def test_bad_input_is_named(test):
    with pytest.raises(ValueError, match=r"row 1, column 0 .* infinite"):
        test(np.array([[1.0, 2.0], [np.inf, 1.0]]), np.array([True, False]))
    with pytest.raises(ValueError, match="a group for each sample"):
        test(np.ones((2, 3)), np.array([True, False]))


@pytest.mark.parametrize(("case", "label"), [("arrays", "case"), ("synthetic", "disease")])
def test_tests_of_genes_equal_rs(case, label):
    """Genes with ties, missing values, no variance and an empty group among them."""
    assert_tests(MADE_UP, case, label)


def assert_tests(answers, case, label):
    """Wilcoxon's test in its three forms, Welch's, and the medians equal R's."""
    expected = answers.table("tests", f"{case}__tests")
    genes, values, samples = answers.expression(case)
    row = {gene: i for i, gene in enumerate(genes)}
    values = values[[row[gene] for gene in expected["id"]]]
    is_case = (answers.case(case, "samples")["group"] == label).to_numpy()
    ranks, welch = wilcoxon(values, is_case), welch_t(values, is_case)
    forced = wilcoxon(values, is_case, exact=True)
    exact = np.where(forced.is_exact, forced.p_value, np.nan)
    found = {
        "n1": ranks.n_control,
        "n2": ranks.n_case,
        "W": ranks.statistic,
        "wilcox_p_default": ranks.p_value,
        "wilcox_p_normal_cc": wilcoxon(values, is_case, exact=False).p_value,
        "wilcox_p_exact": exact,
        "welch_t": welch.statistic,
        "welch_df": welch.df,
        "welch_p": welch.p_value,
    }
    names, n = tuple(expected["id"]), values.shape[1]
    matrix = ExpressionMatrix(values, names, tuple(samples))
    subject = CaseControl(case, "cohort", matrix, is_case, (case,) * n, (None,) * n)
    table = expression_tests([subject], names, {})
    assert table["gene"].to_list() == list(names)
    medians = {"median1": "median_control", "median2": "median_case"}
    found |= {column: numbers(table, ours)[:, 0] for column, ours in medians.items()}
    for column, values in found.items():
        np.testing.assert_allclose(values, expected[column].cast(pl.Float64).to_numpy(), rtol=1e-7, err_msg=column)
