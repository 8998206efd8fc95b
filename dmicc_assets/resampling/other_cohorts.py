"""The other cohorts' part of the choice, without the samples that a fold holds out: two diseases may share controls.

Without shared samples nothing is computed again. `nested.py` chooses the target's own genes.
"""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import polars as pl

from dmicc_assets.resampling.resamples import repeated_samples
from dmicc_assets.resampling.reweighted import chosen_genes
from dmicc_assets.resampling.selection import BiomarkerChoice, StudyData, adjust_batch, tells_groups
from dmicc_assets.types import BoolArray, CaseControl


def choice_without(choice: BiomarkerChoice, held_out: BoolArray) -> BiomarkerChoice:
    """The choice with every other cohort's genes and forest computed without the held-out samples of the target.

    A sample is the same in two cohorts by its name, or by its unit (a patient in one dataset). The values of another
    cohort's dataset are normalised over all of its arrays, which does not use labels.

    Args:
        choice: as all samples give it.
        held_out: (N,) of the target's samples.
    """
    data, target = choice.data, choice.data.merged[choice.target]
    held = _names(target, held_out)
    changed: dict[str, BoolArray] = {}
    for name, subject in data.merged.items():
        kept = ~_among(subject, held)
        if name != choice.target and not kept.all():
            changed[name] = kept
    if not changed:
        return choice
    without = data
    for name, kept in changed.items():
        without = _cohort_without(without, name, kept)
    return BiomarkerChoice(without, choice.target)


def _names(subject: CaseControl, which: BoolArray) -> set[str]:
    """Samples and units."""
    pairs = zip(subject.matrix.samples, subject.unit, which.tolist(), strict=True)
    return {name for sample, unit, wanted in pairs if wanted for name in (sample, unit)}


def _among(subject: CaseControl, names: Collection[str]) -> BoolArray:
    pairs = zip(subject.matrix.samples, subject.unit, strict=True)
    return np.array([sample in names or unit in names for sample, unit in pairs], dtype=np.bool_)


def _cohort_without(data: StudyData, name: str, kept: BoolArray) -> StudyData:
    """The study with one cohort's genes and adjusted values made from some of its samples."""
    subject, batch = data.merged[name], data.study.cohorts[name].batch
    counts = kept.astype(np.int64)
    fewer = repeated_samples(subject, subject.matrix, counts)
    chosen: list[str] = []
    adjusted = fewer
    if tells_groups(fewer, batch):
        passing = chosen_genes(subject, counts[None], data.settings(name), batch)[:, 0]
        chosen = [gene for gene, passes in zip(subject.matrix.features, passing.tolist(), strict=True) if passes]
        values = adjust_batch(fewer, fewer.matrix, fewer.dataset, batch).training
        adjusted = replace(fewer, matrix=replace(fewer.matrix, values=values))
    genes = pl.DataFrame({"gene": chosen}, schema={"gene": pl.String})
    return replace(
        data,
        merged={**data.merged, name: fewer},
        adjusted={**data.adjusted, name: adjusted},
        genes={**data.genes, name: genes},
    )
