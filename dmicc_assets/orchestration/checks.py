"""Asset checks: the integrity checks that stop an asset, and the findings that warn on `rigor/findings`.

The checks themselves are in the core (`checks/`, and where an integrity error is raised); this module shows them in
Dagster.
"""

from collections.abc import Iterator

import dagster as dg
from dagster._check import not_none
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as Target,
)

from dmicc_assets.checks.finding import FIRED
from dmicc_assets.checks.registry import CHECKS, stopping
from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.steps import Step, StepContext
from dmicc_assets.orchestration.keys import asset_key

__all__ = [
    "FINDINGS",
    "Target",
    "evaluation",
    "failed_check",
    "finding_checks",
    "finding_results",
    "integrity_checks",
    "passed_checks",
]

FINDINGS = "rigor/findings"


def integrity_checks(step: Step, partitions: dg.PartitionsDefinition | None) -> list[dg.AssetCheckSpec]:
    """Blocking checks on the step's first asset, with its partitions."""
    first = asset_key(step.outputs[0])
    return [
        dg.AssetCheckSpec(
            check.asset_check, asset=first, description=check.stops.title, blocking=True, partitions_def=partitions
        )
        for check in stopping(step.outputs)
        if check.stops is not None
    ]


def passed_checks(step: Step) -> Iterator[dg.AssetCheckResult]:
    """Results of a successful step: its integrity checks passed."""
    for check in stopping(step.outputs):
        yield dg.AssetCheckResult(passed=True, check_name=check.asset_check, asset_key=asset_key(step.outputs[0]))


def failed_check(step: Step, error: DmiccError) -> Iterator[dg.AssetCheckResult]:
    """The integrity check that failed with this error, if any."""
    for check in stopping(step.outputs):
        if check.code == error.check:
            first = asset_key(step.outputs[0])
            yield dg.AssetCheckResult(
                passed=False, check_name=check.asset_check, asset_key=first, description=str(error)
            )


def finding_checks(step: Step, partitions: dg.PartitionsDefinition | None) -> list[dg.AssetCheckSpec]:
    """One non-blocking check for each code of `rigor/findings`."""
    if FINDINGS not in step.outputs:
        return []
    key = asset_key(FINDINGS)
    return [
        dg.AssetCheckSpec(
            check.asset_check, asset=key, description=check.title, blocking=False, partitions_def=partitions
        )
        for check in CHECKS.values()
    ]


def finding_results(step: Step, context: StepContext) -> Iterator[dg.AssetCheckResult]:
    """Check results from a study's findings, by code; a check passes when none of its findings warns."""
    if FINDINGS not in step.outputs:
        return
    rows = context.lake.read(FINDINGS, context.key).to_dicts()
    for code, check in CHECKS.items():
        of_code = [row for row in rows if row["code"] == code]
        raised = [row for row in of_code if row["severity"] in FIRED]
        is_integrity = any(row["severity"] == "error" for row in raised)
        shown = raised or of_code
        item = "- " if len(shown) > 1 else ""  # the UI reads Markdown
        text = "\n".join(f"{item}{row['subject']}: {row['message']}" for row in shown)
        yield dg.AssetCheckResult(
            passed=not raised,
            check_name=check.asset_check,
            asset_key=asset_key(FINDINGS),
            severity=dg.AssetCheckSeverity.ERROR if is_integrity else dg.AssetCheckSeverity.WARN,
            description=text[:2000],
            metadata={"n_raised": len(raised)},
        )


def evaluation(
    result: dg.AssetCheckResult, partition: str | None, target: Target | None = None
) -> dg.AssetCheckEvaluation:
    """A check's result as an event; `target` is the materialisation that was checked."""
    return dg.AssetCheckEvaluation(
        asset_key=not_none(result.asset_key),
        check_name=not_none(result.check_name),
        passed=result.passed,
        metadata=result.metadata,
        target_materialization_data=target,
        severity=result.severity,
        description=result.description,
        blocking=result.asset_key != asset_key(FINDINGS),
        partition=partition,
    )
