"""The whole choice of genes as one procedure that resampling repeats: differential genes, signature, biomarkers.

In resampling the forest has 100 trees, one seed and Gini importance only. `resamples.py` draws, holds out and relabels
samples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from dmicc_assets.differential.blocking import cohort_settings
from dmicc_assets.expression.batch import apply_batch_effect, fit_batch_effect
from dmicc_assets.expression.combat import apply_combat, fit_combat
from dmicc_assets.expression.imputation import fill_in
from dmicc_assets.signature.forest import importance, ranks
from dmicc_assets.signature.ranking import rankable
from dmicc_assets.study.schema import Differential, Ranking, Study
from dmicc_assets.types import BoolArray, CaseControl, ExpressionMatrix, FloatArray

TREES = 100


@dataclass(frozen=True)
class StudyData:
    """Inputs of resampling.

    Attributes:
        study: the study file.
        merged: each cohort with `value`, before batch adjustment.
        adjusted: each cohort with `value_adjusted`.
        genes: rows of `differential.genes` of each cohort.
        biomarkers: those chosen on all samples.
    """

    study: Study
    merged: Mapping[str, CaseControl]
    adjusted: Mapping[str, CaseControl]
    genes: Mapping[str, pl.DataFrame]
    biomarkers: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """The model's cohort, whose samples are resampled."""
        return self.study.model_cohort

    def settings(self, cohort: str) -> Differential:
        """How a cohort's genes are tested; all of its samples decide how those of one patient are modelled."""
        return cohort_settings(self.study, cohort, self.merged[cohort])

    def among(self, genes: Sequence[str]) -> "StudyData":
        """The same with the values of some genes only, but for cohorts whose batch ComBat removes from all genes."""
        merged = {
            name: subject
            if self.study.cohorts[name].batch == "combat"
            else replace(subject, matrix=subject.matrix.take_features(genes))
            for name, subject in self.merged.items()
        }
        adjusted = {
            name: replace(subject, matrix=subject.matrix.take_features(genes))
            for name, subject in self.adjusted.items()
        }
        return replace(self, merged=merged, adjusted=adjusted)

    def shared_by_others(self, cohort: str) -> frozenset[str] | None:
        """Genes that every other cohort chose and this one measures; None when there is no other cohort."""
        others = [set(frame["gene"]) for name, frame in self.genes.items() if name != cohort]
        if not others:
            return None
        return frozenset(set[str].intersection(*others) & set(self.merged[cohort].matrix.features))


def first_genes(values: FloatArray, is_case: BoolArray, genes: Sequence[str], ranking: Ranking) -> list[str]:
    """The first genes by Gini importance in one forest of 100 trees, with missing values as in the study's ranking.

    Args:
        values: (G, N) expression of the genes, sorted by name so that ties go by name.
        is_case: (N,) both classes.
        genes: the G names.
        ranking: how many come first, the forest's seed, and what is done about missing values.
    """
    kept, is_filled = rankable(values, ranking.missing)
    names = [gene for gene, keep in zip(genes, kept, strict=True) if keep]
    if not names or is_case.all() or not is_case.any():
        return []
    if len(names) <= ranking.top:
        return names
    complete = fill_in(values[kept], values[kept]) if is_filled.any() else values[kept]
    rank = ranks(importance(complete, is_case, TREES, [ranking.seed]))[0]
    return [gene for gene, place in zip(names, rank, strict=True) if place <= ranking.top]


@dataclass
class BiomarkerChoice:
    """Chooses biomarkers from a signature: the first genes of every cohort, the other cohorts as they are.

    The other cohorts' forests depend on the signature alone, so each is grown once a signature.
    """

    data: StudyData
    target: str
    _seen: dict[tuple[str, tuple[str, ...]], frozenset[str]] = field(
        default_factory=dict[tuple[str, tuple[str, ...]], frozenset[str]]
    )
    _open: dict[tuple[str, ...], BoolArray] = field(default_factory=dict[tuple[str, ...], BoolArray])

    def open_to(self, features: tuple[str, ...]) -> BoolArray:
        """(G,) True for the genes that every other cohort chose; for all when there is no other."""
        if features not in self._open:
            others = self.data.shared_by_others(self.target)
            self._open[features] = np.array([others is None or gene in others for gene in features], dtype=np.bool_)
        return self._open[features]

    def choose(self, signature: Sequence[str], values: FloatArray, is_case: BoolArray) -> tuple[str, ...]:
        """Biomarkers, sorted.

        Args:
            signature: genes, sorted.
            values: (len(signature), N) adjusted expression of the target's training samples.
            is_case: (N,) their groups.
        """
        ranking = self.data.study.ranking
        chosen = set(first_genes(values, is_case, signature, ranking)) if len(signature) else set[str]()
        for cohort, subject in self.data.adjusted.items():
            if chosen and cohort != self.target:
                chosen &= self._first_elsewhere(cohort, subject, tuple(signature))
        return tuple(sorted(chosen))

    def among(self, genes: Sequence[str]) -> "BiomarkerChoice":
        """The same choice for signatures of some genes only, without the other values and the target's own."""
        others = {name: subject for name, subject in self.data.adjusted.items() if name != self.target}
        data = replace(self.data, merged={}, adjusted=others, genes={}).among(genes)
        return BiomarkerChoice(data, self.target, self._seen)

    def _first_elsewhere(self, cohort: str, subject: CaseControl, signature: tuple[str, ...]) -> frozenset[str]:
        if (cohort, signature) not in self._seen:
            ranking = self.data.study.ranking
            values = subject.matrix.take_features(signature).values
            first = first_genes(values, subject.is_case, signature, ranking)
            self._seen[cohort, signature] = frozenset(first)
        return self._seen[cohort, signature]


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Training and test samples with the batch removed, as estimated from the training samples."""

    training: FloatArray
    test: FloatArray


def tells_groups(subject: CaseControl, batch: str) -> bool:
    """Whether the samples can separate the groups: with a batch in the model, at least one dataset must have both.

    A fold can leave out the one sample that connects a dataset of cases with a dataset of controls.
    """
    if batch == "none":
        return bool(subject.is_case.any() and not subject.is_case.all())
    groups = set(zip(subject.dataset, subject.is_case.tolist(), strict=True))
    return any((dataset, True) in groups and (dataset, False) in groups for dataset in set(subject.dataset))


def adjust_batch(training: CaseControl, test: ExpressionMatrix, test_dataset: Sequence[str], batch: str) -> Adjusted:
    """Remove the batch from both as the cohort does, fitted on the training samples with their groups.

    A test sample of a dataset of which no sample is in training gets NaN: its batch effect is unknown.

    Args:
        training: `value` of the training samples, (G, N).
        test: `value` of the test samples, (G, M).
        test_dataset: the M samples' datasets.
        batch: the cohort's method.
    """
    values, known = training.matrix.values, set(training.dataset)
    if len(known) < 2 or batch == "none":
        strangers = np.array([dataset not in known for dataset in test_dataset], dtype=np.bool_)
        fitting = np.where(strangers[None, :], np.nan, test.values) if batch != "none" else test.values
        return Adjusted(values, fitting)
    group = training.is_case.astype(np.float64)[:, None]
    familiar = np.array([dataset in known for dataset in test_dataset], dtype=np.bool_)
    names = [dataset for dataset in test_dataset if dataset in known]
    adjusted = np.full(test.values.shape, np.nan)
    if batch == "combat":
        fit = fit_combat(values, training.dataset, covariates=group)
        own = apply_combat(fit, values, training.dataset, covariates=group)
        adjusted[:, familiar] = apply_combat(fit, test.values[:, familiar], names)
        return Adjusted(own, adjusted)
    effect = fit_batch_effect(values, training.dataset, design=np.hstack([np.ones_like(group), group]))
    adjusted[:, familiar] = apply_batch_effect(effect, test.values[:, familiar], names)
    return Adjusted(apply_batch_effect(effect, values, training.dataset), adjusted)
