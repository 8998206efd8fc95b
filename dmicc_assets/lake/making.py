"""Computation of one partition unless it is up to date, used by `dmicc run`, the UI and its daemon. Without dagster."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from dmicc_assets.errors import DataError
from dmicc_assets.lake.currency import Observe, Verified, currency, served
from dmicc_assets.lake.recipes import Written, run_step
from dmicc_assets.lake.steps import Step, StepContext
from dmicc_assets.lake.storage import LostRaceError
from dmicc_assets.types import ALL_STUDIES, PartitionKey

_MOST_RACES = 5

State = Literal["current", "unchanged", "made", "failed", "blocked"]


@dataclass(frozen=True)
class Made:
    """Outcome of a partition, and its current state in the lake.

    Attributes:
        state: `current`: it was up to date; `made`: computed, with new content; `unchanged`: computed, with the same
            content.
        written: one for each table of the step, in their order.
    """

    state: State
    written: Sequence[Written]


@dataclass(frozen=True)
class Outcome:
    """Outcome of one partition of one step in a run.

    Attributes:
        state: as in `Made`, or `failed`, or `blocked`: not tried, because an input failed.
    """

    step: Step
    key: PartitionKey
    state: State
    seconds: float = 0.0
    message: str = ""


def make(
    context: StepContext, observe: Observe = served, *, is_forced: bool = False, verified: Verified | None = None
) -> Made:
    """Compute a partition and write its tables, unless they are up to date. Other processes cannot do so meanwhile.

    Args:
        context: the step and its partition.
        observe: gives the step's observation of sources outside the lake.
        is_forced: whether to compute it even if it is up to date.
        verified: tells whether a table's file is unchanged; by default only its size is compared.

    Raises:
        DmiccError: the computation failed, or an input was never computed.
    """
    with context.lake.claim(context.step.name, context.key):
        for _ in range(_MOST_RACES):
            context.lake.refresh(None if context.key == ALL_STUDIES else context.key.study)
            with suppress(LostRaceError):
                return _make(context, observe, is_forced, verified)
    raise DataError(
        f"{context.step.name} of {context.key}: other machines replaced its results or inputs {_MOST_RACES} times "
        "while it was computed; run it again when they are done"
    )


def _make(context: StepContext, observe: Observe, is_forced: bool, verified: Verified | None) -> Made:
    state = currency(context, observe, verified)
    if state.now is None:
        raise DataError(state.because)
    if state.is_current and not is_forced:
        return Made("current", _as_it_is(context))
    written = run_step(context, state.now)
    same = all(each.before is not None and each.before.content == each.manifest.content for each in written)
    return Made("unchanged" if same else "made", written)


def _as_it_is(context: StepContext) -> list[Written]:
    manifests = (context.lake.manifest(table, context.key) for table in context.step.outputs)
    return [Written(each, each, "nothing: it was up to date and not computed again") for each in manifests if each]
