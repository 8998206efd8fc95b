"""The asset graph: one module for each group, one function for each step, which reads, calls the core, and returns."""

from dmicc_assets.assets import (
    atlas,
    clinical,
    cohort,
    differential,
    enrichment,
    model,
    report,
    rigor,
    signature,
    source,
    validation,
)
from dmicc_assets.lake.steps import Step, in_order

STEPS: list[Step] = in_order(
    [
        source.files,
        source.dataset,
        source.sample_projection,
        cohort.cohort,
        cohort.merged_projection,
        differential.differential,
        enrichment.camera,
        enrichment.terms,
        enrichment.gsea,
        enrichment.scores,
        signature.signature,
        signature.overlap,
        signature.ranking,
        model.model,
        validation.out_of_fold,
        model.model_performance,
        validation.expression_tests,
        validation.left_out_datasets,
        validation.roc,
        validation.performance,
        validation.subgroups,
        rigor.stability,
        rigor.sensitivity,
        rigor.nulls,
        rigor.findings,
        rigor.judgement,
        clinical.case,
        report.published,
        report.report,
        atlas.disease_overlap,
    ]
)
