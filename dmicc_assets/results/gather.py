"""What the rigor computations need, read from the tables that a step declares. Nothing is computed or judged here."""

import json
from hashlib import sha256

from dmicc_assets.expression.counts import sum_counts
from dmicc_assets.lake.steps import StepContext, used_datasets
from dmicc_assets.resampling.arrays import CountedArrays, FoldValues, LogArrays, learns_from_arrays, log_arrays
from dmicc_assets.resampling.selection import StudyData
from dmicc_assets.resampling.sensitivity import ProbeLevel
from dmicc_assets.results.evidence import Origins, StudyEvidence


def study_data(context: StepContext) -> StudyData:
    """The study on all samples.

    The step declares cohort/expression, cohort/samples and differential/genes of the cohorts, and signature/biomarkers.
    """
    cohorts = list(context.study.cohorts)
    return StudyData(
        study=context.study,
        merged={name: context.cohort_subject(name, "value") for name in cohorts},
        adjusted={name: context.cohort_subject(name) for name in cohorts},
        genes=context.read_each("differential/genes"),
        biomarkers=tuple(sorted(context.read("signature/biomarkers")["gene"])),
    )


def fold_values(context: StepContext, data: StudyData) -> FoldValues:
    """What makes the values of the model's cohort without the samples that a fold holds out.

    The step declares expression/probes, source/probe_genes, source/samples and expression/genes of the datasets too.
    """
    cohort = data.study.cohorts[data.target]
    depending = [
        name for name in cohort.datasets if learns_from_arrays(data.study.datasets[name]) or _is_counted(context, name)
    ]
    return FoldValues(
        name=data.target,
        cohort=cohort,
        subject=data.merged[data.target],
        arrays={
            name: _counted_arrays(context, name) if _is_counted(context, name) else _log_arrays(context, name)
            for name in depending
        },
        matrices={name: context.matrix("expression/genes", name) for name in cohort.datasets} if depending else {},
        samples={name: context.read("source/samples", name) for name in cohort.datasets} if depending else {},
    )


def probe_level(context: StepContext) -> ProbeLevel:
    """The probes of every dataset of the cohorts; the step declares what `fold_values` says."""
    names = list(dict.fromkeys(name for cohort in context.study.cohorts.values() for name in cohort.datasets))
    is_by_probe = {name: not context.read("source/probe_genes", name).is_empty() for name in names}
    by_probe = [name for name in names if is_by_probe[name] and not _is_counted(context, name)]
    return ProbeLevel(
        arrays={name: _log_arrays(context, name) for name in by_probe},
        matrices={name: context.matrix("expression/genes", name) for name in names if name not in by_probe},
        samples={name: context.read("source/samples", name) for name in names},
    )


def _is_counted(context: StepContext, dataset: str) -> bool:
    """Whether a dataset is of RNA-seq counts, which are scaled by TMM and not collapsed from probes."""
    return context.manifest("expression/genes", dataset).notes.get("normalise") == "TMM"


def _log_arrays(context: StepContext, dataset: str) -> LogArrays:
    probe_genes = context.read("source/probe_genes", dataset)
    spec = context.study.datasets[dataset]
    matrix = context.matrix("expression/probes", dataset)
    return log_arrays(matrix, None if probe_genes.is_empty() else probe_genes, spec)


def _counted_arrays(context: StepContext, dataset: str) -> CountedArrays:
    counts = context.matrix("expression/probes", dataset)
    return CountedArrays(sum_counts(counts, context.read("source/probe_genes", dataset)))


def study_evidence(context: StepContext) -> StudyEvidence:
    """Everything that the checks look at, from all tables that the step declares."""
    study = context.study
    datasets = used_datasets(study)
    subjects = {name: context.cohort_subject(name) for name in study.cohorts}
    subjects |= {entry.dataset: context.validation_subject(entry.dataset) for entry in study.validation}
    return StudyEvidence(
        study=study,
        frames=context.tables(),
        matrices={name: context.matrix("expression/genes", name) for name in datasets},
        subjects=subjects,
        dataset_notes={name: context.manifest("expression/genes", name).notes for name in datasets},
        library_notes={
            name: {each["name"]: each for each in context.manifest("enrichment/terms", name).notes["libraries"]}
            for name in study.cohorts
        },
        origins=_origins(context),
    )


def notes_read(context: StepContext) -> str:
    """SHA-256 of the manifests' notes that the findings speak of: by contents alone what they say could be stale."""
    datasets = {name: context.manifest("expression/genes", name).notes for name in used_datasets(context.study)}
    libraries = {name: context.manifest("enrichment/terms", name).notes for name in context.study.cohorts}
    return sha256(json.dumps([datasets, libraries], sort_keys=True).encode()).hexdigest()


def _origins(context: StepContext) -> dict[str, Origins]:
    """What the manifest of every input says of its making."""
    found: dict[str, Origins] = {}
    for each in context.step.inputs:
        for key in context.partitions(each.table):
            manifest = context.lake.manifest(each.table, key)
            found[f"{each.table} of {key}"] = (
                Origins("", {}, [], None, "")
                if manifest is None
                else Origins(
                    manifest.code_version, manifest.versions, manifest.inputs, manifest.settings, manifest.recipe
                )
            )
    return found
