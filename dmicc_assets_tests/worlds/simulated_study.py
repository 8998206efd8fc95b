"""A small study with every table of the lake filled: two diseases with a planted overlap, and a validation dataset.

Statistics, ROC and model come from the package; forests and null distributions are drawn, since they take minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import polars as pl

from dmicc_assets.checks.finding import finding
from dmicc_assets.checks.registry import findings_table
from dmicc_assets.differential.statistics import differential_genes, differential_statistics
from dmicc_assets.expression.distribution import sample_distributions
from dmicc_assets.expression.projection import cohort_projection, dataset_projection
from dmicc_assets.expression.quality import sample_quality
from dmicc_assets.model.external_validation import external_performance
from dmicc_assets.model.risk_model import (
    PerformanceTables,
    RiskModelTables,
    fit_risk_model,
    risk_model_from_table,
    risk_model_tables,
)
from dmicc_assets.model.validation import expression_tests, roc_tables
from dmicc_assets.resampling.fold_models import Fold
from dmicc_assets.resampling.fold_tables import fold_numbers, fold_tables
from dmicc_assets.resampling.instability import risk_instability
from dmicc_assets.resampling.model_tables import with_nested
from dmicc_assets.resampling.nested import collected
from dmicc_assets.resampling.nested_performance import OutOfFoldScores
from dmicc_assets.resampling.subgroups import subgroup_performance
from dmicc_assets.results.reader import Results
from dmicc_assets.signature.intersect import intersect_cohorts
from dmicc_assets.study.schema import Study
from dmicc_assets.tables import TABLES
from dmicc_assets.types import CaseControl, ExpressionMatrix

N_GENES = 400
SERIES = ("GSE1", "GSE2", "GSE3", "GSE4")
GENES = ("XIST", "RPS4Y1", "KDM5D", *(f"G{i:03d}" for i in range(N_GENES - 3)))
MOVED = {"a": range(3, 43), "b": range(23, 73)}
SHARED = {f"G{i:03d}" for i in range(20, 40)}


@dataclass(frozen=True)
class Options:
    """Options of the study, with extreme cases for figures and report."""

    n_shared: int = 20
    n_biomarkers: int = 2
    has_validation: bool = True
    has_published: bool = True
    has_case: bool = True
    n_cohorts: int = 2
    long_names: bool = False


def study_of(options: Options) -> Study:
    title = "A disease with a name that runs over several lines of any figure, report or table it is put in"
    titles = {"a": title if options.long_names else "Disease A", "b": "Disease B", "c": "Disease C"}
    rule = [{"label": "sick", "where": {"any": "sick"}}, {"label": "well", "where": {"any": "well"}}]
    datasets = {name: {"source": "geo", "platform": "GPL96", "tissue": "liver", "labels": rule} for name in SERIES}
    members = {"a": ["GSE1", "GSE2"], "b": ["GSE3"], "c": ["GSE4"]}
    cohorts = {
        name: {"title": titles[name], "datasets": members[name], "case": "sick", "control": "well"}
        for name in list(members)[: options.n_cohorts]
    }
    raw: dict[str, object] = {
        "study": "simulated",
        "title": "Two simulated diseases <b>& their signature</b>",
        "datasets": datasets,
        "cohorts": cohorts,
        "model": {"bootstrap": 20},
        "ranking": {"trees": 40, "top": 3},
    }
    if options.has_validation:
        raw["validation"] = [{"dataset": "GSE4", "case": "sick", "control": "well"}]
    if options.has_published:
        raw["published"] = {"n_deg": {"a": 40}}
    if options.has_case:
        raw["case"] = {
            "title": "A woman of 55",
            "observations": [
                {
                    "section": "markers",
                    "item": "CA19-9",
                    "value": "1,000.00",
                    "unit": "U/ml",
                    "reference": "< 37",
                    "flag": "high",
                },
                {"section": "imaging", "item": "CT", "value": "hypodense <foci>"},
            ],
            "reported": [
                {"author": "Knowles", "year": 2007, "sex": "man", "age": 38, "finding": "a mass", "doi": "10.1/x"}
            ],
        }
    return Study.model_validate(raw)


def _matrix(seed: int, name: str, moved: Sequence[int], n_case: int, n_control: int, n_moved: int) -> ExpressionMatrix:
    generator = np.random.default_rng(seed)
    values = generator.normal(7, 0.6, (N_GENES, 1)) + generator.normal(0, 0.5, (N_GENES, n_case + n_control))
    signs = np.where(np.arange(N_GENES) % 3 == 0, -1.0, 1.0)
    for i in list(moved)[:n_moved]:
        values[i, :n_case] += 1.9 * signs[i]
    female = np.arange(n_case + n_control) % 2 == 0
    values[0] += np.where(female, 3.0, -3.0)
    values[1:3] -= np.where(female, 3.0, -3.0)
    values[5, 1] = np.nan
    samples = tuple(f"{name}M{j:03d}" for j in range(n_case + n_control))
    return ExpressionMatrix(values, GENES, samples)


DEFAULTS = Options()


@cache
def simulated_tables(options: Options = DEFAULTS) -> Results:
    """All tables of the study, in the declared schemas."""
    study = study_of(options)
    sizes = {"GSE1": (13, 8), "GSE2": (6, 5), "GSE3": (14, 7), "GSE4": (10, 6)}
    moved = {"GSE1": MOVED["a"], "GSE2": MOVED["a"], "GSE3": range(43 - options.n_shared, 73), "GSE4": range(23, 73)}
    matrices = {
        name: _matrix(i, name, moved[name], *sizes[name], 60) for i, name in enumerate(sizes, start=1)
    }  # fmt: skip
    frames: dict[str, list[pl.DataFrame]] = {}
    for name, matrix in matrices.items():
        _add_dataset(frames, name, matrix, sizes[name][0])
    subjects = {name: _cohort(study, name, matrices, sizes) for name in study.cohorts}
    for name, subject in subjects.items():
        _add_cohort(frames, study, name, subject)
    _add_signature(frames, study, subjects, options)
    validation = [_subject("GSE4", "dataset", matrices["GSE4"], sizes["GSE4"][0])] if options.has_validation else []
    _add_model(frames, study, [*subjects.values(), *validation])
    _add_worth(frames, options)
    stored = {("expression/genes", name, "value"): matrix for name, matrix in matrices.items()}
    for name, subject in subjects.items():
        for column in ("value", "value_adjusted"):
            stored[("cohort/expression", name, column)] = subject.matrix
    rows = {name: pl.concat(parts) for name, parts in frames.items()}
    return replace(Results.of_frames(study, rows, stored), gene_set=lambda *_: GENES[23:60])


def declared(table: str, rows: pl.DataFrame, **constants: str) -> pl.DataFrame:
    """The rows in the table's schema; columns that are not given are NULL."""
    schema = TABLES[table].schema
    rows = rows.with_columns(**{name: pl.lit(value) for name, value in constants.items()}, study=pl.lit("simulated"))
    absent = [pl.lit(None).alias(name) for name in schema if name not in rows.columns]
    return rows.with_columns(absent).select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def _add(frames: dict[str, list[pl.DataFrame]], table: str, rows: pl.DataFrame, **constants: str) -> None:
    frames.setdefault(table, []).append(declared(table, rows, **constants))


def _add_dataset(frames: dict[str, list[pl.DataFrame]], name: str, matrix: ExpressionMatrix, n_case: int) -> None:
    labels = ["sick"] * n_case + ["well"] * (len(matrix.samples) - n_case)
    shifted = matrix.values + np.linspace(-0.5, 0.5, len(labels))
    quality = sample_quality(matrix, shifted, labels)
    _add(frames, "expression/quality", quality, dataset=name)
    _add(frames, "expression/projection", dataset_projection(matrix, quality), dataset=name)
    distributions = sample_distributions(shifted, matrix.values, matrix.samples)
    _add(frames, "expression/distributions", distributions, dataset=name)
    row = pl.DataFrame(
        {
            "source": ["geo"],
            "accession": [name],
            "platform": ["GPL96"],
            "title": ["A series"],
            "n_samples": [len(labels)],
        }
    )
    _add(frames, "source/datasets", row, dataset=name)
    sexes = ["female" if i % 2 else "male" for i in range(len(labels))]
    pairs = [
        [{"key": "state", "value": label}, {"key": "sex", "value": sex}]
        for label, sex in zip(labels, sexes, strict=True)
    ]
    samples = pl.DataFrame({"sample": matrix.samples, "title": labels, "label": labels, "characteristics": pairs})
    _add(frames, "source/samples", samples, dataset=name)


def _subject(name: str, kind: str, matrix: ExpressionMatrix, n_case: int) -> CaseControl:
    n = len(matrix.samples)
    return CaseControl(name, kind, matrix, np.arange(n) < n_case, (name,) * n, (None,) * n)  # pyright: ignore[reportArgumentType] -- a literal


def _cohort(
    study: Study, name: str, matrices: dict[str, ExpressionMatrix], sizes: dict[str, tuple[int, int]]
) -> CaseControl:
    members = study.cohorts[name].datasets
    values = np.hstack([matrices[dataset].values for dataset in members])
    samples = tuple(sample for dataset in members for sample in matrices[dataset].samples)
    is_case = np.concatenate([np.arange(sum(sizes[d])) < sizes[d][0] for d in members])
    dataset = tuple(d for d in members for _ in range(sum(sizes[d])))
    return CaseControl(
        name, "cohort", ExpressionMatrix(values, GENES, samples), is_case, dataset, (None,) * len(samples)
    )


def _add_cohort(frames: dict[str, list[pl.DataFrame]], study: Study, name: str, subject: CaseControl) -> None:
    samples = {"sample": subject.matrix.samples, "dataset": subject.dataset, "is_case": subject.is_case}
    _add(frames, "cohort/samples", pl.DataFrame(samples), cohort=name)
    _add(frames, "cohort/projection", cohort_projection(subject, subject), cohort=name)
    batch = "covariate" if len(set(subject.dataset)) > 1 else "none"
    statistics = differential_statistics(subject, study.differential, batch)
    _add(frames, "differential/statistics", statistics, cohort=name)
    _add(frames, "differential/genes", differential_genes(statistics, study.differential), cohort=name)
    terms = pl.DataFrame(
        {
            "term": [f"GO:000000{i}" for i in range(8)],
            "term_name": [f"response to something with a long name, number {i} of the terms" for i in range(8)],
            "n_overlap": range(12, 4, -1), "set_size": [40] * 8, "n_query": [40] * 8, "n_background": [390] * 8,
            "odds_ratio": [float("inf"), *[3.0] * 7], "p_value": [10.0 ** -(9 - i) for i in range(8)],
            "adj_p_value": [10.0 ** -(8.2 - i) for i in range(8)],
            "label_p_value": [0.005] * 8, "genes": [["G020", "G021"]] * 8,
        }
    )  # fmt: skip
    _add(frames, "enrichment/terms", terms, cohort=name, library="GO_BP")
    gsea = pl.DataFrame(
        {
            "term": ["hsa1", "hsa2"], "set_size": [30, 20], "es": [0.6, -0.5], "nes": [2.1, -1.8],
            "p_value": [1e-9, 0.01], "fdr": [0.001, 0.02], "label_p_value": [0.01, 0.3], "label_fdr": [0.1, 0.6],
            "leading_edge": [["G020"], ["G025"]],
        }
    )  # fmt: skip
    _add(frames, "enrichment/gsea", gsea, cohort=name, library="KEGG")
    camera = pl.DataFrame(
        {
            "term": ["hsa1", "hsa2", "hsa3"], "n_genes": [30, 20, 12], "direction": ["up", "down", "up"],
            "inter_gene_correlation": [0.12, -0.01, 0.05], "p_value": [1e-4, 0.02, 0.4],
            "adj_p_value": [3e-4, 0.03, 0.4], "p_value_preset": [1e-7, 0.02, 0.1],
        }
    )  # fmt: skip
    _add(frames, "enrichment/camera", camera, cohort=name, library="KEGG")


def _add_signature(
    frames: dict[str, list[pl.DataFrame]], study: Study, subjects: dict[str, CaseControl], options: Options
) -> None:
    lists = dict(zip(study.cohorts, frames["differential/genes"], strict=True))
    found = intersect_cohorts(lists, dict.fromkeys(subjects, GENES))
    _add(frames, "signature/genes", found.genes)
    tested = found.overlap.with_columns(
        sharing_expected=pl.lit(2.0), sharing_p_value=pl.lit(0.01), direction_p_value=pl.lit(0.2)
    )
    _add(frames, "signature/overlap", tested)
    genes = sorted(set(found.genes["gene"]))
    generator = np.random.default_rng(7)
    for cohort in study.cohorts if genes else ():
        gini = np.sort(generator.gamma(2, 0.4, len(genes)))[::-1]
        rank = np.arange(1, len(genes) + 1)
        columns = {
            "gene": genes,
            "rank": rank,
            "gini_importance": gini,
            "rank_low": np.maximum(rank - 2, 1),
            "rank_high": rank + 2,
        }
        _add(frames, "signature/ranking", pl.DataFrame(columns), cohort=cohort)
        trees = np.arange(1, 41)
        curve = {"n_trees": trees, "cv_error": 0.1 + 0.3 / trees, "is_chosen": trees == 40}
        _add(frames, "signature/error_curve", pl.DataFrame(curve), cohort=cohort)
    chosen = genes[: options.n_biomarkers]
    if chosen:
        _add(frames, "signature/biomarkers", pl.DataFrame({"gene": chosen, "rank_sum": range(2, 2 + len(chosen))}))


def _add_model(frames: dict[str, list[pl.DataFrame]], study: Study, subjects: Sequence[CaseControl]) -> None:
    rows = pl.concat(frames["signature/genes"])
    genes = sorted(set(rows["gene"]))
    own = {c: dict(rows.filter(pl.col("cohort") == c).select("gene", "direction").iter_rows()) for c in study.cohorts}
    directions = {subject.name: own.get(subject.name, own[study.model_cohort]) for subject in subjects}
    biomarkers = [gene for part in frames.get("signature/biomarkers", ()) for gene in part["gene"]]
    trained = next(subject for subject in subjects if subject.name == study.model_cohort)
    model = fit_risk_model(trained, biomarkers, study.model) if biomarkers else None
    if model is not None:
        fitted = risk_model_tables(model, trained, study.model, 1)
        tables = _with_folds(frames, trained, fitted)
        _add(frames, "model/coefficients", fitted.coefficients)
        _add(frames, "model/nomogram", fitted.nomogram)
        for name in ("calibration", "performance", "decision_curve"):
            _add(frames, f"model/{name}", getattr(tables, name))
    if genes:
        _add(frames, "validation/expression_tests", expression_tests(subjects, genes, directions))
        tables = roc_tables(subjects, genes, directions, model, study.model_cohort)
        _add(frames, "validation/roc", tables.roc)
        _add(frames, "validation/roc_curve", tables.roc_curve)
    elsewhere = [subject for subject in subjects if subject.name != study.model_cohort]
    _add(frames, "validation/performance", external_performance(model, elsewhere))


def _with_folds(
    frames: dict[str, list[pl.DataFrame]], subject: CaseControl, tables: RiskModelTables
) -> PerformanceTables:
    """Out-of-fold predictions of two repeats that know the groups a little; one fold has no model."""
    n, generator = len(subject.is_case), np.random.default_rng(11)
    folds = [np.arange(n) % 4 == k for _ in range(2) for k in range(4)]
    log_odds = float(np.log(subject.is_case.sum() / (~subject.is_case).sum()))
    made = [
        Fold(("G020",), ("G020",), generator.normal(subject.is_case, 1.0), 0.2, log_odds, test)
        if i
        else Fold((), (), np.full(n, log_odds), None, log_odds, test)
        for i, test in enumerate(folds)
    ]
    predicted = collected(made, n, 2, log_odds)
    rows = fold_tables(subject, predicted)
    _add(frames, "validation/folds", rows.folds)
    _add(frames, "validation/out_of_fold", rows.out_of_fold)
    model = risk_model_from_table(tables.coefficients)
    _add(frames, "validation/instability", risk_instability(model, subject, predicted))
    samples = pl.concat(frames["source/samples"], how="diagonal")
    _add(frames, "validation/subgroups", subgroup_performance(model, subject, predicted, [], samples, {}, 1))
    numbers = fold_numbers(rows.out_of_fold, subject.matrix.samples)
    scores = OutOfFoldScores.of(predicted, subject, 1)
    return with_nested(tables, tables.coefficients, subject, scores, rows.folds, numbers)


def _add_worth(frames: dict[str, list[pl.DataFrame]], options: Options) -> None:
    generator = np.random.default_rng(3)
    values = np.concatenate([[20.0], generator.poisson(2, 50)])
    nulls = {"draw": range(51), "value": values, "statistic": ["signature size"] * 51, "subject": ["b"] * 51}
    _add(frames, "rigor/nulls", pl.DataFrame(nulls), null="labels permuted")
    genes = [gene for part in frames["signature/genes"] for gene in part["gene"].unique().sort()]
    if genes:
        stable = pl.DataFrame({"gene": genes, "frequency": generator.uniform(0, 1, len(genes))})
        _add(frames, "signature/stability", stable, method="bootstrap")
    grid = {
        "setting": ["log_fc 1.25", "adjust BH"],
        "is_single_change": [True, True],
        "n_shared": [9, 18],
        "jaccard": [0.4, 0.9],
    }
    _add(frames, "signature/sensitivity", pl.DataFrame(grid))
    findings = findings_table(
        [
            finding("D1", "b", "warning", "the smaller class has 7 samples", 7.0, 10.0),
            finding("D1", "a", "ok", "24 cases and 24 controls", 24.0, 10.0),
            finding("D1", "a/GSE1", "warning", "the smaller class has 8 samples", 8.0, 10.0),
            finding("M4", "simulated", "ok", "more shared than chance", 1e-9, 0.05),
            finding("I1", "GSE1", "error", "a <file> is damaged"),
            finding("R1", "b", "warning", "the AUC drops", 0.2, 0.05),
            finding("R12", "GSE4", "warning", "it is of the same paper", 1, 0),
        ]
    )
    _add(frames, "rigor/findings", findings)
    if options.has_published:
        published = pl.DataFrame({"quantity": ["n_deg.a"], "published": ["40"], "computed": ["41"], "agrees": ["yes"]})
        _add(frames, "report/published", published)


def without(results: Results, *names: str) -> Results:
    """The same study without these tables."""
    return results.with_frames({name: TABLES[name].schema.to_frame() for name in names})
