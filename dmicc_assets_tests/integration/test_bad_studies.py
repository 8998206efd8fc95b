"""Bad input through the whole graph: a finding or a clear error, and a report wherever there is a result."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from dmicc_assets_tests.worlds.local_study import GENES, finding, local_study, rows, run_steps, values_of
from dmicc_assets_tests.worlds.small_mirror import matrix_text, write_gzip, write_matrix

pytestmark = pytest.mark.apart
# Drawing takes most of the time: the report is made where a result of its kind is not in another test.
REPORT = ("report",)


def without(frame: pl.DataFrame, part: str) -> pl.DataFrame:
    """The matrix without the samples of a group."""
    return frame.select([name for name in frame.columns if part not in name])


def test_fewer_controls_than_folds_and_a_validation_dataset_without_a_biomarker(tmp_path: Path) -> None:
    outside = values_of("V", 12, 11, 3).filter(~pl.col("gene").is_in(GENES[:6]))
    settings = local_study(tmp_path, {"A": values_of("A", 12, 12, 1), "B": values_of("B", 20, 3, 2), "V": outside})
    assert run_steps(settings) == {}
    assert finding(settings, "D3", "b") == (
        "warning",
        "10 folds were set, the smaller class has 3 samples: 3 folds were used",
    )
    severity, message = finding(settings, "I9", "V")
    assert severity == "warning"
    assert message.endswith("so the model cannot be applied")
    assert "nested_cv" in rows(settings, "validation/roc")["kind"].to_list()
    # The other cohort is outside of the model's too, and has what V lacks.
    assert rows(settings, "validation/performance")["subject"].unique().to_list() == ["a"]
    # Five permutations can never be rare enough: that is said, and is no warning.
    assert finding(settings, "R3", "b")[0] == "info"
    assert rows(settings, "report/study").height == 1


def test_one_control_in_a_study_of_one_cohort_with_the_study_s_name(tmp_path: Path) -> None:
    cohort = {"local": {"title": "L", "datasets": ["B"], "case": "sick", "control": "well"}}
    settings = local_study(tmp_path, {"B": values_of("B", 20, 1, 2), "V": values_of("V", 9, 8, 3)}, cohorts=cohort)
    assert run_steps(settings) == {}
    assert finding(settings, "D1", "local")[0] == "error"
    assert "no folds were used" in finding(settings, "D3", "local")[1]
    assert finding(settings, "R1", "local")[0] == "info"
    assert rows(settings, "report/study").height == 1
    external = rows(settings, "validation/performance").filter(subject="V")
    assert set(external["scale"]) == {"z_score", "log2"}
    assert external.filter(metric="intercept")["is_interpretable"].to_list() == [False, False]


def test_an_empty_signature_and_a_validation_dataset_without_controls(tmp_path: Path) -> None:
    matrices = {"A": values_of("A", 12, 12, 1), "B": values_of("B", 12, 12, 2)}
    matrices["V"] = without(values_of("V", 9, 8, 3), "_w")
    settings = local_study(tmp_path, matrices, differential={"log_fc": 30})
    assert run_steps(settings) == {}
    assert rows(settings, "signature/genes").is_empty()
    assert rows(settings, "validation/performance").is_empty()
    assert finding(settings, "R6", "V") == ("warning", "9 cases and 0 controls: no AUC can be computed there")
    assert finding(settings, "M4", "local")[0] == "info"
    assert rows(settings, "report/study").height == 1


def test_a_model_is_not_applied_where_there_are_no_controls(tmp_path: Path) -> None:
    matrices = {"B": values_of("B", 12, 12, 2), "V": without(values_of("V", 9, 8, 3), "_w")}
    settings = local_study(tmp_path, matrices)
    assert run_steps(settings, without=REPORT) == {}
    assert not rows(settings, "model/coefficients").is_empty()
    assert finding(settings, "R2", "V") == ("ok", "not applicable: it has no cases or no controls")


def test_identical_classes_share_nothing(tmp_path: Path) -> None:
    matrices: dict[str, pl.DataFrame] = {}
    for seed, name in enumerate(("A", "B")):
        cases = without(values_of(name, 12, 12, seed), "_w")
        copies = [pl.col(sample).alias(sample.replace("_s", "_w")) for sample in cases.columns[1:]]
        matrices[name] = cases.with_columns(copies)
    settings = local_study(tmp_path, matrices, differential={"log_fc": 0, "p_value": 1.0})
    assert run_steps(settings) == {}
    assert rows(settings, "signature/genes").is_empty()
    assert rows(settings, "report/study").height == 1


def test_one_gene_is_a_result_by_the_ordinary_t(tmp_path: Path) -> None:
    values = {name: values_of(name, 9, 9, seed, GENES[:1]) for seed, name in enumerate(("A", "B"))}
    settings = local_study(tmp_path, values)
    assert run_steps(settings, without=REPORT) == {}
    found = rows(settings, "differential/statistics", "local.a")
    is_case = np.array([sample.startswith("A_s") for sample in values["A"].columns[1:]])
    log2 = values["A"].drop(values["A"].columns[0]).to_numpy()[0]
    expected = stats.ttest_ind(log2[is_case], log2[~is_case])
    assert found["t"].to_list() == pytest.approx([expected.statistic])
    assert found["p_value"].to_list() == pytest.approx([expected.pvalue])


def test_a_validation_dataset_that_was_trained_on_stops(tmp_path: Path) -> None:
    b = values_of("B", 12, 12, 2)
    # One array under another name, the others its own.
    v = values_of("V", 9, 8, 3).with_columns(b["B_s3"].alias("V_s4"))
    settings = local_study(tmp_path, {"A": values_of("A", 12, 12, 1), "B": b, "V": v})
    failed = run_steps(settings, without=REPORT)
    error = failed["roc local"]
    assert error.check == "I6"
    assert str(error).startswith("validation V: 1 of its samples are also in cohort b (V_s4)")
    assert {"expression_tests local", "performance local", "findings local"} <= set(failed)


def test_the_same_values_under_other_names_are_found_whatever_the_batch(tmp_path: Path) -> None:
    one, two = values_of("B", 12, 12, 2), values_of("C", 12, 12, 5)
    shifted = two.with_columns(pl.selectors.numeric() + 3 * np.sin(np.arange(len(two))))
    v = values_of("V", 9, 8, 3).with_columns(shifted["C_w1"].alias("V_w2"))
    cohorts = {"b": {"title": "B", "datasets": ["B", "C"], "case": "sick", "control": "well"}}
    settings = local_study(tmp_path, {"B": one, "C": shifted, "V": v}, cohorts=cohorts)
    assert run_steps(settings, without=REPORT)["roc local"].check == "I6"


def counted_series(folder: Path) -> str:
    """A mirror with an RNA-seq series of 12 and 11 samples: an empty matrix, and NCBI's counts of it."""
    rng = np.random.default_rng(3)
    means = np.full((80, 23), 200.0) * rng.uniform(0.5, 2, 23)
    means[:6, :12] *= 5
    samples = [f"GSM{100 + i}" for i in range(23)]
    diseases = [["disease: lupus"] * 12 + ["disease: healthy"] * 11]
    text = matrix_text(
        "GSE1001", "GPL7", np.empty((0, 23)), kind="Expression profiling by high throughput sequencing",
        samples=samples, characteristics=diseases,
    )  # fmt: skip
    write_matrix(folder, "GSE1001", "GPL7", text)
    lines = ["\t".join(["GeneID", *samples])]
    lines += ["\t".join([str(1000 + i), *(str(n) for n in row)]) for i, row in enumerate(rng.poisson(means))]
    counts = folder / "geo" / "rnaseq_counts"
    write_gzip(counts / "GSE1001_raw_counts_GRCh38.p13_NCBI.tsv.gz", "\n".join(lines) + "\n")
    genes = "".join(f"{1000 + i}\tG{i:03d}\tgene\n" for i in range(80))
    write_gzip(counts / "Human.GRCh38.p13.annot.tsv.gz", "GeneID\tSymbol\tDescription\n" + genes)
    return (folder / "geo").as_uri()


def test_rna_seq_is_judged_on_its_counts(tmp_path: Path) -> None:
    url = counted_series(tmp_path)
    rules = [
        {"label": "sick", "where": {"disease": "lupus"}, "expect": 12},
        {"label": "well", "where": {"disease": "healthy"}, "expect": 11},
    ]
    datasets = {"GSE1001": {"source": "geo", "labels": rules}}
    cohorts = {"b": {"title": "B", "datasets": ["GSE1001"], "case": "sick", "control": "well"}}
    settings = local_study(tmp_path, {}, datasets=datasets, cohorts=cohorts).model_copy(update={"geo_url": url})
    assert run_steps(settings, without=REPORT) == {}
    assert finding(settings, "I2", "GSE1001")[1] == (
        "read counts, whose logarithm is taken of counts per million: the source has read counts"
    )
    auc = dict(rows(settings, "validation/roc").filter(predictor="model").select("kind", "auc").iter_rows())
    assert auc["nested_cv"] > 0.9
    # Counts have no probes to collapse in another way.
    assert rows(settings, "signature/sensitivity")["collapse"].unique().to_list() == ["as in the study"]
