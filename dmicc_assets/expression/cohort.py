"""The datasets of one disease merged into a cohort: case and control samples, genes that all of them measure.

The batch methods themselves are in `batch.py`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from dmicc_assets.errors import DataError
from dmicc_assets.expression.batch import combat, remove_batch_effect
from dmicc_assets.expression.copies import analysed_as, identical_arrays, sample_units
from dmicc_assets.expression.counts import has_counts, no_counts
from dmicc_assets.expression.same_people import people_of, same_people
from dmicc_assets.expression.symbols import current_symbols
from dmicc_assets.stats.library_size import filter_by_expression
from dmicc_assets.study.schema import Cohort, accession_of, sample_identity
from dmicc_assets.tables import TABLES
from dmicc_assets.types import BoolArray, ExpressionMatrix, FloatArray


@dataclass(frozen=True)
class MergedCohort:
    """A cohort.

    Attributes:
        value: log2 expression as merged, (G, N).
        adjusted: the same with the batch removed; a copy has the values of the sample that is analysed.
        counts: RNA-seq counts; missing values unless every dataset has counts.
        samples: columns dataset, sample, is_case, patient, unit.
        notes: counts, for the manifest.
    """

    value: ExpressionMatrix
    adjusted: ExpressionMatrix
    counts: ExpressionMatrix
    samples: pl.DataFrame
    notes: dict[str, Any]


def merge_cohort(
    name: str,
    cohort: Cohort,
    matrices: Mapping[str, ExpressionMatrix],
    samples: Mapping[str, pl.DataFrame],
    counts: Mapping[str, ExpressionMatrix] | None = None,
    *,
    finds_people: bool = True,
) -> MergedCohort:
    """Merge datasets into a cohort and remove the batch, whose effects copies of an array do not weigh on.

    Args:
        name: the cohort's name, for messages.
        cohort: what the study file says of it.
        matrices: gene-level matrix of each dataset.
        samples: `source.samples` rows of each dataset.
        counts: RNA-seq counts of each dataset, missing values where it is not counted; genes that are counted too
            seldom to test are then left out.
        finds_people: whether datasets are compared for the same people and arrays, which are then one unit.

    Raises:
        DataError: a group has no sample, no gene is measured in all datasets or counted often enough to be tested, or
            dataset and group are confounded.
    """
    members = cohort_members(cohort, samples)
    refuse_impossible(name, cohort, members)
    renamed = {d: _renamed(matrices[d]) if cohort.symbols == "current" else matrices[d] for d in cohort.datasets}
    measured = [set(matrix.features) for matrix in renamed.values()]
    genes = sorted(measured[0].intersection(*measured[1:]))
    if not genes:
        sizes = ", ".join(f"{dataset} {len(matrix.features)}" for dataset, matrix in renamed.items())
        raise DataError(f"cohort {name}: no gene is measured in all of its datasets ({sizes} genes)")
    members = _with_units(matrices, members, samples, finds_people)
    stands_for = np.array(analysed_as(members))
    analysed = np.unique(stands_for)
    kept = members[analysed.tolist()]
    refuse_impossible(name, cohort, kept)
    is_case, batch = kept["is_case"].to_numpy(), kept["batch"].to_list()
    counted = _counts(cohort, counts or {}, members, genes)
    if counted is not None:
        n_counted = len(genes)
        often = filter_by_expression(counted.values[:, analysed], is_case)
        genes = [gene for gene, is_often in zip(genes, often, strict=True) if is_often]
        if not genes:
            raise DataError(f"cohort {name}: none of {n_counted} genes is counted often enough to be tested")
    value = _merged(renamed, members, genes)
    adjusted = _adjusted(value.values[:, analysed], is_case, batch, cohort)
    adjusted = ExpressionMatrix(adjusted[:, np.searchsorted(analysed, stands_for)], value.features, value.samples)
    notes = {
        "n_genes": len(genes),
        "n_case": int(is_case.sum()),
        "n_control": int((~is_case).sum()),
        "n_genes_by_dataset": {dataset: len(matrix.features) for dataset, matrix in renamed.items()},
        "batch": cohort.batch if len(set(batch)) > 1 else "one dataset",
    }
    merged_counts = no_counts(value) if counted is None else counted.take_features(genes)
    notes["is_counted"] = counted is not None
    return MergedCohort(value, adjusted, merged_counts, members, notes)


def cohort_members(cohort: Cohort, samples: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The case and control samples of a cohort's datasets with their batch, sorted by dataset and sample."""
    wanted = {cohort.case: True, cohort.control: False}
    members = pl.concat(
        samples[dataset]
        .filter(pl.col("label").is_in(list(wanted)))
        .with_columns(dataset=pl.lit(dataset), is_case=pl.col("label") == cohort.case)
        .select(
            "dataset",
            "sample",
            "is_case",
            "patient",
            batch=_own(samples[dataset], "batch"),
            same_as=_own(samples[dataset], "same_as"),
        )
        for dataset in cohort.datasets
    ).sort("dataset", "sample")
    return members.with_columns(batch=pl.coalesce(pl.format("{}/{}", "dataset", "batch"), "dataset"))


def _with_units(
    matrices: Mapping[str, ExpressionMatrix],
    members: pl.DataFrame,
    samples: Mapping[str, pl.DataFrame],
    finds_people: bool,
) -> pl.DataFrame:
    """The members with their units and copies; datasets are compared only where it is asked for."""
    copies, people = _same(matrices, members, samples) if finds_people else ({}, [])
    members = members.with_columns(
        unit=pl.Series(sample_units(members, [*copies.items(), *people]), dtype=pl.String),
        same_as=pl.coalesce("same_as", pl.col("sample").replace_strict(copies, default=None, return_dtype=pl.String)),
    )
    return members.select(*TABLES["cohort/samples"].rows_schema)


def _own(samples: pl.DataFrame, column: str) -> pl.Expr:
    """A column of a dataset's samples; NULL where it has none."""
    return pl.col(column) if column in samples.columns else pl.lit(None, pl.String)


def _same(
    matrices: Mapping[str, ExpressionMatrix], members: pl.DataFrame, samples: Mapping[str, pl.DataFrame]
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Samples of a later dataset that are the same array as one of an earlier; pairs of one person on two platforms."""
    names = {str(dataset): own["sample"].to_list() for (dataset,), own in members.group_by("dataset")}
    own = {dataset: matrices[dataset].take_samples(names[dataset]) for dataset in names}
    copies: dict[str, str] = {}
    people: list[tuple[str, str]] = []
    for first, second in combinations(sorted(names), 2):
        for original, copy in identical_arrays(own[first], own[second]):
            copies.setdefault(copy, original)
        if all("title" in samples[dataset].columns for dataset in (first, second)):
            described = [people_of(samples[dataset], own[dataset]) for dataset in (first, second)]
            found = same_people(described[0], described[1], accession_of(first) == accession_of(second))
            people += found.pairs if found else ()
    return copies, people


def _counts(
    cohort: Cohort, counts: Mapping[str, ExpressionMatrix], members: pl.DataFrame, genes: list[str]
) -> ExpressionMatrix | None:
    """The counts of the merged samples, if every dataset has counts."""
    if not counts or not all(has_counts(counts[dataset]) for dataset in cohort.datasets):
        return None
    renamed = {d: _renamed(counts[d]) if cohort.symbols == "current" else counts[d] for d in cohort.datasets}
    return _merged(renamed, members, genes)


def refuse_impossible(name: str, cohort: Cohort, members: pl.DataFrame) -> None:
    """Refuse members (as `cohort_members` gives them) from which no cohort can be made.

    Raises:
        DataError: a group has no sample, a sample is in two datasets, or dataset and group are confounded.
    """
    is_case = members["is_case"]
    for label, n in ((cohort.case, int(is_case.sum())), (cohort.control, int((~is_case).sum()))):
        if n == 0:
            raise DataError(f"cohort {name}: no sample is labelled {label} in {', '.join(cohort.datasets)}")
    if members["sample"].is_duplicated().any():
        twice = members.filter(members["sample"].is_duplicated())["sample"][0]
        datasets = members.filter(pl.col("sample") == twice)["dataset"].to_list()
        is_same = len({sample_identity(dataset, twice) for dataset in datasets}) == 1
        advice = "leave one of them out" if is_same else "if they are two samples, rename one"
        raise DataError(f"cohort {name}: sample {twice} is in two of its datasets ({', '.join(datasets)}); {advice}")
    columns = [members["batch"] == batch for batch in members["batch"].unique()]
    design = np.column_stack([is_case.to_numpy(), *(column.to_numpy() for column in columns)]).astype(float)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        groups = members.group_by("batch").agg(pl.col("is_case").sum(), pl.len()).sort("batch")
        counts = ", ".join(f"{d} {int(k)} cases and {n - int(k)} controls" for d, k, n in groups.iter_rows())
        raise DataError(
            f"cohort {name}: dataset and group are confounded ({counts}), so a batch difference cannot be separated "
            f"from the disease; at least one dataset must hold both {cohort.case} and {cohort.control}",
            check="D6",
        )


def _merged(matrices: Mapping[str, ExpressionMatrix], members: pl.DataFrame, genes: list[str]) -> ExpressionMatrix:
    """The merged matrices: common genes, and the members in their order."""
    blocks: list[FloatArray] = []
    for dataset in members["dataset"].unique(maintain_order=True):
        names = members.filter(pl.col("dataset") == dataset)["sample"].to_list()
        blocks.append(matrices[dataset].take_features(genes).take_samples(names).values)
    return ExpressionMatrix(np.hstack(blocks), tuple(genes), tuple(members["sample"]))


def _adjusted(values: FloatArray, is_case: BoolArray, batch: list[str], cohort: Cohort) -> FloatArray:
    """The batch removed with the group kept, as the study asks."""
    if len(set(batch)) < 2 or cohort.batch == "none":
        return values
    group = is_case.astype(float)[:, None]
    if cohort.batch == "combat":
        return combat(values, batch, covariates=group)
    return remove_batch_effect(values, batch, design=np.hstack([np.ones_like(group), group]))


def _renamed(matrix: ExpressionMatrix) -> ExpressionMatrix:
    """Genes under current symbols; a gene keeps its own name if its current symbol exists already or twice."""
    return ExpressionMatrix(matrix.values, _current(matrix.features), matrix.samples)


def _current(genes: tuple[str, ...]) -> tuple[str, ...]:
    today = current_symbols(genes)
    names = [today.get(gene, gene) for gene in genes]
    taken = set(genes)
    twice = {name for name, n in Counter(names).items() if n > 1}
    return tuple(
        gene if new != gene and (new in taken or new in twice) else new for gene, new in zip(genes, names, strict=True)
    )


def genes_in_cohort(genes: tuple[str, ...], cohort: Cohort) -> tuple[str, ...]:
    """The names under which a cohort has the genes of one of its datasets."""
    return _current(genes) if cohort.symbols == "current" else genes
