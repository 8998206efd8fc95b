"""When Dagster materialises a partition by itself. The conditions stop where content stays the same.

What observes the sources is in `sensors.py`; everything is off until it is switched on in the UI.
"""

from collections.abc import Sequence

import dagster as dg

from dmicc_assets.lake.steps import Step


def recompute_when_changed(levels: int = 0) -> dg.AutomationCondition:
    """Materialise a partition that is missing, or whose inputs changed in content; stop where content stays the same.

    `eager()` does not stop at an unchanged data version; this is what did, through static mappings.

    Args:
        levels: how far up nothing may be in progress or just done, so that what is read is of one revision
            (`levels_to_wait_for`). What follows on a table that is just done is in progress at the next tick:
            `will_be_requested()` would say so at once, but not of an asset with other partitions.
    """
    is_at_work = dg.AutomationCondition.in_progress() | dg.AutomationCondition.newly_updated()
    any_at_work = dg.AutomationCondition.any_deps_in_progress()
    for level in range(levels):
        any_at_work = dg.AutomationCondition.any_deps_match(is_at_work | any_at_work if level else is_at_work)
    changed = dg.AutomationCondition.newly_missing() | dg.AutomationCondition.any_deps_match(
        dg.AutomationCondition.data_version_changed()
    )
    return (
        dg.AutomationCondition.in_latest_time_window()
        & changed.since_last_handled()
        & ~dg.AutomationCondition.any_deps_missing()
        & ~any_at_work
        & ~dg.AutomationCondition.in_progress()
    ).with_label("recompute_when_changed")


def levels_to_wait_for(step: Step, steps: Sequence[Step]) -> int:
    """How far above a step what it reads can still change, while all that it reads stands still.

    The model reads a cohort, and biomarkers that are made from that cohort by way of steps it does not read: it must
    wait for them too, or it would be fitted on the new cohort with the old biomarkers. 0 where there is no such way.
    """
    maker = {table: each.name for each in steps for table in each.outputs}
    above = {each.name: {maker[i.table] for i in each.inputs if i.table in maker} for each in steps}

    def longest_way(name: str) -> int:
        """Steps above this one that are not read, on the longest way up to one that is; -1 without such a way."""
        ways = [0] if above[name] & above[step.name] else []
        ways += [1 + way for each in above[name] - above[step.name] if (way := longest_way(each)) >= 0]
        return max(ways, default=-1)

    return 1 + max((longest_way(name) for name in above[step.name]), default=-1)


def fetch_when_changed() -> dg.AutomationCondition:
    """The same for what is fetched; what failed, since a source was down, is tried again every six hours."""
    failed = dg.AutomationCondition.execution_failed() & dg.AutomationCondition.cron_tick_passed("0 */6 * * *")
    return (
        recompute_when_changed()
        | (failed & ~dg.AutomationCondition.any_deps_missing() & ~dg.AutomationCondition.in_progress())
    ).with_label("fetch_when_changed")


def rebuild_when_changed() -> dg.AutomationCondition:
    """The same for what reads all studies: some study is always unmaterialised, so missing inputs do not hold it."""
    return (
        dg.AutomationCondition.any_deps_match(dg.AutomationCondition.data_version_changed()).since_last_handled()
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
    ).with_label("rebuild_when_changed")
