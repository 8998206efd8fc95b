"""Null distributions of the same procedure: labels permuted (R3), genes drawn at random (R2).

Draw 0 is the observed value, computed by the same code; `checks/chance.py` judges.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dmicc_assets.expression.symbols import find_symbols
from dmicc_assets.resampling.nested import fold_tests
from dmicc_assets.resampling.pairwise_auc import pair_matrix
from dmicc_assets.resampling.parallel import in_parallel
from dmicc_assets.resampling.resampled_roc import leaky_scores
from dmicc_assets.resampling.resamples import patient_index, permuted_labels
from dmicc_assets.resampling.reweighted import chosen_under_labels
from dmicc_assets.resampling.selection import BiomarkerChoice, StudyData, adjust_batch
from dmicc_assets.stats.observed import mean_of_observed
from dmicc_assets.stats.overlap import overlap_p_value
from dmicc_assets.stats.resampled_logistic import fit_models
from dmicc_assets.stats.roc import auc_of_rows
from dmicc_assets.tables import TABLES
from dmicc_assets.types import BoolArray, CaseControl, FloatArray

_MODELS_AT_ONCE = 250
_NULLS = TABLES["rigor/nulls"]


def null_distributions(data: StudyData, validation: Mapping[str, CaseControl], n_jobs: int = 1) -> pl.DataFrame:
    """Both nulls as rows of `rigor.nulls`; no rows without draws in the study file.

    Args:
        data: the study on all samples.
        validation: the validation datasets with their groups.
        n_jobs: number of processes; results do not depend on it.
    """
    subjects = {**data.adjusted, **validation}
    frames = [_NULLS.frame(), permuted_label_null(data, n_jobs), random_signature_null(data, subjects)]
    return pl.concat(frames)


@dataclass(frozen=True)
class _Relabelled:
    """One labelling of the target's samples and the signature it gives, as a task."""

    choice: BiomarkerChoice
    is_case: BoolArray
    signature: tuple[str, ...]


def permuted_label_null(data: StudyData, n_jobs: int = 1) -> pl.DataFrame:
    """The whole choice with the target's labels permuted within dataset and patient, the other cohorts as they are.

    Statistics: `signature_size`; `overlap`, minus the decimal logarithm of its p-value, with two cohorts or more;
    `leaky_cv_auc`, one repeat of cross-validation after the genes were chosen on all samples. The forests of this
    choice are smaller than the study's own: a draw without a biomarker is as good as chance, 0.5, while without one
    under the true labels there is no area to compare, and draw 0 is NULL.
    """
    settings, subject = data.study.rigor, data.merged[data.target]
    if not settings.permutations:
        return _NULLS.frame()
    drawn = permuted_labels(subject, settings.permutations, np.random.default_rng([settings.seed, 3]))
    labels = np.vstack([subject.is_case[None], drawn])
    batch = data.study.cohorts[data.target].batch
    passing = chosen_under_labels(subject, labels, data.settings(data.target), batch)
    choice = BiomarkerChoice(data, data.target)
    open_genes = choice.open_to(subject.matrix.features)
    features = np.array(subject.matrix.features)
    signatures = [tuple(sorted(features[passing[:, i] & open_genes].tolist())) for i in range(len(labels))]
    # A process is sent the genes of the signatures, not the whole matrices.
    few = BiomarkerChoice(data.among(sorted({gene for signature in signatures for gene in signature})), data.target)
    tasks = [_Relabelled(few, row, signature) for row, signature in zip(labels, signatures, strict=True)]
    # Most labellings choose nothing and need no process.
    scored = iter(in_parallel(_leaky_auc, [task for task in tasks if task.signature], n_jobs))
    columns = {
        "signature_size": [float(len(signature)) for signature in signatures],
        "leaky_cv_auc": _chance_without_model([next(scored) if task.signature else np.nan for task in tasks]),
    }
    if len(data.merged) > 1:
        columns["overlap"] = _overlaps(data, passing, signatures)
    frames = [_rows("permuted_labels", data.target, name, values) for name, values in sorted(columns.items())]
    return pl.concat(frames)


def _chance_without_model(areas: Sequence[float]) -> list[float]:
    """Areas of the true labels and of the draws; a draw that has none is as good as chance."""
    return [areas[0], *(0.5 if np.isnan(area) else area for area in areas[1:])]


def _leaky_auc(task: _Relabelled) -> float:
    """AUC of cross-validation after the genes were chosen on all samples of one labelling; NaN without a biomarker."""
    data, signature = task.choice.data, task.signature
    merged = data.merged[data.target]
    small = replace(merged, is_case=task.is_case, matrix=merged.matrix.take_features(signature))
    batch = data.study.cohorts[data.target].batch
    if batch == "combat":
        whole = replace(merged, is_case=task.is_case)
        values = adjust_batch(whole, whole.matrix, whole.dataset, batch).training
        adjusted = replace(whole, matrix=replace(whole.matrix, values=values))
        small = replace(adjusted, matrix=adjusted.matrix.take_features(signature))
    else:
        values = adjust_batch(small, small.matrix, small.dataset, batch).training
        small = replace(small, matrix=replace(small.matrix, values=values))
    biomarkers = task.choice.choose(signature, small.matrix.values, task.is_case)
    tests = fold_tests(small, data.study.ranking.folds, 1, data.study.rigor.seed)
    if not biomarkers or not tests:
        return np.nan
    predicted = leaky_scores(small, biomarkers, task.is_case, tests, 1)
    return pair_matrix(predicted.scores, task.is_case, patient_index(small)).auc


def _overlaps(data: StudyData, passing: NDArray[np.bool_], signatures: Sequence[tuple[str, ...]]) -> list[float]:
    """Minus the decimal logarithm of each overlap's p-value."""
    universe = frozenset[str].intersection(*(frozenset(each.matrix.features) for each in data.merged.values()))
    inside = np.array([gene in universe for gene in data.merged[data.target].matrix.features], dtype=np.bool_)
    others = [
        frame.filter(pl.col("gene").is_in(sorted(universe))).height
        for name, frame in data.genes.items()
        if name != data.target
    ]
    values: list[float] = []
    for i, signature in enumerate(signatures):
        sizes = [int((passing[:, i] & inside).sum()), *others]
        p_value = overlap_p_value(len(universe), sizes, len(signature))
        values.append(0.0 if p_value is None else float(-np.log10(max(p_value, np.finfo(np.float64).tiny))))
    return values


def random_signature_null(data: StudyData, subjects: Mapping[str, CaseControl]) -> pl.DataFrame:
    """AUC of models on random sets of as many genes as biomarkers, in every subject.

    Each is fitted in the model's cohort as the model is, frozen, and applied to the others by z-scores of the training
    samples' and of their own mean and standard deviation; in its own cohort it is apparent. Genes are drawn from those
    that every subject measures completely: the expressed ones ('random_signatures'), and the differentially expressed
    ones of the model's cohort ('random_degs'). A subject that lacks a biomarker has no draw 0, one without cases or
    controls no rows.
    """
    settings, genes = data.study.rigor, sorted(data.biomarkers)
    if not settings.random_signatures or not genes:
        return _NULLS.frame()
    subjects = {name: each for name, each in subjects.items() if each.is_case.any() and not each.is_case.all()}
    complete = _complete_everywhere(data.adjusted[data.target], subjects)
    differential = set(data.genes[data.target]["gene"])
    frames = [_NULLS.frame()]
    for number, (null, pool) in enumerate(
        {
            "random_signatures": _expressed(data.adjusted[data.target], complete),
            "random_degs": [gene for gene in complete if gene in differential],
        }.items()
    ):
        if len(pool) >= len(genes):
            generator = np.random.default_rng([settings.seed, 2, number])
            frames.append(_random_models(data, subjects, genes, pool, null, generator))
    return pl.concat(frames)


def _expressed(target: CaseControl, genes: Sequence[str]) -> list[str]:
    """Those of the genes whose mean expression in the target is in the upper half of its genes.

    A gene that the tissue does not express tells nothing apart: against such genes any expressed one does well.
    """
    mean = mean_of_observed(target.matrix.values, 1)
    high = dict(zip(target.matrix.features, (mean >= np.nanmedian(mean)).tolist(), strict=True))
    return [gene for gene in genes if high[gene]]


def _random_models(
    data: StudyData,
    subjects: Mapping[str, CaseControl],
    genes: list[str],
    pool: list[str],
    null: str,
    generator: np.random.Generator,
) -> pl.DataFrame:
    """Areas of the model on the biomarkers and on as many genes of the pool, drawn again and again."""
    n_draws = data.study.rigor.random_signatures
    draws = np.array([generator.choice(len(pool), len(genes), replace=False) for _ in range(n_draws)])
    sets: list[list[str]] = [genes, *([pool[int(i)] for i in row] for row in draws)]
    weights, apparent = _frozen(data.adjusted[data.target], sets)
    frames: list[pl.DataFrame] = []
    for name, subject in sorted(subjects.items()):
        values: list[float] = (
            apparent.tolist() if name == data.target else _applied(subject, genes, pool, draws, weights)
        )
        frames.append(_rows(null, name, "auc", values))
    return pl.concat(frames)


def _complete_everywhere(target: CaseControl, subjects: Mapping[str, CaseControl]) -> list[str]:
    """Genes of the target that vary there and that every subject measures in all of its samples."""
    values = target.matrix.values
    usable = ~np.isnan(values).any(axis=1) & (np.ptp(values, axis=1) > 0)
    pool = [gene for gene, keep in zip(target.matrix.features, usable, strict=True) if keep]
    for subject in subjects.values():
        found = find_symbols(pool, subject.matrix.features).found
        complete = ~np.isnan(subject.matrix.values).any(axis=1) & (np.ptp(subject.matrix.values, axis=1) > 0)
        known = {gene for gene, keep in zip(subject.matrix.features, complete, strict=True) if keep}
        pool = [gene for gene in pool if found.get(gene) in known]
    return pool


def _frozen(target: CaseControl, sets: Sequence[Sequence[str]]) -> tuple[FloatArray, FloatArray]:
    """Weights of z-scores (B, p) of the model on each set of genes, and its apparent AUC (B,)."""
    position = {gene: i for i, gene in enumerate(target.matrix.features)}
    weights, apparent = np.empty((len(sets), len(sets[0]))), np.empty(len(sets))
    for start in range(0, len(sets), _MODELS_AT_ONCE):
        block = sets[start : start + _MODELS_AT_ONCE]
        rows = np.array([[position[gene] for gene in genes] for genes in block], dtype=np.intp)
        x = target.matrix.values[rows]
        # A biomarker may lack a value where no random gene does: such samples count for none of the models.
        present = ~np.isnan(x).any(axis=(0, 1))
        x, is_case = x[:, :, present], target.is_case[present]
        slopes = fit_models(x, is_case).coefficients[:, 1:]
        at = slice(start, start + len(block))
        weights[at] = slopes * x.std(axis=2, ddof=1)
        apparent[at] = auc_of_rows(np.einsum("bpn,bp->bn", x, slopes), is_case)
    return weights, apparent


def _applied(
    subject: CaseControl, genes: Sequence[str], pool: Sequence[str], draws: NDArray[np.int64], weights: FloatArray
) -> list[float]:
    """AUC of the frozen models in another subject: the biomarkers', NaN where one is missing, then the draws'."""
    found = find_symbols([*genes, *pool], subject.matrix.features).found
    position = {gene: i for i, gene in enumerate(subject.matrix.features)}
    areas = [float("nan")]
    if all(gene in found for gene in genes):
        values = subject.matrix.values[[position[found[gene]] for gene in genes]]
        present = ~np.isnan(values).any(axis=0)
        is_case = subject.is_case[present]
        if is_case.any() and not is_case.all():
            areas = auc_of_rows((weights[0] @ _z_scores(values[:, present]))[None], is_case).tolist()
    z = _z_scores(subject.matrix.values[[position[found[gene]] for gene in pool]])
    for start in range(0, len(draws), _MODELS_AT_ONCE):
        block = slice(start, start + _MODELS_AT_ONCE)
        scores = np.einsum("bpn,bp->bn", z[draws[block]], weights[1:][block])
        areas += auc_of_rows(scores, subject.is_case).tolist()
    return areas


def _z_scores(values: FloatArray) -> FloatArray:
    spread = values.std(axis=1, ddof=1, keepdims=True)
    return (values - values.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)


def _rows(null: str, subject: str, statistic: str, values: Sequence[float]) -> pl.DataFrame:
    drawn = {"draw": range(len(values)), "value": values, "empirical_p": None}
    rows = _NULLS.frame({"null": null, "subject": subject, "statistic": statistic} | drawn)
    p = pl.lit(empirical_p(rows), dtype=pl.Float64)
    return rows.with_columns(empirical_p=pl.when(pl.col("draw") == 0).then(p))


def empirical_p(nulls: pl.DataFrame) -> float | None:
    """(1 + draws at least as large as the observed) / (draws + 1); None without draws or observed value.

    Args:
        nulls: rows of one null, subject and statistic: draw (0 is the observed value) and value.
    """
    observed = nulls.filter(pl.col("draw") == 0)["value"].drop_nulls()
    draws = nulls.filter(pl.col("draw") > 0)["value"].drop_nulls()
    if observed.is_empty() or draws.is_empty():
        return None
    # A draw that differs only by rounding counts as equally large.
    return (1 + int((draws >= observed[0] - 1e-12).sum())) / (len(draws) + 1)
