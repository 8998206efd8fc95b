"""What the verdict says of whole simulated studies is true of them: a seeded few of benchmarks/claims.py."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.claims import CLAIMS, TRIED, Judged, Tried, judged_study, opposed

SEED = 2000


@pytest.mark.slow
@pytest.mark.parametrize("tried", TRIED, ids=lambda tried: tried.truth.name)
def test_no_sentence_of_the_verdict_is_false(tried: Tried, tmp_path: Path) -> None:
    judged = judged_study(tried, SEED, tmp_path)
    of_diseases = [claim for claim in CLAIMS if "were it said" not in claim.name]
    false = [claim.name for claim in of_diseases if claim.is_printed(judged) and claim.is_false(judged)]
    assert false == []
    assert (judged.level in ("a hypothesis", "holds up")) == judged.shares


@pytest.mark.parametrize(("gene", "is_false"), [("G0000", False), ("G0001", True), ("G0002", True)])
def test_a_gene_that_truly_moves_opposite_ways_makes_no_sentence_false(gene: str, is_false: bool) -> None:
    rng, up, down = np.random.default_rng(1), np.repeat([1.2, 0.0], 200), np.repeat([-1.2, 0.0], 200)
    a, b = (np.vstack(rows) + rng.normal(0, 0.8, (3, 400)) for rows in ((up, up, up), (down, up, 0 * up)))
    text = f"in these data {gene} is up in A and down in B: the model's use of it does not carry over"
    judged = Judged("a hypothesis", text, 0.9, 0.8, (0.7, 0.9), False, True, opposed(a, b))
    (claim,) = (each for each in CLAIMS if each.name.startswith("genes move opposite ways"))
    assert (claim.is_printed(judged), claim.is_false(judged)) == (True, is_false)
