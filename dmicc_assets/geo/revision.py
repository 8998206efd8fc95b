"""What a revision at the source changed in a dataset: samples, probes, values, genes of probes.

Comparison only: `observe.py` detects a change; the lake decides what is recomputed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from dmicc_assets.errors import DmiccError
from dmicc_assets.expression.raw_dataset import RawDataset
from dmicc_assets.geo.dataset import read_dataset
from dmicc_assets.geo.http.cache import SourceFile
from dmicc_assets.study.schema import Dataset
from dmicc_assets.wording import counted

_DESCRIBED = ("title", "source_name", "characteristics", "platform", "relations")


@dataclass(frozen=True, slots=True)
class DatasetRevision:
    """How a dataset differs from an earlier version of itself.

    Attributes:
        last_update_date: the date of the series before and now.
        samples_added: in the matrix now, not before.
        samples_removed: in the matrix before, not now.
        samples_described_anew: in both, with a changed title, source name, characteristic, platform or relation.
        n_probes_added: number of rows that are new.
        n_probes_removed: number of rows that are gone.
        n_values_changed: cells of common probes and samples that differ; a missing value equals a missing value.
        n_genes_changed: common probes with a different gene.
    """

    last_update_date: tuple[str | None, str | None]
    samples_added: tuple[str, ...]
    samples_removed: tuple[str, ...]
    samples_described_anew: tuple[str, ...]
    n_probes_added: int
    n_probes_removed: int
    n_values_changed: int
    n_genes_changed: int

    def summary(self) -> str:
        """One line for people, as `1 sample added, 2 values changed`."""
        counts = [
            (len(self.samples_added), "sample", "added"),
            (len(self.samples_removed), "sample", "removed"),
            (len(self.samples_described_anew), "sample", "with a changed description"),
            (self.n_probes_added, "probe", "added"),
            (self.n_probes_removed, "probe", "removed"),
            (self.n_values_changed, "value", "changed"),
            (self.n_genes_changed, "probe", "with a changed gene"),
        ]
        said = [f"{counted(n, noun)} {what}" for n, noun, what in counts if n]
        return ", ".join(said) or "only the header changed: samples and values are the same"


def revision_of(name: str, spec: Dataset, before: Sequence[SourceFile], now: Sequence[SourceFile]) -> str | None:
    """One-line summary of what changed between the earlier and the current files of a dataset.

    Args:
        name: the dataset's name in its study.
        spec: its section of the study file, used to read both versions.
        before: the earlier files, empty when there were none.
        now: the current files.

    Returns:
        None when there were no files before, or the files are the same.
    """
    if not before or {(file.role, file.sha256) for file in before} == {(file.role, file.sha256) for file in now}:
        return None
    try:
        return compare_datasets(read_dataset(name, spec, before), read_dataset(name, spec, now)).summary()
    except DmiccError as error:
        return f"cannot be compared with what was served before ({error})"


def compare_datasets(before: RawDataset, now: RawDataset) -> DatasetRevision:
    """What changed between two versions of one dataset."""
    common_samples = [sample for sample in now.matrix.samples if sample in set(before.matrix.samples)]
    old_probes, new_probes = set(before.matrix.features), set(now.matrix.features)
    common_probes = [probe for probe in now.matrix.features if probe in old_probes]
    old = before.matrix.take_samples(common_samples).take_features(common_probes).values
    new = now.matrix.take_samples(common_samples).take_features(common_probes).values
    return DatasetRevision(
        last_update_date=(before.last_update_date, now.last_update_date),
        samples_added=_absent(now.matrix.samples, before.matrix.samples),
        samples_removed=_absent(before.matrix.samples, now.matrix.samples),
        samples_described_anew=_described_anew(before.samples, now.samples),
        n_probes_added=len(new_probes - old_probes),
        n_probes_removed=len(old_probes - new_probes),
        n_values_changed=int(np.sum(~((old == new) | (np.isnan(old) & np.isnan(new))))),
        n_genes_changed=_genes_changed(before.probe_genes, now.probe_genes),
    )


def _absent(names: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    known = set(others)
    return tuple(name for name in names if name not in known)


def _described_anew(before: pl.DataFrame, now: pl.DataFrame) -> tuple[str, ...]:
    old = {row["sample"]: row for row in before.iter_rows(named=True)}
    return tuple(
        row["sample"]
        for row in now.iter_rows(named=True)
        if row["sample"] in old and any(row[key] != old[row["sample"]][key] for key in _DESCRIBED)
    )


def _genes_changed(before: pl.DataFrame | None, now: pl.DataFrame | None) -> int:
    if before is None or now is None:
        return 0
    joined = now.join(before, on="probe", suffix="_before")
    return joined.filter(pl.col("gene").ne_missing(pl.col("gene_before"))).height
