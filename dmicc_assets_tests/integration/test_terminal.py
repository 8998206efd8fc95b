"""What a user's terminal shows of a study whose data are as poor as can be: our words, and none of the libraries'."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from dmicc_assets.study.settings import Settings
from dmicc_assets_tests.worlds.local_study import finding, local_study, rows, values_of

pytestmark = pytest.mark.apart
# All but what only developers of the libraries are told, which Python shows to nobody else.
SHOWN = "always,ignore::DeprecationWarning,ignore::PendingDeprecationWarning"
OF_A_LIBRARY = re.compile(r"\w*Warning\b|nanobind|site-packages|Traceback|\.py:\d+")


def poor_arrays() -> pl.DataFrame:
    """Samples named in Chinese; genes that are missing everywhere, in a group or in all but one, and a constant one."""
    frame = values_of("样本🧬", 4, 4, 1)
    values = frame.drop("gene").to_numpy().copy()
    values[10], values[11, :4], values[12, 1:], values[13] = np.nan, np.nan, np.nan, 5.25
    columns = {name: values[:, i] for i, name in enumerate(frame.columns[1:])}
    return pl.DataFrame({"gene": frame["gene"], **columns}).fill_nan(None)


def poor_counts() -> pl.DataFrame:
    """Counts by gene in which genes have no count in a group or anywhere."""
    frame = values_of("B", 5, 4, 2)
    counts = np.rint(2.0 ** frame.drop("gene").to_numpy())
    counts[20], counts[21, :5], counts[0, 0] = 0, 0, 9000
    return pl.DataFrame({"gene": frame["gene"], **{name: counts[:, i] for i, name in enumerate(frame.columns[1:])}})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    matrices = {"A": poor_arrays(), "B": poor_counts()}
    return local_study(tmp_path, matrices, title="研究 🧬", rigor={"permutations": 3, "bootstraps": 3, "repeats": 1})


@pytest.mark.slow
def test_no_library_speaks_to_the_user(
    settings: Settings, dmicc: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    variables = {"DMICC_HOME": str(settings.home), "DMICC_STUDIES": str(settings.studies), "PYTHONWARNINGS": SHOWN}
    variables |= {"DMICC_GEO_URL": settings.geo_url, "DMICC_XENA_URL": settings.xena_url}
    for status, arguments in (
        (0, ("check", "local")),
        (0, ("run", "local")),
        (2, ("sql", "SELECT absent FROM nowhere")),
    ):
        done = dmicc(*arguments, **variables)
        assert done.returncode == status, done.stderr
        assert OF_A_LIBRARY.search(done.stderr) is None, done.stderr
        assert OF_A_LIBRARY.search(done.stdout) is None, done.stdout
    severity, text = finding(settings, "I3", "A")
    assert severity == "warning"
    assert "genes lack over 20% of their values" in text
    assert "genes are constant" in text
    assert finding(settings, "I2", "B")[1].startswith("read counts")
    assert rows(settings, "validation/out_of_fold").height > 0
