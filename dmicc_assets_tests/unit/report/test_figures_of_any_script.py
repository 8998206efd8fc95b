"""Names of samples, cohorts and studies in scripts that the figures' font lacks."""

import pytest

from dmicc_assets.report.figures.style import note_figure, png, svg


@pytest.mark.parametrize("text", ["研究 样本1", "🧬 tumour", "مريض", "Größe"])
def test_a_figure_is_drawn_and_its_svg_has_the_text(text: str) -> None:
    figure = note_figure(text, f"No values of {text}")
    assert png(figure, 40).startswith(b"\x89PNG")
    assert f"No values of {text}" in svg(figure)
