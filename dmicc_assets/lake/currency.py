"""Decides which partitions are up to date, and gives the reason for each other one, from the lake alone.

It computes no results, does not import dagster, and reads no source unless asked to.
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
        because: reason to compute it again; empty when it is up to date.
        root_cause: step, partition and reason at the start of the chain: its own or an input's; empty when it is up to
            date.
        failed: whether it or one of its inputs failed.
        now: its current recipe; None when an input was never computed.
    """

    step: Step
    key: PartitionKey
    because: str = ""
    root_cause: str = ""
    failed: bool = False
    now: Origin | None = None

    @property
    def is_current(self) -> bool:
        """Whether it is up to date."""
        return not self.because

    @property
    def name(self) -> str:
        """Step and partition."""
        return f"{self.step.name} of {self.key}"


def recorded(context: StepContext) -> str:
    """The step's observation when its partition was last computed; no source is read."""
    manifest = context.lake.manifest(context.step.outputs[0], context.key)
    inputs = manifest.inputs if manifest is not None else []
    return next((content for table, _, content in inputs if table == "observed"), "")


def served(context: StepContext) -> str:
    """The step's current observation."""
    return context.step.observe(context) if context.step.observe is not None else ""


def currency(context: StepContext, observe: Observe = served, verified: Verified | None = None) -> Currency:
    """Whether a partition's recipe equals the current one, and its files exist.

    Inputs are taken from the lake whether or not they are up to date; `study_currency` considers that.

    Args:
        context: the step and its partition.
        observe: gives the step's observation of sources outside the lake.
        verified: tells whether a table's file is unchanged; by default only its size is compared.

    Raises:
        SourceError: a source does not answer.
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

    A partition with an outdated input is outdated itself.

    Args:
        workspace: settings, studies and lake.
        study: the study.
        steps: in order of dependence.
        observe: gives observations of sources; by default those in the lake, so that no source is read.

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
    """Table and partition of every input of a partition."""
    return [
        (each.table, key)
        for each in context.step.inputs
        if each.is_read
        for key in related(context.study, context.key, each.through, each.table, context.studies)
    ]


def _with_inputs(context: StepContext, own: Currency, states: Mapping[tuple[str, PartitionKey], Currency]) -> Currency:
    """The state with its inputs considered; an own failure has priority over inputs."""
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
    """The state of a partition without its inputs' states; up to date without a reason."""
    if not because:
        return Currency(step, key, now=now)
    verb = " " if failed else ": "
    return Currency(step, key, because, f"{step.name} of {key}{verb}{because}", failed, now)


def _difference(context: StepContext, now: Origin, verified: Verified | None) -> str:
    """Reason why the partition is outdated; empty when it is not."""
    manifests = {table: context.lake.manifest(table, context.key) for table in context.step.outputs}
    for table, manifest in manifests.items():
        if manifest is None:
            is_lost = context.lake.was_written(table, context.key)
            return f"the file of {table} is missing or damaged" if is_lost else "never made"
    if context.step.files is not None:
        for path in context.step.files(context):
            if not context.lake.has_file(context.step.outputs[0], context.key, path):
                return f"{path.name} is missing"
    for manifest in filter(None, manifests.values()):
        if manifest.recipe != now.recipe:
            return _what_differs(manifest, now)
    for table in context.step.outputs:
        if verified is not None and not verified(table, context.key):
            return f"the file of {table} was changed after it was written"
    return ""


def _what_differs(manifest: Manifest, now: Origin) -> str:
    return "; ".join(differences(manifest, now)) or "the declaration of its tables changed"
