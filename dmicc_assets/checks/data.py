"""Checks of each dataset's values: scale, missing values, distributions, outliers, probes (I2-I5, I8).

`identity.py` checks the samples' identity, `symbols.py` the genes' names.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from dmicc_assets.checks.check import Measure, check
from dmicc_assets.checks.finding import Finding, Measured, finding, not_applicable
from dmicc_assets.expression.orthologues import Replaced
from dmicc_assets.expression.quality import SMALL_GROUP
from dmicc_assets.expression.symbols import kind_of_names
from dmicc_assets.geo.formats.symbol_cells import is_date, is_gene_name
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.wording import counted, one_or_many, signed

PLAIN_MAXIMUM = 50.0
GENE_MISSING = 0.20
SAMPLE_MISSING = 0.05
MEDIAN_RANGE = 0.5
IQR_RATIO = 1.5
UNMAPPED = 0.40
MULTI_MAPPED = 0.10
Z_LARGE_GROUP = -3.0
Z_SMALL_GROUP = -3.5
PLACEHOLDERS = 0.02
KNOWN = 0.5
ORTHOLOGUES = 0.5
# Of fewer names the share of known symbols tells little.
_ENOUGH_NAMES = 100


@check(
    "I2",
    slug="log2_scale",
    title="Rule and plain maximum agree on whether the values are logarithms",
    meaning=(
        "The rule on quantiles, the plain maximum and what was done disagree on whether the values are "
        "logarithms. A wrong decision makes every fold change wrong."
    ),
    measures="disagreements on whether the values are logarithms",
    fires="above",
    doubted="it is not sure whether the values are logarithms",
    severities=("warning", "info"),
    remedy="Look at the values, then write what they are, as in `values: log2`; docs/study_file.md has all words.",
    citation="Barrett 2013 (GEO2R), 10.1093/nar/gks1193",
)
def log2_scale(evidence: StudyEvidence) -> list[Finding]:
    """The quantile rule (GEO2R), a plain maximum above 50 and what was done disagree on whether to take log2."""
    findings: list[Finding] = []
    for dataset, notes in evidence.dataset_notes.items():
        if (kind := notes.get("values", "log2")) not in ("log2", "linear"):
            findings.append(_other_values(dataset, kind, notes))
            continue
        low, q25, _, _, q99, high = notes["quantiles"]
        by_rule = q99 > 100 or (high - low > PLAIN_MAXIMUM and q25 > 0)
        by_maximum = high > PLAIN_MAXIMUM
        taken = notes["took_log2"]
        text = f"largest value {high:.4g}, 99 % quantile {q99:.4g}; log2 {'was' if taken else 'was not'} taken"
        fires = by_rule != by_maximum or taken != by_rule
        if fires:
            text += (
                f"; the quantile rule takes them for {'linear' if by_rule else 'logarithms'}, a plain maximum over "
                f"{PLAIN_MAXIMUM:g} takes them for {'linear' if by_maximum else 'logarithms'}"
            )
            decided = evidence.study.datasets[dataset].values
            text += "" if decided == "auto" else f"; the study file decided (values: {decided})"
        doubt, severity = notes.get("values_doubt", ("", "ok"))
        text += f"; {doubt}" if doubt else ""
        is_grave = fires or severity == "warning"
        findings.append(finding("I2", dataset, "warning" if is_grave else severity, text, is_grave, 0))
    return findings


@check(
    "I3",
    slug="missing_values",
    title="Few values are missing and no gene is constant",
    meaning=(
        "Some genes or samples have many missing values, or some genes never vary. They carry little "
        "information and can mislead a ranking."
    ),
    measures="constant genes, and genes and samples with too many missing values",
    fires="above",
    doubted="values are missing, or a gene is constant",
    remedy=(
        "Leave out a sample that is mostly missing. Constant genes of RNA-seq are mostly genes that are not expressed."
    ),
    citation="Troyanskaya 2001, 10.1093/bioinformatics/17.6.520",
    tripod=("11",),
)
def missing_values(evidence: StudyEvidence) -> list[Finding]:
    """Over 20 % of a gene's values or 5 % of a sample's are missing, a gene is constant, or a sample has no values."""
    findings: list[Finding] = []
    for dataset, matrix in evidence.matrices.items():
        missing = np.isnan(matrix.values)
        genes = int((missing.mean(axis=1) > GENE_MISSING).sum())
        samples = int((missing.mean(axis=0) > SAMPLE_MISSING).sum())
        spread = np.nanmax(np.where(missing, -np.inf, matrix.values), axis=1) - np.nanmin(
            np.where(missing, np.inf, matrix.values), axis=1
        )
        constant = int((spread == 0).sum())
        problems = [
            f"{n} of {of} {what}"
            for n, of, what in (
                (genes, len(matrix.features), f"genes lack over {GENE_MISSING:.0%} of their values"),
                (samples, len(matrix.samples), f"samples lack over {SAMPLE_MISSING:.0%}"),
                (constant, len(matrix.features), "genes are constant"),
            )
            if n
        ]
        left_out = evidence.dataset_notes[dataset].get("samples_without_values", [])
        if left_out:
            problems.append(
                f"{counted(len(left_out), 'sample')} without any value left out ({', '.join(left_out[:3])})"
            )
        text = "; ".join([*problems, f"{missing.mean():.2%} of all values are missing"])
        n = genes + samples + constant + len(left_out)
        findings.append(finding("I3", dataset, "warning" if n else "ok", text, n, 0))
    return findings


@check(
    "I4",
    slug="distributions",
    title="The arrays have one distribution after normalisation",
    meaning="After normalisation the arrays still differ in median or spread.",
    measures="range of the samples' medians, log2",
    fires="above",
    doubted="the arrays differ in distribution after normalisation",
    also_measures={
        "spread": Measure(
            "largest interquartile range of a sample over the smallest",
            "above",
            "the arrays differ in distribution after normalisation",
        ),
    },
    remedy=(
        "Set `normalise: quantile`, unless the source says that the differences are real (RNA-seq of other tissues)."
    ),
    citation="Bolstad 2003, 10.1093/bioinformatics/19.2.185",
)
def distributions(evidence: StudyEvidence) -> list[Finding]:
    """The medians of the samples span over 0.5 log2, or their interquartile ranges differ by a factor over 1.5."""
    findings: list[Finding] = []
    for dataset in evidence.matrices:
        quality = evidence.rows("expression/quality", dataset=dataset).drop_nulls(["median", "iqr"])
        if len(quality) < 2:
            findings += not_applicable("I4", dataset, "fewer than two samples have values")
            continue
        medians, spreads = quality["median"].to_numpy(), quality["iqr"].to_numpy()
        apart = float(np.ptp(medians))
        ratio = float(spreads.max() / spreads.min()) if spreads.min() > 0 else np.inf
        fires = apart > MEDIAN_RANGE or ratio > IQR_RATIO
        text = f"after normalisation the medians span {apart:.2f} log2, the interquartile ranges a factor {ratio:.2f}"
        if fires:
            worst = quality["sample"][int(np.argmax(np.abs(medians - np.median(medians))))]
            text = f"the arrays are not on one scale: {text} (furthest: {worst})"
        by_spread = apart <= MEDIAN_RANGE and ratio > IQR_RATIO
        measured: Measured = (ratio, IQR_RATIO, "spread") if by_spread else (apart, MEDIAN_RANGE, "")
        findings.append(finding("I4", dataset, "warning" if fires else "ok", text, *measured))
    return findings


@check(
    "I5",
    slug="outlier_arrays",
    title="No array is an outlier among the arrays of its label",
    meaning="An array is much less like the others of its label than they are like each other.",
    measures="z of the least connected array",
    fires="below",
    doubted="an array is an outlier among those of its label",
    remedy="Inspect the array, and repeat the study without it before you trust results that depend on it.",
    citation="Oldham 2012, 10.1186/1752-0509-6-63",
)
def outlier_arrays(evidence: StudyEvidence) -> list[Finding]:
    """An array is less connected to the others of its label than -3 standard deviations.

    Of labels with fewer than 12 samples it is -3.5, by the median absolute deviation.
    """
    findings: list[Finding] = []
    for dataset in evidence.matrices:
        quality = evidence.rows("expression/quality", dataset=dataset)
        size = pl.len().over("label")
        limit = pl.when(size >= SMALL_GROUP).then(Z_LARGE_GROUP).otherwise(Z_SMALL_GROUP)
        judged = quality.with_columns(limit=limit).drop_nulls("connectivity_z").sort("connectivity_z", "sample")
        if judged.is_empty():
            findings += not_applicable("I5", dataset, "no label has three samples")
            continue
        outliers = judged.filter(pl.col("connectivity_z") < pl.col("limit"))
        lowest = outliers.head(1) if len(outliers) else judged.head(1)
        value, threshold = lowest["connectivity_z"][0], lowest["limit"][0]
        if outliers.is_empty():
            text = f"the least connected array is {lowest['sample'][0]} (z {signed(value, '.2f')})"
            findings.append(finding("I5", dataset, "ok", text, value, threshold))
            continue
        names = ", ".join(
            f"{s} ({label}, {signed(z, '.1f')})"
            for s, label, z in outliers.select("sample", "label", "connectivity_z").iter_rows()
        )
        text = (
            f"{counted(len(outliers), 'array')} far from the others of the same label (z under {threshold:g}): {names}"
        )
        findings.append(finding("I5", dataset, "warning", text, value, threshold))
    return findings


@check(
    "I8",
    slug="probe_mapping",
    title="Most probes measure exactly one gene under a known symbol, and no symbol was turned into a date",
    meaning=(
        "Many probes measure no gene (over 40 %) or several (over 10 %), a spreadsheet made dates of symbols "
        "(1-Mar for MARCHF1), or placeholders (#N/A, unknown) stand for over 2 %. Those probes are left out, so their "
        "genes cannot be found. Or under half of the names are known symbols: they may be identifiers, which no other "
        "dataset and no gene set has. Or under half of another species' symbols have one human orthologue in the table."
    ),
    measures="share of probes without a gene",
    fires="above",
    doubted="many probes measure no known gene",
    also_measures={
        "several": Measure("share of probes with several genes", "above", "many probes measure several genes"),
        "dates": Measure("gene symbols turned into dates", "above", "gene symbols were turned into dates"),
        "placeholders": Measure(
            "placeholders in place of a symbol, as a share of the platform's probes",
            "above",
            "placeholders stand in place of gene symbols",
        ),
        "compounds": Measure(
            "probes whose symbols are joined otherwise than the platform joins them",
            "above",
            "probes' symbols are joined otherwise than their platform joins them",
        ),
        "orthologues": Measure(
            "share of the symbols that human orthologues replaced, where asked for",
            "below",
            "human orthologues are known of few symbols",
        ),
        "known": Measure("share of gene names that are known symbols", "below", "few gene names are known symbols"),
    },
    remedy=(
        "Use a newer annotation of the platform, or name the column or a table of your own with `annotation:`; for "
        "symbols that became dates, take the manufacturer's."
    ),
    citation="Ziemann 2021, 10.1371/journal.pcbi.1008984",
)
def probe_mapping(evidence: StudyEvidence) -> list[Finding]:
    """Probes without a gene or with several, dates, placeholders, names that are no symbols, or few orthologues."""
    findings: list[Finding] = []
    for dataset, matrix in evidence.matrices.items():
        probes = evidence.rows("source/probe_genes", dataset=dataset)
        notes = evidence.dataset_notes.get(dataset, {})
        symbols = {part for gene in probes["gene"].drop_nulls() for part in gene.split(" /// ")} | set(matrix.features)
        dates = sorted(symbol for symbol in symbols if is_date(symbol))
        n_dates = max(len(dates), int(notes.get("n_date_mangled", 0)))
        n = len(probes)
        unmapped = float((probes["n_symbols"] == 0).sum() / n) if n else 0.0
        several = float((probes["n_symbols"] > 1).sum() / n) if n else 0.0
        text = f"{unmapped:.1%} of {n:,} probes have no gene, {several:.1%} several" if n else "the matrix is by gene"
        problems: list[tuple[str, Measured]] = []
        if unmapped > UNMAPPED:
            problems.append((f"over {UNMAPPED:.0%} measure no gene", (unmapped, UNMAPPED, "")))
        if several > MULTI_MAPPED:
            problems.append((f"over {MULTI_MAPPED:.0%} measure several", (several, MULTI_MAPPED, "several")))
        if n_dates:
            shown = f" ({', '.join(dates[:5])})" if dates else ""
            lost = f"{counted(n_dates, 'gene symbol')} turned into {one_or_many(n_dates, 'a date', 'dates')}{shown}"
            problems.append((f"{lost}, as spreadsheets do; their genes are unknown", (n_dates, 0, "dates")))
        n_annotated = int(notes.get("n_annotated", 0)) or n  # a matrix may have a part of the platform's probes
        if n_annotated and (share := int(notes.get("n_placeholders", 0)) / n_annotated) > PLACEHOLDERS:
            placed = f"the platform has placeholders for symbols, {share:.1%} of its probes"
            problems.append((placed, (share, PLACEHOLDERS, "placeholders")))
        if n_compound := int(notes.get("n_compound", 0)):
            joined = f"{counted(n_compound, 'probe')} of the platform had symbols joined by ; | , : spaces; separated"
            problems.append((joined, (n_compound, 0, "compounds")))
        if n_controls := int(notes.get("n_controls", 0)):
            text += f"; {counted(n_controls, 'control probe')} of the platform"
        if "orthologues" in notes:
            replaced = Replaced(**notes["orthologues"])
            text += f"; {replaced.text()}"
            if (share := replaced.n_one / replaced.n_symbols) < ORTHOLOGUES:
                lost = f"under {ORTHOLOGUES:.0%} of the symbols could be replaced: is the table of this species?"
                problems.append((lost, (share, ORTHOLOGUES, "orthologues")))
        known = sum(map(is_gene_name, matrix.features)) / max(len(matrix.features), 1)
        if len(matrix.features) >= _ENOUGH_NAMES and known < KNOWN:
            problems.append((_unknown_names(matrix.features, known), (known, KNOWN, "known")))
        text += "".join(f"; {problem}" for problem, _ in problems)
        measured = problems[0][1] if problems else (unmapped, UNMAPPED, "")
        findings.append(finding("I8", dataset, "warning" if problems else "ok", text, *measured))
    return findings


_MADE_OF = {
    "counts": "read counts, whose logarithm is taken of counts per million",
    "tpm": "TPM, of which log2(x + 1) is taken",
    "fpkm": "FPKM, of which log2(x + 1) is taken",
    "log_ratio": "log2 ratios",
    "ln": "natural logarithms, multiplied by log2(e)",
    "log10": "logarithms to base 10, multiplied by log2(10)",
    "ln_ratio": "natural logarithms of ratios, multiplied by log2(e)",
    "log10_ratio": "logarithms to base 10, multiplied by log2(10)",
}


def _other_values(dataset: str, kind: str, notes: Mapping[str, Any]) -> Finding:
    """What is said of values to which GEO2R's rule does not apply; that only numbers told it is worth knowing."""
    text = f"{_MADE_OF[kind]}: {notes['values_why']}"
    for n, noun, what in (
        (notes.get("n_flipped", 0), "sample", "with the reference above"),
        (notes.get("n_rounded", 0), "count", "rounded"),
    ):
        text += f"; {counted(n, noun)} {what}" if n else ""
    doubt, severity = notes.get("values_doubt", ("", "info" if notes["values_guessed"] else "ok"))
    text += f"; {doubt}" if doubt else ""
    return finding("I2", dataset, severity, text, severity == "warning", 0)


def _unknown_names(names: Sequence[str], known: float) -> str:
    """What is said of names that are mostly no symbols: how many, what they look like, and the first."""
    kind = kind_of_names(names)
    looks = f": they look like {kind}" if kind else ""
    return f"{known:.0%} of {len(names):,} gene names are known symbols{looks} ({', '.join(names[:3])}, ...)"
