"""The Python interface: lazy imports, frames matched by name or refused, the core's numbers."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import dmicc_assets as dm
from dmicc_assets.differential.statistics import cohort_statistics
from dmicc_assets.study.schema import Differential
from dmicc_assets.types import CaseControl, ExpressionMatrix
from dmicc_assets_tests.conftest import ROOT
from dmicc_assets_tests.worlds.labelled_cohort import GENES, cohort


def test_no_name_of_the_front_door_is_a_subpackage() -> None:
    packages = {path.parent.name for path in (ROOT / "dmicc_assets").glob("*/__init__.py")}
    modules = {path.stem for path in (ROOT / "dmicc_assets").glob("*.py")}
    assert not set(dm.__all__) & (packages | modules)


def test_every_name_is_found_and_listed() -> None:
    assert [name for name in dm.__all__ if not hasattr(dm, name)] == []
    assert set(dm.__all__) <= set(dir(dm))
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", dm.__version__)
    with pytest.raises(AttributeError, match="no attribute 'limmma'"):
        _ = dm.limmma


def test_importing_the_package_imports_no_library() -> None:
    code = "import sys, dmicc_assets; print(sorted({'numpy', 'polars', 'dagster', 'sklearn'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_no_module_of_the_package_imports_from_the_root() -> None:
    paths = (ROOT / "dmicc_assets").rglob("*.py")
    assert not [
        p for p in paths if re.search(r"^\s*(from dmicc_assets import|import dmicc_assets$)", p.read_text(), re.M)
    ]


def test_the_order_of_columns_and_rows_changes_no_number() -> None:
    given = cohort()
    shuffled = given.expression.select("gene", *reversed(given.expression.columns[1:]))
    rows = given.samples.sample(fraction=1, shuffle=True, seed=3)
    again = dm.limma(dm.Cohort(shuffled, rows, case="case", control="control"))
    np.testing.assert_allclose(dm.limma(given)["t"], again["t"], rtol=1e-10)
    assert dm.differential_genes(dm.limma(given))["gene"].to_list() == GENES[:20]


def test_counts_in_another_order_are_aligned_by_name_and_strangers_are_refused() -> None:
    generator = np.random.default_rng(5)
    is_case = np.arange(12) < 6
    mean = np.where(is_case, 400.0, 100.0) * np.ones((40, 1))
    mean[20:] = 200.0
    counts = ExpressionMatrix(
        generator.poisson(mean).astype(float), tuple(GENES[:40]), tuple(f"s{j}" for j in range(12))
    )
    patients = tuple(f"p{j}" for j in range(12))
    subject = CaseControl("c", "cohort", counts, is_case, ("d",) * 12, patients)
    turned = counts.take_samples(counts.samples[::-1]).take_features(counts.features[::-1])
    settings = Differential()
    straight = cohort_statistics(subject, counts, settings, "none")
    assert cohort_statistics(subject, turned, settings, "none").equals(straight)
    with pytest.raises(ValueError, match="sample 's11' is in the counts or in the cohort only"):
        cohort_statistics(subject, counts.take_samples(counts.samples[:11]), settings, "none")


def test_samples_of_one_frame_only_are_refused_by_name() -> None:
    given = cohort()
    with pytest.raises(ValueError, match="sample 's3' of the expression has no row"):
        dm.Cohort(given.expression, given.samples.filter(pl.col("sample") != "s3"), case="case", control="control")
    with pytest.raises(ValueError, match="sample 's3' of the samples has no column"):
        dm.Cohort(given.expression.drop("s3"), given.samples, case="case", control="control")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"case": "tumour"}, "no sample has the label 'tumour'; there are case, control"),
        ({"label": "disease"}, "the samples have no column 'disease'"),
        ({"patient": "person"}, "the samples have no column 'person'"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, str], message: str) -> None:
    given = cohort()
    with pytest.raises(ValueError, match=re.escape(message)):
        dm.Cohort(given.expression, given.samples, **{"case": "case", "control": "control"} | change)


def test_values_that_are_no_numbers_are_refused_by_column() -> None:
    given = cohort()
    words = given.expression.with_columns(pl.col("s2").cast(pl.String))
    with pytest.raises(ValueError, match="expected numbers in column 's2'"):
        dm.Cohort(words, given.samples, case="case", control="control")
    with pytest.raises(ValueError, match="expected 'gene' or 'probe' as the first column"):
        dm.Cohort(given.expression.rename({"gene": "symbol"}), given.samples, case="case", control="control")


def test_combat_takes_samples_by_name_and_keeps_the_groups() -> None:
    given = cohort()
    moved = given.expression.with_columns(pl.col(f"s{j}") + 3 for j in range(0, 24, 3))
    adjusted = dm.combat(moved, given.samples.reverse(), "centre", keep=["label"])
    by_centre = adjusted.drop("gene").mean().transpose().to_series()
    assert abs(by_centre.gather(range(0, 24, 3)).mean() - by_centre.gather(range(1, 24, 3)).mean()) < 0.1
    statistics = dm.limma(dm.Cohort(adjusted, given.samples, case="case", control="control"))
    assert statistics["log_fc"].head(20).min() > 1.5


def test_shared_genes_and_nested_cv_find_what_both_cohorts_have() -> None:
    cohorts = {"a": cohort(1, moved=4), "b": cohort(2, moved=4)}
    shared = dm.shared_genes({name: dm.limma(each) for name, each in cohorts.items()})
    assert set(shared.genes["gene"]) == set(GENES[:4])
    nested = dm.nested_cv(cohorts, "b", top=4, folds=4, repeats=1)
    assert (nested.n_folds, nested.n_empty_folds) == (4, 0)
    assert nested.auc is not None
    assert nested.auc > 0.95
    with pytest.raises(ValueError, match="target 'c' is not one of the cohorts"):
        dm.nested_cv(cohorts, "c")


def test_gene_sets_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "SETS.gmt"
    path.write_text("moved\tmoved genes\t" + "\t".join(GENES[:20]) + "\nstill\t-\t" + "\t".join(GENES[50:80]) + "\n")
    statistics = dm.limma(cohort())
    assert dm.gsea(statistics, path, permutations=200)["term"][0] == "moved"
    camera = dm.camera(cohort(), path)
    assert camera.select("term", "direction").row(0) == ("moved", "up")
    assert camera["adj_p_value"][0] < 1e-6 < camera["p_value"][1]
    listed = dm.differential_genes(statistics)["gene"].to_list()
    assert dm.ora(listed, statistics["gene"].to_list(), path)["term"].to_list() == ["moved"]


def test_roc_has_an_interval_and_a_curve() -> None:
    found = dm.roc([1, 2, 3, 4, 5, 6], [False, False, True, False, True, True])
    assert found.auc == pytest.approx(8 / 9)
    assert found.ci_low < found.auc <= found.ci_high
    assert found.curve.columns == ["threshold", "sensitivity", "specificity"]
