"""A small study in which every avoidable check is silent; tests add one fault."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.results.tables import MatrixKey
from dmicc_assets.study.schema import Study
from dmicc_assets.types import ExpressionMatrix, PartitionKey

GENES = ("ALB", "G1", "G2", "G3", "G4", "XIST")
MEASURED = (*GENES, *(f"N{i}" for i in range(54)))
N = 250
DATASETS = {"SIM1": "a", "SIM2": "b", "SIM3": "v"}


def study_file(**changes: Any) -> Study:
    """Two cohorts of one dataset each, and one validation dataset."""
    rule = [{"label": "sick", "where": {"title": "^case"}}, {"label": "well", "where": {"title": "^control"}}]
    content: dict[str, Any] = {
        "study": "sound",
        "title": "A study in which nothing is wrong",
        "population": {"text": "the sick", "label": "sick"},
        "datasets": {name: {"source": "geo", "tissue": "skin", "labels": rule} for name in DATASETS},
        "cohorts": {
            "a": {"title": "A", "datasets": ["SIM1"], "case": "sick", "control": "well"},
            "b": {"title": "B", "datasets": ["SIM2"], "case": "sick", "control": "well"},
        },
        "differential": {"log_fc": 1.0, "p_value": 0.05, "adjust": "BH"},
        "ranking": {"top": 2, "trees": 500, "folds": 10},
        "model": {"cohort": "b"},
        "validation": [{"dataset": "SIM3", "case": "sick", "control": "well"}],
    }
    return Study.model_validate(content | changes)


def samples_of(dataset: str, n_case: int = N, n_control: int = N) -> pl.DataFrame:
    """`source.samples` rows: sex and batch are the same in both groups."""
    rows = []
    for i in range(n_case + n_control):
        is_case = i < n_case
        rows.append(
            {
                "dataset": dataset,
                "sample": f"{dataset}_{i:03d}",
                "title": f"{'case' if is_case else 'control'} {i}",
                "source_name": "skin",
                "label": "sick" if is_case else "well",
                "patient": f"{dataset}_p{i:03d}",
                "characteristics": [
                    {"key": "sex", "value": "male" if i % 2 else "female"},
                    {"key": "batch", "value": f"b{i % 3}"},
                    {"key": "age", "value": str(30 + i % 40)},
                ],
            }
        )
    return pl.DataFrame(rows)


def matrix_of(samples: pl.DataFrame, seed: int) -> ExpressionMatrix:
    """Normal values without a missing one."""
    values = np.random.default_rng(seed).normal(8, 1, size=(len(MEASURED), len(samples)))
    return ExpressionMatrix(values, MEASURED, tuple(samples["sample"]))


def sound(study: Study | None = None) -> StudyEvidence:
    """The evidence of the study without a fault."""
    frames, stored, manifests = _without_fault()
    return StudyEvidence.of_frames(study or study_file(), frames, stored, manifests)


@cache
def _without_fault() -> tuple[dict[str, pl.DataFrame], dict[MatrixKey, ExpressionMatrix], list[Manifest]]:
    samples = {name: samples_of(name) for name in DATASETS}
    matrices = {name: matrix_of(frame, seed) for seed, (name, frame) in enumerate(samples.items())}
    stored: dict[MatrixKey, ExpressionMatrix] = {
        ("expression/genes", name, "value"): matrix for name, matrix in matrices.items()
    }
    for cohort, dataset in (("a", "SIM1"), ("b", "SIM2")):
        stored["cohort/expression", cohort, "value_adjusted"] = matrices[dataset].take_features(GENES)
    said = {"quantiles": [4.0, 7.0, 8.0, 9.0, 11.0, 12.0], "took_log2": False, "n_files": 1}
    library = {"name": "GO_BP", "version": "1", "date": "2024-01-01", "sha256": "ab"} | {"coverage": coverage(5)}
    manifests = [
        *(manifest_of("expression/genes", name, said) for name in DATASETS),
        *(
            manifest_of("enrichment/terms", cohort, {"libraries": [library], "labellings": 200})
            for cohort in ("a", "b")
        ),
        manifest_of("enrichment/camera", "a", {"n_missing": 2, "n_without_variance": 1}),
    ]
    return frames_of(samples, matrices), stored, manifests


def coverage(n_common: int) -> dict[str, Any]:
    """A library of 8 genes, of which so many are among the 6 measured ones."""
    counts = {"n_genes": 6, "n_covered": n_common, "n_library": 8, "n_sets": 1, "n_testable": 1}
    return counts | {"first": [GENES[:3], ["H1", "H2", "H3"]]}


def manifest_of(table: str, part: str, notes: dict[str, Any], **changes: Any) -> Manifest:
    """A complete manifest of a partition."""
    known: dict[str, Any] = {"recipe": "recipe", "content": "content", "sha256": "ab", "n_bytes": 9, "n_rows": 1}
    known |= {"code_version": "1", "settings": {}, "inputs": [["a", "b", "c"]], "versions": {"numpy": "2"}}
    known |= {"run_id": "run", "written_at": "2024-01-01"} | changes
    return Manifest(table=table, partition=PartitionKey.of("sound", part), notes=notes, **known)


def frames_of(samples: dict[str, pl.DataFrame], matrices: dict[str, ExpressionMatrix]) -> dict[str, pl.DataFrame]:
    """Every table of the sound study."""
    cohort_samples = [
        samples[dataset].select(
            pl.lit(cohort).alias("cohort"), "dataset", "sample", (pl.col("label") == "sick").alias("is_case"), "patient"
        )
        for dataset, cohort in (("SIM1", "a"), ("SIM2", "b"))
    ]
    return {
        "source/datasets": pl.DataFrame(
            {
                "dataset": list(DATASETS),
                "organism": "Homo sapiens",
                "n_samples": 2 * N,
                "n_probes": 8,
                "content_sha256": "cd",
                "relations": pl.Series([None] * 3, dtype=pl.String),
                "pubmed_ids": ["1", "2", "3"],
            }
        ),
        "source/samples": pl.concat(samples.values()),
        "source/probe_genes": probe_genes(),
        "expression/quality": pl.concat(quality_of(samples[name]) for name in matrices),
        "cohort/samples": pl.concat(cohort_samples),
        "differential/statistics": pl.concat(statistics_of(cohort) for cohort in ("a", "b")),
        "differential/genes": pl.concat(
            statistics_of(cohort)
            .filter(pl.col("gene").is_in(["G1", "G2", "G3"]))
            .select(
                "cohort",
                "gene",
                "log_fc",
                pl.when(pl.col("log_fc") > 0).then(pl.lit("up")).otherwise(pl.lit("down")).alias("direction"),
            )
            for cohort in ("a", "b")
        ),
        "enrichment/terms": pl.DataFrame(
            {"cohort": ["a", "b"], "library": "GO_BP", "term": "GO:1", "n_background": 5}
            | {"adj_p_value": 0.01, "label_p_value": 0.2}
        ),
        **signature_frames(),
        **model_frames(),
    }


def probe_genes() -> pl.DataFrame:
    rows = [
        {"dataset": dataset, "probe": f"p{i}", "gene": gene, "n_symbols": 1}
        for dataset in DATASETS
        for i, gene in enumerate(GENES)
    ]
    return pl.DataFrame(rows)


def quality_of(samples: pl.DataFrame) -> pl.DataFrame:
    """Similar arrays; XIST is high in women, Y genes in men."""
    is_male = pl.Series([i % 2 == 1 for i in range(len(samples))])
    return samples.select("dataset", "sample", "label").with_columns(
        median=pl.lit(8.0),
        iqr=pl.lit(1.3),
        connectivity_z=pl.lit(0.1),
        xist=pl.when(is_male).then(4.0).otherwise(10.0),
        y_genes=pl.when(is_male).then(10.0).otherwise(4.0),
    )


def statistics_of(cohort: str) -> pl.DataFrame:
    """Three genes far beyond the threshold, and uniform p-values of the rest."""
    strong = pl.DataFrame({"gene": ["G1", "G2", "G3"], "log_fc": [3.0, -3.0, 2.5], "p_value": [1e-9, 1e-9, 1e-8]})
    rest = pl.DataFrame(
        {
            "gene": ["ALB", *(f"N{i}" for i in range(199))],
            "log_fc": [0.1] * 200,
            "p_value": ((np.arange(200) + 0.5) / 200).tolist(),
        }
    )
    return pl.concat([strong, rest]).with_columns(
        cohort=pl.lit(cohort),
        t=pl.col("log_fc") / 0.2,
        df_total=pl.lit(500.0),
        ci_low=pl.col("log_fc") - 0.4,
        ci_high=pl.col("log_fc") + 0.4,
    )


def signature_frames() -> dict[str, pl.DataFrame]:
    rank = {
        "gene": ["G1", "G2", "G3"],
        "rank": [1, 2, 3],
        "rank_low": [1.0, 1.0, 3.0],
        "rank_high": [2.0, 2.0, 3.0],
    }
    genes = pl.DataFrame({"gene": ["G1", "G2", "G3"], "direction": ["up"] * 3, "is_concordant": [True] * 3})
    overlap = {
        "n_universe": 203,
        "n_shared": 3,
        "sharing_expected": 0.2,
        "sharing_p_value": 0.001,
        "direction_p_value": 0.2,
        "n_expected": 0.1,
        "p_value": 1e-5,
        "n_concordant": 3,
        "n_concordant_expected": 1.5,
        "concordance_p_value": 0.2,
    }
    methods = ["bootstrap", "leave_one_control_out", "leave_one_control_out:a", "leave_one_control_out:b"]
    stability = [{"gene": gene, "method": method, "frequency": 1.0} for gene in ("G1", "G2") for method in methods]
    grid = [
        {"setting": "log_fc 0.75", "is_single_change": True, "n_shared": 3, "jaccard": 1.0},
        {"setting": "adjust none", "is_single_change": True, "n_shared": 4, "jaccard": 0.75},
    ]
    return {
        "signature/genes": pl.concat([genes.with_columns(cohort=pl.lit(c)) for c in ("a", "b")]),
        "signature/overlap": pl.DataFrame([overlap]),
        "signature/ranking": pl.concat([pl.DataFrame(rank).with_columns(cohort=pl.lit(c)) for c in ("a", "b")]),
        "signature/error_curve": pl.DataFrame({"cohort": ["a", "b"], "n_trees": [40, 50], "is_chosen": [True, True]}),
        "signature/biomarkers": pl.DataFrame({"gene": ["G1", "G2"], "rank_sum": [2, 4]}),
        "signature/stability": pl.DataFrame(stability),
        "signature/sensitivity": pl.DataFrame(grid),
    }


def model_frames() -> dict[str, pl.DataFrame]:
    rows = [
        {
            "subject": subject,
            "subject_kind": "dataset" if subject == "SIM3" else "cohort",
            "predictor": predictor,
            "kind": kind,
            "auc": 0.9,
            "ci_low": 0.87,
            "ci_high": 0.93,
            "threshold": 0.1,
            "sensitivity": 0.8,
            "specificity": 0.8,
            "n_case": N,
            "n_control": N,
        }
        for subject, kind in (("a", "external"), ("b", "apparent"), ("b", "nested_cv"), ("SIM3", "external"))
        for predictor in ("G1", "model")
    ]
    draws = [
        {"null": null, "subject": subject, "statistic": statistic, "draw": draw, "value": 0.9 if draw == 0 else 0.5}
        for null, subject, statistic in (
            ("random_signatures", "a", "auc"),
            ("random_signatures", "b", "auc"),
            ("random_signatures", "SIM3", "auc"),
            ("permuted_labels", "b", "leaky_cv_auc"),
            ("permuted_labels", "b", "overlap"),
            ("permuted_labels", "b", "signature_size"),
        )
        for draw in range(101)
    ]
    slope = {
        "subject": "SIM3",
        "subject_kind": "dataset",
        "scale": "log2",
        "metric": "slope",
        "value": 0.9,
        "ci_low": 0.7,
        "ci_high": 1.1,
    }
    return {
        "validation/roc": pl.DataFrame(rows),
        "model/coefficients": pl.DataFrame(
            {
                "term": ["(Intercept)", "G1", "G2"],
                "coefficient": [-2.0, 1.5, 0.5],
                "probability_coefficient": [-2.0, 1.5, 0.5],
                "estimator": "ml",
                "interval": "wald",
            }
        ),
        "validation/performance": pl.DataFrame([slope]),
        "validation/trivial": pl.DataFrame(
            {
                "predictor": ["best gene"],
                "auc": [0.7],
                "difference": [0.2],
                "difference_low": [0.1],
                "difference_high": [0.3],
            }
        ),
        "model/calibration": pl.DataFrame({"kind": ["apparent"], "predicted": [0.5]}),
        "rigor/nulls": pl.DataFrame(draws),
    }


def with_frame(evidence: StudyEvidence, table: str, frame: pl.DataFrame) -> StudyEvidence:
    """The evidence with one table replaced."""
    return evidence.with_frames({table: frame})


def with_matrix(evidence: StudyEvidence, subject: str, matrix: ExpressionMatrix) -> StudyEvidence:
    """The evidence with the expression of one dataset or cohort replaced."""
    is_dataset = subject in DATASETS
    table, column = ("expression/genes", "value") if is_dataset else ("cohort/expression", "value_adjusted")
    return evidence.with_frames({}, {(table, subject, column): matrix})


def with_notes(evidence: StudyEvidence, table: str, part: str, **notes: Any) -> StudyEvidence:
    """The evidence with other notes of one partition."""
    said = {**evidence.notes(table, part), **notes}
    return evidence.with_frames({}, manifests=[manifest_of(table, part, said)])


def with_study(evidence: StudyEvidence, **changes: Any) -> StudyEvidence:
    """The evidence with another study file."""
    return replace(evidence, study=study_file(**changes))
