"""Expression tests, ROC tables and external performance of the frozen model."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from dmicc_assets.model.external_validation import external_performance
from dmicc_assets.model.performance import largest_miscalibration
from dmicc_assets.model.risk_model import fit_risk_model, risk_model_from_table, risk_model_tables
from dmicc_assets.model.validation import expression_tests, model_score, roc_tables
from dmicc_assets.stats.logistic import fit_logistic
from dmicc_assets.stats.roc import delong_interval, roc, youden
from dmicc_assets.stats.two_sample import wilcoxon
from dmicc_assets.study.schema import Model
from dmicc_assets.types import CaseControl, ExpressionMatrix
from dmicc_assets_tests.worlds.simulated_cohort import GENES, cohort, with_values

SETTINGS = Model(bootstrap=0)
UP_DOWN = {"MT1M": "up", "PARP12": "down", "SPP1": "up", "HERC6": "up"}
GENE_LIST = list(GENES)


def _subjects():
    icc = cohort(seed=1, name="icc")
    dm = cohort(20, 15, seed=2, name="dm")
    tcga = cohort(36, 9, seed=3, name="TCGA-CHOL", kind="dataset")
    return [icc, dm, tcga], dict.fromkeys(("icc", "dm", "TCGA-CHOL"), UP_DOWN)


def _row(table, **wanted):
    rows = table.filter(*(pl.col(column) == value for column, value in wanted.items()))
    assert rows.height == 1
    return rows.row(0, named=True)


def test_expression_tests_of_every_gene_and_subject():
    subjects, directions = _subjects()
    table = expression_tests(subjects, GENE_LIST, directions)
    assert table.height == 12
    row = _row(table, subject="icc", gene="MT1M")
    values, is_case = subjects[0].matrix.values[0], subjects[0].is_case
    assert (row["n_case"], row["n_control"]) == (30, 25)
    assert row["median_case"] == pytest.approx(np.median(values[is_case]))
    assert row["median_control"] == pytest.approx(np.median(values[~is_case]))
    assert row["p_value"] == pytest.approx(wilcoxon(values[None, :], is_case).p_value[0])
    assert (row["test"], row["direction"], row["agrees"]) == ("wilcoxon_exact", "up", True)
    assert _row(table, subject="icc", gene="PARP12")["direction"] == "down"
    assert set(table.filter(pl.col("subject") == "TCGA-CHOL")["subject_kind"]) == {"dataset"}


def test_disagreement_is_measured_not_assumed():
    subjects, directions = _subjects()
    wrong = directions | {"dm": UP_DOWN | {"MT1M": "down"}}
    table = expression_tests(subjects, GENE_LIST, wrong)
    assert _row(table, subject="dm", gene="MT1M")["agrees"] is False
    assert _row(table, subject="icc", gene="MT1M")["agrees"] is True


def test_medians_that_tie_fall_back_on_ranks():
    subject = cohort(3, 3)
    tied = with_values(subject, "MT1M", np.array([1.0, 5.0, 9.0, 0.0, 5.0, 8.0]))
    flat = with_values(subject, "MT1M", 5.0)
    assert _row(expression_tests([tied], ["MT1M"], {}), gene="MT1M")["direction"] == "up"
    row = _row(expression_tests([flat], ["MT1M"], {"icc": {"MT1M": "up"}}), gene="MT1M")
    assert (row["direction"], row["p_value"], row["agrees"]) == (None, None, None)


def test_genes_that_are_missing_or_renamed():
    subjects, directions = _subjects()
    icc = subjects[0]
    renamed = CaseControl(
        "icc", "cohort", ExpressionMatrix(icc.matrix.values, ("CCN1", *GENES[1:]), icc.matrix.samples), icc.is_case,
        icc.dataset, icc.patient,
    )  # fmt: skip
    wanted = ["CYR61", "NOTCH9", "PARP12"]
    expected = {"icc": {"CYR61": "up", "NOTCH9": "up", "PARP12": "down"}}
    table = expression_tests([renamed], wanted, expected)
    assert table["gene"].to_list() == ["CYR61", "PARP12"]
    assert table["measured_as"].to_list() == ["CCN1", "PARP12"]
    rows = roc_tables([renamed], wanted, expected, None, "icc").roc
    assert rows["predictor"].to_list() == ["CYR61", "PARP12"]
    assert expression_tests(subjects, ["NOTCH9"], directions).is_empty()


def test_gene_curves_use_the_expected_direction():
    subjects, directions = _subjects()
    against = directions | {"icc": UP_DOWN | {"MT1M": "down"}}
    right, wrong = (roc_tables(subjects, GENE_LIST, d, None, "icc").roc for d in (directions, against))
    curve = roc(subjects[0].matrix.values[0], subjects[0].is_case, "up")
    row, low = _row(right, subject="icc", predictor="MT1M"), _row(wrong, subject="icc", predictor="MT1M")
    assert row["auc"] == curve.auc > 0.5
    assert low["auc"] == pytest.approx(1 - curve.auc)
    assert (row["ci_low"], row["ci_high"]) == delong_interval(curve)
    assert (row["threshold"], row["sensitivity"]) == (youden(curve).threshold, youden(curve).sensitivity)
    assert row["kind"] == "apparent"
    assert _row(right, subject="TCGA-CHOL", predictor="MT1M")["kind"] == "external"


def test_model_is_apparent_at_home_and_external_elsewhere():
    subjects, directions = _subjects()
    model = fit_risk_model(subjects[0], ["MT1M", "PARP12"], SETTINGS)
    tables = roc_tables(subjects, GENE_LIST, directions, model, "icc")
    kinds = {
        (r["subject"], r["predictor"]): r["kind"] for r in tables.roc.iter_rows(named=True) if "model" in r["predictor"]
    }
    assert kinds == {
        ("icc", "model"): "apparent",
        ("dm", "model"): "external",
        ("TCGA-CHOL", "model"): "external",
        ("TCGA-CHOL", "model_raw"): "external",
    }
    home = model.linear_predictor(subjects[0].matrix.values[:2])
    assert _row(tables.roc, subject="icc", predictor="model")["auc"] == roc(home, subjects[0].is_case).auc
    raw = model.linear_predictor(subjects[2].matrix.values[:2])
    assert _row(tables.roc, subject="TCGA-CHOL", predictor="model_raw")["auc"] == roc(raw, subjects[2].is_case).auc
    assert tables.roc.select("subject", "subject_kind", "predictor", "kind").is_unique().all()


def test_model_read_from_its_table_gives_the_same_tables():
    subjects, directions = _subjects()
    model = fit_risk_model(subjects[0], ["MT1M", "PARP12"], SETTINGS)
    again = risk_model_from_table(risk_model_tables(model, subjects[0], SETTINGS, 1).coefficients)
    first, second = (roc_tables(subjects, GENE_LIST, directions, m, "icc") for m in (model, again))
    assert first.roc.equals(second.roc)
    assert first.roc_curve.equals(second.roc_curve)


def test_z_scores_take_away_a_platforms_shift_and_scale():
    subjects, _ = _subjects()
    model = fit_risk_model(subjects[0], ["MT1M", "PARP12"], SETTINGS)
    tcga = subjects[2]
    moved = with_values(tcga, "MT1M", 3 + 0.2 * tcga.matrix.values[0])
    np.testing.assert_allclose(model_score(model, moved, "z_score"), model_score(model, tcga, "z_score"), rtol=1e-9)
    assert not np.allclose(model_score(model, moved, "log2"), model_score(model, tcga, "log2"))
    own = model_score(model, subjects[0], "z_score")
    np.testing.assert_allclose(own, model_score(model, subjects[0], "log2"), rtol=1e-9)


def test_curves_run_from_one_to_zero():
    subjects, directions = _subjects()
    tables = roc_tables(subjects[:1], ["MT1M"], directions, None, "icc")
    curve = tables.roc_curve
    assert curve["point"].to_list() == list(range(curve.height))
    assert (curve["fpr"][0], curve["tpr"][0], curve["fpr"][-1], curve["tpr"][-1]) == (1, 1, 0, 0)
    area = np.trapezoid(curve["tpr"].to_numpy()[::-1], curve["fpr"].to_numpy()[::-1])
    assert area == pytest.approx(tables.roc["auc"][0])


def test_missing_values_are_left_out_of_their_gene():
    subject = cohort()
    values = subject.matrix.values[0].copy()
    values[[0, 50]] = np.nan
    row = _row(roc_tables([with_values(subject, "MT1M", values)], ["MT1M"], {"icc": UP_DOWN}, None, "icc").roc)
    assert (row["n_case"], row["n_control"]) == (29, 24)


def test_what_cannot_be_computed_is_null():
    model = fit_risk_model(cohort(), ["MT1M", "PARP12"], SETTINGS)
    alone = cohort(8, 1, name="lone", kind="dataset")
    nobody = cohort(8, 0, name="nobody", kind="dataset")
    flat = with_values(cohort(8, 8, name="flat", kind="dataset"), "MT1M", 2.0)
    expected = dict.fromkeys(("lone", "nobody", "flat"), UP_DOWN)
    tables = roc_tables([alone, nobody, flat], ["MT1M"], expected, model, "icc")
    lone = _row(tables.roc, subject="lone", predictor="MT1M")
    assert (lone["ci_low"], lone["ci_high"]) == (None, None)
    assert 0 <= lone["auc"] <= 1
    assert _row(tables.roc, subject="nobody", predictor="MT1M")["auc"] is None
    assert _row(tables.roc, subject="flat", predictor="MT1M")["auc"] == 0.5
    assert _row(tables.roc, subject="flat", predictor="model")["auc"] is None
    assert _row(tables.roc, subject="flat", predictor="model_raw")["auc"] is not None
    tests = expression_tests([nobody], ["MT1M"], expected)
    assert tests.select("p_value", "median_control", "direction", "agrees").row(0) == (None, None, None, None)
    assert not tables.roc_curve["threshold"].is_nan().any()


def test_no_subject_and_no_gene_give_empty_tables():
    tables = roc_tables([], [], {}, None, "icc")
    assert tables.roc.is_empty()
    assert tables.roc_curve.is_empty()
    assert expression_tests([cohort()], [], {}).is_empty()


def test_a_gene_without_a_direction_is_named():
    with pytest.raises(ValueError, match="MT1M: no direction is known for cohort icc"):
        roc_tables([cohort()], ["MT1M"], {}, None, "icc")


def test_external_performance_of_the_frozen_model():
    subjects, _ = _subjects()
    model = fit_risk_model(subjects[0], ["MT1M", "PARP12"], SETTINGS)
    table = external_performance(model, subjects[1:])
    assert table.select("subject", "scale").unique().height == 3
    score = model_score(model, subjects[2], "log2")
    line = fit_logistic(score[:, None], subjects[2].is_case, ["lp"])
    found = _row(table, subject="TCGA-CHOL", scale="log2", metric="slope")
    assert found["value"] == pytest.approx(line.coefficients[1])
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((line.ci_low[1], line.ci_high[1]))
    assert (found["estimator"], found["is_interpretable"]) == ("ml", True)
    assert _row(table, subject="dm", metric="intercept")["is_interpretable"] is False
    own = external_performance(model, [subjects[0]])
    assert _row(own, metric="slope")["value"] == pytest.approx(1, rel=1e-6)
    assert _row(own, metric="intercept")["value"] == pytest.approx(0, abs=1e-6)


def test_external_performance_where_the_log_odds_separate():
    model = fit_risk_model(cohort(), ["MT1M"], SETTINGS)
    apart = with_values(cohort(6, 6, name="far", kind="dataset"), "MT1M", np.arange(12.0)[::-1])
    table = external_performance(model, [apart])
    slope = _row(table, subject="far", scale="log2", metric="slope")
    assert slope["estimator"] == "firth"
    assert 0 < slope["value"] < 100
    without = cohort(6, 6, name="without", kind="dataset", genes=("PARP12",), shift=(0.0,))
    assert external_performance(model, [without, cohort(5, 0, kind="dataset")]).is_empty()


def test_emax_is_read_where_rms_reads_it() -> None:
    # rms 6.5-0, validate() of lrm on 40 samples: corrected intercept, slope and Emax.
    assert largest_miscalibration(-0.858079626213864, 0.00028045375839147457) == pytest.approx(0.7013133943757758)
    assert largest_miscalibration(1.108483015894597, 0.5234980155658601) == pytest.approx(
        0.39996068222771486, rel=1e-12
    )
    # A slope below 0 turns what is certain into what is impossible.
    assert largest_miscalibration(0.3, -0.1) == 1.0


def test_limits_elsewhere_say_whether_they_allow_for_patients() -> None:
    subjects, _ = _subjects()
    model = fit_risk_model(subjects[0], ["MT1M", "PARP12"], SETTINGS)
    tcga = subjects[2]
    pairs = replace(tcga, patient=tuple(f"p{i // 2}" for i in range(len(tcga.patient))))
    alone, clustered = (external_performance(model, [each]).filter(scale="log2") for each in (tcga, pairs))
    assert alone["interval"].to_list() == ["delong", "wald", "wald"]
    assert clustered["interval"].to_list() == ["obuchowski", "clustered", "clustered"]
    assert alone["value"].equals(clustered["value"])
    assert (alone["ci_high"] != clustered["ci_high"]).all()
