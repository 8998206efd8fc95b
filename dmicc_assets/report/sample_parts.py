"""What each sample of a study is used for, in counts that add up to all samples.

The picture of the study is `flow.py`'s; which samples are the same array, `expression/copies.py` decides.
"""

from collections import Counter

from dmicc_assets.expression.copies import without_copies
from dmicc_assets.results.reader import Results
from dmicc_assets.study.schema import Study
from dmicc_assets.wording import counted

_Samples = set[tuple[str, str]]


def sample_parts(results: Results) -> list[str]:
    """Each part of the samples with its count: compared, the same array again, for validation only, not used.

    A sample of several cohorts is counted in each, and what is then counted too often is said.
    """
    rows = list(results.rows("source/samples").select("dataset", "sample", "label").iter_rows())
    every: _Samples = {(dataset, sample) for dataset, sample, _ in rows}
    outside: _Samples = {
        (dataset, sample) for dataset, sample, label in rows if _validates(results.study, dataset, label)
    }
    members, compared, n_compared = _Samples(), _Samples(), 0
    pending, said = _Samples(), list[str]()
    for name, cohort in results.study.cohorts.items():
        of_cohort = results.rows("cohort/samples", cohort=name)
        if of_cohort.is_empty():
            groups = (cohort.case, cohort.control)
            pending |= {(d, sample) for d, sample, label in rows if d in cohort.datasets and label in groups}
            continue
        analysed = without_copies(of_cohort)
        n_case = int(analysed["is_case"].sum())
        controls = counted(len(analysed) - n_case, "control")
        said.append(f"{counted(n_case, 'case')} with {controls} in {cohort.title}")
        members |= set(of_cohort.select("dataset", "sample").iter_rows())
        compared |= set(analysed.select("dataset", "sample").iter_rows())
        n_compared += len(analysed)
    if n_compared > len(compared):
        said[-1] += f" ({n_compared - len(compared):,} fewer in all, as cohorts share samples)"
    others = {
        "with the same array as another": members - compared,
        "not compared yet": pending - members,
        "for validation only": outside - members - pending,
        "not used": every - outside - members - pending,
    }
    return said + [f"{len(found):,} {what} ({_by_dataset(found)})" for what, found in others.items() if found]


def _validates(study: Study, dataset: str, label: str | None) -> bool:
    return any(each.dataset == dataset and label in (each.case, each.control) for each in study.validation)


def _by_dataset(samples: _Samples) -> str:
    """Where samples are, with their numbers if that is several datasets."""
    counts = sorted(Counter(dataset for dataset, _ in samples).items())
    return counts[0][0] if len(counts) == 1 else ", ".join(f"{n:,} in {dataset}" for dataset, n in counts)
