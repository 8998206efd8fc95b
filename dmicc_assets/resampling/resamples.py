"""Samples drawn, held out or relabelled in folds, bootstraps and permutations. Patients stay together.

Functions of a seed that give only indices and labels.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dmicc_assets.types import BoolArray, CaseControl, ExpressionMatrix

IntVector = NDArray[np.intp]


def patient_index(subject: CaseControl) -> IntVector:
    """(N,) number of each sample's unit: its patient, or the sample itself when the patient is not known."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in subject.unit], dtype=np.intp)


def patient_strata(patients: IntVector, is_case: BoolArray, dataset: Sequence[str]) -> IntVector:
    """(P,) stratum of each patient: its dataset, and whether it has cases, controls, or both."""
    keys: dict[tuple[str, bool, bool], int] = {}
    strata = np.empty(int(patients.max()) + 1, dtype=np.intp)
    for patient in range(len(strata)):
        own = np.flatnonzero(patients == patient)
        key = (dataset[int(own[0])], bool(is_case[own].any()), bool((~is_case[own]).any()))
        strata[patient] = keys.setdefault(key, len(keys))
    return strata


def usable_folds(asked: int, patients: IntVector, is_case: BoolArray) -> int:
    """Possible number of folds: at most the patients of the smaller class; 0 if fewer than 2."""
    smaller = min(len(set(patients[is_case].tolist())), len(set(patients[~is_case].tolist())))
    folds = min(asked, smaller)
    return folds if folds >= 2 else 0


def stratified_folds(
    patients: IntVector, is_case: BoolArray, dataset: Sequence[str], n_folds: int, generator: np.random.Generator
) -> IntVector:
    """(N,) fold of each sample: patients are shuffled, sorted by class and stratum and dealt out like cards.

    Every class and every stratum is spread as evenly as can be, the sizes of the folds differ by one patient at most,
    and a patient's samples are in one fold.
    """
    strata = patient_strata(patients, is_case, dataset)
    n_cases, n_samples = np.bincount(patients, is_case), np.bincount(patients)
    # Controls, both, cases: the patients of either class follow each other, so that no fold gets all of them.
    kind = np.where(n_cases == 0, 0, np.where(n_cases < n_samples, 1, 2))
    shuffled = generator.permutation(len(strata))
    order = shuffled[np.lexsort((strata[shuffled], kind[shuffled]))]
    fold = np.empty(len(strata), dtype=np.intp)
    fold[order] = np.arange(len(order)) % n_folds
    return fold[patients]


def bootstrap_counts(subject: CaseControl, n_resamples: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """(B, N) how often each sample is drawn: patients with replacement within class and dataset."""
    patients = patient_index(subject)
    strata = patient_strata(patients, subject.is_case, subject.dataset)
    counts = np.zeros((n_resamples, len(strata)), dtype=np.int64)
    for stratum in range(int(strata.max()) + 1):
        members = np.flatnonzero(strata == stratum)
        share = np.full(len(members), 1 / len(members))
        counts[:, members] = generator.multinomial(len(members), share, size=n_resamples)
    return counts[:, patients]


def left_out_controls(subject: CaseControl) -> NDArray[np.int64]:
    """(C, N) every control once left out, a patient's controls together: 0 for these samples, 1 for the others."""
    patients = patient_index(subject)
    of_controls = np.unique(patients[~subject.is_case])
    left_out = (patients[None, :] == of_controls[:, None]) & ~subject.is_case[None, :]
    return np.where(left_out, 0, 1).astype(np.int64)


def permuted_labels(subject: CaseControl, n_permutations: int, generator: np.random.Generator) -> BoolArray:
    """(B, N) labels permuted in each dataset: inside a patient of both classes, else among patients of equal size."""
    patients = patient_index(subject)
    strata = patient_strata(patients, subject.is_case, subject.dataset)
    n_samples = np.bincount(patients)
    is_case = subject.is_case
    both = np.array([len(set(is_case[patients == p].tolist())) == 2 for p in range(len(strata))])
    datasets = np.array([subject.dataset[int(np.flatnonzero(patients == p)[0])] for p in range(len(strata))])
    label = np.array([is_case[patients == p][0] for p in range(len(strata))])
    blocks = [np.flatnonzero(patients == p) for p in np.flatnonzero(both)]
    pools = [
        np.flatnonzero(~both & (datasets == dataset) & (n_samples == n))
        for dataset in dict.fromkeys(datasets.tolist())
        for n in np.unique(n_samples[~both & (datasets == dataset)])
    ]
    permuted = np.empty((n_permutations, len(is_case)), dtype=np.bool_)
    for draw in range(n_permutations):
        new = label.copy()
        for pool in pools:
            new[pool] = generator.permutation(label[pool])
        row = new[patients]
        for block in blocks:
            row[block] = generator.permutation(is_case[block])
        permuted[draw] = row
    return permuted


def repeated_samples(subject: CaseControl, values: ExpressionMatrix, counts: NDArray[np.int64]) -> CaseControl:
    """The training samples, each as often as it counts; a repetition is a sample and a patient of its own."""
    index, unit = np.repeat(np.arange(len(counts)), counts), subject.unit
    copies = [copy for count in counts.tolist() for copy in range(count)]
    names = tuple(
        f"{values.samples[i]}#{copy}" if copy else values.samples[i]
        for i, copy in zip(index.tolist(), copies, strict=True)
    )
    return CaseControl(
        name=subject.name,
        kind=subject.kind,
        matrix=ExpressionMatrix(values.values[:, index], values.features, names),
        is_case=subject.is_case[index],
        dataset=tuple(subject.dataset[i] for i in index),
        patient=tuple(subject.patient[i] for i in index),
        given_unit=tuple(
            f"{unit[i]}#{copy}" if copy else unit[i] for i, copy in zip(index.tolist(), copies, strict=True)
        ),
    )
