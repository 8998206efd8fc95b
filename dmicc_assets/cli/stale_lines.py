"""What of a study is out of date or was not made, in a few lines. `lake/currency.py` decides it."""

from collections.abc import Collection, Sequence

from dmicc_assets.lake.currency import Currency
from dmicc_assets.lake.judged import root_causes, stale_tables
from dmicc_assets.lake.store import Lake
from dmicc_assets.types import ALL_STUDIES
from dmicc_assets.wording import one_or_many

_MOST_TABLES = 4


def stale_lines(lake: Lake, states: Sequence[Currency], failed: Collection[str] = ()) -> list[str]:
    """Number of the study's tables that are old or not made, and a line for each reason; empty if all are up to date.

    The tables of all studies are left out: they change with every other study.

    Args:
        lake: tells which tables were ever made: only these can be out of date.
        states: of the study's partitions.
        failed: steps and partitions whose failure is told elsewhere: here it is named only.
    """
    states = [state for state in states if state.key != ALL_STUDIES]
    n_tables, causes = sum(len(state.step.outputs) for state in states), root_causes(states)
    if not causes:
        return []
    stale = stale_tables(states)
    n_old = sum(lake.was_written(*each) for each in stale)
    (n, what), *others = [each for each in ((n_old, "out of date"), (len(stale) - n_old, "not made")) if each[0]]
    also = "".join(f", {n} {what}" for n, what in others)
    told = {f"{each} failed: ": f"{each} failed" for each in failed}
    short = {cause: next((told[each] for each in told if cause.startswith(each)), cause) for cause in causes}
    return [
        f"{n} of {n_tables} tables {one_or_many(n, 'is', 'are')} {what}{also} (warehouse.partitions has each):",
        *(f"  {short[cause]} ({_few(tables)})" for cause, tables in causes.items()),
    ]


def _few(tables: Sequence[str]) -> str:
    left = len(tables) - _MOST_TABLES
    return f"{', '.join(tables[:_MOST_TABLES])}{f' and {left} more' if left > 0 else ''}"
