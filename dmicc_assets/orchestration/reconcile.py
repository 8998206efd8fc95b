"""Reports to Dagster of results that are in the lake and that Dagster never heard of, because a process was killed.

`told.py` knows what Dagster was told; the lake is right, and nothing is computed here.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import dagster as dg
from dagster._core.definitions.data_version import extract_data_version_from_entry

from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.currency import Currency, currency, recorded, study_currency
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.lake.recipes import Written
from dmicc_assets.lake.steps import Step, StepContext
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.events import materialization
from dmicc_assets.orchestration.first_rows import first_rows
from dmicc_assets.orchestration.keys import asset_key
from dmicc_assets.orchestration.overdue import Overdue, overdue
from dmicc_assets.orchestration.provenance import provenance
from dmicc_assets.orchestration.reported_checks import report_checks
from dmicc_assets.orchestration.told import contents_of, keep_contents, last_told, state_of
from dmicc_assets.types import ALL_STUDIES

_NOT_HEARD = "a process was killed before it could report this result, which is in the lake and up to date"


def reconcile(instance: dg.DagsterInstance, workspace: Workspace, states: Sequence[Currency]) -> list[str]:
    """Report each up-to-date partition whose content is not the latest data version that Dagster has, and its checks.

    A process may be killed after the tables and before their checks: these are compared by themselves. An outdated
    partition is left out: beside its new inputs it would count as made from them, and automation would request nothing.
    The caller sees to it that no run writes these partitions.

    Args:
        instance: Dagster's.
        workspace: settings, studies and lake.
        states: of the partitions, in the order of the steps.

    Returns: `table of partition` for each that was reported, `the checks of step of partition` where only these were.
    """
    reported: list[str] = []
    for state in (state for state in states if state.is_current):
        context = workspace.context(state.step, state.key)
        with context.lake.claim(state.step.name, state.key):
            written = [context.lake.manifest(table, state.key) for table in state.step.outputs]
            current = [each for each in written if each is not None and state.now and each.recipe == state.now.recipe]
            unheard = [each for each in current if _data_version(instance, each) != each.content]
            if unheard:
                _report(instance, context, unheard)
            are_checked = len(current) == len(state.step.outputs) and report_checks(instance, context)
        reported += [f"{each.table} of {each.partition}" for each in unheard]
        if are_checked and not unheard:
            reported.append(f"the checks of {state.step.name} of {state.key}")
    return reported


@dataclass(frozen=True)
class Agreement:
    """What came of a comparison of lake and Dagster.

    Attributes:
        reported: `table of partition` for each that was reported.
        overdue: partitions that are out of date although nothing is at work on them.
    """

    reported: Sequence[str] = ()
    overdue: Overdue = ()


def agree(instance: dg.DagsterInstance, workspace: Workspace, study: str, steps: Sequence[Step]) -> Agreement:
    """`reconcile` for a study outside of a run; nothing is done while another process runs it.

    While a part of a study is out of date, lake and Dagster differ; it is looked at again only if something changed, or
    something is overdue.

    Raises:
        DmiccError: a file of the study cannot be read.
    """
    settings, spec, lake = workspace.settings, workspace.study(study), workspace.lake
    versions = [(step.name, step.version) for step in steps]
    if state_of(lake, spec, versions) == last_told(settings, study).looked_at:
        return Agreement()
    with ExitStack() as held:
        try:
            held.enter_context(workspace.hold_study(study, waits=False))
        except DmiccError:
            return Agreement()
        told = last_told(settings, study)  # a run may have ended since, on another machine too
        lake.refresh(study)
        state = state_of(lake, spec, versions)
        states = study_currency(workspace, study, steps)
        reported = reconcile(instance, workspace, states)
        current = {(table, state.key) for state in states if state.is_current for table in state.step.outputs}
        heard = {each: content for each, content in contents_of(lake, spec).items() if each in current}
        late = overdue(workspace, states)
        keep_contents(settings, study, told, heard, "" if late else state)
        return Agreement(reported, late)


def agree_on_shared(instance: dg.DagsterInstance, workspace: Workspace, steps: Sequence[Step]) -> Agreement:
    """`agree` for what all studies share, which no study's records hold."""
    shared = [step for step in steps if step.partition == "all_studies"]
    contexts = [workspace.context(step, ALL_STUDIES) for step in shared if workspace.studies]
    states = [currency(context, recorded) for context in contexts]
    late = [(state.step, ALL_STUDIES) for state in states if not state.is_current and not state.failed and state.now]
    made = [each for each in late if workspace.lake.was_written(each[0].outputs[0], ALL_STUDIES)]
    return Agreement(reconcile(instance, workspace, states), made)


def _report(instance: dg.DagsterInstance, context: StepContext, manifests: Sequence[Manifest]) -> None:
    """Report tables of one step, which have the same inputs."""
    inputs = provenance(instance, context)
    for each in manifests:
        written = Written(each, each, _NOT_HEARD)
        instance.report_runless_asset_event(materialization(written, first_rows(context, each), inputs))


def _partition(manifest: Manifest) -> str | None:
    return None if manifest.partition == ALL_STUDIES else manifest.partition


def _data_version(instance: dg.DagsterInstance, manifest: Manifest) -> str | None:
    """The latest data version that Dagster has of a partition."""
    record = instance.get_latest_data_version_record(
        asset_key(manifest.table), is_source=False, partition_key=_partition(manifest)
    )
    found = None if record is None else extract_data_version_from_entry(record.event_log_entry)
    return None if found is None else found.value
