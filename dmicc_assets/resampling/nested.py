"""The whole path on training samples, scored on samples that took no part in it: one fold, and many (design 8.11).

Everything that chooses, normalises, adjusts or fits is inside the fold. What becomes of the scores: `resampled_roc.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.resampling.arrays import FoldValues
from dmicc_assets.resampling.other_cohorts import choice_without
from dmicc_assets.resampling.parallel import in_parallel
from dmicc_assets.resampling.resamples import (
    bootstrap_counts,
    patient_index,
    repeated_samples,
    stratified_folds,
    usable_folds,
)
from dmicc_assets.resampling.reweighted import chosen_genes
from dmicc_assets.resampling.selection import BiomarkerChoice, StudyData, adjust_batch, tells_groups
from dmicc_assets.stats.resampled_logistic import fit_training_parts
from dmicc_assets.stats.roc import roc, youden
from dmicc_assets.types import BoolArray, CaseControl, ExpressionMatrix, FloatArray

IntVector = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fold:
    """What one fold chose and predicted.

    Attributes:
        signature: genes chosen on the training samples.
        biomarkers: those of them that the forests chose.
        scores: (M,) linear predictors of the test samples; NaN where a value is missing.
        cut_off: Youden's cut-off on the training samples; None when no gene was chosen.
        log_odds: of the training samples' share of cases.
    """

    signature: tuple[str, ...]
    biomarkers: tuple[str, ...]
    scores: FloatArray
    cut_off: float | None
    log_odds: float


def run_fold(
    choice: BiomarkerChoice, subject: CaseControl, values: ExpressionMatrix, training: IntVector, test: BoolArray
) -> Fold:
    """Chooses genes and fits the model on the training samples, and scores the test samples.

    Args:
        choice: what is chosen, with the other cohorts as they are.
        subject: the cohort; its matrix is not looked at.
        values: merged values of all samples, made without the test samples.
        training: (N,) how often each sample trains; several times in a bootstrap.
        test: (N,) which samples are scored.
    """
    trained = repeated_samples(subject, values, training)
    held = values.take_samples([s for s, t in zip(values.samples, test, strict=True) if t])
    datasets = [d for d, t in zip(subject.dataset, test, strict=True) if t]
    picked = _pick(choice, trained, held, datasets)
    log_odds = log_odds_of(trained.is_case)
    x = picked.training.T
    if picked.biomarkers:
        model = fit_training_parts(x, trained.is_case, np.ones((1, len(x)), dtype=np.bool_))[0]
        if np.isfinite(model).all():
            cut_off = youden(roc(model[0] + x @ model[1:], trained.is_case)).threshold
            return Fold(picked.signature, picked.biomarkers, model[0] + model[1:] @ picked.test, cut_off, log_odds)
    return Fold(picked.signature, picked.biomarkers, np.full(int(test.sum()), log_odds), None, log_odds)


def log_odds_of(is_case: BoolArray) -> float:
    """Log-odds of the share of cases among samples of both classes."""
    return float(np.log(is_case.sum() / (~is_case).sum()))


@dataclass(frozen=True, slots=True)
class _Picked:
    """Genes chosen on the training samples, and the biomarkers' adjusted expression, (p, N) and (p, M)."""

    signature: tuple[str, ...]
    biomarkers: tuple[str, ...]
    training: FloatArray
    test: FloatArray


def _pick(choice: BiomarkerChoice, trained: CaseControl, held: ExpressionMatrix, datasets: Sequence[str]) -> _Picked:
    """Differential expression, intersection, batch adjustment and ranking, on the training samples alone."""
    study, batch = choice.data.study, choice.data.study.cohorts[choice.target].batch
    if not tells_groups(trained, batch):
        return _Picked((), (), trained.matrix.values[:0], held.values[:0])
    if batch == "combat":
        # ComBat shrinks over all genes, and the moderated t is of adjusted values.
        whole = adjust_batch(trained, held, datasets, batch)
        trained = replace(trained, matrix=replace(trained.matrix, values=whole.training))
        held, batch = replace(held, values=whole.test), "none"
    passing = chosen_genes(trained, np.ones((1, len(trained.is_case)), dtype=np.int64), study.differential, batch)
    rows = np.flatnonzero(passing[:, 0] & choice.open_to(trained.matrix.features))
    names = {trained.matrix.features[row]: row for row in rows.tolist()}
    signature = tuple(sorted(names))
    rows = np.array([names[gene] for gene in signature], dtype=np.intp)
    values = ExpressionMatrix(trained.matrix.values[rows], signature, trained.matrix.samples)
    test = ExpressionMatrix(held.values[rows], signature, held.samples)
    adjusted = adjust_batch(replace(trained, matrix=values), test, datasets, batch)
    biomarkers = choice.choose(signature, adjusted.training, trained.is_case)
    chosen = [signature.index(gene) for gene in biomarkers]
    return _Picked(signature, biomarkers, adjusted.training[chosen], adjusted.test[chosen])


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Predictions of samples by models that never saw them.

    Attributes:
        scores: (R, N) linear predictors at the share of cases of all samples, a row a repeat; NaN for a sample that
            was not scored.
        cut_offs: (R, N) the cut-off that each score's training samples chose, on the same scale; NaN where none was.
        folds: what each fold chose.
    """

    scores: FloatArray
    cut_offs: FloatArray
    folds: tuple[Fold, ...]


@dataclass(frozen=True)
class FoldWork:
    """One fold as a task: everything that it needs, so that a process can do it alone."""

    choice: BiomarkerChoice
    source: FoldValues
    training: IntVector
    test: BoolArray


def run_work(work: FoldWork) -> Fold:
    """One fold: values normalised, and other cohorts' genes chosen, without its test samples."""
    subject = work.source.subject
    values = work.source.values([s for s, held in zip(subject.matrix.samples, work.test, strict=True) if held])
    return run_fold(choice_without(work.choice, work.test), subject, values, work.training, work.test)


def fold_tests(subject: CaseControl, asked: int, repeats: int, seed: int) -> list[BoolArray]:
    """Which samples each fold of each repeat holds out; none when a class has fewer than two patients."""
    patients = patient_index(subject)
    n_folds = usable_folds(asked, patients, subject.is_case)
    tests: list[BoolArray] = []
    for repeat in range(repeats if n_folds else 0):
        fold = stratified_folds(
            patients, subject.is_case, subject.dataset, n_folds, np.random.default_rng([seed, repeat])
        )
        tests += [fold == k for k in range(n_folds)]
    return tests


def nested_cv(data: StudyData, source: FoldValues, n_jobs: int = 1) -> OutOfFold:
    """Repeated stratified cross-validation with the whole choice inside each fold.

    Args:
        data: the study on all samples.
        source: makes the target's values without the samples that are held out.
        n_jobs: processes.
    """
    settings, subject = data.study.rigor, source.subject
    tests = fold_tests(subject, data.study.ranking.folds, settings.repeats, settings.seed)
    choice = BiomarkerChoice(data, data.target)
    work = [FoldWork(choice, source, (~test).astype(np.int64), test) for test in tests]
    folds = in_parallel(run_work, work, n_jobs)
    return _collected(folds, tests, max(settings.repeats, 1), log_odds_of(subject.is_case))


def bootstrap_cv(data: StudyData, source: FoldValues, n_jobs: int = 1) -> OutOfFold:
    """The whole choice in bootstraps of the target's patients, each scored on the patients that it did not draw."""
    settings, subject = data.study.rigor, source.subject
    counts = bootstrap_counts(subject, settings.bootstraps, np.random.default_rng([settings.seed, 632]))
    tests = [row == 0 for row in counts]
    choice = BiomarkerChoice(data, data.target)
    work = [FoldWork(choice, source, row, test) for row, test in zip(counts, tests, strict=True) if test.any()]
    folds = in_parallel(run_work, work, n_jobs)
    return _collected(folds, [task.test for task in work], len(work), log_odds_of(subject.is_case))


def _collected(folds: Sequence[Fold], tests: Sequence[BoolArray], n_rows: int, log_odds: float) -> OutOfFold:
    """Folds in equal numbers for each row, each filling the samples that it scored.

    Every fold's predictors are moved to one share of cases (the prior correction of a case-control intercept, Prentice
    & Pyke 1979, doi:10.1093/biomet/66.3.403). A fold that holds out more controls has trained on fewer: pooled as they
    are, its samples would score higher for what they are, and an uninformative model would have an area below 0.5.
    """
    n_samples = len(tests[0]) if tests else 0
    scores, cut_offs = np.full((n_rows, n_samples), np.nan), np.full((n_rows, n_samples), np.nan)
    for i, (fold, test) in enumerate(zip(folds, tests, strict=True)):
        row = i * n_rows // len(folds)
        scores[row, test] = fold.scores + (log_odds - fold.log_odds)
        cut_offs[row, test] = np.nan if fold.cut_off is None else fold.cut_off + (log_odds - fold.log_odds)
    return OutOfFold(scores, cut_offs, tuple(folds))
