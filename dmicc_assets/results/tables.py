"""All that one study has in the lake, as figures and report read it: frames by table name, matrices on demand.

Nothing is read or computed here: whoever makes a `StudyTables` says where its frames and matrices come from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from dmicc_assets.study.schema import Study
from dmicc_assets.tables import TABLES
from dmicc_assets.types import CaseControl, ExpressionMatrix

# (table, cohort or dataset, value column) -> matrix; tables `expression/genes` and `cohort/expression`.
ReadMatrix = Callable[[str, str, str], ExpressionMatrix]
# (library, term) -> the genes of a gene set; empty when the library or the term is not at hand.
ReadGeneSet = Callable[[str, str], Sequence[str]]


@dataclass(frozen=True)
class StudyTables:
    """The tables of one study.

    Attributes:
        study: the study file.
        frames: rows of each table, all partitions of the study below each other, with the columns study and, where
            the table is by cohort or dataset, cohort or dataset. A table that is absent counts as empty. The two
            matrix tables are not among them.
        matrix: reads a value column of a matrix table.
        gene_set: the genes of a gene set.
    """

    study: Study
    frames: Mapping[str, pl.DataFrame]
    matrix: ReadMatrix
    gene_set: ReadGeneSet

    def rows(self, table: str, **where: str) -> pl.DataFrame:
        """Rows of a table whose columns equal the given values, e.g. `rows("signature/ranking", cohort="dm")`.

        Raises:
            KeyError: no such table is declared.
        """
        frame = self.frames.get(table)
        if frame is None:
            frame = TABLES[table].schema.to_frame()
        return frame.filter(*(pl.col(column) == value for column, value in where.items())) if where else frame

    def signature(self) -> list[str]:
        """The signature's genes, sorted."""
        return self.rows("signature/genes")["gene"].unique().sort().to_list()

    def biomarkers(self) -> list[str]:
        """The biomarkers, sorted by the sum of their ranks."""
        return self.rows("signature/biomarkers").sort("rank_sum", "gene")["gene"].to_list()

    def cohort_subject(self, cohort: str, column: str = "value_adjusted") -> CaseControl:
        """A cohort's matrix with its groups, samples in the order of the matrix."""
        matrix = self.matrix("cohort/expression", cohort, column)
        return _subject(cohort, "cohort", matrix, self.rows("cohort/samples", cohort=cohort))

    def validation_subject(self, dataset: str) -> CaseControl:
        """The two groups of a validation dataset."""
        entry = next(entry for entry in self.study.validation if entry.dataset == dataset)
        samples = self.rows("source/samples", dataset=dataset).filter(
            pl.col("label").is_in([entry.case, entry.control])
        )
        samples = samples.with_columns(is_case=pl.col("label") == entry.case)
        return _subject(dataset, "dataset", self.matrix("expression/genes", dataset, "value"), samples)


def _subject(
    name: str, kind: Literal["cohort", "dataset"], matrix: ExpressionMatrix, samples: pl.DataFrame
) -> CaseControl:
    wanted = set(samples["sample"])
    matrix = matrix.take_samples([sample for sample in matrix.samples if sample in wanted])
    ordered = pl.DataFrame({"sample": matrix.samples}, schema={"sample": pl.String}).join(
        samples, on="sample", how="left", maintain_order="left"
    )
    return CaseControl(
        name,
        kind,
        matrix,
        ordered["is_case"].to_numpy(),
        tuple(ordered["dataset"]),
        tuple(ordered["patient"]),
    )
