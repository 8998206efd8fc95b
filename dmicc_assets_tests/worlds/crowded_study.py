"""A study of any size and with any names, as drawn numbers in every table that a figure shows; nothing is estimated.

A study whose numbers are right is in `simulated_study.py`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from dmicc_assets.expression.distribution import sample_distributions
from dmicc_assets.results.reader import Results
from dmicc_assets.study.schema import Study
from dmicc_assets.types import ExpressionMatrix
from dmicc_assets_tests.worlds.simulated_study import declared

Frames = dict[str, list[pl.DataFrame]]
N_GENES = 900
KINDS = ("nested_cv", "apparent", "leaky_cv")
LIBRARIES = ("GO_BP", "HALLMARK")


def plain(kind: str, i: int) -> str:
    """Names as they usually are."""
    return {"gene": f"GENE{i}", "sample": f"GSM{100_000 + i}"}.get(kind, f"{kind} {i}")


def long(kind: str, i: int) -> str:
    """Names of 60 characters that differ at their ends; symbols of genes have 20."""
    return (
        f"{kind.upper()}{'-LONG' * 20}"[: 20 - 4] + f"{i:04d}"
        if kind == "gene"
        else f"{kind} {'with words ' * 9}"[:55] + f" {i:04d}"
    )


@dataclass(frozen=True)
class Crowd:
    """How much a study has, and how it is named.

    Attributes:
        n_shared: genes of the signature.
        n_samples: samples of each dataset.
        n_cohorts: cohorts, each of two datasets.
        name: name of the i-th of a kind: gene, sample, label, term, title.
    """

    n_shared: int
    n_samples: int = 40
    n_cohorts: int = 2
    name: Callable[[str, int], str] = plain


def crowded_results(crowd: Crowd) -> Results:
    """The study's tables and matrices."""
    generator, frames = np.random.default_rng(crowd.n_shared), Frames()
    study, genes = _study(crowd), [*("XIST", "RPS4Y1", "KDM5D"), *(crowd.name("gene", i) for i in range(3, N_GENES))]
    matrices = {
        name: ExpressionMatrix(
            generator.normal(7, 1.5, (N_GENES, crowd.n_samples)),
            tuple(genes),
            tuple(crowd.name("sample", 1000 * k + j) for j in range(crowd.n_samples)),
        )
        for k, name in enumerate(study.datasets)
    }
    for name, matrix in matrices.items():
        _add_dataset(frames, study, name, matrix, generator)
    stored = {("expression/genes", name, "value"): matrix for name, matrix in matrices.items()}
    for cohort in study.cohorts:
        merged = _add_cohort(frames, study, cohort, matrices, crowd, generator)
        stored |= {("cohort/expression", cohort, column): merged for column in ("value", "value_adjusted")}
    _add_signature(frames, study, genes[3 : 3 + crowd.n_shared], generator)
    _add_validation(frames, study, genes[3 : 3 + crowd.n_shared], generator)
    _add_model(frames, genes[3 : 3 + min(crowd.n_shared, 4)], generator)
    rows = {name: pl.concat(parts) for name, parts in frames.items()}
    return replace(Results.of_frames(study, rows, stored), gene_set=lambda *_: genes[20:90])


def _study(crowd: Crowd) -> Study:
    case, control = (_identifier(crowd.name("label", i)) for i in (1, 2))
    rules = [{"label": name, "where": {"any": name}} for name in (case, control)]
    names = [f"GSE{k}" for k in range(1, 2 * crowd.n_cohorts + 2)]
    spec = {"source": "geo", "platform": "GPL96", "tissue": "liver", "labels": rules}
    groups = {"case": case, "control": control}
    cohorts = {
        f"c{k}": {"title": crowd.name("title", k), "datasets": names[2 * k : 2 * k + 2], **groups}
        for k in range(crowd.n_cohorts)
    }
    raw: dict[str, object] = {
        "study": "crowded",
        "title": crowd.name("title", 99),
        "datasets": dict.fromkeys(names, spec),
        "cohorts": cohorts,
        "validation": [{"dataset": names[-1], **groups}],
        "enrichment": {"libraries": list(LIBRARIES)},
    }
    return Study.model_validate(raw)


def _identifier(name: str) -> str:
    """A label, which a study file can only give as an identifier."""
    return "label_" + re.sub("[^a-z0-9]+", "_", name.lower()).strip("_")


def _add(frames: Frames, table: str, columns: Mapping[str, object], **constants: str) -> None:
    frames.setdefault(table, []).append(declared(table, pl.DataFrame(columns), **constants))


def _is_case(n: int) -> np.ndarray:
    return np.arange(n) < n // 2


def _add_dataset(
    frames: Frames, study: Study, name: str, matrix: ExpressionMatrix, generator: np.random.Generator
) -> None:
    n, spec = len(matrix.samples), study.cohorts["c0"]
    labels = np.where(_is_case(n), spec.case, spec.control)
    y = generator.normal(6, 1, n)
    z = np.concatenate([generator.normal(0, 1, n - 2), [-4.5, -5.0]])
    quality = {"sample": matrix.samples, "label": labels, "xist": 12 - y, "y_genes": y, "connectivity_z": z}
    _add(frames, "expression/quality", quality, dataset=name)
    places = {"x": generator.normal(size=n), "y": generator.normal(size=n), "x_share": 0.3, "y_share": 0.2}
    for method in ("pca", "tsne"):
        projection = {"sample": matrix.samples, "label": labels, **places}
        _add(frames, "expression/projection", projection, dataset=name, method=method)
    few = matrix.values[:60]
    frames.setdefault("expression/distributions", []).append(
        declared("expression/distributions", sample_distributions(few, few, matrix.samples), dataset=name)
    )
    _add(frames, "source/samples", {"sample": matrix.samples, "label": labels}, dataset=name)
    for library in LIBRARIES:
        for i in range(30):
            scores = {"sample": matrix.samples, "score": generator.normal(0, 1, n) + _is_case(n)}
            terms = {"library": library, "term": f"{library}:{i}", "term_name": _term(study, i)}
            _add(frames, "expression/scores", scores, dataset=name, method="gsva", **terms)


def _term(study: Study, i: int) -> str:
    return f"{study.title} term {i}"


def _add_cohort(
    frames: Frames,
    study: Study,
    cohort: str,
    matrices: dict[str, ExpressionMatrix],
    crowd: Crowd,
    generator: np.random.Generator,
) -> ExpressionMatrix:
    members = study.cohorts[cohort].datasets
    own = [matrices[name] for name in members]
    samples = [sample for matrix in own for sample in matrix.samples]
    datasets = np.repeat(members, crowd.n_samples)
    is_case = np.tile(_is_case(crowd.n_samples), len(own))
    _add(frames, "cohort/samples", {"sample": samples, "dataset": datasets, "is_case": is_case}, cohort=cohort)
    x, y = generator.normal(size=(2, len(samples)))
    places = {"sample": samples, "x": x, "y": y, "x_share": 0.3, "y_share": 0.2}
    for stage, method in (("merged", "pca"), ("adjusted", "pca"), ("adjusted", "tsne")):
        _add(frames, "cohort/projection", places, cohort=cohort, stage=stage, method=method)
    genes = list(own[0].features)
    p = 10.0 ** -generator.exponential(1, N_GENES)
    p[3 : 3 + crowd.n_shared] = 10.0 ** -generator.uniform(4, 8, crowd.n_shared)
    log_fc = generator.normal(0, 0.4, N_GENES)
    log_fc[3 : 3 + crowd.n_shared] = generator.choice([-1, 1], crowd.n_shared) * generator.uniform(
        1.1, 3, crowd.n_shared
    )
    t = np.sign(log_fc) * -np.log10(p)
    values = {"gene": genes, "log_fc": log_fc, "p_value": p, "adj_p_value": np.minimum(p * 20, 1)}
    more = {"ave_expr": generator.normal(7, 1, N_GENES), "t": t, "sigma": generator.gamma(4, 0.1, N_GENES)}
    _add(frames, "differential/statistics", values | more | {"df_total": [20.0] * N_GENES}, cohort=cohort)
    chosen = pl.DataFrame(values)[3 : 3 + crowd.n_shared + 5]
    direction = pl.when(pl.col("log_fc") > 0).then(pl.lit("up")).otherwise(pl.lit("down"))
    frames.setdefault("differential/genes", []).append(
        declared("differential/genes", chosen.with_columns(direction=direction), cohort=cohort)
    )
    for library in LIBRARIES:
        _add_terms(frames, study, cohort, library)
    return ExpressionMatrix(np.hstack([matrix.values for matrix in own]), tuple(genes), tuple(samples))


def _add_terms(frames: Frames, study: Study, cohort: str, library: str) -> None:
    n = 14
    names = {"term": [f"GO:{i:07d}" for i in range(n)], "term_name": [_term(study, i) for i in range(n)]}
    p = {"p_value": [10.0 ** (i - 9) for i in range(n)], "adj_p_value": [min(10.0 ** (i - 8), 1) for i in range(n)]}
    found = {"n_overlap": range(40, 40 - n, -1), "n_query": [90] * n, "genes": [["A"]] * n}
    where = {"cohort": cohort, "library": library}
    _add(frames, "enrichment/terms", names | {**p, "p_value": np.minimum(p["p_value"], 1)} | found, **where)
    _add(frames, "enrichment/gsea", names | {"nes": np.linspace(2.2, -2.1, n)}, **where)
    _add(frames, "enrichment/camera", names | {"adj_p_value": p["adj_p_value"]}, **where)


def _add_signature(frames: Frames, study: Study, genes: Sequence[str], generator: np.random.Generator) -> None:
    n = len(genes)
    rank = np.arange(1, n + 1)
    for cohort in study.cohorts:
        is_concordant = generator.random(n) < 0.8
        _add(frames, "signature/genes", {"gene": genes, "is_concordant": is_concordant}, cohort=cohort)
        importance = np.sort(generator.gamma(2, 0.4, n))[::-1]
        low, high = np.maximum(rank - 3, 1), rank + 3
        ranks = {"gene": genes, "rank": rank, "gini_importance": importance, "rank_low": low, "rank_high": high}
        _add(frames, "signature/ranking", ranks, cohort=cohort)
        trees = np.arange(1, 501)
        curve = {"n_trees": trees, "cv_error": 0.1 + 0.3 / trees, "is_chosen": trees == 137}
        _add(frames, "signature/error_curve", curve, cohort=cohort)
    _add(frames, "signature/biomarkers", {"gene": genes[:4], "rank_sum": range(len(genes[:4]))})
    for method in ("bootstrap", "bootstrap_biomarkers", *(f"leave_one_control_out:{name}" for name in study.cohorts)):
        frequency = generator.uniform(0, 1, n)
        _add(frames, "signature/stability", {"gene": genes, "frequency": frequency}, method=method)
    settings = ["log_fc 0.5", "log_fc 1.25", "adjust BH", "collapse mean", "collapse max_mean", "p_value 0.01"]
    grid = {"setting": settings, "is_single_change": [True] * 6, "n_shared": range(n, n + 6), "jaccard": [0.4] * 6}
    _add(frames, "signature/sensitivity", grid)
    for null in ("permuted_labels", "random_signatures", "random_degs"):
        for cohort in study.cohorts:
            for statistic in ("signature_size", "leaky_cv_auc"):
                values = generator.poisson(2, 51).astype(float) + (statistic == "leaky_cv_auc") * generator.random(51)
                draws = {"draw": range(51), "value": values}
                _add(frames, "rigor/nulls", draws, null=null, subject=cohort, statistic=statistic)


def _add_validation(frames: Frames, study: Study, genes: Sequence[str], generator: np.random.Generator) -> None:
    n = len(genes)
    for subject in [*study.cohorts, study.validation[0].dataset]:
        tests = {"gene": genes, "p_value": 10.0 ** -generator.exponential(2, n), "n_case": [20] * n}
        marks = {"n_control": [20] * n, "chosen_here": [True] * n, "agrees": generator.random(n) < 0.7}
        _add(frames, "validation/expression_tests", tests | marks, subject=subject)
        for predictor in ("model", "model_raw", *genes[:4]):
            for kind in KINDS if predictor.startswith("model") else ("apparent",):
                area = {"auc": [0.91], "ci_low": [0.8], "ci_high": [0.97], "sensitivity": [0.8], "specificity": [0.7]}
                names = {"subject": subject, "predictor": predictor, "kind": kind}
                _add(frames, "validation/roc", area | {"chosen_here": [True]}, **names)
                tpr = np.linspace(0, 1, 21)
                _add(frames, "validation/roc_curve", {"fpr": tpr**3, "tpr": tpr}, **names)
    slope = {"value": [1.76], "scale": ["log2"], "metric": ["slope"]}
    _add(frames, "validation/performance", slope, subject=study.validation[0].dataset)


def _add_model(frames: Frames, genes: Sequence[str], generator: np.random.Generator) -> None:
    for variable in genes:
        axis = {"value": np.linspace(3, 11, 9), "points": np.linspace(0, 100, 9)}
        _add(frames, "model/nomogram", axis, variable=variable)
    total = np.linspace(0, 100 * len(genes), 21)
    probability = 1 / (1 + np.exp(-(total - total.mean()) / total.max() * 8))
    _add(frames, "model/nomogram", {"value": total, "probability": probability}, variable="total")
    at = np.linspace(0.01, 0.99, 50)
    for kind in ("nested", "nested_given_genes", "apparent"):
        band = {"ci_low": at - 0.1, "ci_high": at + 0.1, "observed_corrected": at**1.2}
        _add(frames, "model/calibration", {"predicted": at, "observed": at**1.1} | band, kind=kind)
        benefit = {f"net_benefit_{name}": 0.5 - at for name in ("model", "all", "none")}
        decided = {"threshold": at, "ci_low": 0.4 - at, "ci_high": 0.6 - at, "prevalence": [0.5] * 50}
        _add(frames, "model/decision_curve", benefit | decided, kind=kind)
    risk = {"probability": at, "low": at / 2, "high": (1 + at) / 2, "mean_absolute_difference": [0.1] * 50}
    people = {"sample": [f"S{i}" for i in range(50)], "is_case": generator.random(50) < 0.5}
    _add(frames, "validation/instability", people | risk)
