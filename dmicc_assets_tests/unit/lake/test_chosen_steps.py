"""The steps of a run by group: `--only`, `--until` and `--skip` of the whole graph."""

import pytest

from dmicc_assets.assets import STEPS
from dmicc_assets.errors import RequestError
from dmicc_assets.lake.chosen_steps import Chosen, groups_of


def names(chosen: Chosen) -> list[str]:
    return [step.name for step in chosen.of(STEPS)]


def test_without_a_choice_every_step_in_order() -> None:
    assert names(Chosen()) == [step.name for step in STEPS]


def test_only_is_the_steps_of_a_group() -> None:
    assert names(Chosen(only="enrichment")) == [step.name for step in STEPS if "enrichment" in groups_of(step)]


def test_until_is_a_group_with_all_that_it_needs_and_no_more() -> None:
    found = Chosen(until="signature").of(STEPS)
    made = {table for step in found for table in step.outputs}
    assert {"source/files", "differential/genes", "signature/genes"} <= made
    assert all(each.table in made for step in found for each in step.inputs if each.is_read)
    assert "enrichment/gsea" not in made
    assert "validation/roc" not in made


def test_skip_leaves_out_a_group_and_what_reads_it() -> None:
    found = Chosen(skip=("enrichment",)).of(STEPS)
    left_out = {table for step in STEPS if step not in found for table in step.outputs}
    assert {"enrichment/gsea", "report/published"} <= left_out
    assert not any(each.table in left_out for step in found for each in step.inputs if each.is_read)
    assert "model/coefficients" not in left_out


@pytest.mark.parametrize("chosen", [Chosen(only="ranks"), Chosen(until="ranks"), Chosen(skip=("source", "ranks"))])
def test_an_unknown_group_is_refused_with_the_groups(chosen: Chosen) -> None:
    with pytest.raises(RequestError, match=r"no group .ranks.: the groups are .*differential"):
        chosen.of(STEPS)


def test_a_misspelt_group_is_answered_with_the_one_that_was_meant() -> None:
    with pytest.raises(RequestError, match=r"; did you mean 'signature'\?$"):
        Chosen(until="signatur").of(STEPS)


def test_a_choice_of_nothing_is_refused() -> None:
    with pytest.raises(RequestError, match="no step is left"):
        Chosen(only="model", skip=("signature",)).of(STEPS)
