"""The base of a logarithm in the words of those who submit data."""

import numpy as np
import pytest

from dmicc_assets.expression.log_base import TO_LOG2, named_base


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("Log2 transformed", "2"), ("log 2", "2"), ("log_2", "2"), ("log(2)", "2"), ("log base 2", "2"),
        ("log ratio base 2", "2"), ("log ratios (base 2)", "2"), ("Log2Ratio", "2"), ("log2(x+1)", "2"),
        ("logarithm to the base 2", "2"), ("base-2 logarithm", "2"), ("log\u2082 intensity", "2"),
        ("log<sub>2</sub>", "2"), ("binary logarithm", "2"), ("log-transformed, base two", "2"),
        ("VALUE is the log2 ratio; p-values are -log10(p-value)", "2"), ("log2, 10 arrays", "2"),
        ("log10 ratio (Cy5/Cy3)", "10"), ("Log10(test/reference)", "10"), ("log10ratio", "10"),
        ("log ratio (base 10)", "10"), ("decadic logarithm", "10"), ("lg(x)", "10"),
        ("ln", "e"), ("natural log", "e"), ("Natural-log transformed", "e"), ("log_e", "e"), ("log base e", "e"),
        ("LN-transformed", "e"), ("log1p of TPM", "e"),
        ("log transformed", None), ("log ratio", None), ("catalog 2", None), ("database 2", None), ("log 20", None),
        ("metastasis of a LN", None), ("-log10 p-value", None), ("log10 of the log2 ratio", None), ("", None),
    ],
)  # fmt: skip
def test_the_base_is_read_from_words(text: str, base: str | None) -> None:
    assert named_base(text) == base
    assert named_base(f"Agilent Feature Extraction 10.7; {text}.") == base


def test_the_logarithm_of_any_base_times_its_factor_is_log2() -> None:
    x = np.array([0.25, 1.0, 300.0])
    for base, logarithm in (("2", np.log2), ("e", np.log), ("10", np.log10)):
        np.testing.assert_allclose(logarithm(x) * TO_LOG2[base], np.log2(x), rtol=1e-14)  # pyright: ignore[reportArgumentType]
