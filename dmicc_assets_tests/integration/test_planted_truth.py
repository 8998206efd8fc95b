"""The demo with fewer repeats: planted genes are stable, better than chance, and as good inside the folds."""

import json

import polars as pl
import pytest
import yaml

from dmicc_assets.simulation.mirror import simulate_mirror
from dmicc_assets.study.settings import Settings, load_settings
from dmicc_assets_tests.conftest import ROOT
from dmicc_assets_tests.worlds.local_study import rows, run_steps

pytestmark = pytest.mark.slow
FEWER = {"permutations": 60, "bootstraps": 60, "random_signatures": 300, "repeats": 3}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The demo's study on its simulated mirror, up to the findings."""
    folder = tmp_path_factory.mktemp("demo")
    nowhere = (folder / "nowhere").as_uri()
    content = yaml.safe_load((ROOT / "dmicc_assets" / "studies" / "demo.yaml").read_text()) | {"rigor": FEWER}
    (folder / "demo.yaml").write_text(yaml.safe_dump(content, allow_unicode=True))
    settings = load_settings(home=folder / "home", studies=str(folder), geo_url=nowhere, xena_url=nowhere)
    settings.prepare_home()
    simulate_mirror(settings.simulated_mirror, 1)
    assert run_steps(settings, "demo", without=("gsea", "report", "published")) == {}
    return settings


def test_the_nested_auc_is_near_the_apparent_one(demo: Settings) -> None:
    model = rows(demo, "validation/roc", "demo").filter(subject="disease_b", predictor="model")
    auc = dict(model.select("kind", "auc").iter_rows())
    assert set(auc) == {"apparent", "nested_cv", "leaky_cv", "bootstrap_632plus"}
    assert auc["apparent"] - auc["nested_cv"] < 0.05


@pytest.mark.parametrize("code", ["R1", "R2", "R3", "M7"])
def test_the_checks_of_chance_are_silent(demo: Settings, code: str) -> None:
    found = rows(demo, "rigor/findings", "demo").filter(code=code)
    # In the cohort that chose the genes R2 only informs, whatever it finds.
    found = found.filter(pl.col("subject") != "disease_b") if code == "R2" else found
    assert found["severity"].unique().to_list() == ["ok"], found["message"].to_list()
    assert found["statistic"].null_count() == 0, "not applicable is not silent"


def test_seven_true_genes_among_so_few_are_not_shown_to_be_more_than_chance(demo: Settings) -> None:
    """Power is limited: most genes that vary within the groups are planted in one disease or the other."""
    (found,) = rows(demo, "rigor/findings", "demo").filter(code="M4").to_dicts()
    overlap = rows(demo, "signature/overlap", "demo").row(0, named=True)
    assert overlap["n_shared"] == 7
    assert found["statistic"] == overlap["sharing_p_value"] > 0.05
    assert found["message"].startswith("not shown to be more than chance")


def test_the_planted_genes_are_stable(demo: Settings) -> None:
    truth = json.loads((demo.simulated_mirror / "truth.json").read_text())
    stability = rows(demo, "signature/stability", "demo").filter(method="bootstrap")
    planted = pl.col("gene").is_in(truth["biomarkers"])
    assert min(stability.filter(planted)["frequency"].to_list()) > 0.8
    others = stability.filter(~pl.col("gene").is_in(truth["signature"]))["frequency"]
    assert max(others.to_list(), default=0.0) < 0.5
