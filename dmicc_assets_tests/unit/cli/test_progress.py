"""The progress of a run in a log, in a terminal and for a program, without a run."""

import json
from contextlib import suppress
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from dmicc_assets.assets import STEPS
from dmicc_assets.cli import progress
from dmicc_assets.cli.json_lines import last_object
from dmicc_assets.cli.progress import RunProgress, progress_of
from dmicc_assets.errors import DataError
from dmicc_assets.lake.making import Outcome, State
from dmicc_assets.lake.steps import Step
from dmicc_assets.types import PartitionKey

PLAN = [(step, PartitionKey("local")) for step in STEPS[:3]]


class Left:
    """An estimate of 100 seconds for each step."""

    n = 4

    def started(self, _step: str, _key: PartitionKey) -> None: ...

    def ended(self, _: Outcome) -> None:
        self.n -= 1

    @property
    def seconds(self) -> float | None:
        return 100.0 * self.n if self.n != 2 else None


class Log(StringIO):
    """A log that keeps what was flushed after each line."""

    def __init__(self) -> None:
        super().__init__()
        self.flushed: list[str] = []

    def flush(self) -> None:
        self.flushed.append(self.getvalue())


def ended(step: Step, state: State, seconds: float = 0.0, message: str = "") -> Outcome:
    return Outcome(step, PartitionKey("local"), state, seconds, message)


def go_through(shows: RunProgress) -> None:
    left: Any = Left()
    with shows:
        shows.plan(PLAN, left)
        for (step, key), state in zip(PLAN, ("made", "current", "failed"), strict=True):
            if state != "current":
                shows.started(step.name, key)
            shows.ended(ended(step, state, 2.25 if state == "made" else 0.0, "" if state != "failed" else "no\nmore"))


def test_a_log_has_a_line_for_each_computed_step_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "perf_counter", lambda: 0.0)
    log = Log()
    shows = progress_of(Console(file=log, soft_wrap=True), "local")
    shows.begun = -3723.0
    go_through(shows)
    first, second, third = (step.name for step, _ in PLAN)
    assert log.getvalue().splitlines() == [
        "1:02:03 local checking the sources",
        f"1:02:03 1/3 {first} of local: made, 2.2 s; about 5 min left",
        f"1:02:03 3/3 {third} of local: failed: no; about 2 min left",
    ]
    assert second not in log.getvalue()
    for line in log.getvalue().splitlines(keepends=True):
        assert any(each.endswith(line) for each in log.flushed)


def test_what_a_failed_step_leaves_untried_has_no_line_but_an_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "perf_counter", lambda: 0.0)
    step, log, objects = PLAN[0][0], Log(), Log()
    for shows in (
        progress_of(Console(file=log), "local"),
        progress_of(Console(), "local", json_to=Console(file=objects)),
    ):
        with shows:
            shows.ended(ended(step, "blocked", message="needs another, which failed"))
        assert shows.n_ended == 1
    assert "blocked" not in log.getvalue()
    assert json.loads(objects.getvalue())["state"] == "blocked"


def test_a_step_that_takes_long_is_named_while_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    monkeypatch.setattr(progress, "_LOOK_AFTER", 0.01)
    log = Log()
    with progress_of(Console(file=log, soft_wrap=True), "local") as shows:
        shows.started("roc", PartitionKey("local"))
        shows.part("fold 3  of 10")
        while "fold" not in log.getvalue():
            pass
    assert "local at work: roc of local: fold 3 of 10" in log.getvalue()


def test_a_log_says_soon_what_is_drawn_and_the_same_again_only_after_long(monkeypatch: pytest.MonkeyPatch) -> None:
    now = Clock()
    monkeypatch.setattr(progress, "perf_counter", now)
    monkeypatch.setattr(progress, "Thread", NoThread)
    log = Log()
    shows = progress_of(Console(file=log, soft_wrap=True), "local")
    assert isinstance(shows, progress.LinesOfProgress)
    shows.begun = 0.0
    with shows:
        for text in ("drawing Volcano plot", "drawing Volcano plot", "GSE1: 1.5 of 9 MB", "GSE1: 7 of 9 MB", ""):
            shows.part(text)
            for _ in range(7):
                now.at += 1.0
                shows.say_what_takes_long()
    lines = [line.split(" local ") for line in log.getvalue().splitlines()]
    assert lines[1:] == [
        ["0:00:06", "at work: drawing Volcano plot"],
        ["0:00:15", "at work: GSE1: 1.5 of 9 MB"],
        ["0:00:29", "at work"],
    ]


def test_what_follows_the_last_step_is_named_too() -> None:
    shows = progress_of(Console(file=Log()), "local")
    go_through(shows)
    assert shows.work == "building the warehouse, telling Dagster"


class Clock:
    """A time that the test sets."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


class NoThread:
    """The test looks at the clock itself."""

    def __init__(self, **_: object) -> None: ...

    def start(self) -> None: ...


def test_a_terminal_shows_each_computed_step_and_the_time_left() -> None:
    text = StringIO()
    go_through(progress_of(Console(file=text, force_terminal=True, color_system=None, width=200), "local"))
    assert f"{PLAN[0][0].name} of local: made, 2.2 s" in text.getvalue()
    assert "about 2 min left" in text.getvalue()


def test_a_program_gets_one_object_for_each_partition_and_the_outcome_last() -> None:
    text = StringIO()
    out = Console(file=text)
    with suppress(DataError), last_object(out, is_asked=True) as last:
        assert last is not None
        go_through(progress_of(Console(quiet=True), "local", json_to=out))
        last["failed"] = 1
        raise DataError("it failed")
    *steps, outcome = map(json.loads, text.getvalue().splitlines())
    assert [(each["step"], each["partition"], each["state"]) for each in steps] == [
        (step.name, "local", state) for (step, _), state in zip(PLAN, ("made", "current", "failed"), strict=True)
    ]
    assert [each["seconds"] for each in steps] == [2.25, 0.0, 0.0]
    assert [each["seconds_left"] for each in steps] == [300.0, None, 100.0]
    assert steps[2]["message"] == "no\nmore"
    assert outcome == {"outcome": "failed", "failed": 1, "error": "it failed"}
    with last_object(out, is_asked=False) as last:
        assert last is None
