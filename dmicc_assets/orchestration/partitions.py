"""Dagster partitions from the study files, and the mappings between them.

Static: `StaticPartitionMapping` does not work with dynamic partitions.
"""

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from dmicc_assets.lake.steps import Through, partition_keys, related
from dmicc_assets.study.schema import Study, accession_of
from dmicc_assets.tables import TABLES
from dmicc_assets.types import PartitionKey, PartitionKind

KINDS: tuple[PartitionKind, ...] = ("dataset", "cohort", "study")


def partitions_of(studies: Mapping[str, Study]) -> dict[PartitionKind, dg.StaticPartitionsDefinition | None]:
    """The partitions of each kind over all studies; `all_studies` has none."""
    found: dict[PartitionKind, dg.StaticPartitionsDefinition | None] = {"all_studies": None}
    for kind in KINDS:
        found[kind] = dg.StaticPartitionsDefinition(
            [key for study in studies.values() for key in partition_keys(kind, study)]
        )
    return found


def mapping(
    studies: Mapping[str, Study], kind: PartitionKind, through: Through, table: str
) -> dg.PartitionMapping | None:
    """Mapping from an input table's partitions to a step's; None where Dagster's default is right."""
    upstream = TABLES[table].partition
    if through in ("same", "all_studies") or kind == "all_studies" or upstream == "all_studies":
        return None
    return dg.StaticPartitionMapping(
        _inverted(
            (key, related(study, key, through, table, studies))
            for study in studies.values()
            for key in partition_keys(kind, study)
        )
    )


def accession_partition(study: Study, dataset: str) -> str:
    """Partition of `source/series` of a dataset: its accession, or the dataset's name without one."""
    if study.datasets[dataset].source == "geo":
        return accession_of(dataset)
    return PartitionKey.of(study.study, dataset)


def accession_partitions(studies: Mapping[str, Study]) -> dg.StaticPartitionsDefinition:
    """Distinct accessions of all studies."""
    keys = [accession_partition(study, dataset) for study in studies.values() for dataset in study.datasets]
    return dg.StaticPartitionsDefinition(list(dict.fromkeys(keys)))


def accession_mapping(studies: Mapping[str, Study]) -> dg.StaticPartitionMapping:
    """Mapping from an accession to its datasets in all studies."""
    return dg.StaticPartitionMapping(
        _inverted(
            (PartitionKey.of(study.study, dataset), [accession_partition(study, dataset)])
            for study in studies.values()
            for dataset in study.datasets
        )
    )


def _inverted(pairs: Iterable[tuple[str, Sequence[str]]]) -> dict[str, list[str]]:
    """Invert `(downstream, upstreams)` to upstream: downstreams, the form that Dagster needs."""
    found: dict[str, list[str]] = {}
    for downstream, upstreams in pairs:
        for upstream in upstreams:
            found.setdefault(upstream, []).append(downstream)
    return found
