"""What the verdict says of whole simulated studies is true of them: a seeded few of benchmarks/claims.py."""

from pathlib import Path

import pytest

from benchmarks.claims import CLAIMS, TRIED, judged_study
from benchmarks.claims_truths import TRUTHS

SEED = 2000


@pytest.mark.slow
@pytest.mark.parametrize("name", TRIED)
def test_no_sentence_of_the_verdict_is_false(name: str, tmp_path: Path) -> None:
    (truth,) = (each for each in TRUTHS if each.name == name)
    judged = judged_study(truth, SEED, tmp_path)
    of_diseases = [claim for claim in CLAIMS if "were it said" not in claim.name]
    false = [claim.name for claim in of_diseases if claim.is_printed(judged) and claim.is_false(judged)]
    assert false == []
    assert (judged.level in ("a hypothesis", "holds up")) == judged.shares
