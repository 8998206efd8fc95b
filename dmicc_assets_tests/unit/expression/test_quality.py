import numpy as np

from dmicc_assets.expression.quality import connectivity_z, sample_quality
from dmicc_assets.types import ExpressionMatrix


def test_an_outlier_array_stands_out_within_its_label_only() -> None:
    rng = np.random.default_rng(3)
    common = rng.normal(size=(500, 1))
    values = common + rng.normal(scale=0.3, size=(500, 28))
    values[:, 20:] += rng.normal(size=(500, 1)) * 3  # the second label differs altogether, which is no outlier
    values[:, 4] = rng.normal(size=500)
    labels = ["a"] * 20 + ["b"] * 8
    z = connectivity_z(values, labels)
    assert z.argmin() == 4
    assert z[4] < -3
    assert np.all(z[20:] > -3.5)


def test_a_group_of_two_has_no_connectivity() -> None:
    z = connectivity_z(np.random.default_rng(1).normal(size=(50, 5)), ["a", "a", "a", "b", "b"])
    assert np.isnan(z[3:]).all()
    assert np.isfinite(z[:3]).all()


def test_metrics_of_a_small_matrix() -> None:
    values = np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]])
    matrix = ExpressionMatrix(values, ("KDM5D", "RPS4Y1", "XIST"), ("s", "t"))
    quality = sample_quality(matrix, np.array([[1.0, np.nan], [2.0, np.nan]]), ["x", "x"])
    assert quality["median"].to_list() == [3.0, 4.0]
    assert quality["n_missing"].to_list() == [0, 1]
    assert quality["median_before"][0] == 1.5
    assert quality["median_before"][1] is None
    assert quality["xist"].to_list() == [5.0, 6.0]
    # RPS4Y1 has no value in t: its 3 in s would make s more male than t.
    assert quality["y_genes"].to_list() == [1.0, 2.0]


def test_sex_genes_with_holes_everywhere_and_without_any_row() -> None:
    values = np.array([[1.0, np.nan, 3.0], [np.nan, 4.0, 5.0], [7.0, 8.0, 9.0]])
    quality = sample_quality(ExpressionMatrix(values, ("KDM5D", "RPS4Y1", "A"), ("s", "t", "u")), values, ["x"] * 3)
    np.testing.assert_array_equal(quality["y_genes"].to_numpy(), [np.nan, np.nan, 4.0])
    assert quality["xist"].null_count() == 3
