"""The threshold grid: every point is the signature under its settings, and the study's own point is its signature."""

import numpy as np
import polars as pl

from dmicc_assets.differential.statistics import differential_genes, differential_statistics
from dmicc_assets.resampling.arrays import LogArrays, log_arrays
from dmicc_assets.resampling.sensitivity import AS_IN_STUDY, ProbeLevel, threshold_grid
from dmicc_assets.study.schema import Study
from dmicc_assets.types import ExpressionMatrix
from dmicc_assets_tests.worlds.noise_study import cohort_of, study_of


def samples_of(dataset: str) -> pl.DataFrame:
    labels = ["sick"] * 8 + ["well"] * 8
    names = [f"{dataset.lower()}{i:04d}" for i in range(16)]
    return pl.DataFrame({"sample": names, "label": labels}).with_columns(patient=pl.lit(None, dtype=pl.String))


def probes_of(study: Study) -> tuple[dict[str, pl.DataFrame], ProbeLevel]:
    """Two probes a gene; the second is noisier, so that collapses differ."""
    arrays: dict[str, LogArrays] = {}
    statistics: dict[str, pl.DataFrame] = {}
    for seed, name in enumerate(study.cohorts):
        subject = cohort_of(name, 8, 8, 120, seed + 1, planted=40, shift=1.4)
        noise = np.random.default_rng(seed + 50).normal(0, 2, subject.matrix.values.shape)
        probes = np.stack([subject.matrix.values, subject.matrix.values + noise + 0.3], axis=1).reshape(240, 16)
        table = pl.DataFrame(
            {
                "probe": [f"p{i:03d}" for i in range(240)],
                "gene": [subject.matrix.features[i // 2] for i in range(240)],
                "n_symbols": [1] * 240,
            }
        )
        spec = study.datasets[name.upper()].model_copy(update={"scale": "log2", "normalise": "none"})
        matrix = ExpressionMatrix(probes, tuple(table["probe"]), subject.matrix.samples)
        arrays[name.upper()] = log_arrays(matrix, table, spec)
        merged = ExpressionMatrix(arrays[name.upper()].genes().values, subject.matrix.features, subject.matrix.samples)
        from dataclasses import replace

        statistics[name] = differential_statistics(replace(subject, matrix=merged), study.differential, "covariate")
    return statistics, ProbeLevel(arrays, {}, {dataset: samples_of(dataset) for dataset in arrays})


def test_every_point_of_the_grid() -> None:
    study = study_of("a", "b", differential={"log_fc": 1.0, "p_value": 0.4, "adjust": "none"})
    statistics, probes = probes_of(study)
    grid = threshold_grid(study, statistics, probes)
    assert len(grid) == 3 * 3 * 2 * 3
    assert grid["setting"].n_unique() == len(grid)
    singles = grid.filter("is_single_change")
    collapses = {"collapse median", "collapse max_mean"}
    assert set(singles["setting"]) == collapses | {
        "log_fc 0.75", "log_fc 1.25", "p_value 0.2", "p_value 0.8", "adjust BH",
    }  # fmt: skip
    own = grid.filter(pl.col("setting") == AS_IN_STUDY)
    assert own.select("n_shared", "jaccard").row(0) == (len(signature(study, statistics)), 1.0)
    wide = grid.filter(pl.col("setting") == "log_fc 0.75")["n_shared"][0]
    narrow = grid.filter(pl.col("setting") == "log_fc 1.25")["n_shared"][0]
    assert narrow <= own["n_shared"][0] <= wide
    assert narrow < wide


def signature(study: Study, statistics: dict[str, pl.DataFrame]) -> set[str]:
    return set.intersection(*(set(differential_genes(f, study.differential)["gene"]) for f in statistics.values()))


def test_a_collapse_is_the_one_it_says() -> None:
    study = study_of("a", "b", differential={"log_fc": 1.0, "p_value": 0.05})
    statistics, probes = probes_of(study)
    grid = threshold_grid(study, statistics, probes)
    medians = {name: arrays.collapsed("median") for name, arrays in probes.arrays.items()}
    # The median of two probes is their mean: nothing but the name may change.
    np.testing.assert_allclose(medians["A"].values, probes.arrays["A"].genes().values, rtol=1e-12)
    assert grid.filter(pl.col("setting") == "collapse median")["jaccard"][0] == 1.0
    assert grid.filter(pl.col("setting") == "collapse max_mean")["jaccard"][0] < 1.0


def test_without_probes_there_is_nothing_to_collapse() -> None:
    study = study_of("a", "b", differential={"log_fc": 0.1, "p_value": 0.05})
    statistics, _ = probes_of(study)
    grid = threshold_grid(study, statistics, ProbeLevel({}, {}, {}))
    assert set(grid["collapse"]) == {AS_IN_STUDY}
    # A fold change cannot fall under zero.
    assert sorted(grid["log_fc"].unique()) == [0.0, 0.1, 0.35]


def test_an_empty_signature_has_no_jaccard_with_an_empty_one() -> None:
    study = study_of("a", "b", differential={"log_fc": 9.0, "p_value": 0.05})
    statistics, _ = probes_of(study)
    grid = threshold_grid(study, statistics, ProbeLevel({}, {}, {}))
    assert grid["n_shared"].max() == 0
    assert grid["jaccard"].null_count() == len(grid)
