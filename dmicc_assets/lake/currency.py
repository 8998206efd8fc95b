"""Which partitions are up to date, and why the others are not: the one decision, a function of the lake.

It computes nothing, knows no dagster, and asks no source unless it is told to.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dmicc_assets.errors import DataError
from dmicc_assets.lake.failures import failure_of
from dmicc_assets.lake.manifest import Manifest, Origin, differences
from dmicc_assets.lake.recipes import origin
from dmicc_assets.lake.steps import Step, StepContext, partition_keys, related
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.types import PartitionKey

Observe = Callable[[StepContext], str]
Verified = Callable[[str, PartitionKey], bool]


@dataclass(frozen=True)
class Currency:
    """Whether one partition of one step is up to date.

    Attributes:
        step: the step.
        key: its partition.
        because: why it would be made again; empty when it is up to date.
        root_cause: step, partition and reason that this follows from: its own, or those of something that it is made
            from; empty when it is up to date.
        failed: whether it, or something that it is made from, failed.
        now: what it would be made from; None when something that it reads was never made.
    """

    step: Step
    key: PartitionKey
    because: str = ""
    root_cause: str = ""
    failed: bool = False
    now: Origin | None = None

    @property
    def is_current(self) -> bool:
        """Whether nothing is to do."""
        return not self.because

    @property
    def name(self) -> str:
        """Step and partition."""
        return f"{self.step.name} of {self.key}"


def recorded(context: StepContext) -> str:
    """What the step observed when its partition was last made: no source is asked."""
    manifest = context.lake.manifest(context.step.outputs[0], context.key)
    inputs = manifest.inputs if manifest is not None else []
    return next((content for table, _, content in inputs if table == "observed"), "")


def served(context: StepContext) -> str:
    """What the step observes now."""
    return context.step.observe(context) if context.step.observe is not None else ""


def currency(context: StepContext, observe: Observe = served, verified: Verified | None = None) -> Currency:
    """Whether a partition was made from just what it would be made from now, and its files are there.

    What it reads is taken as it stands in the lake, whether or not that is up to date (`study_currency`).

    Args:
        context: the step and its partition.
        observe: how to know what outside the lake matters to the step.
        verified: asked whether a table's file is the one that was written; without it the size must be.

    Raises:
        SourceError: a source is asked and does not answer.
    """
    step, key = context.step, context.key
    try:
        now = origin(context, observe(context) if step.observe is not None else None)
    except DataError as error:
        return _stale(step, key, str(error))
    failure = failure_of(context.lake, step.name, key)
    if failure is not None and (failure.recipe == now.recipe or step.asks_source):
        return _stale(step, key, f"failed: {failure.message}", now, failed=True)
    return _stale(step, key, _difference(context, now, verified), now)


def study_currency(
    workspace: Workspace, study: str, steps: Sequence[Step], observe: Observe = recorded
) -> list[Currency]:
    """Every partition of every step of a study, in the order of the steps.

    What reads something that is not up to date is not up to date itself.

    Args:
        workspace: settings, studies and lake.
        study: the study.
        steps: each after those whose tables it reads.
        observe: how to know what outside the lake matters; by default as the lake has it, so that no source is asked.

    Raises:
        RequestError: there is no such study.
    """
    spec = workspace.study(study)
    states: dict[tuple[str, PartitionKey], Currency] = {}
    for step in steps:
        for key in partition_keys(step.partition, spec):
            context = workspace.context(step, key)
            state = _with_inputs(context, currency(context, observe), states)
            states |= {(table, key): state for table in step.outputs}
    return list({(state.step.name, state.key): state for state in states.values()}.values())


def inputs_read(context: StepContext) -> list[tuple[str, PartitionKey]]:
    """Table and partition of everything that a partition is made from."""
    return [
        (each.table, key)
        for each in context.step.inputs
        if each.is_read
        for key in related(context.study, context.key, each.through, each.table, context.studies)
    ]


def _with_inputs(context: StepContext, own: Currency, states: Mapping[tuple[str, PartitionKey], Currency]) -> Currency:
    """The same, with what it reads taken into account; a failure of its own comes before what it reads."""
    stale = {each: state for each in inputs_read(context) if (state := states.get(each)) and not state.is_current}
    if not stale or own.failed:
        return own
    (table, key), first = next(
        ((each, state) for each, state in stale.items() if state.failed), next(iter(stale.items()))
    )
    if first.failed:
        because = f"blocked: {first.root_cause}"
    else:
        because = "; ".join(filter(None, [own.because if own.now else "", f"{table} of {key} is out of date"]))
    return Currency(own.step, own.key, because, first.root_cause, first.failed, own.now)


def _stale(step: Step, key: PartitionKey, because: str, now: Origin | None = None, *, failed: bool = False) -> Currency:
    """The state of a partition by a reason of its own; up to date without one."""
    if not because:
        return Currency(step, key, now=now)
    verb = " " if failed else ": "
    return Currency(step, key, because, f"{step.name} of {key}{verb}{because}", failed, now)


def _difference(context: StepContext, now: Origin, verified: Verified | None) -> str:
    """Why the partition is not what it would be now; empty when it is."""
    manifests = {table: context.lake.manifest(table, context.key) for table in context.step.outputs}
    for table, manifest in manifests.items():
        if manifest is None:
            is_lost = context.lake.was_written(table, context.key)
            return f"the file of {table} is missing or damaged" if is_lost else "never made"
    if context.step.files is not None:
        for path in context.step.files(context):
            if not path.exists():
                return f"{path.name} is missing"
    for manifest in filter(None, manifests.values()):
        if manifest.recipe != now.recipe:
            return _what_differs(manifest, now)
    for table in context.step.outputs:
        if verified is not None and not verified(table, context.key):
            return f"the file of {table} is not the one that was written"
    return ""


def _what_differs(manifest: Manifest, now: Origin) -> str:
    return "; ".join(differences(manifest, now)) or "the declaration of its tables changed"
