"""The estimate of the time left in runs of a simulated clock: it has no jumps, and it comes true."""

import heapq
from itertools import pairwise
from math import exp
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dmicc_assets.lake import remaining
from dmicc_assets.lake.remaining import Remaining

KEY: Any = "s"
# step: seconds in earlier runs, and the steps that it waits for
STEPS: dict[str, tuple[float, tuple[str, ...]]] = {
    "files": (0.3, ()),
    "dataset": (2.0, ("files",)),
    "differential": (1.0, ("dataset",)),
    "gsea": (30.0, ("differential",)),
    "terms": (2.5, ("differential",)),
    "ranking": (4.0, ("differential",)),
    "stability": (12.0, ("ranking",)),
    "roc": (10.0, ("ranking",)),
    "out_of_fold": (8.0, ("ranking",)),
    "findings": (3.0, ("gsea", "stability", "roc", "out_of_fold")),
    "report": (20.0, ("findings",)),
}


class Clock:
    """The time of a simulated run."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def estimates(clock: Clock, slowness: float, n_workers: int, current: tuple[str, ...]) -> list[tuple[float, float]]:
    """Time and estimate at each event of a run, whose steps take as long as before within 40 %, times the slowness."""
    left: Any = Remaining(None, "s", [])  # pyright: ignore[reportArgumentType]
    left._expected = lambda: {(name, KEY): seconds for name, (seconds, _) in STEPS.items()}
    left._inputs = lambda: {(name, KEY): [(each, KEY) for each in needs] for name, (_, needs) in STEPS.items()}
    spread = dict(zip(STEPS, np.random.default_rng(1).uniform(0.7, 1.4, len(STEPS)), strict=True))
    waiting, done, at_work = list(STEPS), set[str](), list[tuple[float, str]]()
    said: list[tuple[float, float]] = []

    def end(name: str, state: str) -> None:
        done.add(name)
        left.ended(SimpleNamespace(step=SimpleNamespace(name=name), key=KEY, state=state))

    while waiting or at_work:
        ready = [name for name in waiting if done.issuperset(STEPS[name][1])]
        if ready and len(at_work) < n_workers:
            waiting.remove(ready[0])
            if ready[0] in current:
                end(ready[0], "current")
            else:
                left.started(ready[0], KEY)
                heapq.heappush(at_work, (clock.now + slowness * spread[ready[0]] * STEPS[ready[0]][0], ready[0]))
        else:
            clock.now, name = heapq.heappop(at_work)
            end(name, "made")
        said.append((clock.now, left.seconds))
    return said


@pytest.mark.parametrize(
    ("slowness", "n_workers", "current"),
    [(1.0, 1, ()), (1.0, 2, ()), (3.0, 2, ()), (0.5, 2, ()), (1.0, 2, ("gsea", "stability"))],
)
def test_the_estimate_has_no_jumps_and_comes_true(
    monkeypatch: pytest.MonkeyPatch, slowness: float, n_workers: int, current: tuple[str, ...]
) -> None:
    clock = Clock()
    monkeypatch.setattr(remaining, "perf_counter", clock)
    said = estimates(clock, slowness, n_workers, current)
    end, most = clock.now, max(estimate for _, estimate in said)
    for (before, old), (now, new) in pairwise(said[:-1]):
        passed = now - before
        assert abs(new - max(0.0, old - passed)) <= (1 - exp(-passed / 5.0)) * most + 1e-9
    for now, estimate in said:
        if now > 0.6 * end:
            assert estimate == pytest.approx(end - now, rel=0.3, abs=4.0)
    assert said[-1][1] == 0.0
