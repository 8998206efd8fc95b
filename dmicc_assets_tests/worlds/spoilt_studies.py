"""For each check, the fault in the sound study at which it fires: code to fault, severity and subject."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl

from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.study.schema import Differential
from dmicc_assets_tests.worlds.sound_study import manifest_of, with_frame, with_matrix, with_notes, with_study
from dmicc_assets_tests.worlds.spoilt_gene_sets import of_genes_held

Spoil = Callable[[StudyEvidence], StudyEvidence]


def few_controls(n: int) -> Spoil:
    def spoil(evidence: StudyEvidence) -> StudyEvidence:
        samples = evidence.rows("cohort/samples")
        kept = samples.filter(
            (pl.col("cohort") == "a")
            | pl.col("is_case")
            | (pl.col("sample").cum_count().over("cohort", "is_case") <= n)
        )
        return with_frame(evidence, "cohort/samples", kept)

    return spoil


def change(table: str, **columns: pl.Expr) -> Spoil:
    """Columns of a table replaced."""
    return lambda evidence: with_frame(evidence, table, evidence.rows(table).with_columns(**columns))


def put(table: str, column: str, value: object, where: pl.Expr) -> Spoil:
    """A value put into one column of some rows."""
    return change(table, **{column: pl.when(where).then(pl.lit(value)).otherwise(column)})


def nested_drops(evidence: StudyEvidence) -> StudyEvidence:
    """A nested AUC of 0.8, and an interval outside that holds it."""
    low = put("validation/roc", "auc", 0.8, pl.col("kind") == "nested_cv")(evidence)
    return put("validation/roc", "ci_low", 0.79, pl.col("kind") == "external")(low)


def study(**changes: object) -> Spoil:
    return lambda evidence: with_study(evidence, **changes)


def characteristics(evidence: StudyEvidence, key: str, of_case: str, of_control: str) -> StudyEvidence:
    """A column with one value in cases and another in controls, except in every tenth sample."""
    samples = evidence.rows("source/samples")
    described = [
        [*pairs, {"key": key, "value": of_case if (label == "sick") != (i % 20 == 0) else of_control}]
        for i, (pairs, label) in enumerate(samples.select("characteristics", "label").iter_rows())
    ]
    return with_frame(evidence, "source/samples", samples.with_columns(pl.Series("characteristics", described)))


def two_datasets(evidence: StudyEvidence, batch: str) -> StudyEvidence:
    """Cohort a merges two datasets whose shares of cases differ."""
    cohorts = {
        "a": {"title": "A", "datasets": ["SIM1", "SIM2"], "case": "sick", "control": "well", "batch": batch},
        "b": {"title": "B", "datasets": ["SIM2"], "case": "sick", "control": "well"},
    }
    samples = evidence.rows("cohort/samples").with_columns(cohort=pl.lit("a"))
    unequal = samples.filter((pl.col("dataset") == "SIM1") | ~pl.col("is_case") | (pl.int_range(pl.len()) % 2 == 0))
    both = pl.concat([unequal, evidence.rows("cohort/samples", cohort="b")])
    return with_frame(with_study(evidence, cohorts=cohorts), "cohort/samples", both)


def with_values(dataset: str, change: Callable[[np.ndarray], np.ndarray]) -> Spoil:
    """A dataset's values changed."""

    def spoil(evidence: StudyEvidence) -> StudyEvidence:
        matrix = evidence.matrix("expression/genes", dataset)
        return with_matrix(evidence, dataset, replace(matrix, values=change(matrix.values.copy())))

    return spoil


def same_array(evidence: StudyEvidence, first: str, second: str) -> StudyEvidence:
    def copy_one(values: np.ndarray) -> np.ndarray:
        values[:, 3] = evidence.matrices[first].values[:, 7]
        return values

    return with_values(second, copy_one)(evidence)


def holes(values: np.ndarray) -> np.ndarray:
    values[2, :150] = np.nan
    return values


def notes(quantiles: list[float], took_log2: bool) -> Spoil:
    return lambda e: with_notes(e, "expression/genes", "SIM1", quantiles=quantiles, took_log2=took_log2)


def failed_array(evidence: StudyEvidence, dataset: str) -> StudyEvidence:
    return with_notes(evidence, "expression/genes", dataset, samples_without_values=[f"{dataset}_999"])


def drop_gene(evidence: StudyEvidence, subject: str, *genes: str) -> StudyEvidence:
    matrix = evidence.subjects[subject].matrix
    return with_matrix(evidence, subject, matrix.take_features([g for g in matrix.features if g not in genes]))


def renamed_genes(evidence: StudyEvidence) -> StudyEvidence:
    """Cohort b has CYR61, the validation dataset CCN1."""
    for name, gene in (("b", "CYR61"), ("SIM3", "CCN1"), ("a", "CYR61")):
        matrix = evidence.subjects[name].matrix
        features = tuple(gene if each == "G4" else each for each in matrix.features)
        evidence = with_matrix(evidence, name, replace(matrix, features=features))
    return evidence


def in_cohort(cohort: str, **columns: pl.Expr) -> Spoil:
    """Columns of a cohort's samples replaced."""
    is_own = pl.col("cohort") == cohort
    own = {name: pl.when(is_own).then(value).otherwise(name) for name, value in columns.items()}
    return change("cohort/samples", **own)


# Of each sample its number in its cohort, from 0.
NUMBER = pl.int_range(pl.len()).over("cohort")

REPEATED_PATIENT = in_cohort("b", patient=pl.format("p{}", NUMBER // 2))


def sex_against_group(evidence: StudyEvidence) -> StudyEvidence:
    is_case = pl.col("label") == "sick"
    xist, y_genes = pl.when(is_case).then(10.0).otherwise(4.0), pl.when(is_case).then(4.0).otherwise(10.0)
    return change("expression/quality", xist=xist, y_genes=y_genes)(evidence)


def without_seed(evidence: StudyEvidence) -> StudyEvidence:
    without = {"versions": {}, "inputs": [["a", "b", ""]]}
    return evidence.with_frames({}, manifests=[manifest_of("differential/genes", "a", {}, **without)])


def mislabelled(evidence: StudyEvidence) -> StudyEvidence:
    relabel = put("source/samples", "label", "sick", pl.col("title") == "control 260")
    return relabel(with_study(evidence, datasets=DATASETS))


def no_version(evidence: StudyEvidence) -> StudyEvidence:
    return with_notes(evidence, "enrichment/terms", "a", libraries=[])


def within_patients(rho: float) -> Spoil:
    said = {"block_correlation": rho, "n_without_variance": 3}
    return lambda evidence: with_notes(evidence, "differential/statistics", "a", **said)


TISSUES = {"SIM1": "skin", "SIM2": "liver", "SIM3": "skin"}
RULES = [
    {"label": "sick", "where": {"title": "^case"}},
    {"label": "well", "where": {"title": "^control"}, "expect": 250},
]
DATASETS = {name: {"source": "geo", "tissue": tissue, "labels": RULES} for name, tissue in TISSUES.items()}


def few_samples(evidence: StudyEvidence) -> StudyEvidence:
    """Cohort b has only 30 samples of each group."""
    samples = evidence.cohort.samples
    few = samples.filter((pl.col("cohort") == "a") | (pl.col("sample").cum_count().over("cohort", "is_case") <= 30))
    return with_frame(evidence, "cohort/samples", few)


def disagreeing(evidence: StudyEvidence) -> StudyEvidence:
    """One of three shared genes, which is no biomarker, moves the same way."""
    apart = change("signature/genes", is_concordant=pl.col("gene") != "G3")(evidence)
    return change("signature/overlap", n_concordant=pl.lit(1), direction_p_value=pl.lit(0.01))(apart)


def turned(evidence: StudyEvidence) -> StudyEvidence:
    """G1 is up in a and down in b, and the frozen model ranks every case of a below every control."""
    falls = pl.when((pl.col("gene") == "G1") & (pl.col("cohort") == "b")).then(pl.lit("down")).otherwise("direction")
    apart = change("signature/genes", direction=falls, is_concordant=pl.col("gene") != "G1")(evidence)
    is_there = (pl.col("subject") == "a") & (pl.col("predictor") == "model")
    none = {name: pl.when(is_there).then(0.0).otherwise(name).alias(name) for name in ("auc", "ci_low", "ci_high")}
    return change("validation/roc", **none)(apart)


FIRES: dict[str, tuple[Spoil, str, str]] = {
    "D1": (few_controls(6), "warning", "b"),
    "D2": (few_controls(40), "warning", "b"),
    "D3": (few_controls(6), "warning", "b"),
    "D4": (mislabelled, "error", "SIM1"),
    "D5": (lambda e: characteristics(e, "scanner", "old", "new"), "warning", "a"),
    "D6": (lambda e: two_datasets(e, "combat"), "warning", "a"),
    "D7": (study(datasets=DATASETS), "warning", "sound"),
    "D8": (put("differential/statistics", "log_fc", -2.5, pl.col("gene") == "ALB"), "warning", "a"),
    "D9": (study(population={"text": "both diseases", "label": "both"}), "warning", "sound"),
    "D10": (within_patients(-0.75), "warning", "a"),
    "I1": (change("source/datasets", n_samples=pl.lit(499)), "error", "SIM1"),
    "I2": (notes([0.0, 0.0, 3.0, 8.0, 20.0, 60.0], took_log2=False), "warning", "SIM1"),
    "I3": (with_values("SIM1", holes), "warning", "SIM1"),
    "I4": (put("expression/quality", "median", 9.0, pl.col("sample") == "SIM2_004"), "warning", "SIM2"),
    "I5": (put("expression/quality", "connectivity_z", -3.2, pl.col("sample") == "SIM2_004"), "warning", "SIM2"),
    "I6": (lambda e: same_array(e, "SIM2", "SIM3"), "error", "SIM3"),
    "I7": (sex_against_group, "warning", "a"),
    "I8": (put("source/probe_genes", "gene", "1-Mar", pl.col("gene") == "G4"), "warning", "SIM1"),
    "I9": (lambda e: drop_gene(e, "SIM3", "G1"), "warning", "SIM3"),
    "I10": (renamed_genes, "warning", "SIM3"),
    "M1": (study(differential={"log_fc": 1.0, "p_value": 0.05, "adjust": "none"}), "warning", "a"),
    "M2": (put("differential/statistics", "p_value", 0.99, pl.col("p_value") > 0.8), "warning", "a"),
    "M3": (change("differential/statistics", ci_low=pl.col("log_fc") - 4, ci_high=pl.col("log_fc") + 4), "info", "a"),
    "M4": (change("signature/overlap", sharing_p_value=pl.lit(0.2)), "warning", "sound"),
    "M5": (change("signature/genes", is_concordant=pl.col("gene") != "G3"), "info", "sound"),
    "M6": (change("signature/sensitivity", jaccard=pl.lit(0.2)), "warning", "sound"),
    "M7": (
        put("signature/stability", "frequency", 0.5, pl.col("method") == "leave_one_control_out:b"),
        "warning",
        "sound",
    ),
    "M8": (no_version, "error", "a"),
    "M9": (of_genes_held(2), "warning", "a"),
    "R1": (nested_drops, "warning", "b"),
    "R2": (put("rigor/nulls", "value", 0.95, pl.col("subject") == "SIM3"), "warning", "SIM3"),
    "R3": (put("rigor/nulls", "value", 0.9, pl.col("statistic") == "overlap"), "warning", "b"),
    "R4": (study(published={"mtry": {"a": 139}, "signature": ["G1", "G2", "G3", "G4", "ALB"]}), "warning", "a"),
    "R5": (change("signature/ranking", rank_low=pl.lit(1.0), rank_high=pl.lit(3.0)), "warning", "a"),
    "R6": (change("validation/roc", ci_low=pl.lit(0.6)), "warning", "b"),
    "R7": (few_samples, "warning", "b"),
    "R8": (change("model/coefficients", estimator=pl.lit("firth")), "warning", "b"),
    "R9": (change("validation/performance", subject_kind=pl.lit("cohort")), "warning", "b"),
    "R10": (lambda e: e, "warning", "b"),
    "R11": (lambda e: e, "warning", "b"),
    "R12": (change("source/datasets", pubmed_ids=pl.lit("7")), "warning", "SIM3"),
    "R13": (in_cohort("b", is_case=NUMBER >= 20), "info", "b"),
    "R14": (without_seed, "error", "sound"),
    "R15": (lambda e: with_study(REPEATED_PATIENT(e), differential=Differential(block="none")), "warning", "b"),
    "R16": (change("validation/trivial", difference=pl.lit(-0.1), difference_low=pl.lit(-0.2)), "info", "b"),
}


def relation(text: str) -> Spoil:
    return put("source/datasets", "relations", text, pl.col("dataset") == "SIM3")


def reanalysis_of_a_sample(evidence: StudyEvidence) -> StudyEvidence:
    """A re-analysing series names the samples, as in GEO; one sample of SIM1 is named GSM7."""
    for name in ("source/samples", "cohort/samples"):
        evidence = change(name, sample=pl.col("sample").replace({"SIM1_000": "GSM7"}))(evidence)
    matrix = evidence.matrices["SIM1"]
    assert "SIM1_000" in matrix.samples
    samples = tuple("GSM7" if sample == "SIM1_000" else sample for sample in matrix.samples)
    return relation("Reanalysis of: GSM7")(with_matrix(evidence, "SIM1", replace(matrix, samples=samples)))


def constant_gene(values: np.ndarray) -> np.ndarray:
    values[4] = 7.0
    return values


def one_class_a_dataset(evidence: StudyEvidence) -> StudyEvidence:
    """Cohort a merges two datasets, of which one holds the cases and one the controls."""
    both = two_datasets(evidence, "covariate")
    samples = both.rows("cohort/samples")
    kept = samples.filter((pl.col("cohort") == "b") | (pl.col("is_case") == (pl.col("dataset") == "SIM1")))
    return with_frame(both, "cohort/samples", kept)


def sexes_of_two_datasets(evidence: StudyEvidence) -> StudyEvidence:
    """The sexes differ significantly in both datasets of cohort a together, but in neither alone."""
    merged = two_datasets(evidence, "covariate")
    samples = merged.rows("source/samples")
    kept = samples.filter(pl.col("title").str.extract(r"(\d+)").cast(pl.Int64) % 250 < 12)
    index = pl.col("title").str.extract(r"(\d+)").cast(pl.Int64) % 250
    is_male = pl.when(pl.col("label") == "sick").then(index < 4).otherwise(index < 8)
    sexed = kept.with_columns(is_male=is_male).select("dataset", "sample", "is_male")
    quality = merged.rows("expression/quality").join(sexed, on=["dataset", "sample"], how="inner")
    quality = quality.with_columns(
        xist=pl.when("is_male").then(4.0).otherwise(10.0), y_genes=pl.when("is_male").then(10.0).otherwise(4.0)
    ).drop("is_male")
    kept = kept.with_columns(characteristics=pl.lit([], dtype=samples.schema["characteristics"]))
    return with_frame(with_frame(merged, "source/samples", kept), "expression/quality", quality)


def few_draws(evidence: StudyEvidence) -> StudyEvidence:
    return with_frame(evidence, "rigor/nulls", evidence.rows("rigor/nulls").filter(pl.col("draw") <= 10))


def shared_controls(evidence: StudyEvidence) -> StudyEvidence:
    """The first ten controls of cohort a are those of cohort b."""
    samples = evidence.rows("cohort/samples")
    controls = samples.filter((pl.col("cohort") == "a") & ~pl.col("is_case")).head(10)
    return with_frame(evidence, "cohort/samples", pl.concat([samples, controls.with_columns(cohort=pl.lit("b"))]))


def without_kind(kind: str) -> Spoil:
    return lambda e: with_frame(e, "validation/roc", e.rows("validation/roc").filter(pl.col("kind") != kind))


ANOTHER_WAY: list[tuple[str, Spoil, str, str, str]] = [
    ("D1", few_controls(2), "error", "b", "250 cases and 2 controls"),
    ("D5", lambda e: characteristics(e, "dose", "1 mg", "2 mg"), "warning", "SIM3", "'dose' separates"),
    ("D6", one_class_a_dataset, "error", "a", "dataset and group are confounded"),
    ("D7", study(datasets={n: d | {"tissue": ""} for n, d in DATASETS.items()}), "info", "sound", "cannot be judged"),
    ("D9", study(population=None), "info", "sound", "names no population"),
    ("D10", within_patients(0.98), "warning", "a", "copies rather than samples"),
    ("D10", within_patients(0.45), "ok", "a", "by 0.450 (3 genes without residual variance left out)"),
    ("I1", change("source/datasets", content_sha256=pl.lit(None, dtype=pl.String)), "error", "SIM2", "no checksum"),
    ("I2", notes([4.0, 7.0, 8.0, 9.0, 11.0, 12.0], took_log2=True), "warning", "SIM1", "log2 was taken"),
    ("I3", with_values("SIM2", constant_gene), "warning", "SIM2", "1 of 60 genes are constant"),
    ("I3", lambda e: failed_array(e, "SIM2"), "warning", "SIM2", "1 sample without any value left out (SIM2_999)"),
    ("I4", put("expression/quality", "iqr", 2.2, pl.col("sample") == "SIM2_004"), "warning", "SIM2", "factor 1.69"),
    ("I6", lambda e: same_array(e, "SIM1", "SIM2"), "warning", "sound", "1 array is identical in a and b"),
    ("I6", relation("Reanalyzed by: GSE1"), "ok", "SIM3", "no sample of it"),
    (
        "I6",
        relation("Reanalyzed by: GSE1\nReanalyzed by: SIM1"),
        "error",
        "SIM3",
        "SIM3 and SIM1 are the same samples, re-analysed",
    ),
    ("I6", relation("Reanalysis of: GSM1"), "ok", "SIM3", "no sample of it"),
    ("I6", relation("Reanalysis of: SIM1"), "error", "SIM3", "SIM3 and SIM1 are the same samples, re-analysed"),
    ("I6", reanalysis_of_a_sample, "error", "SIM3", "SIM3 and SIM1 are the same samples, re-analysed"),
    ("R12", relation("SubSeries of: SIM9"), "ok", "SIM3", "shares no paper"),
    ("I7", sexes_of_two_datasets, "warning", "a", "its datasets together"),
    ("I9", lambda e: drop_gene(e, "a", "G1", "G2", "G3"), "warning", "sound", "share 3 of 6 genes"),
    (
        "M4",
        change(
            "signature/overlap", sharing_p_value=pl.lit(None, pl.Float64), sharing_expected=pl.lit(None, pl.Float64)
        ),
        "info",
        "sound",
        "no gene is shared, so sharing is not tested",
    ),
    ("M4", change("signature/overlap", sharing_p_value=pl.lit(0.2)), "warning", "sound", "not shown to be more than"),
    ("M4", shared_controls, "info", "sound", "10 samples of one cohort are in another too"),
    ("M5", shared_controls, "info", "sound", "samples that two cohorts share move genes the same way"),
    (
        "M5",
        change("signature/genes", is_concordant=pl.col("gene") != "G1"),
        "warning",
        "sound",
        "2 of 3 shared genes move the same way",
    ),
    (
        "M5",
        disagreeing,
        "warning",
        "sound",
        "(p = 0.01; 1.5 expected of independent genes, exact binomial p = 0.2): they disagree more than chance allows",
    ),
    (
        "M5",
        turned,
        "warning",
        "a",
        "the AUC of the model is 0.000: it ranks the cases below the controls, since G1 moves the other way than in b",
    ),
    ("R3", shared_controls, "info", "b", "two cohorts share samples"),
    (
        "M7",
        put("signature/stability", "frequency", 0.4, pl.col("method") == "bootstrap"),
        "warning",
        "sound",
        "in 40% of the bootstraps",
    ),
    ("M8", lambda e: e, "ok", "a", "(2 genes with a missing value and 1 gene that do not vary left out)"),
    (
        "M8",
        lambda e: e,
        "ok",
        "b",
        "200 permutations of the labels keep them correlated: by these, 0 of 1 over-represented set have",
    ),
    ("M8", lambda e: with_notes(e, "enrichment/terms", "b", labellings=0), "ok", "b", "no labels were permuted"),
    ("M8", change("enrichment/terms", n_background=pl.lit(7)), "error", "a", "larger than the 6 measured genes"),
    ("R1", without_kind("nested_cv"), "info", "b", "no nested estimate"),
    ("R2", lambda e: e, "info", "b", "the biomarkers were chosen on these samples"),
    ("R2", few_draws, "info", "SIM3", "10 draws cannot show p <= 0.05, 19 can"),
    (
        "R3",
        put("rigor/nulls", "value", None, (pl.col("statistic") == "leaky_cv_auc") & (pl.col("draw") == 0)),
        "ok",
        "b",
        "leaky AUC is not judged",
    ),
    ("R3", put("rigor/nulls", "value", 0.9, pl.col("statistic") == "overlap"), "warning", "b", "reach the overlap"),
    ("R3", few_draws, "info", "b", "10 draws cannot show p <= 0.05, 19 can"),
    ("R4", study(ranking={"trees": 50}), "warning", "a", "50 trees were used"),
    ("R4", study(published={"trees": {"a": 19}}), "warning", "a", "the published forest has 19 trees"),
    ("R6", change("validation/roc", auc=pl.lit(1.0)), "warning", "SIM3", "DeLong's interval has no width"),
    ("R9", few_samples, "warning", "b", "30 samples in the smaller class, where a curve needs 100"),
    ("R12", relation("SubSeries of: SIM1"), "warning", "SIM3", "GEO states a relation to SIM1"),
    ("R12", change("source/samples", patient=pl.lit("TCGA-A1-A0SB")), "warning", "SIM3", "1 patient also in"),
    ("R12", change("source/samples", patient=pl.lit("P1")), "ok", "SIM3", "shares no paper"),
    ("R12", change("source/samples", source_name=pl.lit("adjacent liver")), "ok", "SIM3", "shares no paper"),
]
