"""The tables of the report on enrichment, and what is said of libraries: without names, not to be had, of other genes.

The other sections are in `sections.py`.
"""

import polars as pl

from dmicc_assets.enrichment.coverage import Coverage
from dmicc_assets.enrichment.libraries import why_missing
from dmicc_assets.enrichment.score_differences import score_differences
from dmicc_assets.expression.copies import without_copies
from dmicc_assets.report.cells import spoken
from dmicc_assets.report.data_tables import ReportTable, free_table, report_table
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.results.reader import Results
from dmicc_assets.wording import listed

# The customary threshold of preranked enrichment (Subramanian 2005).
_FDR_SHOWN = 0.25
# Gene sets of camera that are shown, also where fewer pass the threshold.
_FIRST_SETS = 100
# Sets of the table of scores.
_MOST_SCORED = 50


def library_notes(results: Results) -> str:
    """What people must know of the libraries before they read the tables."""
    said = (nameless_libraries, translated_libraries, bundled_libraries, missing_libraries, foreign_libraries)
    return "".join(each(results) for each in said)


def nameless_libraries(results: Results) -> str:
    """Note on libraries that have identifiers without names."""
    is_number = pl.col("term").str.contains(r"^[A-Za-z:]{1,8}\d+$")
    rows = results.rows("enrichment/terms").group_by("library")
    found = sorted(rows.agg((pl.col("term_name").is_null() & is_number).all()).filter("term_name")["library"])
    return f" {' and '.join(found)}: the available library has identifiers without names." if found else ""


def missing_libraries(results: Results) -> str:
    """Which libraries could not be had, and why: nothing is known of their sets."""
    notes = (results.notes("enrichment/terms", cohort) for cohort in results.study.cohorts)
    missing = {library: why for said in notes for library, why in said.get("missing_libraries", {}).items()}
    if not missing:
        return ""
    reasons = why_missing(missing)
    if len(missing) == len(results.study.enrichment.libraries):
        return f" Enrichment was not made: no gene sets could be had ({reasons})."
    return f" Enrichment was not made in {listed(list(missing))}, which could not be had ({reasons})."


def bundled_libraries(results: Results) -> str:
    """Which libraries came with the package, because they could not be had."""
    notes = (results.notes("enrichment/terms", cohort) for cohort in results.study.cohorts)
    bundled = {library: why for said in notes for library, why in said.get("bundled_libraries", {}).items()}
    if not bundled:
        return ""
    said = (each for notes in StudyEvidence.of(results).library_notes.values() for each in notes.values())
    dates = sorted({each["date"] for each in said if each["name"] in bundled})
    used, reasons = listed(list(bundled)), "; ".join(dict.fromkeys(bundled.values()))
    return f" The bundled GO of {listed(dates)} was used for {used}, because none could be had ({reasons})."


def foreign_libraries(results: Results) -> str:
    """Which libraries do not know the measured genes: nothing follows from what is found in them, or not."""
    evidence = StudyEvidence.of(results)
    foreign = [
        f"{each.n_covered:,} of {each.n_genes:,} genes of {results.study.cohorts[cohort].title} are in {library} "
        f"({each.sides()})"
        for cohort in results.study.cohorts
        for library, each in evidence.coverage(cohort).items()
        if each.is_low
    ]
    if not foreign:
        return ""
    return f" Another species or other identifiers, so that nothing follows from them: {'; '.join(foreign)}."


def translated_libraries(results: Results) -> str:
    """Which libraries name genes by Entrez or Ensembl identifiers, and were read by symbol."""
    evidence = StudyEvidence.of(results)
    found = {
        f"{library} by {notes['identifiers']} identifiers"
        for said in evidence.library_notes.values()
        for library, notes in said.items()
        if notes.get("identifiers", "Symbol") != "Symbol"
    }
    return f" Read by symbol, as the platform's annotation has it: {'; '.join(sorted(found))}." if found else ""


def camera(results: Results) -> list[ReportTable]:
    """Sets by camera, the smallest p-value first: all that pass the threshold, and a hundred at least."""
    rows, limit = results.rows("enrichment/camera"), results.study.enrichment.adj_p_value
    n_passing = len(rows.filter(pl.col("adj_p_value") < limit))
    shown = rows.sort("adj_p_value", "p_value", "cohort", "term").head(max(n_passing, _FIRST_SETS))
    title = (
        f"Gene sets by camera: the first {len(shown):,} of {len(rows):,}; {n_passing:,} move more than the other genes "
        f"with an adjusted p under {limit:g}."
    )
    return [report_table("enrichment/camera", spoken(shown, results.study), "", title, True)] if len(rows) else []


def terms(results: Results) -> list[ReportTable]:
    """Over-represented terms, the smallest adjusted p-value first."""
    rows = results.rows("enrichment/terms").sort("adj_p_value", "p_value", "cohort", "term")
    return [report_table("enrichment/terms", spoken(rows, results.study))] if len(rows) else []


def scores(results: Results) -> list[ReportTable]:
    """For each cohort the sets whose scores differ most between its groups; no p-value: they are picked for it."""
    tables: list[ReportTable] = []
    for name, cohort in results.study.cohorts.items():
        scored = results.rows("expression/scores").filter(pl.col("dataset").is_in(cohort.datasets))
        samples = without_copies(results.rows("cohort/samples", cohort=name))
        rows = score_differences(scored, samples)
        title = (
            f"{cohort.title}: the {min(len(rows), _MOST_SCORED)} of {len(rows):,} sets whose scores differ most, as "
            "mean of cases less controls in standard deviations within the groups."
        )
        if len(rows):
            tables.append(free_table(f"scores_{name}", title, rows.head(_MOST_SCORED), is_short=True))
    return tables


def missing_scores(results: Results) -> str:
    """Which libraries of `scores` could not be had, came with the package, or are of other genes."""
    notes = {dataset: results.notes("expression/scores", dataset) for dataset in results.study.datasets}
    missing = {name: why for said in notes.values() for name, why in said.get("missing_libraries", {}).items()}
    bundled = {name: why for said in notes.values() for name, why in said.get("bundled_libraries", {}).items()}
    foreign = [
        f"{found.n_covered:,} of {found.n_genes:,} genes of {dataset} are in {used['name']} ({found.sides()})"
        for dataset, said in notes.items()
        for used in said.get("libraries", [])
        if (found := Coverage.of_notes(used)) is not None and found.is_low
    ]
    texts = (
        ("Not scored, because they could not be had", [f"{name}: {why}" for name, why in missing.items()]),
        ("The bundled GO was used, because none could be had", [f"{name}: {why}" for name, why in bundled.items()]),
        ("Another species or other identifiers, so that scores say nothing", foreign),
    )
    return "".join(f" {what}: {'; '.join(said)}." for what, said in texts if said)


def gene_sets(results: Results) -> list[ReportTable]:
    """Preranked gene sets below the customary threshold; all of them would be a third of the page."""
    rows = results.rows("enrichment/gsea")
    shown = rows.filter(pl.col("fdr") < _FDR_SHOWN).sort("p_value", -pl.col("nes").abs(), "cohort", "term")
    title = f"Preranked gene sets with a false discovery rate under {_FDR_SHOWN:g}: {len(shown):,} of {len(rows):,}."
    return [report_table("enrichment/gsea", spoken(shown, results.study), title=title)] if len(rows) else []
