"""Everything that the checks look at, in one frozen value: frames, matrices, groups, manifests. It judges nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import polars as pl

from dmicc_assets.study.schema import Study
from dmicc_assets.tables import TABLES
from dmicc_assets.types import CaseControl, ExpressionMatrix


class Origins(NamedTuple):
    """What a manifest says that R14 asks: whether a number could be made again."""

    code_version: str
    versions: Mapping[str, str]
    inputs: list[list[str]]
    settings: Any
    recipe: str


class Comparison(NamedTuple):
    """Case against control in one dataset, for a cohort or as validation."""

    subject: str
    dataset: str
    case: str
    control: str
    is_validation: bool


@dataclass(frozen=True)
class StudyEvidence:
    """What is known of a study.

    Attributes:
        study: the study file.
        frames: rows of every table but the matrices, with the columns cohort or dataset where a table has them.
        matrices: gene-level log2 expression of every dataset in use, all samples.
        subjects: every cohort (batch adjusted) and every validation dataset with its two groups, by name.
        dataset_notes: what `expression/genes` of each dataset says beside its rows (counts, the log2 decision).
        library_notes: what `enrichment/terms` of each cohort says of the libraries in use.
        origins: of every table and partition, by `table of partition`.
    """

    study: Study
    frames: Mapping[str, pl.DataFrame] = field(default_factory=dict[str, pl.DataFrame])
    matrices: Mapping[str, ExpressionMatrix] = field(default_factory=dict[str, ExpressionMatrix])
    subjects: Mapping[str, CaseControl] = field(default_factory=dict[str, CaseControl])
    dataset_notes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    library_notes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    origins: Mapping[str, Origins] = field(default_factory=dict[str, Origins])

    def rows(self, table: str, **where: str) -> pl.DataFrame:
        """Rows of a table whose columns equal the given values; an absent table is empty.

        Raises:
            KeyError: no such table is declared.
        """
        frame = self.frames.get(table)
        if frame is None:
            frame = TABLES[table].schema.to_frame()
        return frame.filter(*(pl.col(column) == value for column, value in where.items())) if where else frame

    @property
    def name(self) -> str:
        """The study's name: the subject of what is about all of it."""
        return self.study.study

    @cached_property
    def signature(self) -> list[str]:
        """The signature's genes, sorted."""
        return self.rows("signature/genes")["gene"].unique().sort().to_list()

    @cached_property
    def biomarkers(self) -> list[str]:
        """The biomarkers, sorted."""
        return self.rows("signature/biomarkers")["gene"].unique().sort().to_list()

    def unweighted(self, *cohorts: str) -> str:
        """What is to be said of a repeated choice of genes: of counts it is made without voom's weights.

        Which genes are counted often enough to test was decided on all samples, but by the sizes of the classes alone.
        """
        study = self.study
        weighted = [
            name
            for name in cohorts
            if study.cohorts[name].batch != "combat"
            and all(self.dataset_notes.get(d, {}).get("normalise") == "TMM" for d in study.cohorts[name].datasets)
        ]
        return f"; repeated on log2 counts of {', '.join(weighted)} without voom's weights" if weighted else ""

    @property
    def model_subject(self) -> CaseControl:
        """The cohort in which the risk model is fitted."""
        return self.subjects[self.study.model_cohort]

    @cached_property
    def cohorts(self) -> dict[str, CaseControl]:
        """The cohorts alone."""
        return {name: self.subjects[name] for name in self.study.cohorts}

    @cached_property
    def samples_of_two_cohorts(self) -> list[str]:
        """Samples that are in two cohorts or more, sorted: the controls of two diseases may be the same people."""
        samples = self.rows("cohort/samples").unique(["cohort", "sample"])["sample"]
        return samples.filter(samples.is_duplicated()).unique().sort().to_list()

    @cached_property
    def validation(self) -> dict[str, CaseControl]:
        """The validation datasets alone."""
        return {entry.dataset: self.subjects[entry.dataset] for entry in self.study.validation}

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """Every dataset in every cohort and validation; one in several cohorts stands once for each."""
        found: list[Comparison] = []
        for name, cohort in self.study.cohorts.items():
            for dataset in cohort.datasets:
                subject = name if len(cohort.datasets) == 1 else f"{name}/{dataset}"
                found.append(Comparison(subject, dataset, cohort.case, cohort.control, False))
        found += [Comparison(e.dataset, e.dataset, e.case, e.control, True) for e in self.study.validation]
        return found

    def members(self, comparison: Comparison) -> pl.DataFrame:
        """`source.samples` rows of the two groups, with is_case, sorted by sample."""
        samples = self.rows("source/samples", dataset=comparison.dataset)
        groups = samples.filter(pl.col("label").is_in([comparison.case, comparison.control]))
        return groups.with_columns(is_case=pl.col("label") == comparison.case).sort("sample")
