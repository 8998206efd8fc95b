"""New samples scored on a page: as the core scores them, with the verdict above, and no risk where none can be had."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dmicc_assets.assets import STEPS
from dmicc_assets.checks.verdict_rules import LINES
from dmicc_assets.lake.currency import Currency
from dmicc_assets.model.frozen_model import RiskModel
from dmicc_assets.pages.site import Site
from dmicc_assets.results.patient_scores import score_matrix
from dmicc_assets.types import ExpressionMatrix, PartitionKey
from dmicc_assets_tests.worlds.pages_browser import ADDRESS, Browser
from dmicc_assets_tests.worlds.simulated_lake import STUDY, simulated_workspace

Model = tuple[RiskModel, pl.DataFrame]
SCORE = f"/studies/{STUDY}/score"


@pytest.fixture
def browser(lake_browser: Browser) -> Browser:
    return lake_browser


def test_typed_values_are_scored_as_the_core_scores_them(browser: Browser, model: Model) -> None:
    frozen, nomogram = model
    browser.open(SCORE)
    typed: dict[str, Any] = {f"gene__{i}": repr(float(value)) for i, value in enumerate(frozen.training_mean)}
    page = browser.press("typed", SCORE, sample="P <1>", **typed)
    matrix = ExpressionMatrix(frozen.training_mean[:, None], frozen.genes, ("P",))
    expected = score_matrix(frozen, nomogram, matrix, "log2").rows["total_points"][0]
    assert f"{expected:.1f}" in page
    assert "P &lt;1&gt;" in page
    assert page.index(LINES["broken data"]) < page.index("Scores of")
    assert "An integrity check failed (I1)." in page


def test_no_risk_is_printed_where_none_can_be_stated(browser: Browser, model: Model) -> None:
    browser.open(SCORE)
    assert "no absolute risk can be stated" in browser.page
    typed: dict[str, Any] = {f"gene__{i}": "8" for i in range(len(model[0].genes))}
    page = browser.press("typed", SCORE, **typed)
    for word in ("probability", "Probabilities hold", "log-odds"):
        assert word not in page


@pytest.mark.parametrize("typed", ["", "high", "nan", "1e999"])
def test_a_value_that_is_no_number_is_told_beside_the_form(browser: Browser, typed: str) -> None:
    browser.open(SCORE)
    page = browser.press("typed", SCORE, gene__0=typed)
    assert "expected a number" in page


def upload(browser: Browser, name: str, content: bytes) -> str:
    browser.open(SCORE)
    files = {"matrix": (name, content)}
    data = {"token": browser.site.token.text, "do": "file", "scale": "log2"}
    return browser.client.post(SCORE, data=data, files=files, headers={"origin": ADDRESS}).text


def test_a_file_is_scored_and_not_kept(browser: Browser, model: Model) -> None:
    frozen, _ = model
    values = zip(frozen.genes, frozen.training_mean, frozen.training_min, strict=True)
    rows = "\n".join(f"{gene}\t{mean}\t{low - 1}" for gene, mean, low in values)
    page = upload(browser, "new one.tsv", f"gene\tP1\tP2\n{rows}\n".encode())
    assert "Scores of new_one.tsv" in page
    assert all(f"<td>{sample}</td>" in page for sample in ("P1", "P2"))
    assert f"<td>{', '.join(frozen.genes)}</td>" in page, "P2 is outside the training samples' range"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("new.exe", b"x", "expected a name that ends in"),
        ("../../etc/new.tsv", b"gene\tP1\nOTHER\t1\n", "none of the model&#39;s genes"),
        ("new.tsv", b"\x00\x01", "new.tsv"),
        ("new.tsv", b"", "choose a file first"),
    ],
)
def test_a_file_that_is_no_matrix_is_told_by_its_name(
    browser: Browser, name: str, content: bytes, message: str
) -> None:
    page = upload(browser, name, content)
    assert message in page
    assert "/tmp" not in page.partition('role="alert"')[2].partition("</pre>")[0]


def test_a_study_without_a_model_says_so(browser: Browser) -> None:
    assert "demo has no risk model yet" in browser.open("/studies/demo/score")
    assert browser.status == 409


def test_a_verdict_that_was_never_made_is_not_out_of_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = simulated_workspace(tmp_path / "home")
    for suffix in (".parquet", ".json"):
        workspace.lake.path("rigor/verdict", STUDY).with_suffix(suffix).unlink()
    (judgement,) = (step for step in STEPS if "rigor/verdict" in step.outputs)
    late = Currency(judgement, PartitionKey(STUDY), "never made", "judgement of simulated: never made")
    monkeypatch.setattr("dmicc_assets.results.patient_scores.study_currency", lambda *_: [late])
    page = Browser(Site(workspace.settings)).open(SCORE)
    assert "No verdict on this model was made" in page
    assert "out of date" not in page.lower()
