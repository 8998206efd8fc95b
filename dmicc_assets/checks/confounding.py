"""What else separates cases from controls: other columns of the descriptions, and the mixture of cells (D5, D8)."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from dmicc_assets.checks.check import Doubt, Measure, Stops, check
from dmicc_assets.checks.finding import Finding, Measured, finding, not_applicable
from dmicc_assets.expression.labels import ANY, sample_fields
from dmicc_assets.results.evidence import Comparison, StudyEvidence
from dmicc_assets.wording import signed

CRAMERS_V = 0.8
AUC_LIMIT = 0.9
MARKER_SHIFT = 2.0
MARKERS = {
    "ALB": "hepatocytes",
    "KRT7": "cholangiocytes",
    "KRT19": "cholangiocytes",
    "PTPRC": "leucocytes",
    "ACTA1": "muscle",
}
# Words of a title that are looked at, from the first; words that name a group whatever the labels are.
_MOST_WORDS = 8
_GROUP_WORD = re.compile(r"^(cases?|controls?|patients?|normals?|healthy|tumou?rs?|cancers?|diseased?|[nt])$")
_MISSING = frozenset({"", "na", "n/a", "nan", "none", "null", "unknown", "not available", "-", "--"})


@check(
    "D5",
    slug="metadata_confounding",
    title="No other column of the samples' descriptions separates cases from controls",
    meaning=(
        "Another column of the samples' descriptions (scanner, batch, age, hospital) tells cases from "
        "controls nearly as well as the label does. What is found may be its effect. If datasets or patients are fully "
        "confounded with the groups (for example `block: fixed`, with every patient in one group only), the "
        "differential expression stops."
    ),
    measures="AUC of the column that separates most, in its better direction",
    fires="above",
    also_measures={
        "category": Measure("Cramer's V of the column that separates most", "above"),
    },
    remedy=(
        "Find out whether the column is a cause or a copy of the label. A centre or scanner that has samples of both "
        "groups can be named as the dataset's `batch:`; otherwise the dataset cannot answer the question."
    ),
    citation="Nygaard 2016, 10.1093/biostatistics/kxv027",
    doubts=Doubt("a hypothesis", 6, "something else separates the groups as well"),
    stops=Stops(
        "The design has full rank: no dataset or patient is confounded with the groups", ("differential/statistics",)
    ),
)
def metadata_confounding(evidence: StudyEvidence) -> list[Finding]:
    """A column that no label rule uses separates cases from controls.

    Its Cramer's V is above 0.8, or its AUC above 0.9 in either direction.
    """
    findings: list[Finding] = []
    for comparison in evidence.comparisons:
        members = evidence.members(comparison)
        used = _fields_of_rules(evidence, comparison, members)
        columns = _columns(members)
        rules = [text for rule in evidence.study.datasets[comparison.dataset].labels for text in rule.where.values()]
        columns |= _title_words(members, " ".join([*rules, *_values(columns, used - {"title"})]))
        strength = {
            name: separation_by_column(values, members["is_case"].to_list())
            for name, values in columns.items()
            if name not in used
        }
        judged = {name: value for name, value in strength.items() if value is not None}
        findings.append(_strongest(comparison.subject, judged))
    return findings


def _strongest(subject: str, judged: Mapping[str, tuple[str, float]]) -> Finding:
    """The finding on the column that separates most, relative to its limit."""
    if not judged:
        return not_applicable(
            "D5", subject, "no column but those of the label rules has few enough levels to be judged"
        )[0]
    share = {name: _excess(kind, value) for name, (kind, value) in judged.items()}
    name = max(sorted(share), key=lambda each: share[each])
    kind, value = judged[name]
    # a column that is lower in cases separates as well
    measured: Measured = (max(value, 1 - value), AUC_LIMIT, "")
    if kind == "V":
        measured = (value, CRAMERS_V, "category")
    text = f"Cramer's V {value:.2f}" if kind == "V" else f"AUC {value:.2f}"
    others = [each for each, much in share.items() if much > 1 and each != name]
    more = f"; so do {', '.join(sorted(others))}" if others else ""
    if share[name] > 1:
        message = f"{name!r} separates cases from controls ({text}){more}: what is found may be its effect"
        return finding("D5", subject, "warning", message, *measured)
    return finding("D5", subject, "ok", f"{len(judged)} columns, the strongest is {name!r} ({text})", *measured)


def _excess(kind: str, value: float) -> float:
    return value / CRAMERS_V if kind == "V" else abs(value - 0.5) / (AUC_LIMIT - 0.5)


def separation_by_column(values: Sequence[str | None], is_case: Sequence[bool]) -> tuple[str, float] | None:
    """How well a column separates the groups: ("AUC", area) of a number, ("V", Cramer's V) of a category.

    None for a column that is constant, restates the label one to one, or has more levels than half the samples.
    """
    known = [(value, case) for value, case in zip(values, is_case, strict=True) if value is not None]
    cases = np.array([case for _, case in known], dtype=np.bool_)
    texts = [value for value, _ in known]
    if len(set(texts)) < 2 or cases.all() or not cases.any():
        return None
    pairs = set(zip(texts, cases.tolist(), strict=True))
    if len(pairs) == len(set(texts)) == 2:
        return None
    numbers = _numbers(texts)
    if numbers is not None and len(set(texts)) > 2:
        return "AUC", _area(numbers, cases)
    if len(set(texts)) > len(texts) / 2:
        return None
    return "V", cramers_v(texts, cases.tolist())


def cramers_v(a: Sequence[str], b: Sequence[bool]) -> float:
    """Cramer's V of two categories, corrected for bias (Bergsma 2013, doi:10.1016/j.jkss.2012.10.002)."""
    rows, row = np.unique(np.array(a), return_inverse=True)
    columns, column = np.unique(np.array(b), return_inverse=True)
    table = np.zeros((len(rows), len(columns)))
    np.add.at(table, (row, column), 1)
    n = table.sum()
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi_squared = float(((table - expected) ** 2 / expected).sum() / n)
    r, k = len(rows), len(columns)
    phi_corrected = max(0.0, phi_squared - (r - 1) * (k - 1) / (n - 1))
    smaller = min(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(phi_corrected / smaller)) if smaller > 0 else 0.0


def _area(numbers: np.ndarray, is_case: np.ndarray) -> float:
    from dmicc_assets.stats.roc import auc_of_rows

    return float(auc_of_rows(numbers[None], is_case)[0])


def _numbers(texts: Sequence[str]) -> np.ndarray | None:
    """The texts as numbers, a unit after them allowed; None when one is not a number."""
    found = [re.match(r"^\s*(-?\d+(?:\.\d+)?)\s*[A-Za-z/%]{0,8}\s*$", text) for text in texts]
    return np.array([float(match[1]) for match in found if match]) if all(found) else None


def _columns(members: pl.DataFrame) -> dict[str, list[str | None]]:
    """Every field of the descriptions except the accession; None where a sample lacks it."""
    described = sample_fields(members)
    names = sorted({name for fields in described for name in fields} - {"sample"})
    return {
        name: [None if (text := fields.get(name, "").strip()).lower() in _MISSING else text for fields in described]
        for name in names
    }


def _values(columns: Mapping[str, list[str | None]], fields: set[str]) -> list[str]:
    return [value for field in fields for value in columns.get(field, []) if value]


def _title_words(members: pl.DataFrame, named: str) -> dict[str, list[str | None]]:
    """Words of the titles by their place, where they may name centres: few levels, and none that names the groups.

    GSE32225 names its three centres in its titles only.

    Args:
        members: rows of `source.samples`.
        named: what the label rules look for, and where they find it.
    """
    groups = f"{named} {' '.join(members['label'].drop_nulls().unique())}".lower()
    words = [re.findall(r"[a-z]+", (title or "").lower()) for title in members["title"]]
    found: dict[str, list[str | None]] = {}
    for place in range(min(max(map(len, words), default=0), _MOST_WORDS)):
        values = [each[place] if place < len(each) else None for each in words]
        sizes = Counter(value for value in values if value is not None)
        if len(sizes) < 2 or min(sizes.values()) < 2 or len(sizes) > len(values) / 5:
            continue
        if not any(word in groups or _GROUP_WORD.match(word) for word in sizes):
            found[f"word {place + 1} of the title ({', '.join(sorted(sizes)[:3])})"] = [*values]
    return found


def _fields_of_rules(evidence: StudyEvidence, comparison: Comparison, members: pl.DataFrame) -> set[str]:
    """Fields that the label rules use; for a rule on any field, those in which its pattern occurs."""
    columns = _columns(members)
    used: set[str] = set()
    for rule in evidence.study.datasets[comparison.dataset].labels:
        for field, pattern in rule.where.items():
            if field != ANY:
                used.add(field.lower())
                continue
            used |= {
                name for name, values in columns.items() if any(value and re.search(pattern, value) for value in values)
            }
    return used


@check(
    "D8",
    slug="cell_composition",
    title="Cases and controls hold the same mixture of cells",
    meaning=(
        "A gene that marks one kind of cell (ALB hepatocytes, KRT7 and KRT19 cholangiocytes, PTPRC "
        "leucocytes, ACTA1 muscle) shifts by more than four-fold. The fold changes then reflect the cells in the "
        "sample, as between tumour and normal tissue."
    ),
    measures="largest shift of a cell type's marker, log2",
    fires="above",
    remedy="Estimate the mixture of cells and correct for it, or call the signature one of composition.",
    citation="Venet 2011, 10.1371/journal.pcbi.1002240",
    doubts=Doubt("a hypothesis", 7, "the groups hold different mixtures of cells"),
)
def cell_composition(evidence: StudyEvidence) -> list[Finding]:
    """A marker gene of another cell type shifts by more than 2 log2 units between cases and controls."""
    findings: list[Finding] = []
    for name in evidence.study.cohorts:
        statistics = evidence.rows("differential/statistics", cohort=name)
        found = dict(statistics.filter(pl.col("gene").is_in(list(MARKERS))).select("gene", "log_fc").iter_rows())
        shifts = {gene: log_fc for gene, log_fc in found.items() if log_fc is not None}
        if not shifts:
            findings += not_applicable("D8", name, f"none of {', '.join(MARKERS)} is measured")
            continue
        largest = max(sorted(shifts), key=lambda gene: abs(shifts[gene]))
        moved = [gene for gene in sorted(shifts) if abs(shifts[gene]) > MARKER_SHIFT]
        text = ", ".join(f"{gene} ({MARKERS[gene]}) {signed(shifts[gene], '+.2f')}" for gene in moved or [largest])
        message = f"{text} log2 between cases and controls" + (
            ": the groups hold different mixtures of cells, and so do the genes found" if moved else ""
        )
        severity = "warning" if moved else "ok"
        findings.append(finding("D8", name, severity, message, abs(shifts[largest]), MARKER_SHIFT))
    return findings
