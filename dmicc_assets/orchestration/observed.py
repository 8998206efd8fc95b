"""Observable source assets: the series at GEO, Xena or on disk, and the gene-set libraries."""

from collections.abc import Mapping
from hashlib import sha256

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from dmicc_assets.assets.enrichment import study_libraries, terms
from dmicc_assets.assets.source import files, observe_dataset
from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.keys import GENE_SETS, OWNERS, SERIES
from dmicc_assets.orchestration.partitions import accession_partition, accession_partitions
from dmicc_assets.orchestration.resources import WorkspaceResource
from dmicc_assets.study.schema import Study
from dmicc_assets.types import PartitionKey


def served_now(
    workspace: Workspace, accession: str, *, seen: Mapping[str, str] | None = None, thorough: bool = False
) -> str:
    """Current version of an accession's files that any study needs, as text.

    Args:
        workspace: settings and studies.
        accession: a partition of `source/series`.
        seen: recent observations by `study.dataset`, which are not repeated.
        thorough: compare content when there are no validators, whatever acc.cgi's dates are.

    Raises:
        SourceError: the source cannot be reached, or does not have the accession.
    """
    datasets = [
        PartitionKey.of(study.study, dataset)
        for study in workspace.studies.values()
        for dataset in study.datasets
        if accession_partition(study, dataset) == accession
    ]
    known = seen or {}
    texts = (known.get(key) or observe_dataset(workspace.context(files, key), thorough=thorough) for key in datasets)
    return "\n".join(sorted({line for text in texts for line in text.splitlines()}))


def accessions(workspace: Workspace) -> list[str]:
    """Every partition of `source/series` with a source; simulated series only after `dmicc demo`."""
    studies = {name: study for name, study in workspace.studies.items() if _can_be_served(workspace, study)}
    return list(accession_partitions(studies).get_partition_keys())


def _can_be_served(workspace: Workspace, study: Study) -> bool:
    return not study.is_simulated or workspace.settings.simulated_mirror.is_dir()


def libraries_now(workspace: Workspace, running: str | None = None) -> str:
    """The gene-set libraries of every study that has results, as a text.

    Args:
        workspace: settings and studies.
        running: a study that is run now: only its providers are asked; for other studies the text is as fetched last.
    """
    lines: set[str] = set()
    for study in workspace.studies:
        if study != running and not workspace.lake.has(study):
            continue
        context = workspace.context(terms, PartitionKey.of(study, "any"))
        try:
            lines |= set(study_libraries(context, asks=running in (None, study)).splitlines())
        except DmiccError:  # a library of this study has no provider: its own run says so
            continue
    return "\n".join(sorted(lines))


def data_version(text: str) -> dg.DataVersion:
    """The data version of an observation."""
    return dg.DataVersion(sha256(text.encode()).hexdigest())


def observation(key: dg.AssetKey, text: str, partition: str | None) -> dg.AssetObservation:
    """An observation event with its data version, for automation."""
    tags = {DATA_VERSION_TAG: data_version(text).value}
    return dg.AssetObservation(key, partition=partition, tags=tags, metadata={"served": text or "nothing"})


def observed_assets(workspace: Workspace) -> list[dg.SourceAsset]:
    """The two observable source assets."""

    @dg.observable_source_asset(
        key=SERIES,
        group_name="source",
        description="Current version of each accession at GEO (or Xena, or on disk): date and size of its files. After "
        "a revision, results that depend on it can be computed again.",
        partitions_def=accession_partitions(workspace.studies),
        tags={"owner": OWNERS[0].removeprefix("team:"), "dagster/kind/source": ""},
    )
    def series(context: dg.OpExecutionContext, workspace: WorkspaceResource) -> dg.DataVersionsByPartition:
        here, wanted = workspace.opened(), context.partition_keys
        return dg.DataVersionsByPartition({each: data_version(served_now(here, each)) for each in wanted})

    @dg.observable_source_asset(
        key=GENE_SETS,
        group_name="enrichment",
        description="The gene-set libraries that enrichment uses (GO, KEGG, ...), as providers serve them now, or "
        "the files in the folder DMICC_GENE_SETS. With another version of a library enrichment is computed again.",
        tags={"owner": OWNERS[0].removeprefix("team:"), "dagster/kind/source": ""},
    )
    def gene_sets(workspace: WorkspaceResource) -> dg.DataVersion:
        return data_version(libraries_now(workspace.opened()))

    return [series, gene_sets]
