"""Which steps of the graph a run is asked for, by group: one group, all that a group needs, all but some groups.

Whether a step needs computing is `currency.py`'s.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from dmicc_assets.errors import RequestError
from dmicc_assets.lake.steps import Step
from dmicc_assets.tables import TABLES


@dataclass(frozen=True, slots=True)
class Chosen:
    """The groups of a run.

    Attributes:
        only: the steps of this group, without their inputs from other groups.
        until: the steps of this group and all that they need.
        skip: neither the steps of these groups nor any step that reads them.
    """

    only: str | None = None
    until: str | None = None
    skip: tuple[str, ...] = ()

    def of(self, steps: Sequence[Step]) -> list[Step]:
        """The steps that are asked for, in their order.

        Args:
            steps: of the graph, in order of dependence.

        Raises:
            RequestError: there is no such group, or no step is left.
        """
        groups = {group for step in steps for group in groups_of(step)}
        for asked in filter(None, (self.only, self.until, *self.skip)):
            if asked not in groups:
                near = get_close_matches(asked, groups, n=1)
                meant = f"; did you mean {near[0]!r}?" if near else ""
                raise RequestError(f"no group {asked!r}: the groups are {', '.join(sorted(groups))}{meant}")
        left = [step for step in steps if self.only in (None, *groups_of(step))]
        if self.until is not None:
            of_until = needed([step for step in steps if self.until in groups_of(step)], steps)
            left = [step for step in left if step.name in of_until]
        if self.skip:
            left_out = _reading([step for step in steps if groups_of(step) & set(self.skip)], steps)
            left = [step for step in left if step.name not in left_out]
        if not left:
            raise RequestError("no step is left: --only, --until and --skip leave each other's out")
        return left


EVERYTHING = Chosen()


def groups_of(step: Step) -> set[str]:
    """The groups of its tables."""
    return {TABLES[table].group for table in step.outputs}


def needed(wanted: Sequence[Step], steps: Sequence[Step]) -> set[str]:
    """Names of these steps and of all whose tables they read, directly or not."""
    names = {step.name for step in wanted}
    tables = _read_by(wanted)
    for step in reversed(steps):
        if tables & set(step.outputs):
            names.add(step.name)
            tables |= _read_by([step])
    return names


def _reading(left_out: Sequence[Step], steps: Sequence[Step]) -> set[str]:
    """Names of these steps and of all that read their tables, directly or not."""
    names = {step.name for step in left_out}
    tables = {table for step in left_out for table in step.outputs}
    for step in steps:
        if step.name in names or tables & _read_by([step]):
            names.add(step.name)
            tables |= set(step.outputs)
    return names


def _read_by(steps: Collection[Step]) -> set[str]:
    return {each.table for step in steps for each in step.inputs if each.is_read}
