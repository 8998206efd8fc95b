"""The signature under other thresholds and other ways to collapse probes.

The statistics of each collapse are computed once; thresholds only select from them. `checks/` judges.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import polars as pl

from dmicc_assets.differential.blocking import cohort_settings
from dmicc_assets.differential.statistics import differential_genes, differential_statistics
from dmicc_assets.expression.cohort import merge_cohort
from dmicc_assets.expression.copies import without_copies
from dmicc_assets.resampling.arrays import LogArrays
from dmicc_assets.study.schema import Study
from dmicc_assets.tables import TABLES
from dmicc_assets.types import CaseControl, ExpressionMatrix

AS_IN_STUDY = "as in the study"
COLLAPSES = ("mean", "median", "max_mean")
STEP = 0.25


@dataclass(frozen=True)
class ProbeLevel:
    """Inputs of other collapses: the probes of every dataset of a cohort, and its samples.

    Attributes:
        arrays: datasets measured by probe; the others have one value a gene and nothing to collapse.
        matrices: gene-level values of every dataset, as the study collapses them.
        samples: `source.samples` rows of every dataset.
    """

    arrays: Mapping[str, LogArrays]
    matrices: Mapping[str, ExpressionMatrix]
    samples: Mapping[str, pl.DataFrame]


def threshold_grid(study: Study, statistics: Mapping[str, pl.DataFrame], probes: ProbeLevel) -> pl.DataFrame:
    """The signature at log_fc -0.25, 0, +0.25 x half, once, twice the p-value x raw or BH x every collapse.

    Args:
        study: its own settings are one point of the grid.
        statistics: `differential.statistics` of each cohort, as the study collapses.
        probes: of every dataset of the cohorts.

    Returns:
        setting, log_fc, p_value, adjust, collapse, is_single_change, n_shared, jaccard (with the study's own signature;
        NULL when both are empty).
    """
    # A cohort without a dataset by probe has nothing to collapse; its statistics are unchanged.
    by_cohort = [statistics[name] for name in study.cohorts]
    by_collapse: dict[str, Mapping[str, pl.DataFrame]] = {AS_IN_STUDY: statistics}
    for collapse in _other_collapses(study, probes):
        by_collapse[collapse] = {
            name: _statistics(study, name, collapse, probes) if set(cohort.datasets) & set(probes.arrays) else own
            for (name, cohort), own in zip(study.cohorts.items(), by_cohort, strict=True)
        }
    own = study.differential
    log_fcs = sorted({max(0.0, round(own.log_fc + change, 10)) for change in (-STEP, 0.0, STEP)})
    p_values = sorted({min(1.0, own.p_value * factor) for factor in (0.5, 1.0, 2.0)})
    signature = _signature(study, statistics, own.log_fc, own.p_value, own.adjust)
    rows: list[dict[str, object]] = []
    for log_fc, p_value, adjust, collapse in product(log_fcs, p_values, ("none", "BH"), by_collapse):
        shared = _signature(study, by_collapse[collapse], log_fc, p_value, adjust)
        changes = [
            text
            for text, changed in (
                (f"log_fc {log_fc:g}", log_fc != own.log_fc),
                (f"p_value {p_value:g}", p_value != own.p_value),
                (f"adjust {adjust}", adjust != own.adjust),
                (f"collapse {collapse}", collapse != AS_IN_STUDY),
            )
            if changed
        ]
        rows.append(
            {
                "setting": ", ".join(changes) or AS_IN_STUDY,
                "log_fc": log_fc,
                "p_value": p_value,
                "adjust": adjust,
                "collapse": collapse,
                "is_single_change": len(changes) == 1,
                "n_shared": len(shared),
                "jaccard": len(shared & signature) / len(shared | signature) if shared | signature else None,
            }
        )
    return TABLES["signature/sensitivity"].frame(rows)


def _signature(
    study: Study, statistics: Mapping[str, pl.DataFrame], log_fc: float, p_value: float, adjust: str
) -> set[str]:
    settings = study.differential.model_copy(update={"log_fc": log_fc, "p_value": p_value, "adjust": adjust})
    return set[str].intersection(*(set(differential_genes(frame, settings)["gene"]) for frame in statistics.values()))


def _other_collapses(study: Study, probes: ProbeLevel) -> Sequence[str]:
    """Collapses that change the study: those that some dataset measured by probe does not use."""
    used = [arrays.spec.collapse for arrays in probes.arrays.values() if arrays.probe_genes is not None]
    return [collapse for collapse in COLLAPSES if any(own != collapse for own in used)]


def _statistics(study: Study, name: str, collapse: str, probes: ProbeLevel) -> pl.DataFrame:
    """`differential.statistics` of a cohort whose probes are collapsed in another way."""
    cohort = study.cohorts[name]
    matrices = {
        dataset: probes.arrays[dataset].collapsed(collapse) if dataset in probes.arrays else probes.matrices[dataset]
        for dataset in cohort.datasets
    }
    merged = merge_cohort(name, cohort, matrices, {dataset: probes.samples[dataset] for dataset in cohort.datasets})
    matrix = merged.adjusted if cohort.batch == "combat" else merged.value
    members = without_copies(merged.samples)
    subject = CaseControl(
        name,
        "cohort",
        matrix.take_samples(members["sample"].to_list()),
        members["is_case"].to_numpy(),
        tuple(members["batch"]),
        tuple(members["patient"]),
        tuple(members["unit"]),
    )
    return differential_statistics(subject, cohort_settings(study, name, subject), cohort.batch)
