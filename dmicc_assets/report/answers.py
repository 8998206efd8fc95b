"""The sentence that opens each section of the report: its answer, with the numbers that matter.

How it was computed is `method_text.py`'s, what the whole is worth the verdict's.
"""

import polars as pl

from dmicc_assets.checks.check import CHANCE
from dmicc_assets.checks.finding import FIRED
from dmicc_assets.checks.registry import in_order
from dmicc_assets.report.cells import subject_in_words
from dmicc_assets.report.figures.of_cohort import named_genes
from dmicc_assets.report.sample_parts import sample_parts
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.results.intervals import estimate_text
from dmicc_assets.results.reader import Results
from dmicc_assets.wording import counted, listed, one_or_many, signed

# Genes of the signature that a sentence names.
_NAMED = 40
_LEAST_P = 1e-3


def data_answer(results: Results) -> str:
    """How many samples were read, what each is used for, and which checks of the data warn."""
    samples = results.rows("source/samples")
    if samples.is_empty():
        return ""
    warn = _warning(results, ("D", "I"))
    checked = f"; checks of data and design that warn: {', '.join(warn)}" if warn else "; no check of the data warns"
    if results.rows("rigor/findings").is_empty():
        checked = ""
    n_datasets = samples["dataset"].n_unique()
    parts = "; ".join(sample_parts(results))
    return f"{counted(len(samples), 'sample')} of {counted(n_datasets, 'dataset')}: {parts}{checked}."


def differential_answer(results: Results) -> str:
    """How many genes differ in each cohort, and which way."""
    said: list[str] = []
    for name, cohort in results.study.cohorts.items():
        if results.rows("differential/statistics", cohort=name).is_empty():
            continue
        genes = results.rows("differential/genes", cohort=name)
        up = len(genes.filter(pl.col("direction") == "up"))
        ways = f" ({up:,} up, {len(genes) - up:,} down in cases)" if len(genes) else ""
        said.append(f"{len(genes):,}{ways} in {cohort.title}")
    if not said:
        return ""
    settings = results.study.differential
    adjusted = "adjusted p" if settings.adjust == "BH" else "unadjusted p"
    limits = f"at |log2 fold change| ≥ {settings.log_fc:g} and {adjusted} < {settings.p_value:g}"
    return f"Genes that differ between cases and controls {limits}: {listed(said)}."


def enrichment_answer(results: Results) -> str:
    """How many gene sets move by camera in each cohort, and the first of them."""
    limit = results.study.enrichment.adj_p_value
    said: list[str] = []
    for name, cohort in results.study.cohorts.items():
        tested = results.rows("enrichment/camera", cohort=name).sort("adj_p_value", "p_value", nulls_last=True)
        moving = tested.filter(pl.col("adj_p_value") < limit)
        if tested.is_empty():
            continue
        first = tested.with_columns(pl.coalesce("term_name", "term").alias("what")).row(0, named=True)
        before = "first" if len(moving) else "the nearest is"
        p = _p(first["adj_p_value"])
        said.append(f"{len(moving):,} of {len(tested):,} in {cohort.title} ({before} {first['what']}, adjusted {p})")
    if not said:
        return ""
    return f"Gene sets that move more than the other genes, by camera at adjusted p < {limit:g}: {'; '.join(said)}."


def signature_answer(results: Results) -> str:
    """How many genes are shared, how many chance gives, and which."""
    genes, several = results.signature_genes, len(results.study.cohorts) > 1
    if not genes:
        return ""
    listed_genes = ", ".join(named_genes(results)[:_NAMED]) + (
        f" and {len(genes) - _NAMED} more" * (len(genes) > _NAMED)
    )
    if not several:
        return f"The signature is the {counted(len(genes), 'gene')} of the one cohort: {listed_genes}."
    overlap = results.rows("signature/overlap")
    chance = ""
    if len(overlap):
        row = overlap.row(0, named=True)
        chance = f", {row['n_concordant']} of them in the same direction"
        if row["sharing_p_value"] is not None and StudyEvidence.of(results).samples_of_two_cohorts:
            chance += "; the cohorts share samples, so that they must share genes"
        elif row["sharing_p_value"] is not None:
            shown = "more than" if row["sharing_p_value"] <= CHANCE else "not shown to be more than"
            chance += (
                f"; {shown} other variation of these tissues gives (about {row['sharing_expected']:.0f}, "
                f"{_p(row['sharing_p_value'])})"
            )
    return f"The diseases share {counted(len(genes), 'gene')}{chance}: {listed_genes}."


def ranking_answer(results: Results) -> str:
    """Which genes are biomarkers, and how often resampled patients choose them again."""
    if not results.signature_genes:
        return ""
    top, n_cohorts = results.study.ranking.top, len(results.study.cohorts)
    where = "both rankings" if n_cohorts == 2 else "every ranking" if n_cohorts > 2 else "the ranking"
    if not results.biomarkers:
        return f"No gene is among the first {top} of {where}, so there is no biomarker."
    again = results.rows("signature/stability", method="bootstrap_biomarkers")
    often = dict(again.select("gene", "frequency").iter_rows())
    names = [f"{gene} ({often[gene]:.0%})" if gene in often else gene for gene in results.biomarkers]
    said = "; in brackets, how often resampled patients choose each again" if often else ""
    verb = one_or_many(len(names), "is", "are")
    return f"{listed(names)} {verb} among the first {top} of {where}{said}."


def validation_answer(results: Results) -> str:
    """The model's AUC out of fold and outside, with what random genes reach."""
    rows = results.rows("validation/roc", predictor="model").drop_nulls("auc")
    inside = rows.filter(pl.col("subject") == results.study.model_cohort, pl.col("kind") == "nested_cv")
    outside = rows.filter(pl.col("subject_kind") == "dataset", pl.col("kind") == "external")
    said = [
        f"{estimate_text(row['auc'], row['ci_low'], row['ci_high'])} {where}"
        for frame, where in ((inside, "out of fold"), (outside, "in {subject}"))
        for row in frame.iter_rows(named=True)
        for where in (where.format(**row),)
    ]
    if not said:
        return ""
    random = results.rows("rigor/findings", code="R2").filter(pl.col("severity").is_in(FIRED))
    doubt = f"; random genes do as well in {listed(sorted(_subjects(results, random)))}" if len(random) else ""
    return f"The risk model separates cases from controls with an area under the ROC curve of {listed(said)}{doubt}."


def model_answer(results: Results) -> str:
    """What the model is made of, how it is calibrated, and whether a risk can be read from it."""
    terms = results.rows("model/coefficients").filter(pl.col("term") != "(Intercept)")
    if terms.is_empty():
        return ""
    text = f"A logistic regression on {listed(terms['term'].to_list())}"
    slope = results.rows("model/performance", metric="slope").drop_nulls("nested")
    if len(slope):
        row = slope.row(0, named=True)
        text += (
            f"; calibration slope out of fold {estimate_text(row['nested'], row['nested_low'], row['nested_high'], 2)}"
        )
        text += ", where 1 is right and less is too extreme"
    no_risk = "R10" in _warning(results, ("R",))
    return f"{text}; {'it orders patients and states no absolute risk' if no_risk else 'see its checks below'}."


def rigor_answer(results: Results) -> str:
    """How many checks warn, and what permuted labels find."""
    findings = results.rows("rigor/findings")
    if findings.is_empty():
        return ""
    warn = _warning(results, ("D", "I", "M", "R"))
    first = (
        f"{len(warn)} of {findings['code'].n_unique()} checks warn ({', '.join(warn)})" if warn else "No check warns"
    )
    null = results.rows("rigor/nulls", null="permuted_labels", statistic="signature_size").drop_nulls("empirical_p")
    if null.is_empty():
        return f"{first}."
    row = null.row(0, named=True)
    p = _p(row["empirical_p"])
    return f"{first}; chance of a signature as large when the labels of the model's cohort are permuted: {p}."


def published_answer(results: Results) -> str:
    """How many published numbers agree."""
    counts = dict(results.rows("report/published")["agrees"].value_counts().iter_rows())
    if not counts:
        return ""
    said = [f"{counts[what]} {words}" for what, words in _AGREEMENT.items() if what in counts]
    return f"Of {sum(counts.values())} published numbers {listed(said)}."


_AGREEMENT = {"yes": "agree with those computed here", "no": "do not", "not testable": "cannot be tested"}


def _subjects(results: Results, rows: pl.DataFrame) -> set[str]:
    titles = {name: cohort.title for name, cohort in results.study.cohorts.items()}
    return {subject_in_words(name, titles) for name in rows["subject"]}


def _warning(results: Results, letters: tuple[str, ...]) -> list[str]:
    """Codes of the checks that warn, of some letters, in the registry's order."""
    rows = results.rows("rigor/findings").filter(pl.col("severity").is_in(FIRED))
    return [code for code in in_order(set(rows["code"])) if code.startswith(letters)]


def _p(value: float | None) -> str:
    if value is None:
        return "p not estimable"
    return f"p = {signed(value, '.2g' if value >= _LEAST_P else '.1e')}"
