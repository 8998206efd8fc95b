"""The content of a study file: its pydantic models, and rules between its parts.

`loading.py` finds and reads files; `geo/` and `expression/` read data.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, Field, ValidationInfo, field_validator, model_validator

from dmicc_assets.study.case import SECTION, Case
from dmicc_assets.study.dataset import Dataset
from dmicc_assets.study.dataset_parts import Name
from dmicc_assets.study.gene_sets import Enrichment, Scores

DATASET_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
# SIM accessions name simulated series, so that they differ from GEO's.
_WORLDWIDE = re.compile(r"GSM\d+|TCGA(-\w+)+")
SERIES_NAME = re.compile(r"^(?P<accession>(?:GSE|SIM)\d+)(?:-(?P<platform>(?:GPL|SIMP)\d+))?$")


DatasetName = Annotated[str, Field(pattern=DATASET_NAME)]
# What scikit-learn takes as a seed.
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
# A larger number is a slip of the pen: the study would not end.
Repeats = Annotated[int, Field(ge=0, le=1_000_000)]
# What a paper counts: genes, trees.
Count = Annotated[int, Field(ge=0, le=10_000_000)]
Share = Annotated[float, Field(ge=0, le=1)]
Direction = Literal["up", "down"]
# How samples of one patient are modelled; `auto` decides by the samples.
Block = Literal["none", "fixed", "duplicate_correlation"]
AskedBlock = Literal["auto", "none", "fixed", "duplicate_correlation"]
# Context of a validation that does not compare the parts of the study with each other.
UNCOMPARED = "uncompared"


class _Section(BaseModel):
    """A section of the study file; unknown keys are an error, and values are immutable."""

    model_config = SECTION


class Cohort(_Section):
    """The datasets of one disease, merged, with one label as case and one as control."""

    title: str
    datasets: list[DatasetName] = Field(min_length=1)
    case: Name
    control: Name
    batch: Literal["covariate", "combat", "none"] = "covariate"
    block: AskedBlock | None = None
    symbols: Literal["annotated", "current"] = "annotated"

    @field_validator("symbols", mode="before")
    @classmethod
    def _no_series(cls, given: Any) -> Any:
        if given == "human_orthologues":
            raise ValueError(
                "human_orthologues: no dataset of the cohort is a series: write `orthologues:` in its datasets"
            )
        return given


class Differential(_Section):
    """Settings of the tests, and thresholds of differential expression."""

    log_fc: float = Field(default=1.0, ge=0, le=1000, allow_inf_nan=False, strict=False)
    p_value: float = Field(default=0.05, gt=0, le=1, strict=False)
    adjust: Literal["none", "BH"] = "none"
    trend: bool = False
    robust: bool = False
    limma: Literal["3.63", "3.54"] = "3.63"
    block: AskedBlock = "auto"


class Ranking(_Section):
    """The forests that rank the signature."""

    trees: int = Field(default=500, ge=1, le=100_000)
    folds: int = Field(default=10, ge=2, le=10_000)
    top: int = Field(default=3, ge=1, le=100_000)
    seed: Seed = 1
    use_cv_trees: bool = False
    missing: Literal["leave_out", "knn"] = "leave_out"


class Model(_Section):
    """The risk model: the cohort it is fitted in, and its bootstrap."""

    cohort: Name | None = None
    bootstrap: Repeats = 1000
    seed: Seed = 1


class Validation(_Section):
    """An external dataset that validates the biomarkers, with its two groups."""

    dataset: DatasetName
    case: Name
    control: Name


class Rigor(_Section):
    """Numbers of repeats of the whole selection."""

    permutations: Repeats = 200
    bootstraps: Repeats = 200
    random_signatures: Repeats = 1000
    repeats: Annotated[int, Field(ge=0, le=10_000)] = 10
    seed: Seed = 1


class Population(_Section):
    """The people to whom the result should apply, and the label of samples from them."""

    text: str
    label: Name


class Published(_Section):
    """Numbers that a paper states; compared with results, never used for them."""

    n_deg: dict[Name, Count] = {}
    signature: list[str] | None = None
    biomarkers: list[str] | None = None
    directions: dict[str, dict[str, Direction]] = {}
    auc: dict[str, dict[str, Share]] = {}
    trees: dict[Name, Count] = {}
    mtry: dict[Name, Count] = {}
    terms: dict[Name, dict[str, list[str]]] = {}
    nomogram_signs: dict[str, Literal["+", "-"]] = {}


class Study(_Section):
    """One question: datasets, cohorts, thresholds, validation, and what was published about it."""

    study: Name
    title: str
    doi: str | None = None
    population: Population | None = None
    prevalence: float | None = Field(default=None, gt=0, lt=1, strict=False)
    datasets: dict[DatasetName, Dataset] = Field(min_length=1)
    cohorts: dict[Name, Cohort] = Field(min_length=1)
    differential: Differential = Differential()
    enrichment: Enrichment = Enrichment()
    scores: Scores | None = None
    ranking: Ranking = Ranking()
    model: Model = Model()
    validation: list[Validation] = []
    rigor: Rigor = Rigor()
    published: Published = Published()
    case: Case | None = None

    @property
    def model_cohort(self) -> str:
        """The cohort in which the risk model is fitted: the named one, or else the last."""
        return self.model.cohort or list(self.cohorts)[-1]

    @property
    def is_simulated(self) -> bool:
        """Whether the study uses simulated series (SIM...), which only the simulated mirror has."""
        return any(spec.source == "geo" and name.startswith("SIM") for name, spec in self.datasets.items())

    @property
    def command(self) -> str:
        """The command that computes the study; the demo's series are simulated first."""
        return "dmicc demo" if self.study == "demo" else f"dmicc run {self.study}"

    def block_of(self, cohort: str) -> AskedBlock:
        """How a cohort's samples of one patient are modelled: as the cohort says, else as `differential` says."""
        return self.cohorts[cohort].block or self.differential.block

    def trend_of(self, cohort: str) -> bool:
        """Whether a cohort's genes are tested with a trend: as `differential` says, or because it has TPM or FPKM.

        The variance of their logarithms depends on the mean, as that of log counts (limma-trend: Law 2014,
        doi:10.1186/gb-2014-15-2-r29).
        """
        members = self.cohorts[cohort].datasets
        of_abundance = {name for name, spec in self.datasets.items() if spec.values in ("tpm", "fpkm")}
        return self.differential.trend or not of_abundance.isdisjoint(members)

    @property
    def scored_sets(self) -> Enrichment:
        """The libraries of `scores`, of the organism of `enrichment`; none without that section."""
        organism = self.enrichment.organism
        if self.scores is None:
            return Enrichment(libraries=[], organism=organism)
        asked = self.scores
        sizes = {"min_size": asked.min_size, "max_size": asked.max_size}
        return Enrichment(libraries=asked.libraries, pins=asked.pins, organism=organism, **sizes)

    def cohorts_of(self, dataset: str) -> list[str]:
        """Names of the cohorts that a dataset is part of."""
        return [name for name, cohort in self.cohorts.items() if dataset in cohort.datasets]

    @model_validator(mode="before")
    @classmethod
    def _orthologues_of_cohorts(cls, given: Any) -> Any:
        """`symbols: human_orthologues` of a cohort is that of its series."""
        study = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
        cohorts, datasets = (_mappings(study.get(key)) for key in ("cohorts", "datasets"))
        asking = {name: spec for name, spec in cohorts.items() if spec.get("symbols") == "human_orthologues"}
        lists = [spec["datasets"] for spec in asking.values() if isinstance(spec.get("datasets"), list)]
        members = [name for each in lists for name in cast("list[Any]", each)]
        series = {name: spec for name, spec in datasets.items() if name in members and spec.get("source") == "geo"}
        if not series:
            return cast(object, given)
        changed = {name: {"symbols": "human_orthologues", **spec} for name, spec in series.items()}
        plain = {name: {**spec, "symbols": "annotated"} for name, spec in asking.items()}
        return {**study, "datasets": {**study["datasets"], **changed}, "cohorts": {**study["cohorts"], **plain}}

    @model_validator(mode="before")
    @classmethod
    def _accessions_in_capitals(cls, given: Any) -> Any:
        """`gse55235` is the series GSE55235, wherever the file names the dataset."""
        datasets: Any = cast("dict[str, Any]", given).get("datasets") if isinstance(given, dict) else None
        if not isinstance(datasets, dict):
            return cast(object, given)
        named = {name: spec for name, spec in cast("dict[Any, Any]", datasets).items() if isinstance(name, str)}
        written = {
            name: name.upper()
            for name, spec in named.items()
            if isinstance(spec, dict) and cast("dict[str, Any]", spec).get("source") == "geo"
            if name.upper() not in named and SERIES_NAME.match(name.upper())
        }
        return _with_names(given, written) if written else cast(object, given)

    @model_validator(mode="after")
    def _names_agree(self, info: ValidationInfo) -> Self:
        if info.context != UNCOMPARED and (problems := list(disagreements(self))):
            raise ValueError("\n".join(problems))
        return self


def _mappings(section: Any) -> dict[str, dict[str, Any]]:
    """The parts of a section of a study file that are mappings, by name; none where it is no section."""
    parts = cast("dict[str, Any]", section) if isinstance(section, dict) else {}
    return {name: cast("dict[str, Any]", part) for name, part in parts.items() if isinstance(part, dict)}


def _with_names(part: Any, names: Mapping[str, str]) -> Any:
    """A part of a study file with other names of its datasets."""
    if isinstance(part, dict):
        named = cast("dict[str, Any]", part)
        return {names.get(key, key): _with_names(value, names) for key, value in named.items()}
    if isinstance(part, list):
        return [_with_names(each, names) for each in cast("list[Any]", part)]
    return names.get(part, part) if isinstance(part, str) else part


def accession_of(dataset: str) -> str:
    """The series accession in a geo dataset's name: `GSE14520-GPL571` is of GSE14520."""
    match = SERIES_NAME.match(dataset)
    return match["accession"] if match else dataset


def sample_identity(dataset: str, sample: str) -> tuple[str, str]:
    """What tells a sample from those of other datasets: its series or dataset, and its name.

    The series is "" where the name alone is of one sample wherever it stands: an accession of GEO or a barcode of TCGA.
    """
    return ("" if _WORLDWIDE.fullmatch(sample) else accession_of(dataset), sample)


def platform_of(dataset: str, spec: Dataset) -> str | None:
    """The platform of a GEO dataset, by its `platform` or its name; None when the study names none."""
    match = SERIES_NAME.match(dataset)
    return spec.platform or (match["platform"] if match else None)


def disagreements(study: Study, unread: frozenset[str] = frozenset()) -> Iterator[str]:
    """Contradictions between parts of the file, each as one line that starts with the key.

    Args:
        study: the study.
        unread: parts that are faulty by themselves (`datasets.A`, `cohorts.a`, `validation[0]`, `scores`), something
            stands in for them: of these, and of what depends on them, nothing is said.
    """
    for name, spec in study.datasets.items():
        if f"datasets.{name}" not in unread:
            yield from _dataset_problems(name, spec)
    for name, cohort in study.cohorts.items():
        if f"cohorts.{name}" not in unread:
            yield from _cohort_problems(study, name, cohort, unread)
    cohorts = {*study.cohorts, *(part.removeprefix("cohorts.") for part in unread)}
    if study.model.cohort is not None and study.model.cohort not in cohorts:
        yield f"model.cohort: {study.model.cohort!r} is not one of the cohorts ({', '.join(study.cohorts)})"
    for name, section in {"enrichment": study.enrichment, "scores": study.scores}.items():
        if section is not None and section.min_size > section.max_size and name not in unread:
            yield f"{name}.min_size: is larger than max_size"
    if unread.isdisjoint(("enrichment", "scores")):
        yield from _pin_problems(study)
    yield from _validation_problems(study, unread)
    for section in ("n_deg", "trees", "mtry", "terms"):
        for cohort in getattr(study.published, section):
            if cohort not in cohorts:
                yield f"published.{section}: {cohort!r} is not one of the cohorts ({', '.join(study.cohorts)})"


def _validation_problems(study: Study, unread: frozenset[str]) -> Iterator[str]:
    validated = [entry.dataset for entry in study.validation]
    for i, entry in enumerate(study.validation):
        if f"validation[{i}]" in unread:
            continue
        if entry.dataset in validated[:i]:
            yield f"validation[{i}].dataset: duplicate dataset {entry.dataset!r}"
        if entry.dataset in study.cohorts:
            yield f"validation[{i}].dataset: a cohort is named {entry.dataset!r} too: rename the cohort"
        yield from _group_problems(study, f"validation[{i}]", [entry.dataset], entry.case, entry.control, unread)


def _pin_problems(study: Study) -> Iterator[str]:
    """A name that stands for one library in `enrichment` and for another one in `scores`."""
    tested, scored = study.enrichment, study.scored_sets
    for name in scored.libraries:
        pins = [section.pins.get(name, "not pinned") for section in (tested, scored)]
        if name in tested.libraries and pins[0] != pins[1]:
            yield f"scores.libraries: {name} is {pins[1]} here, {pins[0]} in enrichment: write one pin, or two names"


def _dataset_problems(name: str, spec: Dataset) -> Iterator[str]:
    match = SERIES_NAME.match(name)
    if spec.source == "geo" and not match:
        yield f"datasets.{name}: expected a series accession like GSE32225 or GSE14520-GPL571"
    if match and match["platform"] and spec.platform not in (None, match["platform"]):
        yield f"datasets.{name}.platform: {spec.platform} is not the platform in the dataset's name"


def _cohort_problems(study: Study, name: str, cohort: Cohort, unread: frozenset[str]) -> Iterator[str]:
    if len(set(cohort.datasets)) != len(cohort.datasets):
        yield f"cohorts.{name}.datasets: duplicate dataset"
    if unread.isdisjoint(f"datasets.{dataset}" for dataset in cohort.datasets):
        yield from _block_problems(study, name, cohort)
    yield from _group_problems(study, f"cohorts.{name}", cohort.datasets, cohort.case, cohort.control, unread)


def _block_problems(study: Study, name: str, cohort: Cohort) -> Iterator[str]:
    """A block that cannot be fitted whatever the samples are, and groups that leave nothing to estimate from."""
    asked = study.block_of(name)
    sizes = [_expected(study, cohort.datasets, label) for label in (cohort.case, cohort.control)]
    if sizes == [1, 1]:
        yield f"cohorts.{name}: one case and one control are expected: no variance can be estimated from them"
    if asked not in ("fixed", "duplicate_correlation"):
        return
    where = f"cohorts.{name}.block" if cohort.block else "differential.block"
    for dataset in cohort.datasets:
        if dataset in study.datasets and study.datasets[dataset].patient is None:
            advice = f"write `patient:` there, or `block: none` in cohorts.{name}"
            yield f"{where}: {asked} needs `patient:` in datasets.{dataset} (cohort {name}): {advice}"
    for label, size in zip((cohort.case, cohort.control), sizes, strict=True):
        if size == 1:
            yield f"{where}: {asked} needs two samples of a group or more, and cohort {name} expects one {label}"


def _expected(study: Study, datasets: Sequence[str], label: str) -> int | None:
    """Samples with a label that the datasets expect together; None when a rule expects no number."""
    rules = [rule for name in datasets if name in study.datasets for rule in study.datasets[name].labels]
    expected = [rule.expect for rule in rules if rule.label == label]
    known = [n for n in expected if n is not None]
    return sum(known) if expected and len(known) == len(expected) else None


def _group_problems(
    study: Study, where: str, datasets: Sequence[str], case: str, control: str, unread: frozenset[str]
) -> Iterator[str]:
    faulty = {part.removeprefix("datasets.") for part in unread}
    for dataset in datasets:
        if dataset not in study.datasets and dataset not in faulty:
            yield f"{where}: {dataset!r} is not one of the datasets ({', '.join(study.datasets)})"
    if case == control:
        yield f"{where}: case and control are both {case!r}"
    if all(dataset in study.datasets and dataset not in faulty for dataset in datasets):
        yield from _labels_known(study, where, datasets, (case, control))


def _labels_known(study: Study, where: str, datasets: Sequence[str], labels: Sequence[str]) -> Iterator[str]:
    known = {rule.label for name in datasets for rule in study.datasets[name].labels}
    for label in dict.fromkeys(labels):
        if label not in known:
            given = f"no rule of {', '.join(datasets)} (they give {', '.join(sorted(known))})"
            yield f"{where}: the label {label!r} is given by {given}"
