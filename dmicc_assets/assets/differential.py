"""Assets of the group `differential`: moderated t-statistics of every gene, and the genes that pass the thresholds."""

from dataclasses import dataclass

from dmicc_assets.differential.blocking import blocking, cohort_settings
from dmicc_assets.differential.statistics import (
    Batch,
    block_notes,
    design_table,
    differential_genes,
    model_statistics,
    weighted_model,
)
from dmicc_assets.lake.steps import Input, Result, StepContext, step
from dmicc_assets.results.reader import Results
from dmicc_assets.study.schema import Differential
from dmicc_assets.types import CaseControl, ExpressionMatrix


@dataclass(frozen=True)
class Tested:
    """A cohort as its genes are tested: values (adjusted by ComBat where the study asks for it), counts, batch.

    `settings` are the study's, with `block` decided by the cohort's samples.
    """

    subject: CaseControl
    counts: ExpressionMatrix
    batch: Batch
    settings: Differential


def subject_of(results: Results, cohort: str) -> Tested:
    """What the tests of a cohort's genes take."""
    batch = results.study.cohorts[cohort].batch
    subject = results.cohort(cohort, "value_adjusted" if batch == "combat" else "value")
    counts = results.matrix("cohort/expression", cohort, "count").take_samples(subject.matrix.samples)
    return Tested(subject, counts, batch, cohort_settings(results.study, cohort, subject))


@step(
    partition="cohort",
    outputs=("differential/statistics", "differential/genes", "differential/design"),
    inputs=(Input("cohort/expression"), Input("cohort/samples")),
    settings=lambda study, cohort: [
        study.differential.model_dump(exclude={"block"}),
        study.cohorts[cohort].batch,
        study.block_of(cohort),
    ],
    version="7",
)
def differential(context: StepContext) -> Result:
    """Test every gene, cases against controls, as limma does, and keep those that pass the study's thresholds."""
    given = subject_of(Results.of_step(context), context.part)
    model = weighted_model(given.subject, given.counts, given.settings, given.batch)
    statistics = model_statistics(given.subject, model, given.settings)
    genes = differential_genes(statistics, given.settings)
    asked = context.study.block_of(context.part)
    design = design_table(model, blocking(given.subject, asked), asked)
    notes = {"n_genes": len(statistics), "n_deg": len(genes), "limma": given.settings.limma} | block_notes(model)
    tables = {"differential/statistics": statistics, "differential/genes": genes, "differential/design": design}
    return Result(tables, notes)
