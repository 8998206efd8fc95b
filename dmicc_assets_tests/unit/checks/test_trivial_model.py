"""What R16 says of trivial models: each is judged, and the gravest is told in its own words."""

import polars as pl
import pytest

from dmicc_assets.checks.finding import Finding
from dmicc_assets.checks.leakage import trivial_model
from dmicc_assets_tests.worlds.sound_study import sound, with_frame

BETTER = ("age and sex", 0.80, -0.10, -0.15, -0.05)
UNSURE = ("best gene", 0.82, -0.12, -0.40, 0.16)
ABOVE_BUT_UNSURE = ("age and sex", 0.65, 0.05, -0.05, 0.15)
WORSE = ("best gene", 0.68, 0.02, 0.01, 0.03)


def judged(*rows: tuple[str, float, float, float, float]) -> Finding:
    names = ["predictor", "auc", "difference", "difference_low", "difference_high"]
    (found,) = trivial_model(with_frame(sound(), "validation/trivial", pl.DataFrame(rows, names, orient="row")))
    return found


@pytest.mark.parametrize(
    ("rows", "severity", "statistic", "said"),
    [
        ((UNSURE, BETTER), "warning", -0.15, "age and sex: nested AUC 0.800; the model's minus it is −0.100"),
        ((WORSE, ABOVE_BUT_UNSURE), "info", -0.05, "age and sex: nested AUC 0.650; the model's minus it is 0.050"),
        ((WORSE,), "ok", 0.01, "best gene: nested AUC 0.680; the model's minus it is 0.020"),
    ],
)
def test_the_gravest_of_several_trivial_models_is_told(
    rows: tuple[tuple[str, float, float, float, float], ...], severity: str, statistic: float, said: str
) -> None:
    found = judged(*rows)
    assert (found.severity, found.statistic, found.threshold) == (severity, statistic, 0)
    assert found.message.startswith(said)


def test_a_warning_says_that_the_trivial_model_is_better_and_an_info_that_the_model_is_not() -> None:
    assert judged(BETTER).message.endswith(": it is shown to be better than the model")
    assert judged(UNSURE).message.endswith(": the model is not shown to be better")
