"""How a cohort's samples of one patient are modelled: none, a column a patient, or a correlation; which, and why.

The design is in `statistics.py`, the correlation in `stats/duplicate_correlation.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dmicc_assets.stats.linear_model import ConfoundedDesignError
from dmicc_assets.study.schema import AskedBlock, Block, Differential, Study
from dmicc_assets.types import CaseControl, unit_of


@dataclass(frozen=True, slots=True)
class Repeats:
    """How often patients recur among samples.

    Attributes:
        n_samples: number of samples.
        n_patients: patients; a sample whose patient is not known is one of its own.
        n_several: patients with two samples or more.
        n_both: patients with case and control samples.
    """

    n_samples: int
    n_patients: int
    n_several: int
    n_both: int


@dataclass(frozen=True, slots=True)
class Blocking:
    """How the samples of one patient are modelled, and why.

    Attributes:
        block: what is done.
        reason: one sentence.
        repeats: what it was decided by.
    """

    block: Block
    reason: str
    repeats: Repeats


def repeats(unit: Sequence[str], is_case: Sequence[bool]) -> Repeats:
    """Counts the patients of samples and their groups."""
    groups: dict[str, list[bool]] = {}
    for name, case in zip(unit, is_case, strict=True):
        groups.setdefault(name, []).append(bool(case))
    several = sum(len(own) > 1 for own in groups.values())
    return Repeats(len(unit), len(groups), several, sum(len(set(own)) == 2 for own in groups.values()))


def blocking(subject: CaseControl, asked: AskedBlock) -> Blocking:
    """How a cohort's samples of one patient are modelled.

    `auto` models nothing if every patient has one sample, a column a patient if every patient has both groups (a
    paired test), else a correlation within patients (Smyth, Michaud & Scott 2005, doi:10.1093/bioinformatics/bti270).

    Raises:
        ValueError: `fixed` or `duplicate_correlation` is asked for and cannot be fitted to these patients.
    """
    found = repeats(_people(subject), subject.is_case.tolist())
    if asked != "auto":
        _refuse_impossible(subject, asked, found)
        return Blocking(asked, "the study file asks for it", found)
    if not found.n_several:
        if all(patient is None for patient in subject.patient):
            return Blocking("none", "no patient is stated, so that each sample counts as one", found)
        return Blocking("none", "every patient has one sample", found)
    if found.n_both == found.n_patients:
        return Blocking("fixed", f"all {found.n_patients} patients have samples of both groups", found)
    counts = f"{found.n_several} of {found.n_patients} patients have several samples, {found.n_both} in both groups"
    if tells_correlation(found):
        return Blocking("duplicate_correlation", counts, found)
    return Blocking("none", f"{counts}: too few to estimate a correlation", found)


def _people(subject: CaseControl) -> list[str]:
    """The unit of each sample, without ties by arrays alone.

    An array that is a case and a control too is an error of the data (check I6) and no pair of one patient: the pair
    would have neither a difference nor a residual.
    """
    tied: dict[tuple[str, str], list[str | None]] = {}
    rows = list(zip(subject.unit, subject.dataset, subject.patient, subject.matrix.samples, strict=True))
    for unit, dataset, patient, _ in rows:
        tied.setdefault((unit, dataset), []).append(patient)
    by_array = {
        key for key, patients in tied.items() if len(patients) > 1 and (None in patients or len(set(patients)) > 1)
    }
    return [
        unit_of(dataset, None, sample) if (unit, dataset) in by_array else unit for unit, dataset, _, sample in rows
    ]


def cohort_settings(study: Study, cohort: str, subject: CaseControl) -> Differential:
    """The settings by which a cohort's genes are tested, with its `block` decided by all of its samples.

    Raises:
        ValueError: as `blocking`.
    """
    block = blocking(subject, study.block_of(cohort)).block
    return study.differential.model_copy(update={"block": block, "trend": study.trend_of(cohort)})


def decided(settings: Differential, subject: CaseControl) -> Differential:
    """The settings with `block: auto` decided by these samples; others as they are."""
    if settings.block != "auto":
        return settings
    return settings.model_copy(update={"block": blocking(subject, "auto").block})


def tells_correlation(found: Repeats) -> bool:
    """Whether a correlation can be estimated: as limma, not from one repeat, nor from one patient alone."""
    return found.n_patients >= 2 and found.n_samples - found.n_patients >= 2


def _refuse_impossible(subject: CaseControl, asked: Block, found: Repeats) -> None:
    if asked == "none":
        return
    for sample, patient in zip(subject.matrix.samples, subject.patient, strict=True):
        if patient is None:
            raise ValueError(
                f"sample {sample} of {subject.name} has no patient: `block: {asked}` needs `patient:` in every "
                "dataset of the cohort, and its pattern found in every sample"
            )
    if asked == "fixed" and not found.n_both:
        raise ConfoundedDesignError(
            f"`block: fixed` of {subject.name}: no patient has case and control samples, so that the groups cannot be "
            "told from the patients; write `block: duplicate_correlation` or `none`"
        )
    if asked == "duplicate_correlation" and not tells_correlation(found):
        raise ValueError(
            f"`block: duplicate_correlation` of {subject.name}: {found.n_samples} samples of {found.n_patients} "
            "patients tell of no correlation; write `block: none`"
        )
