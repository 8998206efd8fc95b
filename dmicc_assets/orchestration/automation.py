"""Conditions by which Dagster materialises a partition. They stop at unchanged content.

`sensors.py` observes the sources; everything is off until switched on in the UI.
"""

from collections.abc import Sequence

import dagster as dg

from dmicc_assets.lake.steps import Step


def recompute_when_changed(
    waits_for: Sequence[Sequence[dg.AssetKey]] = (), only_order: Sequence[dg.AssetKey] = ()
) -> dg.AutomationCondition:
    """Materialise a partition that is missing, or whose inputs changed in content; stop at unchanged content.

    `eager()` does not stop at an unchanged data version; this is what did, through static mappings.

    Args:
        waits_for: tables that may not be in progress or just done, so that what is read is of one revision, one level
            up, two levels up, and so on (`tables_to_wait_for`). What follows on a table that is just done is in
            progress at the next tick: `will_be_requested()` would say so at once, but not of an asset with other
            partitions.
        only_order: dependencies that are not read: their changes change nothing (the case of a study hangs on its
            datasets for the order of a backfill).
    """
    is_at_work = dg.AutomationCondition.in_progress() | dg.AutomationCondition.newly_updated()
    any_at_work, operand = dg.AutomationCondition.any_deps_in_progress(), is_at_work
    for tables in reversed(waits_for):
        any_at_work = dg.AutomationCondition.any_deps_match(operand).allow(dg.AssetSelection.assets(*tables))
        operand = is_at_work | any_at_work
    inputs_changed = dg.AutomationCondition.any_deps_match(dg.AutomationCondition.data_version_changed())
    if only_order:
        inputs_changed = inputs_changed.ignore(dg.AssetSelection.assets(*only_order))
    changed = inputs_changed | dg.AutomationCondition.newly_missing()
    return (
        dg.AutomationCondition.in_latest_time_window()
        & changed.since_last_handled()
        & ~dg.AutomationCondition.any_deps_missing()
        & ~any_at_work
        & ~dg.AutomationCondition.in_progress()
    ).with_label("recompute_when_changed")


def levels_to_wait_for(step: Step, steps: Sequence[Step]) -> int:
    """Number of upstream levels that may still change although the direct inputs have not.

    The model reads a cohort, and biomarkers that derive from that cohort through steps that it does not read. It must
    wait for these steps too; otherwise it would be fitted on the new cohort with the old biomarkers. 0 without such
    steps.
    """
    maker = {table: each.name for each in steps for table in each.outputs}
    above = {each.name: {maker[i.table] for i in each.inputs if i.table in maker} for each in steps}

    def longest_way(name: str) -> int:
        """Number of steps between this one and an input on the longest indirect path; -1 without such a path."""
        ways = [0] if above[name] & above[step.name] else []
        ways += [1 + way for each in above[name] - above[step.name] if (way := longest_way(each)) >= 0]
        return max(ways, default=-1)

    return 1 + max((longest_way(name) for name in above[step.name]), default=-1)


def tables_to_wait_for(step: Step, steps: Sequence[Step]) -> list[list[str]]:
    """The tables upstream that are looked at, one level up, two levels up, as far as `levels_to_wait_for`.

    Every step in between is looked at, but in one way: all tables on all ways took most of a tick. The tables of a step
    are written together, so the last one is at work as long as any of them; and a step of a study, which reads all of
    its cohorts, need not look at a step of cohorts or of the study again further up.
    """
    looked_at, reached, seen = list[list[str]](), {step.name: step}, set[str]()
    for _ in range(levels_to_wait_for(step, steps)):
        found = [read for each in reached.values() for read in _read_by(each, steps) if read[0].name not in seen]
        if not found:
            break
        looked_at.append(sorted({table for _, table in found}))
        reached = {maker.name: maker for maker, _ in found}
        if step.partition == "study":
            seen |= {maker.name for maker, _ in found if maker.partition != "dataset"}
    return looked_at


def _read_by(reader: Step, steps: Sequence[Step]) -> list[tuple[Step, str]]:
    """Each step whose tables another reads, with the last of these."""
    read = {each.table for each in reader.inputs}
    of_step = [(maker, [table for table in maker.outputs if table in read]) for maker in steps]
    return [(maker, tables[-1]) for maker, tables in of_step if tables]


def fetch_when_changed() -> dg.AutomationCondition:
    """The condition for downloads; a failed download is tried again every six hours."""
    failed = dg.AutomationCondition.execution_failed() & dg.AutomationCondition.cron_tick_passed("0 */6 * * *")
    return (
        recompute_when_changed()
        | (failed & ~dg.AutomationCondition.any_deps_missing() & ~dg.AutomationCondition.in_progress())
    ).with_label("fetch_when_changed")


def rebuild_when_changed() -> dg.AutomationCondition:
    """The condition for steps over all studies; missing inputs do not block it, as some study is always missing."""
    return (
        dg.AutomationCondition.any_deps_match(dg.AutomationCondition.data_version_changed()).since_last_handled()
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
    ).with_label("rebuild_when_changed")
