"""The form of a new study: its fields as they were submitted, and the draft that they make.

`new_study.py` acts on it; `geo/study_draft.py` writes the draft as YAML.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dmicc_assets.geo.accession import pasted_accessions
from dmicc_assets.geo.chosen_labels import chosen_groups, proposed_labels
from dmicc_assets.geo.describe import DatasetDescription, SeriesDescription
from dmicc_assets.geo.propose_study import propose_draft
from dmicc_assets.geo.sample_groups import label_of
from dmicc_assets.geo.study_draft import (
    FILL_IN,
    LIBRARIES,
    DraftCohort,
    DraftDataset,
    DraftValidation,
    StudyDraft,
    study_text,
)
from dmicc_assets.pages.forms import Form
from dmicc_assets.study.dataset_parts import KnownValues

THRESHOLDS = {"log_fc": "1.0", "p_value": "0.05", "adjust": "BH"}
HUMAN = "human"
VALUES: Mapping[KnownValues, str] = {
    "log2": "log2",
    "ln": "natural logarithm",
    "log10": "log10",
    "linear": "linear",
    "counts": "read counts",
    "tpm": "TPM",
    "fpkm": "FPKM",
    "log_ratio": "log2 ratio of two channels",
    "ln_ratio": "natural logarithm of the ratio of two channels",
    "log10_ratio": "log10 ratio of two channels",
}
_ANY_NAME = "new_study"


@dataclass(frozen=True)
class DatasetForm:
    """What a person says of a dataset: a label for each sample ("" for none), and its section's other keys."""

    labels: tuple[str, ...]
    tissue: str = ""
    values: str = ""
    symbols: str = ""
    patient_field: str = ""
    patient_pattern: str = ""


@dataclass(frozen=True)
class StudyForm:
    """The form of a new study.

    Attributes:
        accessions: of its series, as they were read.
        name, title: of the study.
        datasets: by name, in the order of the series.
        cohorts, validation: in their order.
        thresholds: log_fc, p_value and adjust as they were typed.
        libraries: of gene sets.
        organism: of the gene sets.
        model_cohort: "" for the last cohort.
    """

    accessions: tuple[str, ...] = ()
    name: str = ""
    title: str = ""
    datasets: Mapping[str, DatasetForm] = field(default_factory=dict[str, DatasetForm])
    cohorts: tuple[DraftCohort, ...] = ()
    validation: tuple[DraftValidation, ...] = ()
    thresholds: Mapping[str, str] = field(default_factory=lambda: dict(THRESHOLDS))
    libraries: tuple[str, ...] = LIBRARIES
    organism: str = HUMAN
    model_cohort: str = ""


def datasets_of(series: Sequence[SeriesDescription]) -> dict[str, tuple[SeriesDescription, DatasetDescription]]:
    """The datasets of series by name, each with its series."""
    return {dataset.name: (each, dataset) for each in series for dataset in each.datasets}


def submitted(form: Form, series: Sequence[SeriesDescription]) -> StudyForm:
    """The form as it was submitted; datasets that it does not have yet are left out."""
    known = datasets_of(series)
    return StudyForm(
        accessions=tuple(pasted_accessions([form.text("read_accessions")])),
        name=form.text("name"),
        title=form.text("title"),
        datasets={
            name: _dataset(form, name, dataset)
            for name, (_, dataset) in known.items()
            if form.text(f"has.{name}") == "yes"
        },
        cohorts=tuple(_cohort(form, n, known) for n in form.numbered("cohort")),
        validation=tuple(_validation(form, n) for n in form.numbered("validation")),
        thresholds={name: form.text(name, default) for name, default in THRESHOLDS.items()},
        libraries=tuple(pasted(form.text("libraries", ", ".join(LIBRARIES)))),
        organism=form.text("organism", HUMAN),
        model_cohort=form.text("model_cohort"),
    )


def with_series(form: StudyForm, accessions: Sequence[str], series: Sequence[SeriesDescription]) -> StudyForm:
    """The form with these series: what a person said of their datasets stays, new ones are proposed.

    Args:
        form: before.
        accessions: as they were asked, with a platform where one of several was.
        series: their descriptions.
    """
    known = datasets_of(series)
    new = [each for each in series if any(dataset.name not in form.datasets for dataset in each.datasets)]
    cohorts = [replace(each, datasets=tuple(d for d in each.datasets if d in known)) for each in form.cohorts]
    cohorts = [each for each in cohorts if each.datasets]
    title = form.title
    if new:
        draft = propose_draft(new, _ANY_NAME)
        title = title or draft.title
        for proposed in draft.cohorts:
            cohorts = _joined(cohorts, _without_fill_in(proposed))
    whole = propose_draft(series, _ANY_NAME)
    proposals = {each.described.name: each for each in whole.datasets}
    first = not form.datasets
    return replace(
        form,
        name=form.name or label_of(title),
        accessions=tuple(accessions),
        title=title,
        organism=(whole.organism or HUMAN) if first else form.organism,
        libraries=whole.libraries if first else form.libraries,
        datasets={
            name: form.datasets.get(name)
            or DatasetForm(tuple(proposed_labels(dataset)), dataset.tissue, symbols=proposals[name].symbols)
            for name, (_, dataset) in known.items()
        },
        cohorts=tuple(cohorts),
        validation=tuple(each for each in form.validation if each.dataset in known),
    )


def remarks_on(series: Sequence[SeriesDescription]) -> tuple[str, ...]:
    """What the proposal says of datasets that it leaves out of the cohorts."""
    return propose_draft(series, _ANY_NAME).remarks if series else ()


def text_of(form: StudyForm, series: Sequence[SeriesDescription]) -> str:
    """The form as the text of a study file."""
    return study_text(
        StudyDraft(
            name=form.name,
            title=form.title,
            comments=(
                f"Made on a page of `dmicc ui` from the headers of {', '.join(form.accessions)}.",
                f"Change it in any editor, then: dmicc check {form.name or 'STUDY'}",
            ),
            datasets=tuple(
                _draft(form.datasets[name], of, dataset)
                for name, (of, dataset) in datasets_of(series).items()
                if name in form.datasets
            ),
            cohorts=form.cohorts,
            log_fc=form.thresholds["log_fc"],
            p_value=form.thresholds["p_value"],
            adjust=form.thresholds["adjust"],
            libraries=form.libraries,
            organism="" if form.organism == HUMAN else form.organism,
            model_cohort=form.model_cohort,
            validation=form.validation,
        )
    )


def pasted(text: str) -> list[str]:
    """Words with commas or spaces between them."""
    return text.replace(",", " ").split()


def _dataset(form: Form, name: str, dataset: DatasetDescription) -> DatasetForm:
    given = {key: text for key, text in form.fields if key.startswith(f"label.{name}.")}
    return DatasetForm(
        labels=tuple(given.get(f"label.{name}.{sample}", "").strip() for sample in dataset.samples),
        tissue=form.text(f"tissue.{name}"),
        values=form.text(f"values.{name}"),
        symbols=form.text(f"symbols.{name}"),
        patient_field=form.text(f"patient_field.{name}"),
        patient_pattern=form.text(f"patient_pattern.{name}"),
    )


def _cohort(form: Form, n: int, known: Mapping[str, object]) -> DraftCohort:
    def text(name: str) -> str:
        return form.text(f"cohort.{n}.{name}")

    datasets = tuple(each for each in form.texts(f"cohort.{n}.datasets") if each in known)
    return DraftCohort(
        text("name"), text("title"), datasets, text("case"), text("control"), text("batch") or "covariate"
    )


def _validation(form: Form, n: int) -> DraftValidation:
    return DraftValidation(*(form.text(f"validation.{n}.{name}") for name in ("dataset", "case", "control")))


def _joined(cohorts: list[DraftCohort], proposed: DraftCohort) -> list[DraftCohort]:
    """The cohorts with a proposed one: its datasets join the cohort of the same two labels."""
    for i, each in enumerate(cohorts):
        if (each.case, each.control) == (proposed.case, proposed.control) and each.case:
            added = tuple(name for name in proposed.datasets if name not in each.datasets)
            return [*cohorts[:i], replace(each, datasets=(*each.datasets, *added)), *cohorts[i + 1 :]]
    name = proposed.name
    while name in {each.name for each in cohorts}:
        name += "_2"
    return [*cohorts, replace(proposed, name=name)]


def _without_fill_in(cohort: DraftCohort) -> DraftCohort:
    """The cohort with empty labels where nothing was proposed."""
    return replace(
        cohort,
        case="" if cohort.case == FILL_IN else cohort.case,
        control="" if cohort.control == FILL_IN else cohort.control,
    )


def _draft(form: DatasetForm, series: SeriesDescription, dataset: DatasetDescription) -> DraftDataset:
    named_field, groups = chosen_groups(dataset, form.labels)
    patient = (form.patient_field, form.patient_pattern) if form.patient_field or form.patient_pattern else None
    return DraftDataset(
        dataset,
        series.title,
        form.tissue,
        named_field,
        groups,
        values=form.values,
        symbols=form.symbols,
        patient=patient,
    )
