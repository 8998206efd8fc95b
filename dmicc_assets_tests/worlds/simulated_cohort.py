"""Small cohorts with a known shape, for tests of the risk model."""

import numpy as np

from dmicc_assets.types import CaseControl, ExpressionMatrix

GENES = ("MT1M", "PARP12", "SPP1", "HERC6")


def cohort(n_case=30, n_control=25, shift=(1.0, -0.8, 0.0, 0.4), seed=1, name="icc", kind="cohort", genes=GENES):
    """A subject in which each gene is shifted (log2) in cases."""
    rng = np.random.default_rng(seed)
    is_case = np.arange(n_case + n_control) < n_case
    values = 7 + rng.normal(size=(len(genes), len(is_case))) + np.asarray(shift)[: len(genes), None] * is_case
    samples = tuple(f"{name}{i}" for i in range(len(is_case)))
    matrix = ExpressionMatrix(values, tuple(genes), samples)
    return CaseControl(name, kind, matrix, is_case, (name,) * len(is_case), (None,) * len(is_case))


def with_values(subject, gene, values):
    """The subject with one gene's values replaced."""
    matrix = subject.matrix
    changed = matrix.values.copy()
    changed[matrix.features.index(gene)] = values
    return CaseControl(
        subject.name,
        subject.kind,
        ExpressionMatrix(changed, matrix.features, matrix.samples),
        subject.is_case,
        subject.dataset,
        subject.patient,
    )
