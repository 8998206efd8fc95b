"""When Dagster materialises a partition by itself. The conditions stop where content stays the same.

What observes the sources is in `sensors.py`; everything is off until it is switched on in the UI.
"""

import dagster as dg


def recompute_when_changed() -> dg.AutomationCondition:
    """Materialise a partition that is missing, or whose inputs changed in content; stop where content stays the same.

    `eager()` does not stop at an unchanged data version; this is what did, through static mappings.
    """
    changed = dg.AutomationCondition.newly_missing() | dg.AutomationCondition.any_deps_match(
        dg.AutomationCondition.data_version_changed()
    )
    return (
        dg.AutomationCondition.in_latest_time_window()
        & changed.since_last_handled()
        & ~dg.AutomationCondition.any_deps_missing()
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
    ).with_label("recompute_when_changed")


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
