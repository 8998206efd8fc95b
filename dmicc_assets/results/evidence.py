"""`StudyEvidence`: a study's results with values that only the checks need. It judges nothing."""

import json
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple, Self

import polars as pl

from dmicc_assets.enrichment.coverage import Coverage
from dmicc_assets.lake.steps import used_datasets
from dmicc_assets.results.reader import Results
from dmicc_assets.study.schema import sample_identity
from dmicc_assets.types import CaseControl, ExpressionMatrix


class Comparison(NamedTuple):
    """Case and control samples of one dataset, in a cohort or for validation."""

    subject: str
    dataset: str
    case: str
    control: str
    is_validation: bool


class StudyEvidence(Results):
    """A study's results with the comparisons that the checks need."""

    @classmethod
    def of(cls, results: Results) -> Self:
        """The same results, for checks."""
        return cls(results.study, results.tables, results.gene_set)

    @cached_property
    def matrices(self) -> dict[str, ExpressionMatrix]:
        """Gene-level log2 expression of every dataset in use, all samples."""
        return {name: self.matrix("expression/genes", name) for name in used_datasets(self.study)}

    @cached_property
    def subjects(self) -> dict[str, CaseControl]:
        """Every cohort (batch adjusted) and every validation dataset with its two groups."""
        return {**self.cohorts(), **self.validations()}

    @property
    def model_subject(self) -> CaseControl:
        """The cohort in which the risk model is fitted."""
        return self.subjects[self.study.model_cohort]

    @cached_property
    def dataset_notes(self) -> dict[str, Mapping[str, Any]]:
        """Notes of each dataset's `expression/genes`: numbers, the log2 decision."""
        return {name: self.notes("expression/genes", name) for name in used_datasets(self.study)}

    @cached_property
    def library_notes(self) -> dict[str, dict[str, Mapping[str, Any]]]:
        """Notes of each cohort's `enrichment/terms` on the gene-set libraries, by name."""
        notes = {name: self.notes("enrichment/terms", name) for name in self.study.cohorts}
        return {name: {each["name"]: each for each in said.get("libraries", [])} for name, said in notes.items()}

    def coverage(self, cohort: str) -> dict[str, Coverage]:
        """How much of a cohort's measured genes each library knows, by its name."""
        said = {name: Coverage.of_notes(notes) for name, notes in self.library_notes[cohort].items()}
        return {name: found for name, found in said.items() if found is not None}

    @cached_property
    def missing_libraries(self) -> dict[str, dict[str, str]]:
        """Why gene-set libraries could not be had for each cohort's `enrichment/terms`, by name."""
        return {name: self.notes("enrichment/terms", name).get("missing_libraries", {}) for name in self.study.cohorts}

    @cached_property
    def bundled_libraries(self) -> dict[str, dict[str, str]]:
        """Why the bundled libraries were used for each cohort's `enrichment/terms`, by name."""
        return {name: self.notes("enrichment/terms", name).get("bundled_libraries", {}) for name in self.study.cohorts}

    @cached_property
    def block_notes(self) -> dict[str, Mapping[str, Any]]:
        """Notes of each cohort's `differential/statistics` on the correlation within patients; empty without one."""
        wanted = ("block_correlation", "n_without_variance")
        notes = {name: self.notes("differential/statistics", name) for name in self.study.cohorts}
        return {name: {key: said[key] for key in wanted if key in said} for name, said in notes.items()}

    @cached_property
    def null_notes(self) -> dict[str, Mapping[str, Any]]:
        """How many labels were permuted for each cohort's gene sets, and how many genes camera left out."""
        wanted = ("n_missing", "n_without_variance", "labellings")
        notes = {
            n: {**self.notes("enrichment/camera", n), **self.notes("enrichment/terms", n)} for n in self.study.cohorts
        }
        return {name: {key: said[key] for key in wanted if key in said} for name, said in notes.items()}

    def notes_hash(self) -> str:
        """SHA-256 of the notes that findings mention; contents alone would not show a change of these notes."""
        libraries = {name: self.notes("enrichment/terms", name) for name in self.study.cohorts}
        said = [self.dataset_notes, libraries, self.block_notes, self.null_notes]
        return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def unweighted(self, *cohorts: str) -> str:
        """Note on a repeated choice of genes from counts, which is made without voom's weights.

        The filter for low counts used all samples, but only the sizes of the classes.
        """
        weighted = [
            name
            for name in cohorts
            if self.study.cohorts[name].batch != "combat"
            and all(self.is_counted(dataset) for dataset in self.study.cohorts[name].datasets)
        ]
        return f"; repeated on log2 counts of {', '.join(weighted)} without voom's weights" if weighted else ""

    @cached_property
    def samples_of_two_cohorts(self) -> list[str]:
        """Samples that are in two cohorts or more, sorted: the controls of two diseases may be the same people."""
        rows = self.rows("cohort/samples").select("cohort", "dataset", "sample").unique().iter_rows()
        members = {(cohort, sample_identity(dataset, sample)) for cohort, dataset, sample in rows}
        cohorts = Counter(identity for _, identity in members)
        return sorted(sample for (_, sample), n in cohorts.items() if n > 1)

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """Every dataset in every cohort and validation; a dataset in several cohorts appears once for each."""
        found: list[Comparison] = []
        for name, cohort in self.study.cohorts.items():
            for dataset in cohort.datasets:
                subject = name if len(cohort.datasets) == 1 else f"{name}/{dataset}"
                found.append(Comparison(subject, dataset, cohort.case, cohort.control, False))
        found += [Comparison(e.dataset, e.dataset, e.case, e.control, True) for e in self.study.validation]
        return found

    def members(self, comparison: Comparison) -> pl.DataFrame:
        """`source.samples` rows of the two groups, with is_case, sorted by sample."""
        if comparison not in self._members:
            samples = self.rows("source/samples", dataset=comparison.dataset)
            groups = samples.filter(pl.col("label").is_in([comparison.case, comparison.control]))
            self._members[comparison] = groups.with_columns(is_case=pl.col("label") == comparison.case).sort("sample")
        return self._members[comparison]

    @cached_property
    def _members(self) -> dict[Comparison, pl.DataFrame]:
        return {}
