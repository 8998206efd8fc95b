"""Asset checks: the integrity checks that stop an asset, and the findings that warn on `rigor/findings`.

The checks themselves are in the core (`checks/`, and where an integrity error is raised); this shows them in Dagster.
"""

from collections.abc import Iterator

import dagster as dg

from dmicc_assets.errors import DmiccError
from dmicc_assets.lake.steps import Step, StepContext

FINDINGS = "rigor/findings"

_INTEGRITY = {
    "I1": "Every file is whole: gzip CRC, end of table, row count, columns are the samples",
    "D4": "Every sample matches exactly one label rule, and the counts are the expected ones",
    "D5": "The design is of full rank: no dataset or patient is one with the groups",
    "D6": "Dataset and group are not confounded",
    "I6": "No validation dataset holds samples of a cohort",
    "M8": "The version or date of every gene-set library is known",
}


def integrity_checks(step: Step, partitions: dg.PartitionsDefinition | None) -> list[dg.AssetCheckSpec]:
    """Blocking checks on the step's first asset, partitioned as it is."""
    first = step.outputs[0].split("/")
    return [
        dg.AssetCheckSpec(code, asset=first, description=_INTEGRITY[code], blocking=True, partitions_def=partitions)
        for code in step.blocks_on
    ]


def passed_checks(step: Step) -> Iterator[dg.AssetCheckResult]:
    """The step got through: none of its integrity checks failed."""
    for code in step.blocks_on:
        yield dg.AssetCheckResult(passed=True, check_name=code, asset_key=step.outputs[0].split("/"))


def failed_check(step: Step, error: DmiccError) -> Iterator[dg.AssetCheckResult]:
    """The integrity check that an error fails, if it is one's."""
    if error.check in step.blocks_on:
        yield dg.AssetCheckResult(
            passed=False, check_name=error.check, asset_key=step.outputs[0].split("/"), description=str(error)
        )


def finding_checks(step: Step, partitions: dg.PartitionsDefinition | None) -> list[dg.AssetCheckSpec]:
    """One non-blocking check a code of `rigor/findings`."""
    if FINDINGS not in step.outputs:
        return []
    from dmicc_assets.checks.codes import CODES

    return [
        dg.AssetCheckSpec(code, asset=FINDINGS.split("/"), description=title, blocking=False, partitions_def=partitions)
        for code, title in CODES.items()
    ]


def finding_results(step: Step, context: StepContext) -> Iterator[dg.AssetCheckResult]:
    """What the findings of a study say, code by code; a code passes when none of its rows warns."""
    if FINDINGS not in step.outputs:
        return
    from dmicc_assets.checks.codes import CODES

    rows = context.lake.read(FINDINGS, context.key).to_dicts()
    for code in CODES:
        of_code = [row for row in rows if row["code"] == code]
        raised = [row for row in of_code if row["severity"] in ("warning", "error")]
        is_integrity = any(row["severity"] == "error" for row in raised)
        text = "\n".join(f"{row['subject']}: {row['message']}" for row in raised or of_code)
        yield dg.AssetCheckResult(
            passed=not raised,
            check_name=code,
            asset_key=FINDINGS.split("/"),
            severity=dg.AssetCheckSeverity.ERROR if is_integrity else dg.AssetCheckSeverity.WARN,
            description=text[:2000],
            metadata={"n_raised": len(raised)},
        )
