from dmicc_assets.assets import STEPS
from dmicc_assets.orchestration.automation import levels_to_wait_for


def test_a_step_waits_for_what_stands_between_the_tables_that_it_reads() -> None:
    """That this is enough is shown by a revision, which runs each step once (`test_revision.py`)."""
    levels = {step.name: levels_to_wait_for(step, STEPS) for step in STEPS}
    assert levels["dataset"] == levels["differential"] == levels["signature"] == 0, "one way leads there"
    assert levels["roc"] == 1, "it reads the cohorts and all that is made of them up to the model"
    assert levels["ranking"] == 2, "cohort, differential (not read), signature"
    assert levels["model"] == 3, "cohort, differential and signature (not read), ranking"
    assert levels["performance"] == 5, "cohort, differential, signature, ranking and out_of_fold (not read), model"
