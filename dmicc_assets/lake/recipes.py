"""Recipes of partitions, and their computation.

A recipe is the hash of code version, settings and the content of every input. Bodies are in `assets/`; `currency.py`
decides which partitions are up to date.
"""

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from time import perf_counter
from typing import Any

import polars as pl

from dmicc_assets.errors import DataError, DmiccError
from dmicc_assets.lake.contents import contents
from dmicc_assets.lake.declared_rows import declared_rows
from dmicc_assets.lake.difference import difference
from dmicc_assets.lake.failures import clear_failure, note_failure
from dmicc_assets.lake.manifest import Manifest, Origin
from dmicc_assets.lake.steps import Result, StepContext, related
from dmicc_assets.lake.storage import LostRaceError
from dmicc_assets.lake.store import Lake
from dmicc_assets.tables import TABLES
from dmicc_assets.wording import counted

_LIBRARIES = ("numpy", "scipy", "polars", "scikit-learn", "statsmodels", "gseapy")


def origin(context: StepContext, observed: str | None = None) -> Origin:
    """The current origin of a partition: its recipe and the hashed parts.

    Args:
        context: the step and its partition.
        observed: the step's observation of sources, if it makes any; made here by default.

    Raises:
        DataError: an input was never materialised; the message names it.
    """
    step = context.step
    inputs: list[list[str]] = []
    for each in (each for each in step.inputs if each.is_read):
        keys = related(context.study, context.key, each.through, each.table, context.studies)
        if each.through == "all_studies":  # one damaged study does not stop what is made of all of them
            there = contents(context.lake, each.table, keys)
            inputs += [[each.table, key, there[key]] for key in keys if key in there]
            continue
        for key in keys:
            manifest = context.lake.manifest(each.table, key)
            if manifest is not None:
                inputs.append([each.table, key, manifest.content])
            else:
                group = TABLES[each.table].group
                raise DataError(
                    f"{each.table} of {key} was never materialised: run it without --only, or --only {group} first"
                )
    if step.observe is not None:
        inputs.append(["observed", context.key, observed if observed is not None else step.observe(context)])
    settings = json.loads(json.dumps(step.settings(context.study, context.key.part), default=_plain))
    tables = {table: [[column.name, column.sql_type] for column in TABLES[table].columns] for table in step.outputs}
    recipe = json.dumps([step.name, step.version, tables, settings, sorted(inputs)], sort_keys=True)
    return Origin(sha256(recipe.encode()).hexdigest(), step.version, settings, inputs, versions(), context.run_id)


@dataclass(frozen=True)
class Written:
    """A partition that was written.

    Attributes:
        manifest: of the new partition.
        before: of the replaced one, if any.
        difference: one-line summary of what changed.
    """

    manifest: Manifest
    before: Manifest | None
    difference: str


def run_step(context: StepContext, now: Origin) -> list[Written]:
    """Compute a partition, check that its tables are as declared, and then write all of them.

    Raises:
        DmiccError: the computation failed; the failure is recorded in the lake, and nothing is written.
        LostRaceError: another machine published other inputs or another result meanwhile.
    """
    begun = perf_counter()
    try:
        result = _compute(context)
        rows = {
            table: declared_rows(TABLES[table], context.key, result.frames[table]) for table in context.step.outputs
        }
    except DmiccError as error:
        note_failure(context.lake, context.step.name, context.key, now.recipe, error)
        raise
    seconds = perf_counter() - begun
    if context.lake.is_published:
        _refuse_changed_inputs(context, now)
    files = context.step.files(context) if context.step.files is not None else ()
    written: list[Written] = []
    for table in context.step.outputs:
        before = context.lake.manifest(table, context.key)
        old = _earlier_rows(context.lake, table, context.key)
        manifest = context.lake.write_declared(table, context.key, rows[table], now, result.notes, seconds, files)
        written.append(Written(manifest, before, _difference(manifest, before, old, rows[table])))
    clear_failure(context.lake, context.step.name, context.key)
    return written


def _refuse_changed_inputs(context: StepContext, before: Origin) -> None:
    """Refuse a result of inputs that were replaced in this machine's copy of the lake while they were read."""
    observed = next((content for table, _, content in before.inputs if table == "observed"), "")
    if origin(context, observed).inputs != before.inputs:
        raise LostRaceError(f"{context.step.name} of {context.key}: its inputs were replaced while it was computed")


def _compute(context: StepContext) -> Result:
    try:
        result = context.step.compute(context)
    except ValueError as error:  # the core's error on unusable values, which names gene, sample or column
        message = f"{context.step.name} of {context.key}: {error}"
        raise DataError(message, check=getattr(error, "check", None)) from error
    if set(result.frames) != set(context.step.outputs):
        raise DataError(
            f"{context.step.name} computed {sorted(result.frames)}, declared {sorted(context.step.outputs)}"
        )
    return result


def _earlier_rows(lake: Lake, table: str, key: str) -> pl.DataFrame | None:
    """The rows to be replaced, for a table with history; None when they are damaged or of another version."""
    if not TABLES[table].keeps_history or not lake.verify(table, key):
        return None
    try:
        return lake.read(table, key)
    except DataError:
        return None


def _difference(manifest: Manifest, before: Manifest | None, old: pl.DataFrame | None, new: pl.DataFrame) -> str:
    if before is None:
        return f"first time: {counted(manifest.n_rows, 'row')}"
    if before.content == manifest.content:
        return "nothing: the content is the same as before"
    return difference(before.n_rows, manifest.n_rows, old, new)


@cache
def versions() -> dict[str, str]:
    """Versions of this package and of the libraries that affect results."""
    return {name: version(name) for name in ("dmicc_assets", *_LIBRARIES)}


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json")
