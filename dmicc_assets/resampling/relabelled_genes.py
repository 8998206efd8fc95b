"""Every gene of a cohort tested under permuted labels, by the study's own tests; the cohort's structure is kept.

What gene sets make of it is `enrichment/relabelled.py`'s; the whole choice under permuted labels is `nulls.py`'s.
"""

from dataclasses import replace

import numpy as np
import polars as pl

from dmicc_assets.differential.blocking import decided
from dmicc_assets.differential.statistics import Batch, cohort_statistics, differential_design
from dmicc_assets.differential.within_patients import consensus_of
from dmicc_assets.enrichment.relabelled import RelabelledGenes
from dmicc_assets.expression.counts import has_counts
from dmicc_assets.resampling.resamples import permuted_labels
from dmicc_assets.resampling.selection import adjust_batch
from dmicc_assets.stats.duplicate_correlation import within_blocks
from dmicc_assets.stats.relabelling import moderated_t_over_labels
from dmicc_assets.study.schema import Differential
from dmicc_assets.types import BoolArray, CaseControl, ExpressionMatrix, FloatArray

# Of the study's seed: the stream that permutes labels for gene sets.
_STREAM = 7
# Labellings that are tested at a time: bounds the memory.
_AT_ONCE = 100


def relabelled_genes(
    subject: CaseControl, counts: ExpressionMatrix, settings: Differential, batch: Batch, n_labellings: int, seed: int
) -> RelabelledGenes:
    """Tests every gene under permuted labels: within datasets, inside a patient of both classes, whole patients else.

    Args:
        subject: the cohort; its matrix holds `value`, ComBat is fitted anew to every labelling.
        counts: (G, N) counts; missing values where the cohort is not counted.
        settings: options of the study.
        batch: the cohort's batch method.
        n_labellings: how many.
        seed: of the labels.
    """
    labels = permuted_labels(subject, n_labellings, np.random.default_rng([seed, _STREAM]))
    genes = subject.matrix.features
    settings = decided(settings, subject)
    if has_counts(counts) or batch == "combat":
        each = [_one_by_one(subject, counts, settings, batch, row) for row in labels]
        log_fc, t = (np.reshape([one[k] for one in each], (len(labels), len(genes))) for k in (0, 1))
        return RelabelledGenes(genes, log_fc, t)
    design, _ = differential_design(subject, settings, batch)
    nuisance, correlation = design[:, 2:], None
    if settings.block == "duplicate_correlation":
        correlation = within_blocks(subject.unit, consensus_of(subject, design))
    log_fc, t = np.empty((2, len(labels), len(genes)))
    for at in (slice(start, start + _AT_ONCE) for start in range(0, len(labels), _AT_ONCE)):
        found = moderated_t_over_labels(
            subject.matrix.values,
            labels[at],
            nuisance if nuisance.shape[1] else None,
            correlation=correlation,
            trend=settings.trend,
            robust=settings.robust,
            limma=settings.limma,
        )
        log_fc[at], t[at] = found.log_fc, found.t
    return RelabelledGenes(genes, log_fc, t)


def _one_by_one(
    subject: CaseControl, counts: ExpressionMatrix, settings: Differential, batch: Batch, is_case: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Log fold changes and t of one labelling, by the functions that the study itself uses."""
    labelled = replace(subject, is_case=is_case)
    if batch == "combat":
        values = adjust_batch(labelled, labelled.matrix, labelled.dataset, batch).training
        labelled = replace(labelled, matrix=replace(labelled.matrix, values=values))
    statistics = cohort_statistics(labelled, counts, settings, batch)
    log_fc, t = (statistics[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("log_fc", "t"))
    return log_fc, t
