"""Selection frequencies: planted genes are found again, noise is not, and the numbers are those of the draws."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from dmicc_assets.resampling.resamples import left_out_controls
from dmicc_assets.resampling.reweighted import chosen_genes
from dmicc_assets.resampling.selection import StudyData
from dmicc_assets.resampling.stability import selection_stability
from dmicc_assets_tests.worlds.noise_study import cohort_of, data_of, study_of


def planted(bootstraps: int = 40, batch: str = "covariate") -> StudyData:
    study = study_of(
        "a",
        "b",
        differential={"log_fc": 0.8, "p_value": 0.05, "adjust": "none"},
        ranking={"top": 4},
        rigor={"bootstraps": bootstraps},
    )
    cohorts = {name: cohort.model_copy(update={"batch": batch}) for name, cohort in study.cohorts.items()}
    subjects = [cohort_of("a", 14, 10, 150, 1, planted=4), cohort_of("b", 12, 12, 150, 2, planted=4)]
    return replace(data_of(study, subjects), study=study.model_copy(update={"cohorts": cohorts}))


def frequency(table: pl.DataFrame, method: str) -> dict[str, float]:
    return dict(table.filter(pl.col("method") == method).select("gene", "frequency").iter_rows())


@pytest.mark.parametrize("batch", ["covariate", "combat"])
def test_planted_genes_are_stable_and_noise_is_not(batch: str) -> None:
    data = planted(batch=batch)
    if batch == "combat":
        merged = {n: replace(s, dataset=("X", "Y") * (len(s.is_case) // 2)) for n, s in data.merged.items()}
        data = replace(data, merged=merged)
    table = selection_stability(data)
    true = [f"G{i:05d}" for i in range(4)]
    for method in ("bootstrap", "bootstrap_biomarkers", "leave_one_control_out"):
        found = frequency(table, method)
        assert min(found[gene] for gene in true) > 0.7, method
        others = [share for gene, share in found.items() if gene not in true and gene not in kept(data)]
        assert max(others, default=0) < 0.7, method


def kept(data: StudyData) -> set[str]:
    return set.intersection(*(set(frame["gene"]) for frame in data.genes.values()))


def test_every_control_counts_once() -> None:
    data = planted(bootstraps=0)
    table = selection_stability(data)
    assert set(table["method"]) == {"leave_one_control_out", "leave_one_control_out:a", "leave_one_control_out:b"}
    subject, settings = data.merged["a"], data.study.differential
    chosen = chosen_genes(subject, left_out_controls(subject), settings, "covariate")
    others = data.shared_by_others("a") or frozenset()
    expected = {
        gene: float(row.mean()) for gene, row in zip(subject.matrix.features, chosen, strict=True) if gene in others
    }
    found = frequency(table, "leave_one_control_out:a")
    assert found == {gene: share for gene, share in expected.items() if share > 0 or gene in kept(data)}
    pooled = frequency(table, "leave_one_control_out")
    by_cohort = [frequency(table, f"leave_one_control_out:{name}") for name in ("a", "b")]
    for gene, share in pooled.items():
        assert share == pytest.approx((10 * by_cohort[0].get(gene, 0) + 12 * by_cohort[1].get(gene, 0)) / 22)


def test_genes_of_the_signature_have_a_row_even_when_never_chosen_again() -> None:
    data = planted(bootstraps=3)
    rare = data.genes["a"].head(1).with_columns(gene=pl.lit("G00149"))
    genes = {name: pl.concat([frame, rare]).unique("gene") for name, frame in data.genes.items()}
    table = selection_stability(replace(data, genes=genes))
    assert frequency(table, "bootstrap")["G00149"] <= 0.34


def test_numbers_do_not_depend_on_the_number_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dmicc_assets.resampling.parallel._WORTH_STARTING", 0.0)
    data = planted(bootstraps=8)
    assert selection_stability(data, 1).equals(selection_stability(data, 2))
    other = replace(
        data, study=data.study.model_copy(update={"rigor": data.study.rigor.model_copy(update={"seed": 2})})
    )
    assert not selection_stability(data).equals(selection_stability(other))


def test_one_cohort_and_one_gene() -> None:
    study = study_of("a", differential={"log_fc": 0.5, "p_value": 0.05}, rigor={"bootstraps": 10})
    values = cohort_of("a", 8, 8, 3, 1, planted=1)
    data = data_of(study, [values])
    table = selection_stability(data)
    assert frequency(table, "bootstrap")["G00000"] == 1.0
    assert np.isfinite(table["frequency"].to_numpy()).all()
