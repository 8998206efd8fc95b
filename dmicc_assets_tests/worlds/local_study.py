"""Small studies on local files, run step by step without Dagster: for bad input, end to end, report included."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from dmicc_assets.assets import STEPS
from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.recipes import origin, run_step
from dmicc_assets.lake.steps import partition_keys
from dmicc_assets.lake.store import Lake
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.study.settings import Settings, load_settings

RULES = [{"label": "sick", "where": {"sample": "_s"}}, {"label": "well", "where": {"sample": "_w"}}]
GENES = tuple(f"G{i:03d}" for i in range(60))


def values_of(name: str, n_case: int, n_control: int, seed: int, genes: tuple[str, ...] = GENES) -> pl.DataFrame:
    """A matrix as a file holds it: normal values, the first six genes higher in cases by 2.5."""
    values = np.random.default_rng(seed).normal(8, 1, size=(len(genes), n_case + n_control))
    values[:6, :n_case] += 2.5
    names = [f"{name}_s{i}" for i in range(n_case)] + [f"{name}_w{i}" for i in range(n_control)]
    return pl.DataFrame({"gene": genes, **{sample: values[:, i] for i, sample in enumerate(names)}})


def local_study(folder: Path, matrices: Mapping[str, pl.DataFrame], **changes: Any) -> Settings:
    """A study `local` of cohorts a and b (the model's) on the files A and B, with V outside; and its settings."""
    studies = folder / "studies"
    studies.mkdir()
    for name, frame in matrices.items():
        frame.write_csv(studies / f"{name}.tsv", separator="\t")
    spec = {"source": "file", "labels": RULES, "normalise": "none", "tissue": "skin"}
    content: dict[str, Any] = {
        "study": "local",
        "title": "Local files",
        "datasets": {name: spec | {"matrix": f"{name}.tsv"} for name in matrices},
        "cohorts": {
            name: {"title": name.upper(), "datasets": [name.upper()], "case": "sick", "control": "well"}
            for name in ("a", "b")
            if name.upper() in matrices
        },
        "enrichment": {"libraries": [], "min_size": 1},
        "ranking": {"trees": 10, "top": 3},
        "model": {"bootstrap": 5},
        "rigor": {"permutations": 5, "bootstraps": 5, "random_signatures": 10, "repeats": 1},
        "validation": [{"dataset": "V", "case": "sick", "control": "well"}] if "V" in matrices else [],
    }
    (studies / "local.yaml").write_text(yaml.safe_dump(content | changes))
    nowhere = (folder / "nowhere").as_uri()
    settings = load_settings(home=folder / "home", studies=str(studies), geo_url=nowhere, xena_url=nowhere)
    settings.prepare_home()
    return settings


def run_steps(settings: Settings, name: str = "local", without: Collection[str] = ()) -> dict[str, DmiccError]:
    """Every partition of every step of a study but some, in order; what failed, by 'step partition'."""
    workspace = open_workspace(settings)
    assert not workspace.broken, workspace.broken
    study = workspace.studies[name]
    failed: dict[str, DmiccError] = {}
    for step in STEPS:
        if step.name in without:
            continue
        for key in partition_keys(step.partition, study) if step.partition != "all_studies" else []:
            context = workspace.context(step, key)
            try:
                run_step(context, origin(context))
            except DmiccError as error:
                failed[f"{step.name} {key}"] = error
    return failed


def rows(settings: Settings, table: str, study: str = "local") -> pl.DataFrame:
    """Rows of a table of a study."""
    return Lake(settings.lake, settings.locks).read(table, study)


def finding(settings: Settings, code: str, subject: str) -> tuple[str, str]:
    """Severity and message of a finding."""
    of_code = rows(settings, "rigor/findings").filter(pl.col("code") == code, pl.col("subject") == subject)
    return of_code.select("severity", "message").row(0)
