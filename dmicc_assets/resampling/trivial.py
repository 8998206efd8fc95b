"""What trivial models reach in the folds of the nested cross-validation: one gene, chosen in the fold; age and sex.

The model that they are compared with is `nested.py`'s.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from dmicc_assets.resampling.arrays import FoldValues
from dmicc_assets.resampling.fold_genes import FoldGenes, absolute_t, is_sum_of_samples
from dmicc_assets.resampling.fold_models import Fold, Picked, fold_with_model, folds_with_models, log_odds_of
from dmicc_assets.resampling.nested import FoldWork, OutOfFold, collected, fold_tests
from dmicc_assets.resampling.nested_performance import OutOfFoldScores
from dmicc_assets.resampling.parallel import in_parallel
from dmicc_assets.resampling.resampled_roc import leaky_scores
from dmicc_assets.resampling.resamples import repeated_samples
from dmicc_assets.resampling.selection import BiomarkerChoice, StudyData, adjust_batch, tells_groups
from dmicc_assets.tables import TABLES
from dmicc_assets.types import BoolArray, CaseControl, ExpressionMatrix, FloatArray

BEST_GENE = "best gene"
_AGE = re.compile(r"(patient |subject )?age( ?\(?(in )?(years?|yrs?|y)\)?)?( at .*)?", re.IGNORECASE)
SEX = re.compile(r"(patient |subject )?(sex|gender)", re.IGNORECASE)
# Of fewer samples age or sex is not taken for known.
_KNOWN = 0.8


def trivial_models(
    data: StudyData, source: FoldValues, nested: OutOfFold, samples: pl.DataFrame, n_jobs: int = 1
) -> pl.DataFrame:
    """The nested AUC of trivial models beside the model's (`validation/trivial`); no rows without folds.

    Args:
        data: the study on all samples.
        source: makes the target's values without the samples that are held out.
        nested: out-of-fold predictions of the model.
        samples: `source.samples` rows of the target's datasets.
        n_jobs: processes; the numbers do not depend on it.
    """
    table = TABLES["validation/trivial"]
    if not np.isfinite(nested.scores).any():
        return table.frame()
    subject, settings = data.adjusted[data.target], data.study.rigor
    tests = fold_tests(subject, data.study.ranking.folds, settings.repeats, settings.seed)
    folds = best_gene_folds(data, source, tests, n_jobs)
    gene = collected(folds, len(subject.is_case), settings.repeats, log_odds_of(subject.is_case))
    genes = sorted({name for fold in folds for name in fold.biomarkers})
    rows: list[dict[str, Any]] = [
        {"predictor": BEST_GENE, "genes": genes} | _compared(nested, gene, subject, settings.seed)
    ]
    known = known_covariates(samples, subject.matrix.samples)
    if known:
        values = ExpressionMatrix(np.array(list(known.values())), tuple(known), subject.matrix.samples)
        clinical = replace(subject, matrix=values)
        predicted = leaky_scores(clinical, tuple(known), subject.is_case, tests, settings.repeats)
        no_genes: list[str] = []
        found = _compared(nested, predicted, subject, settings.seed)
        rows.append({"predictor": " and ".join(known), "genes": no_genes} | found)
    return table.frame(rows)


def best_gene_folds(data: StudyData, source: FoldValues, tests: list[BoolArray], n_jobs: int) -> list[Fold]:
    """In each fold the gene that differs most between the training groups (pooled t), fitted there; scores of all."""
    subject, batch = source.subject, data.study.cohorts[data.target].batch
    held_out = np.array(tests, dtype=np.bool_).reshape(len(tests), len(subject.is_case))
    counts = (~held_out).astype(np.int64)
    if not is_sum_of_samples(source, batch):
        choice = BiomarkerChoice(data, data.target)
        work = [FoldWork(choice, source, row, test) for row, test in zip(counts, held_out, strict=True)]
        return in_parallel(best_gene_fold, work, n_jobs)
    folds = FoldGenes.of(source, counts, held_out, data.settings(data.target), batch)
    found: list[Picked] = []
    for b, best in enumerate(folds.best()):
        rows = [] if best is None else [best]
        names = tuple(subject.matrix.features[i] for i in rows)
        every = ExpressionMatrix(folds.values(b, np.array(rows, dtype=np.intp)), names, subject.matrix.samples)
        trained = repeated_samples(subject, every, counts[b])
        values = adjust_batch(trained, every, subject.dataset, batch).test if rows else every.values
        found.append(Picked(names, names, values))
    return folds_with_models(found, subject.is_case, counts, held_out)


def best_gene_fold(work: FoldWork) -> Fold:
    """One fold of `best_gene_folds`, from a whole matrix of its values."""
    subject, choice = work.source.subject, work.choice
    values = work.source.values([s for s, held in zip(subject.matrix.samples, work.test, strict=True) if held])
    trained = repeated_samples(subject, values, work.training)
    batch = choice.data.study.cohorts[choice.target].batch
    if not tells_groups(trained, batch):
        return fold_with_model(Picked((), (), values.values[:0]), values.values[:0], trained.is_case, work.test)
    adjusted = adjust_batch(trained, values, subject.dataset, batch)
    best = int(np.argmax(absolute_t(adjusted.training, trained.is_case)))
    name = (values.features[best],)
    picked = Picked(name, name, adjusted.test[[best]])
    return fold_with_model(picked, adjusted.training[[best]], trained.is_case, work.test)


def _compared(nested: OutOfFold, trivial: OutOfFold, subject: CaseControl, seed: int) -> dict[str, Any]:
    """AUC of a trivial model and the model's less it, on the samples that both score."""
    both = np.isfinite(nested.scores) & np.isfinite(trivial.scores)
    model, other = (
        OutOfFoldScores.of(replace(each, scores=np.where(both, each.scores, np.nan)), subject, seed)
        for each in (nested, trivial)
    )
    area, difference = other.auc(), model.better_than(other)
    scored = both.any(axis=0)
    return {
        "auc": float(area.value),
        "ci_low": float(area.low),
        "ci_high": float(area.high),
        "difference": float(difference.value),
        "difference_low": float(difference.low),
        "difference_high": float(difference.high),
        "n_case": int((scored & subject.is_case).sum()),
        "n_control": int((scored & ~subject.is_case).sum()),
    }


def known_covariates(samples: pl.DataFrame, names: Sequence[str]) -> dict[str, FloatArray]:
    """Age in years and sex (1 female, 0 male) of the samples (N,), those that most samples tell and that vary.

    Args:
        samples: columns sample and characteristics (list of key and value).
        names: the N samples.
    """
    told: dict[str, list[dict[str, str]]] = {
        row["sample"]: row["characteristics"] or [] for row in samples.iter_rows(named=True)
    }
    found = {"age": _values(told, names, _AGE, _age), "sex": _values(told, names, SEX, sex_of)}
    known = {name: values for name, values in found.items() if np.isfinite(values).mean() >= _KNOWN}
    return {name: values for name, values in known.items() if np.nanmax(values) > np.nanmin(values)}


def _values(
    told: Mapping[str, list[dict[str, str]]], names: Sequence[str], field: re.Pattern[str], read: Any
) -> FloatArray:
    return np.array(
        [
            next((read(pair["value"]) for pair in told.get(name, []) if field.fullmatch(pair["key"].strip())), np.nan)
            for name in names
        ],
        dtype=np.float64,
    )


def _age(text: str) -> float:
    number = re.match(r"\s*(\d+(?:\.\d+)?)", text or "")
    return float(number[1]) if number else float("nan")


def sex_of(text: str) -> float:
    """1 for a stated female sex, 0 for male, NaN for anything else."""
    return {"f": 1.0, "w": 1.0, "m": 0.0}.get((text or "").strip().lower()[:1], float("nan"))
