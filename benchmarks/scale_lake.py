"""A lake of N equal studies, fast: one is computed, and its results are written again under the names of the others.

A copy's rows, contents and manifests are its own; its recipes are the first study's, so that a run of a copy would
compute it. `scale.py` measures.
"""

import json
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from dmicc_assets.lake.durable import file_sha256
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.store import Lake
from dmicc_assets.study.settings import Settings, load_settings
from dmicc_assets.tables import PARTITIONS, TABLES

FIRST = "s0000"
N_GENES, N_SAMPLES, N_MOVED, SHIFT = 500, 20, 30, 1.5


def settings_of(folder: Path) -> Settings:
    """The settings of the benchmark's home; no source is on the network."""
    nowhere = (folder / "nowhere").as_uri()
    return load_settings(home=folder / "home", studies=str(folder / "studies"), geo_url=nowhere, xena_url=nowhere)


def write_first(folder: Path) -> None:
    """The files of the study that is computed: two datasets of 500 genes and 20 samples, each a cohort."""
    studies = folder / "studies"
    studies.mkdir(parents=True)
    for i, name in enumerate("ab"):
        values = np.random.default_rng(i).normal(8, 1, size=(N_GENES, N_SAMPLES))
        values[10 * i : 10 * i + N_MOVED, : N_SAMPLES // 2] += SHIFT
        names = [f"{name}_{'s' if j < N_SAMPLES // 2 else 'w'}{j}" for j in range(N_SAMPLES)]
        columns = {sample: values[:, j] for j, sample in enumerate(names)}
        frame = pl.DataFrame({"gene": [f"G{g:04d}" for g in range(N_GENES)], **columns})
        frame.write_csv(studies / f"{name}.tsv", separator="\t")
    _write_file(folder, FIRST)


def add_studies(folder: Path, start: int, stop: int) -> None:
    """The studies of these numbers, as copies of the first."""
    settings = settings_of(folder)
    lake, names = Lake(settings.lake, settings.locks), [f"s{i:04d}" for i in range(start, stop)]
    for name in names:
        _write_file(folder, name)
    for table, declared in TABLES.items():
        for partition in (each for each in lake.partitions(table) if each.split(".")[0] == FIRST):
            manifest = lake.manifest(table, partition)
            if manifest is not None and declared.partition != "all_studies":
                rows = pl.read_parquet(lake.path(table, partition))
                for name in names:
                    _write_copy(lake, rows, manifest, name)
    rows = pl.read_parquet(lake.path(PARTITIONS.name, FIRST))
    for name in names:
        renamed = pl.col("partition").str.replace(FIRST, name, literal=True)
        rows.with_columns(renamed, study=pl.lit(name)).write_parquet(lake.path(PARTITIONS.name, name))


def _write_copy(lake: Lake, rows: pl.DataFrame, manifest: Manifest, name: str) -> None:
    partition = manifest.partition.replace(FIRST, name, 1)
    path = lake.path(manifest.table, partition)
    rows.with_columns(study=pl.lit(name)).write_parquet(path)
    content = sha256(f"{name} {manifest.content}".encode()).hexdigest()
    copy = replace(
        manifest, partition=partition, content=content, sha256=file_sha256(path), n_bytes=path.stat().st_size
    )
    path.with_suffix(".json").write_text(json.dumps(asdict(copy)))


def _write_file(folder: Path, name: str) -> None:
    labels = [{"label": "sick", "where": {"sample": "_s"}}, {"label": "well", "where": {"sample": "_w"}}]
    spec: dict[str, Any] = {"source": "file", "labels": labels, "scale": "log2", "normalise": "none", "tissue": "blood"}
    groups = {"case": "sick", "control": "well"}
    study = {
        "study": name,
        "title": f"Copy {name}",
        "datasets": {each: spec | {"matrix": f"{each}.tsv"} for each in "ab"},
        "cohorts": {f"c{each}": {"title": each, "datasets": [each]} | groups for each in "ab"},
        "enrichment": {"libraries": []},
        "ranking": {"trees": 50, "folds": 5, "top": 3},
        "model": {"bootstrap": 20},
        "rigor": {"permutations": 19, "bootstraps": 20, "random_signatures": 19, "repeats": 1},
    }
    (folder / "studies" / f"{name}.yaml").write_text(yaml.safe_dump(study))
