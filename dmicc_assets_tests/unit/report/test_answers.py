"""The sentences that open the report's sections claim no more than the checks do."""

import polars as pl

from dmicc_assets.report.answers import data_answer, enrichment_answer, signature_answer
from dmicc_assets.report.flow import study_flow
from dmicc_assets.tables import TABLES
from dmicc_assets_tests.worlds.simulated_study import simulated_tables


def test_sharing_is_not_judged_where_the_cohorts_share_samples() -> None:
    apart = simulated_tables()
    assert "variation of these tissues gives" in signature_answer(apart)
    first, *_ = names = list(apart.study.cohorts)
    rows = apart.rows("cohort/samples", cohort=first)
    common = pl.concat([rows.with_columns(cohort=pl.lit(name, rows.schema["cohort"])) for name in names])
    together = apart.with_frames({"cohort/samples": common})
    assert "variation of these" not in signature_answer(together) + study_flow(together)
    assert "the cohorts share samples, so that they must share genes" in signature_answer(together)


def test_a_study_without_findings_is_not_said_to_have_none_that_warn() -> None:
    made = simulated_tables()
    without = made.with_frames({"rigor/findings": TABLES["rigor/findings"].schema.to_frame()})
    assert "warn" not in data_answer(without)


def test_an_adjusted_p_is_called_so() -> None:
    assert ", adjusted p = " in enrichment_answer(simulated_tables())
