"""The TRIPOD+AI checklist of a study (Collins 2024, doi:10.1136/bmj-2023-078378), filled from its own data.

The items' texts are paraphrased. Items that the data cannot answer are marked for the author.
"""

from collections.abc import Callable
from typing import NamedTuple

import polars as pl

from dmicc_assets.checks.finding import FIRED
from dmicc_assets.checks.registry import CHECKS
from dmicc_assets.expression.copies import without_copies
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.results.intervals import estimate_text
from dmicc_assets.results.reader import Results
from dmicc_assets.stats.logistic import INTERCEPT
from dmicc_assets.wording import signed

FOR_AUTHOR = "for the author"
FILLED = "filled"
SCHEMA = pl.Schema({name: pl.String() for name in ("item", "section", "asks", "status", "text")})

Fill = Callable[[StudyEvidence], str]


class Item(NamedTuple):
    """One item: its question, and the function that answers it from the study, if there is one."""

    item: str
    section: str
    asks: str
    fill: Fill | None = None


def checklist(results: Results) -> pl.DataFrame:
    """One row for each item: item, section, asks, status ('filled' or 'for the author'), text."""
    evidence = StudyEvidence.of(results)
    rows: list[dict[str, str]] = []
    for each in ITEMS:
        text = "" if each.fill is None else each.fill(evidence)
        status = FILLED if text else FOR_AUTHOR
        rows.append({"item": each.item, "section": each.section, "asks": each.asks, "status": status, "text": text})
    return pl.DataFrame(rows, schema=SCHEMA)


def _title(e: StudyEvidence) -> str:
    cohort = e.study.cohorts[e.study.model_cohort]
    return f"{e.study.title}: a prediction model of {cohort.case} against {cohort.control} is {_purpose(e)}"


def _purpose(e: StudyEvidence) -> str:
    names = " and ".join(entry.dataset for entry in e.study.validation)
    return f"developed in {e.study.model_cohort}" + (f" and evaluated in {names}" if names else "; none is evaluated")


def _population(e: StudyEvidence) -> str:
    return f"{e.study.population.text}; the author states purpose and users" if e.study.population else ""


def _objective(e: StudyEvidence) -> str:
    cohorts = " and ".join(cohort.title for cohort in e.study.cohorts.values())
    return f"to find the genes that {cohorts} share; a model on them is {_purpose(e)}"


def _sources(e: StudyEvidence) -> str:
    rows = e.rows("source/datasets").sort("dataset").iter_rows(named=True)
    texts = [
        f"{row['dataset']} ({row['source']}, {row['platform'] or 'by gene'}, {row['n_samples']} samples)"
        for row in rows
    ]
    return "; ".join(texts) or "no dataset was read"


def _dates(e: StudyEvidence) -> str:
    rows = e.rows("source/datasets").drop_nulls("last_update_date").sort("dataset").iter_rows(named=True)
    texts = [f"{row['dataset']} last updated {row['last_update_date']}" for row in rows]
    return "; ".join([*texts, "dates of sampling are not stated by the sources"])


def _eligibility(e: StudyEvidence) -> str:
    parts: list[str] = []
    for name, spec in e.study.datasets.items():
        rules = "; ".join(f"{r.label}: {', '.join(f'{f} ~ {p}' for f, p in r.where.items())}" for r in spec.labels)
        parts.append(f"{name}: {rules}")
    return " | ".join(parts)


def _preparation(e: StudyEvidence) -> str:
    parts = [
        f"{name}: values {spec.values}, between arrays {spec.normalise}, probes to genes by {spec.collapse}"
        for name, spec in e.study.datasets.items()
    ]
    batches = [f"{name}: batch {cohort.batch}" for name, cohort in e.study.cohorts.items() if len(cohort.datasets) > 1]
    return "; ".join(parts + batches)


def _outcome(e: StudyEvidence) -> str:
    cohort = e.study.cohorts[e.study.model_cohort]
    return f"{cohort.case} against {cohort.control}, by the submitters' descriptions of the samples"


def _predictors(e: StudyEvidence) -> str:
    n = e.rows("differential/statistics", cohort=e.study.model_cohort).height
    return f"every gene that the platforms measure ({n} in the model's cohort); none was left out beforehand"


def _definition(e: StudyEvidence) -> str:
    names = ", ".join(e.biomarkers) or "none was chosen"
    merged = len(e.study.cohorts[e.study.model_cohort].datasets) > 1
    return f"log2 expression of {names}{', batch removed' if merged else ''}; when it was measured is not stated"


def _sample_size(e: StudyEvidence) -> str:
    return "; ".join(message for _, message in _messages(e, "10"))


def _missing(e: StudyEvidence) -> str:
    ranked = (
        "for the ranking they are filled in as the mean of the 10 nearest samples"
        if e.study.ranking.missing == "knn"
        else "a gene with one is not ranked"
    )
    return "; ".join([*_said(e, "11"), f"missing values are kept missing, and {ranked}"])


def _use_of_data(e: StudyEvidence) -> str:
    training = ", ".join(e.study.cohorts[e.study.model_cohort].datasets)
    every = ", ".join(dict.fromkeys(each for cohort in e.study.cohorts.values() for each in cohort.datasets))
    validation = ", ".join(entry.dataset for entry in e.study.validation) or "no dataset"
    return (
        f"genes chosen on {every}, model fitted on {training}; "
        f"optimism by {e.study.model.bootstrap} bootstraps; validated in {validation}"
    )


def _handling(_: StudyEvidence) -> str:
    return (
        "linear on the log2 scale, no categories; in other data sets as z-scores by their own mean and sd, put on the "
        "training scale, and as the log2 values themselves"
    )


def _model(e: StudyEvidence) -> str:
    ranking, d = e.study.ranking, e.study.differential
    estimators = ", ".join(e.rows("model/coefficients")["estimator"].unique().sort().to_list()) or "none fitted"
    return (
        f"moderated t (abs log2 fold change >= {d.log_fc:g}, p < {d.p_value:g}, adjust {d.adjust}), intersection "
        f"of the cohorts, forests of {ranking.trees} trees, top {ranking.top} of each, logistic model ({estimators}); "
        f"internal validation by {e.study.rigor.repeats} repeats of cross-validation in {ranking.folds} folds at most "
        f"with all of it inside, and {e.study.rigor.bootstraps} bootstraps; "
        f"seeds {ranking.seed}, {e.study.model.seed} and {e.study.rigor.seed}"
    )


def _heterogeneity(e: StudyEvidence) -> str:
    return "; ".join(_said(e, "12d"))


def _measures(_: StudyEvidence) -> str:
    return (
        "AUC: apparent, leaky, nested and external with 95 % intervals, .632+ without one; calibration curve, slope, "
        "intercept; Brier; decision curve"
    )


def _predictions(_: StudyEvidence) -> str:
    return "coefficients frozen; linear predictor of z-scores, and of raw log2 values; no updating"


def _no_updating(_: StudyEvidence) -> str:
    return "none was done"


def _imbalance(e: StudyEvidence) -> str:
    return "; ".join(["nothing was re-weighted", *_said(e, "13")])


def _fairness(e: StudyEvidence) -> str:
    said = (
        "the sexes of cases and controls are compared, and the AUC is given in known subgroups (validation.subgroups)"
    )
    return "; ".join([f"nothing was corrected; {said}", *_said(e, "14")])


def _output(_: StudyEvidence) -> str:
    return "log-odds and probability at the study's own share of cases; no class, no cut-off is recommended"


def _differences(e: StudyEvidence) -> str:
    if not e.study.validation:
        return "there is no evaluation data"
    cohort, model = e.study.cohorts[e.study.model_cohort], e.study.model_cohort
    texts = [f"development in {model}: {cohort.case} against {cohort.control}, {_measured(e, model)}"]
    for entry in e.study.validation:
        where = _measured(e, entry.dataset)
        texts.append(f"evaluation in {entry.dataset}: {entry.case} against {entry.control}, {where}")
    return "; ".join(texts + _said(e, "16"))


def _measured(e: StudyEvidence, subject: str) -> str:
    """Tissue, platform, and numbers of cases and controls that are analysed, of a cohort or a validation dataset."""
    is_own = [each for each in e.comparisons if each.subject.split("/")[0] == subject]
    names = [comparison.dataset for comparison in is_own]
    platforms = e.rows("source/datasets").filter(pl.col("dataset").is_in(names))["platform"].to_list()
    on = sorted({platform or "by gene" for platform in platforms})
    tissues = sorted({e.study.datasets[name].tissue or "tissue not stated" for name in names})
    if subject in e.study.cohorts:
        samples = without_copies(e.rows("cohort/samples", cohort=subject))
    else:
        samples = without_copies(pl.concat([e.members(comparison) for comparison in is_own]))
    n_case, n = int(samples["is_case"].sum()), len(samples)
    return f"{' and '.join(tissues)}, {' and '.join(on) or 'not read'}, {n_case} cases and {n - n_case} controls"


def _data_sharing(e: StudyEvidence) -> str:
    rows = e.rows("source/datasets").sort("dataset").iter_rows(named=True)
    return "; ".join(f"{row['accession']} ({row['source']})" for row in rows) or "no dataset was read"


def _code_sharing(_: StudyEvidence) -> str:
    from importlib.metadata import version

    return (
        f"dmicc_assets {version('dmicc_assets')} (MIT); recipe, seeds and input hashes of every table in its manifest"
    )


def _flow(e: StudyEvidence) -> str:
    parts: list[str] = []
    for dataset in e.rows("source/datasets")["dataset"].unique().sort():
        counts = e.rows("source/samples", dataset=dataset)["label"].value_counts().sort("label").iter_rows()
        parts.append(f"{dataset}: " + ", ".join(f"{label} {n}" for label, n in counts))
    return "; ".join(parts) or "no sample was read"


def _events(e: StudyEvidence) -> str:
    outside = [f"{entry.dataset}: {_measured(e, entry.dataset).rpartition(', ')[2]}" for entry in e.study.validation]
    return "; ".join(_said(e, "21") + outside)


def _specification(e: StudyEvidence) -> str:
    rows = e.rows("model/coefficients").to_dicts()
    if not rows:
        return "there is no model"
    text = ", ".join(f"{row['term']} {signed(row['coefficient'], '.4g')}" for row in rows)
    # Firth's intercept is for odds; probabilities use FLIC's intercept.
    flic = next((row.get("probability_coefficient") for row in rows if row["term"] == INTERCEPT), None)
    flic = flic if rows[0]["estimator"] == "firth" else None
    text += f"; intercept of the probabilities {signed(flic, '.4g')} (FLIC)" if flic is not None else ""
    return f"log-odds by log2 expression: {text}"


def _performance(e: StudyEvidence) -> str:
    rows = e.rows("validation/roc", predictor="model").drop_nulls("auc").iter_rows(named=True)
    texts = [
        f"{row['subject']} {row['kind']}: AUC {estimate_text(row['auc'], row['ci_low'], row['ci_high'])}"
        for row in rows
    ]
    slopes = e.rows("validation/performance", metric="slope", subject_kind="dataset").drop_nulls("value")
    texts += [
        f"{row['subject']} ({row['scale'].replace('_', '-')}): calibration slope "
        f"{estimate_text(row['value'], row['ci_low'], row['ci_high'], 2)}"
        for row in slopes.filter(scale="log2").sort("subject").iter_rows(named=True)
    ]
    return "; ".join(texts) or "there is no model"


def _between_clusters(e: StudyEvidence) -> str:
    rows = e.rows("validation/roc", predictor="model", kind="external").drop_nulls("auc").sort("auc", "subject")
    if len(rows) < 2:
        return ""
    low, high = rows.row(0, named=True), rows.row(-1, named=True)
    return (
        f"the frozen model's AUC is from {low['auc']:.3f} in {low['subject']} to {high['auc']:.3f} in {high['subject']}"
    )


def _limitations(e: StudyEvidence) -> str:
    warned = e.rows("rigor/findings").filter(pl.col("severity").is_in(FIRED))
    codes = warned["code"].unique(maintain_order=True).to_list()
    return f"{len(warned)} findings warn ({', '.join(codes)}): see the findings" if codes else "no finding warns"


def _poor_input(_: StudyEvidence) -> str:
    return "a missing gene gives no score; a value outside the training range is flagged (dmicc score)"


def _messages(e: StudyEvidence, item: str) -> list[tuple[str, str]]:
    """Subject and message of every finding of the checks that answer an item."""
    return [
        row
        for code, check in CHECKS.items()
        if item in check.tripod
        for row in e.rows("rigor/findings", code=code).sort("subject").select("subject", "message").iter_rows()
    ]


def _said(e: StudyEvidence, item: str) -> list[str]:
    return [f"{subject}: {message}" for subject, message in _messages(e, item)]


ITEMS = (
    Item("1", "Title", "That a prediction model is developed or evaluated, for whom, for which outcome", _title),
    Item("2", "Abstract", "A structured abstract, by TRIPOD+AI for Abstracts"),
    Item("3a", "Introduction", "The health care context and why a model is needed, with those that exist"),
    Item("3b", "Introduction", "The people the model is for, its purpose in the care pathway, its users", _population),
    Item("3c", "Introduction", "Known health inequalities between groups of people"),
    Item("4", "Introduction", "The objectives: development, evaluation or both", _objective),
    Item("5a", "Methods: data", "Sources of the data for development and evaluation", _sources),
    Item("5b", "Methods: data", "Dates of the data: start, end and follow-up", _dates),
    Item("6a", "Methods: participants", "Setting: care level, number and location of centres"),
    Item("6b", "Methods: participants", "Who was eligible", _eligibility),
    Item("6c", "Methods: participants", "Treatments received, and how they were handled"),
    Item("7", "Methods: preparation", "Pre-processing and quality checks, alike for all groups or not", _preparation),
    Item("8a", "Methods: outcome", "The outcome, its time horizon, how it was assessed", _outcome),
    Item("8b", "Methods: outcome", "Who assessed a subjective outcome, and their qualification"),
    Item("8c", "Methods: outcome", "Whether the assessment was blind"),
    Item("9a", "Methods: predictors", "How the candidate predictors were chosen", _predictors),
    Item("9b", "Methods: predictors", "Definition and timing of every predictor", _definition),
    Item("9c", "Methods: predictors", "Who assessed subjective predictors"),
    Item("10", "Methods: sample size", "How the sample size was arrived at, and whether it suffices", _sample_size),
    Item("11", "Methods: missing data", "How missing data were handled", _missing),
    Item("12a", "Methods: analysis", "Which data were used for development and which for evaluation", _use_of_data),
    Item("12b", "Methods: analysis", "How predictors entered: form, scale, transformation", _handling),
    Item("12c", "Methods: analysis", "Type of model, why, every step of building it, internal validation", _model),
    Item("12d", "Methods: analysis", "How differences between clusters (data sets) were handled", _heterogeneity),
    Item("12e", "Methods: analysis", "Measures of performance, and how models were compared", _measures),
    Item("12f", "Methods: analysis", "Updating of the model after evaluation", _no_updating),
    Item("12g", "Methods: analysis", "How predictions were calculated in evaluation", _predictions),
    Item("13", "Methods: imbalance", "Methods for class imbalance, and recalibration after them", _imbalance),
    Item("14", "Methods: fairness", "What was done about fairness between groups of people", _fairness),
    Item("15", "Methods: output", "What the model gives, and how thresholds were chosen", _output),
    Item("16", "Methods: training and evaluation", "Differences between development and evaluation data", _differences),
    Item("17", "Methods: ethics", "Ethical approval and consent"),
    Item("18a", "Open science", "Funding"),
    Item("18b", "Open science", "Conflicts of interest"),
    Item("18c", "Open science", "Where the protocol is"),
    Item("18d", "Open science", "Registration"),
    Item("18e", "Open science", "Where the data are", _data_sharing),
    Item("18f", "Open science", "Where the code is", _code_sharing),
    Item("19", "Patients and public", "How patients and the public were involved"),
    Item("20a", "Results: participants", "Flow of participants, with and without the outcome", _flow),
    Item("20b", "Results: participants", "Characteristics of the participants, overall and by source"),
    Item("20c", "Results: participants", "Development beside evaluation data, predictors and outcome", _differences),
    Item("21", "Results: development", "Participants and outcome events in every analysis", _events),
    Item("22", "Results: specification", "The full model, so that others can predict with it", _specification),
    Item("23a", "Results: performance", "Performance with intervals, also in key groups", _performance),
    Item("23b", "Results: performance", "Differences of performance between clusters", _between_clusters),
    Item("24", "Results: updating", "Results of updating", _no_updating),
    Item("25", "Discussion", "Interpretation of the main results, fairness included"),
    Item("26", "Discussion", "Limitations: sample, overfitting, missing data, and what they do", _limitations),
    Item("27a", "Discussion", "How poor or missing input is to be handled in use", _poor_input),
    Item("27b", "Discussion", "Whether and how users interact with the model, and what they must know"),
    Item("27c", "Discussion", "Next steps for research and use"),
)  # fmt: skip
