"""The whole choice and fit on training samples, scored on held-out samples: one fold, and many.

Choice, normalisation, batch adjustment and fit are inside the fold. `resampled_roc.py` evaluates the scores.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.resampling.arrays import FoldValues
from dmicc_assets.resampling.fold_genes import FoldGenes, is_sum_of_samples
from dmicc_assets.resampling.fold_models import Fold, Picked, fold_with_model, folds_with_models, log_odds_of
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
from dmicc_assets.types import BoolArray, CaseControl, ExpressionMatrix, FloatArray

IntVector = NDArray[np.int64]


def run_fold(
    choice: BiomarkerChoice, subject: CaseControl, values: ExpressionMatrix, training: IntVector, test: BoolArray
) -> Fold:
    """Chooses genes and fits the model on the training samples, and scores all samples.

    Args:
        choice: the procedure of choice, with the other cohorts fixed.
        subject: the cohort; its matrix is not used.
        values: merged values of all samples, made without the test samples.
        training: (N,) how often each sample trains; several times in a bootstrap.
        test: (N,) which samples take no part in it.
    """
    trained = repeated_samples(subject, values, training)
    picked, own = _pick(choice, trained, values, subject.dataset)
    return fold_with_model(picked, own, trained.is_case, test)


def _pick(
    choice: BiomarkerChoice, trained: CaseControl, every: ExpressionMatrix, datasets: Sequence[str]
) -> tuple[Picked, FloatArray]:
    """Differential expression, intersection, batch adjustment and ranking, on the training samples alone.

    With the (p, M) adjusted expression of the chosen genes in the training samples.
    """
    batch = choice.data.study.cohorts[choice.target].batch
    if not tells_groups(trained, batch):
        return _nothing(every), trained.matrix.values[:0]
    if batch == "combat":
        # ComBat shrinks over all genes, and the moderated t is of adjusted values.
        whole = adjust_batch(trained, every, datasets, batch)
        trained = replace(trained, matrix=replace(trained.matrix, values=whole.training))
        every, batch = replace(every, values=whole.test), "none"
    settings = choice.data.settings(choice.target)
    passing = chosen_genes(trained, np.ones((1, len(trained.is_case)), dtype=np.int64), settings, batch)
    rows = np.flatnonzero(passing[:, 0] & choice.open_to(trained.matrix.features))
    names = {trained.matrix.features[row]: row for row in rows.tolist()}
    signature = tuple(sorted(names))
    if not signature:
        return _nothing(every), trained.matrix.values[:0]
    rows = np.array([names[gene] for gene in signature], dtype=np.intp)
    values = ExpressionMatrix(trained.matrix.values[rows], signature, trained.matrix.samples)
    scored = ExpressionMatrix(every.values[rows], signature, every.samples)
    return _among(choice, replace(trained, matrix=values), scored, datasets, batch)


def _nothing(every: ExpressionMatrix) -> Picked:
    return Picked((), (), every.values[:0])


def _among(
    choice: BiomarkerChoice, trained: CaseControl, every: ExpressionMatrix, datasets: Sequence[str], batch: str
) -> tuple[Picked, FloatArray]:
    """The biomarkers among a signature, whose genes are the only ones of both matrices; as `_pick`."""
    signature = every.features
    adjusted = adjust_batch(trained, every, datasets, batch)
    biomarkers = choice.choose(signature, adjusted.training, trained.is_case)
    chosen = [signature.index(gene) for gene in biomarkers]
    return Picked(signature, biomarkers, adjusted.test[chosen]), adjusted.training[chosen]


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Predictions of samples by models that were trained without them.

    Attributes:
        scores: (R, N) linear predictors at the share of cases of all samples, a row a repeat; NaN for a sample that
            was not scored.
        has_model: (R, N) whether a model scored the sample, rather than a fold that has none.
        cut_offs: (R, N) the cut-off that each score's training samples chose, on the same scale; NaN where none was.
        folds: what each fold chose.
    """

    scores: FloatArray
    has_model: BoolArray
    cut_offs: FloatArray
    folds: tuple[Fold, ...]


@dataclass(frozen=True)
class FoldWork:
    """One fold as a task with all its inputs, for a separate process."""

    choice: BiomarkerChoice
    source: FoldValues
    training: IntVector
    test: BoolArray


def run_work(work: FoldWork) -> Fold:
    """One fold: values normalised, and other cohorts' genes chosen, without its test samples."""
    subject = work.source.subject
    values = work.source.values([s for s, held in zip(subject.matrix.samples, work.test, strict=True) if held])
    return run_fold(choice_without(work.choice, work.test), subject, values, work.training, work.test)


@dataclass(frozen=True)
class _SignatureFold:
    """The choice among the signature of one fold as a task, with the values of its genes only."""

    choice: BiomarkerChoice
    subject: CaseControl
    training: IntVector


def _pick_among(work: _SignatureFold) -> Picked:
    """What one fold chooses whose signature is known: the subject's genes."""
    subject = work.subject
    if not subject.matrix.features:
        return _nothing(subject.matrix)
    trained = repeated_samples(subject, subject.matrix, work.training)
    batch = work.choice.data.study.cohorts[work.choice.target].batch
    return _among(work.choice, trained, subject.matrix, subject.dataset, batch)[0]


def run_folds(
    choice: BiomarkerChoice, source: FoldValues, counts: IntVector, held_out: BoolArray, n_jobs: int
) -> list[Fold]:
    """Every fold, as `run_work` gives each; the tests of all genes are made for all folds together where they can be.

    Args:
        choice: the procedure of choice.
        source: makes the target's values without the samples that are held out.
        counts: (B, N) how often each sample trains.
        held_out: (B, N) which samples take no part.
        n_jobs: processes.
    """
    batch = choice.data.study.cohorts[choice.target].batch
    if not is_sum_of_samples(source, batch):
        work = [FoldWork(choice, source, row, test) for row, test in zip(counts, held_out, strict=True)]
        return in_parallel(run_work, work, n_jobs)
    subject = source.subject
    folds = FoldGenes.of(source, counts, held_out, choice.data.settings(choice.target), batch)
    passing = folds.chosen()
    tasks: list[_SignatureFold] = []
    for b, (row, test) in enumerate(zip(counts, held_out, strict=True)):
        own = choice_without(choice, test)
        named = {
            subject.matrix.features[i]: i for i in np.flatnonzero(passing[:, b] & own.open_to(subject.matrix.features))
        }
        signature = tuple(sorted(named))
        values = folds.values(b, np.array([named[gene] for gene in signature], dtype=np.intp))
        matrix = ExpressionMatrix(values, signature, subject.matrix.samples)
        tasks.append(_SignatureFold(own, replace(subject, matrix=matrix), row))
    # A process is sent the genes of the signatures, not the whole matrices.
    found = sorted({gene for task in tasks for gene in task.subject.matrix.features})
    few = {id(task.choice): task.choice.among(found) for task in tasks}
    picked = in_parallel(_pick_among, [replace(task, choice=few[id(task.choice)]) for task in tasks], n_jobs)
    return folds_with_models(picked, subject.is_case, counts, held_out)


def fold_tests(subject: CaseControl, asked: int, repeats: int, seed: int) -> list[BoolArray]:
    """Held-out samples of each fold of each repeat; none when a class has fewer than two patients."""
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
    held_out = np.array(tests, dtype=np.bool_).reshape(len(tests), len(subject.is_case))
    folds = run_folds(choice, source, (~held_out).astype(np.int64), held_out, n_jobs)
    return collected(folds, len(subject.is_case), max(settings.repeats, 1), log_odds_of(subject.is_case))


def bootstrap_cv(data: StudyData, source: FoldValues, n_jobs: int = 1) -> OutOfFold:
    """The whole choice in bootstraps of the target's patients, each scored on the patients that it did not draw.

    None are made without a biomarker, whose model it would be.
    """
    if not data.biomarkers:
        return collected([], len(source.subject.is_case), 0, 0.0)
    settings, subject = data.study.rigor, source.subject
    counts = bootstrap_counts(subject, settings.bootstraps, np.random.default_rng([settings.seed, 632]))
    counts = counts[(counts == 0).any(axis=1)]
    folds = run_folds(BiomarkerChoice(data, data.target), source, counts, counts == 0, n_jobs)
    return collected(folds, len(subject.is_case), len(counts), log_odds_of(subject.is_case))


def collected(folds: Sequence[Fold], n_samples: int, n_rows: int, log_odds: float) -> OutOfFold:
    """Folds in equal numbers for each row, each filling the samples that took no part in it.

    Every fold's predictors are moved to one share of cases (the prior correction of a case-control intercept, Prentice
    & Pyke 1979, doi:10.1093/biomet/66.3.403). A fold that holds out more controls has trained on fewer: pooled as they
    are, its samples would score higher for what they are, and an uninformative model would have an area below 0.5.
    """
    scores, cut_offs = np.full((n_rows, n_samples), np.nan), np.full((n_rows, n_samples), np.nan)
    has_model = np.zeros((n_rows, n_samples), dtype=np.bool_)
    for i, fold in enumerate(folds):
        row, moved = i * n_rows // len(folds), log_odds - fold.log_odds
        scores[row, fold.test] = fold.scores[fold.test] + moved
        cut_offs[row, fold.test] = np.nan if fold.cut_off is None else fold.cut_off + moved
        has_model[row, fold.test] = fold.has_model
    return OutOfFold(scores, has_model, cut_offs, tuple(folds))
