"""What grows with the number of studies: an up-to-date run of one, study files, the warehouse, queries, the atlas.

Run by hand: `python -m benchmarks.scale FOLDER [--studies 20,100,500,1000]`. `scale_lake.py` makes the lake; a folder
that has one is used again. Each line is wall and CPU seconds at each number of studies.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.scale_lake import FIRST, add_studies, settings_of, write_first
from dmicc_assets.assets.atlas import disease_overlap
from dmicc_assets.lake.recipes import origin
from dmicc_assets.lake.store import Lake
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.signature.atlas import disease_overlap as every_pair
from dmicc_assets.study.settings import Settings
from dmicc_assets.types import ALL_STUDIES
from dmicc_assets.warehouse.build import build_warehouse, ensure_warehouse

DMICC = [sys.executable, "-c", "from dmicc_assets.cli.main import main; main()"]
QUERIES = {
    "a query on one study, small table": f"FROM signature.genes WHERE study = '{FIRST}'",
    "a query on one study, large table": f"FROM differential.statistics WHERE study = '{FIRST}'",
    "a query on one gene of one matrix": f"FROM cohort.expression WHERE study = '{FIRST}' AND gene = 'G0012'",
    "a query on every study, small table": "SELECT count(gene) FROM signature.genes",
}


def timed(name: str, work: Callable[[], Any]) -> Any:
    """Do something and print what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    print(f"| {name} | {time.perf_counter() - wall:.3f} | {time.process_time() - cpu:.3f} |", flush=True)
    return result


def run(settings: Settings) -> float:
    """`dmicc run` of the first study, CPU seconds."""
    variables = settings.environment() | {"PYTHONPATH": os.pathsep.join(sys.path)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*DMICC, "run", FIRST], env={**os.environ, **variables}, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(folder: Path, n: int) -> None:
    """Every line at one number of studies."""
    settings = settings_of(folder)
    print(f"\n{n} studies\n\n| what | wall, s | CPU, s |\n|---|---|---|")
    timed("study files, first time", lambda: open_workspace(settings))
    workspace = timed("study files, again", lambda: open_workspace(settings))
    context = workspace.context(disease_overlap, ALL_STUDIES)
    timed("what the atlas reads, first time", lambda: origin(context))
    timed("what the atlas reads, again", lambda: origin(context))
    tables = {
        "genes": context.read_there("differential/genes", ("gene", "direction")),
        "statistics": context.read_there("differential/statistics", ("gene",)),
        "samples": context.read_there("cohort/samples", ("dataset", "sample")),
    }
    rows = timed("counts of every pair", lambda: every_pair(**tables, read_axes=lambda _: None))
    print(f"  ({len(rows)} pairs)")
    with suppress(FileNotFoundError):
        settings.warehouse.unlink()
    timed("the warehouse, first time", lambda: build_warehouse(settings))
    timed("the warehouse, nothing changed", lambda: build_warehouse(settings))
    timed("the warehouse, before a query", lambda: ensure_warehouse(settings))
    lake = Lake(settings.lake, settings.locks)
    timed("temporary files and empty tables", lake.prepare)
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        for name, query in QUERIES.items():
            connection.execute(query).fetchall()
            timed(name, lambda query=query: connection.execute(query).fetchall())


def main() -> None:
    """Measure at each number of studies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--studies", default="20,100,500,1000")
    asked = parser.parse_args()
    if not asked.folder.exists():
        write_first(asked.folder)
        settings_of(asked.folder).prepare_home()
        run(settings_of(asked.folder))
    for n in map(int, asked.studies.split(",")):
        there = len(list((asked.folder / "studies").glob("*.yaml")))
        add_studies(asked.folder, there, n)
        measure(asked.folder, n)


if __name__ == "__main__":
    main()
