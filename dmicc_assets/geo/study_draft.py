"""A study that is being written: what a person, or a proposal, has decided of it, and the YAML of it.

Text only: `study/schema.py` defines study files, `propose_study.py` proposes, `pages/` lets a person decide.
"""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from dmicc_assets.geo.describe import DatasetDescription
from dmicc_assets.geo.proposed_patients import proposed_patients
from dmicc_assets.geo.sample_groups import SampleGroup
from dmicc_assets.geo.spellings import as_yaml, patterns_of, shortened

FILL_IN = "FILL_IN"  # not a valid label name, so that `dmicc check` asks for it with line and key
MOST_VALUES = 12
LIBRARIES = ("GO_BP", "GO_CC", "GO_MF", "KEGG")
_LINE = 118


@dataclass(frozen=True, slots=True)
class DraftDataset:
    """A dataset of a draft.

    Attributes:
        described: what its header says.
        series_title: title of its series.
        tissue: "" when nobody knows it.
        field: the field that its label rules look at.
        groups: its label rules, a group each.
        missing: what no description says, so that a person must write rules; "" when nothing is missing.
        values: what the matrix holds, as in a study file; "" to let its numbers decide.
        symbols: `human_orthologues` where those of another species are to be replaced; "" to keep them.
        patient: field and pattern that tell the patient of a sample.
    """

    described: DatasetDescription
    series_title: str
    tissue: str
    field: str
    groups: tuple[SampleGroup, ...]
    missing: str = ""
    values: str = ""
    symbols: str = ""
    patient: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class DraftCohort:
    """A cohort of a draft: one disease, in one dataset or several."""

    name: str
    title: str
    datasets: tuple[str, ...]
    case: str
    control: str
    batch: str = "covariate"


@dataclass(frozen=True, slots=True)
class DraftValidation:
    """A dataset of a draft that validates the biomarkers."""

    dataset: str
    case: str
    control: str


@dataclass(frozen=True, slots=True)
class StudyDraft:
    """A study that is being written.

    Attributes:
        name: of the study and its file.
        title: of the study.
        comments: the first lines of the file.
        datasets: in their order.
        cohorts: in their order.
        remarks: on cohorts, one comment each.
        log_fc, p_value, adjust: thresholds of differential expression.
        libraries: of gene sets.
        organism: of the gene sets; "" leaves it to the schema, which says human.
        model_cohort: where the risk model is fitted; "" for the last cohort.
        validation: in their order.
    """

    name: str
    title: str
    comments: tuple[str, ...]
    datasets: tuple[DraftDataset, ...]
    cohorts: tuple[DraftCohort, ...]
    remarks: tuple[str, ...] = ()
    log_fc: str = "1.0"
    p_value: str = "0.05"
    adjust: str = "BH"
    libraries: tuple[str, ...] = LIBRARIES
    organism: str = ""
    model_cohort: str = ""
    validation: tuple[DraftValidation, ...] = ()


def study_text(draft: StudyDraft) -> str:
    """The draft as the text of a study file, with the samples' descriptions as comments."""
    organism = f"organism: {_name(draft.organism)}, " if draft.organism else ""
    lines = [
        *(f"# {as_yaml(line)}" for line in draft.comments),
        f"study: {_name(draft.name)}",
        f"title: {_quoted(draft.title)}",
        "datasets:",
        *(line for dataset in draft.datasets for line in _dataset_lines(dataset)),
        "cohorts:   # the last one is where the risk model is fitted, unless `model: {cohort: ...}` says otherwise",
        *(line for cohort in draft.cohorts for line in _cohort_lines(cohort)),
        *(line for text in draft.remarks for line in _comment(text)),
        f"differential: {{log_fc: {_number(draft.log_fc)}, p_value: {_number(draft.p_value)}, "
        f"adjust: {_name(draft.adjust)}}}   # adjust: none gives raw p-values",
        f"enrichment: {{{organism}libraries: [{', '.join(map(_name, draft.libraries))}]}}",
        *([f"model: {{cohort: {_name(draft.model_cohort)}}}"] if draft.model_cohort else []),
        *_validation_lines(draft.validation),
    ]
    return "\n".join(lines) + "\n"


def _dataset_lines(dataset: DraftDataset) -> Iterator[str]:
    described = dataset.described
    yield from _comment(dataset.series_title)
    yield f"  # {described.n_samples} samples, {', '.join(described.organisms) or 'organism not said'}"
    if not described.has_table:
        yield "  # Its matrix is empty: NCBI's RNA-seq counts are used if there are any."
    for key, texts in shown_descriptions(described).items():
        shown = [f"{text!r} ({n})" for text, n in texts[:MOST_VALUES]]
        more = f", and {len(texts) - MOST_VALUES} more" if len(texts) > MOST_VALUES else ""
        yield from _comment(f"{key}: {', '.join(shown)}{more}", indent="  ")
    yield f"  {described.name}:"
    yield "    source: geo"
    if described.platform:
        yield f"    platform: {described.platform}"
    if dataset.symbols:
        yield f"    symbols: {_name(dataset.symbols)}   # for human data and gene sets"
    yield f"    tissue: {_quoted(dataset.tissue)}" + ("" if dataset.tissue else "   # not found in the header")
    yield "    labels:   # every sample matches exactly one rule"
    yield from _label_lines(dataset)
    if dataset.patient is not None:
        field, pattern = dataset.patient
        yield f"    patient: {{field: {_quoted(field)}, pattern: {_quoted(pattern)}}}"
    elif (proposed := proposed_patients(described)) is not None:
        yield f"    # Proposed, to be confirmed (then remove the # before patient): {shortened(proposed.text, 150)}"
        yield f"    # patient: {{field: {_quoted(proposed.field)}, pattern: {_quoted(proposed.pattern)}}}"
    if not described.has_table:
        yield "    normalise: none"
    if described.reference is not None:
        yield f"    channels: {{reference: {_quoted(described.reference)}}}   # dyes are swapped"
    if dataset.values:
        yield f"    values: {_name(dataset.values)}"
    elif not described.has_base:
        yield f"    # {FILL_IN}: two channels: log_ratio (base 2), ln_ratio, log10_ratio; or log2 or linear of one"
        yield f"    values: {FILL_IN}"


def shown_descriptions(described: DatasetDescription) -> dict[str, list[tuple[str, int]]]:
    """Each field's texts with their samples, shortened; texts that differ by their numbers alone are one, with `#`.

    Titles, of which each sample has its own, are there where they are few without their numbers.
    """
    counts = described.descriptions
    titles = patterns_of({row["title"]: 1 for row in described.fields if row.get("title")})
    if "title" not in counts and len(titles) < min(MOST_VALUES, described.n_samples):
        counts = {**counts, "title": titles}
    return {key: [(shortened(text), n) for text, n in patterns_of(values).items()] for key, values in counts.items()}


def _label_lines(dataset: DraftDataset) -> Iterator[str]:
    for group in dataset.groups:
        if group.spellings:
            shown = ", ".join(f"{shortened(text)!r} ({n})" for text, n in group.spellings.items())
            yield f"      # {group.label}: spellings taken for one: {shown}; write a rule for each if they differ"
        if group.doubt:
            yield f"      # {group.label}: {group.doubt}"
        where = f"{_quoted(group.own_field or dataset.field)}: {_quoted(group.pattern)}"
        where += f", sample: {_quoted(group.but_not)}" if group.but_not else ""
        yield f"      - {{label: {_name(group.label)}, where: {{{where}}}, expect: {group.n_samples}}}"
    if dataset.missing:
        yield f"      # {FILL_IN}: {dataset.missing}; write rules with a field above, or any, and their patterns."
        yield f"      - {{label: {FILL_IN}, where: {{any: {FILL_IN}}}}}"


def _cohort_lines(cohort: DraftCohort) -> Iterator[str]:
    batch = f", batch: {_name(cohort.batch)}" if len(cohort.datasets) > 1 else ""
    yield (
        f"  {_name(cohort.name)}: {{title: {_quoted(cohort.title)}, datasets: [{', '.join(cohort.datasets)}], "
        f"case: {_name(cohort.case)}, control: {_name(cohort.control)}{batch}}}"
    )


def _validation_lines(validation: tuple[DraftValidation, ...]) -> Iterator[str]:
    if not validation:
        yield "# validation: [{dataset: ..., case: ..., control: ...}]   # a dataset that is in no cohort"
        return
    yield "validation:"
    for each in validation:
        yield f"  - {{dataset: {each.dataset}, case: {_name(each.case)}, control: {_name(each.control)}}}"


def _comment(text: str, indent: str = "") -> Iterator[str]:
    """The text as comment lines, also when it contains line breaks."""
    first, rest = f"  # {indent}", f"  # {indent}  "
    yield from textwrap.wrap(as_yaml(text), _LINE, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def _quoted(text: str) -> str:
    """A YAML string in single quotes."""
    return "'" + as_yaml(text).replace("'", "''") + "'"


def _name(text: str) -> str:
    """A name of letters, digits and `_`; anything else, and what YAML would read as a truth value, is quoted."""
    is_word = text.isascii() and text.replace("_", "").isalnum() and not text[:1].isdigit()
    is_taken = text.lower() in ("yes", "no", "on", "off", "true", "false", "null", "y", "n")
    return text if is_word and not is_taken else _quoted(text)


def _number(text: str) -> str:
    """A number as it was typed; anything else as a string, which the schema refuses with its line."""
    try:
        float(text)
    except ValueError:
        return _quoted(text)
    return as_yaml(text)
