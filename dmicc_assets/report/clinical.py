"""The case of a study file: the two tables of the `clinical` group, and its observations by section."""

from dataclasses import dataclass

import polars as pl

from dmicc_assets.study.case import Case, Observation
from dmicc_assets.tables import TABLES


@dataclass(frozen=True)
class CaseTables:
    """Observations of the patient, and the cases reported before; both empty without a case."""

    observations: pl.DataFrame
    reported: pl.DataFrame


def case_tables(case: Case | None) -> CaseTables:
    """The case as tables: one row an observation in the order of the study file, one row a reported case."""
    observations = [
        {"position": i, **observation.model_dump()}
        for i, observation in enumerate(case.observations if case else [], start=1)
    ]
    reported = [each.model_dump() for each in (case.reported if case else [])]
    return CaseTables(
        TABLES["clinical/case_observations"].frame(observations), TABLES["clinical/reported_cases"].frame(reported)
    )


def case_groups(case: Case | None) -> dict[str, list[Observation]]:
    """Observations of the case by section, sections in the order of the study file."""
    groups: dict[str, list[Observation]] = {}
    for observation in case.observations if case else []:
        groups.setdefault(observation.section, []).append(observation)
    return groups
