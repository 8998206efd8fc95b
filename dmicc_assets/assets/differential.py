"""Assets of the group `differential`: moderated t-statistics of every gene, and the genes that pass the thresholds."""

from dataclasses import dataclass

from dmicc_assets.differential.statistics import (
    Batch,
    block_notes,
    differential_genes,
    model_statistics,
    weighted_model,
)
from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.results.reader import Results
from dmicc_assets.types import CaseControl, ExpressionMatrix


@dataclass(frozen=True)
class Tested:
    """A cohort as its genes are tested: values (adjusted by ComBat where the study asks for it), counts, batch."""

    subject: CaseControl
    counts: ExpressionMatrix
    batch: Batch


def subject_of(results: Results, cohort: str) -> Tested:
    """What the tests of a cohort's genes take."""
    batch = results.study.cohorts[cohort].batch
    subject = results.cohort(cohort, "value_adjusted" if batch == "combat" else "value")
    return Tested(subject, results.matrix("cohort/expression", cohort, "count"), batch)


@step(
    partition="cohort",
    outputs=("differential/statistics", "differential/genes"),
    inputs=(Input("cohort/expression"), Input("cohort/samples")),
    settings=lambda study, cohort: [study.differential.model_dump(), study.cohorts[cohort].batch],
    version="4",
)
def differential(context: StepContext) -> Result:
    """Test every gene, cases against controls, as limma does, and keep those that pass the study's thresholds."""
    given = subject_of(Results.of_step(context), context.part)
    model = weighted_model(given.subject, given.counts, context.study.differential, given.batch)
    statistics = model_statistics(given.subject, model, context.study.differential)
    genes = differential_genes(statistics, context.study.differential)
    notes = {"n_genes": len(statistics), "n_deg": len(genes), "limma": context.study.differential.limma}
    notes |= block_notes(model)
    return Result({"differential/statistics": statistics, "differential/genes": genes}, notes)
