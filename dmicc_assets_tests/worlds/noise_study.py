"""Studies on simulated matrices: pure noise, and cohorts with planted genes."""

from typing import Any

import numpy as np

from dmicc_assets.differential.statistics import differential_genes, differential_statistics
from dmicc_assets.resampling.arrays import FoldValues
from dmicc_assets.resampling.selection import StudyData
from dmicc_assets.study.schema import Study
from dmicc_assets.types import CaseControl, ExpressionMatrix


def study_of(*cohorts: str, **changes: Any) -> Study:
    """A study file with one dataset for each cohort."""
    rule = [{"label": "sick", "where": {"any": "sick"}}, {"label": "well", "where": {"any": "well"}}]
    content: dict[str, Any] = {
        "study": "simulated",
        "title": "Simulated",
        "datasets": {name.upper(): {"source": "file", "matrix": "m.tsv", "labels": rule} for name in cohorts},
        "cohorts": {
            name: {"title": name, "datasets": [name.upper()], "case": "sick", "control": "well"} for name in cohorts
        },
        "differential": {"log_fc": 0.0, "p_value": 0.05},
        "ranking": {"top": 5},
        "rigor": {"permutations": 19, "bootstraps": 20, "random_signatures": 100, "repeats": 2},
    }
    return Study.model_validate(content | changes)


def cohort_of(
    name: str, n_case: int, n_control: int, n_genes: int, seed: int, planted: int = 0, shift: float = 3.0
) -> CaseControl:
    """Normal noise; the first `planted` genes are higher in cases by `shift`."""
    values = np.random.default_rng(seed).normal(8, 1, size=(n_genes, n_case + n_control))
    is_case = np.arange(n_case + n_control) < n_case
    values[:planted, is_case] += shift
    genes = tuple(f"G{i:05d}" for i in range(n_genes))
    samples = tuple(f"{name}{i:04d}" for i in range(len(is_case)))
    n = len(samples)
    return CaseControl(
        name, "cohort", ExpressionMatrix(values, genes, samples), is_case, (name.upper(),) * n, (None,) * n
    )


def data_of(study: Study, subjects: list[CaseControl], biomarkers: tuple[str, ...] | None = None) -> StudyData:
    """Inputs of resampling, with the biomarkers that the resampling forests choose on all samples."""
    from dmicc_assets.resampling.selection import BiomarkerChoice

    genes = {
        each.name: differential_genes(
            differential_statistics(each, study.differential, "covariate"), study.differential
        )
        for each in subjects
    }
    by_name = {each.name: each for each in subjects}
    data = StudyData(study, by_name, by_name, genes)
    if biomarkers is None:
        target = by_name[data.target]
        shared = sorted(set.intersection(*(set(frame["gene"]) for frame in genes.values())))
        values = target.matrix.take_features(shared).values
        biomarkers = BiomarkerChoice(data, data.target).choose(shared, values, target.is_case)
    return StudyData(study, by_name, by_name, genes, biomarkers)


def fold_values(data: StudyData) -> FoldValues:
    """Values that are equal in all folds, because nothing was normalised over arrays."""
    return FoldValues(data.target, data.study.cohorts[data.target], data.merged[data.target], {}, {}, {})
