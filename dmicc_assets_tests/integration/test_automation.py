import dagster as dg
import pytest

from dmicc_assets.assets import STEPS
from dmicc_assets.orchestration.automation import levels_to_wait_for, recompute_when_changed, tables_to_wait_for


def test_a_step_waits_for_what_stands_between_the_tables_that_it_reads() -> None:
    """That this is enough is shown by a revision, which runs each step once (`test_revision.py`)."""
    levels = {step.name: levels_to_wait_for(step, STEPS) for step in STEPS}
    assert levels["dataset"] == levels["differential"] == levels["signature"] == 0, "one way leads there"
    assert levels["roc"] == 1, "it reads the cohorts and all that is made of them up to the model"
    assert levels["ranking"] == 2, "cohort, differential (not read), signature"
    assert levels["model"] == 3, "cohort, differential and signature (not read), ranking"
    assert levels["performance"] == 4, "cohort, differential, signature and ranking (not read), model"


def test_every_step_that_stands_between_is_looked_at() -> None:
    maker = {table: step.name for step in STEPS for table in step.outputs}
    above = {step.name: {maker[each.table] for each in step.inputs if each.table in maker} for step in STEPS}
    for step in STEPS:
        on_all_ways, ends, looked_at = set[str](), {step.name}, set[str]()
        for tables in tables_to_wait_for(step, STEPS):
            assert tables
            ends = {each for end in ends for each in above[end]}
            on_all_ways |= ends
            looked_at |= {maker[table] for table in tables}
        assert looked_at == on_all_ways, step.name


@pytest.mark.parametrize(("is_read", "n_requested"), [(True, 1), (False, 0)])
def test_a_change_of_what_only_gives_order_requests_nothing(is_read: bool, n_requested: int) -> None:
    """A revised dataset does not request the case of its study, which reads nothing."""
    above, below = dg.AssetKey("above"), dg.AssetKey("below")

    @dg.asset(key=above)
    def read() -> None: ...

    @dg.asset(key=below, deps=[above], automation_condition=recompute_when_changed([], [] if is_read else [above]))
    def reading() -> None: ...

    instance, defs = dg.DagsterInstance.ephemeral(), dg.Definitions([read, reading])

    def report(key: dg.AssetKey, version: str) -> None:
        tags = {"dagster/data_version": version}
        instance.report_runless_asset_event(dg.AssetMaterialization(key, tags=tags))

    report(above, "1")
    report(below, "1")
    before = dg.evaluate_automation_conditions(defs, instance)
    assert before.total_requested == 0
    report(above, "2")
    assert dg.evaluate_automation_conditions(defs, instance, cursor=before.cursor).total_requested == n_requested
