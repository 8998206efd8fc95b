"""Progress of a run: one live line in a terminal, a line a step elsewhere, or objects of JSON for programs.

What a run is, and how long it still takes, is decided elsewhere.
"""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from time import perf_counter
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from dmicc_assets.cli.json_lines import print_json
from dmicc_assets.lake.making import Outcome
from dmicc_assets.lake.remaining import Remaining
from dmicc_assets.lake.steps import Step
from dmicc_assets.types import PartitionKey

Plan = Sequence[tuple[Step, PartitionKey]]
# States without a line of their own: what is up to date, and what a failed step leaves untried, which the end counts.
_SILENT = ("current", "blocked")
# Characters of a live line, beside its bar and clock.
_LONGEST = 60
# Where there is no terminal, seconds without a line before one says what is at work, and the same where this is no
# news; seconds between two looks at the clock.
_PATIENCE, _NO_NEWS = 5.0, 30.0
_LOOK_AFTER = 1.0
# Numbers in what a step says, which alone are no news.
_NUMBERS = re.compile(r"\d+(\.\d+)?")


def progress_of(err: Console, study: str, *, json_to: Console | None = None) -> "RunProgress":
    """The kind of progress for this output; with `json_to`, one object for each partition is written there."""
    if json_to is not None:
        return JsonProgress(study, json_to)
    return LiveProgress(study, err) if err.is_terminal else LinesOfProgress(study, err)


@dataclass
class RunProgress:
    """Progress of one run of a study. It is a context; it shows nothing itself.

    Attributes:
        study: name of the study.
        console: where to show it.
        n_steps: partitions of the plan.
        n_ended: those that ended, the skipped ones included.
        remaining: the work that is left, once the plan is known.
        at_work: steps and partitions that are computed.
        of_part: what this step says of its work.
        failed: outcomes of the partitions that failed.
        begun: the beginning, by `perf_counter`.
    """

    study: str
    console: Console
    n_steps: int = 0
    n_ended: int = 0
    remaining: Remaining | None = None
    at_work: list[str] = field(default_factory=list[str])
    of_part: str = ""
    failed: list[Outcome] = field(default_factory=list[Outcome])
    begun: float = field(default_factory=perf_counter)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return perf_counter() - self.begun

    @property
    def work(self) -> str:
        """What is at work now; empty between two steps."""
        has_ended = self.n_ended == self.n_steps > 0
        return "building the warehouse, telling Dagster" if has_ended else ", ".join(self.at_work)

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds until the end; None when they are unknown."""
        return None if self.remaining is None else self.remaining.seconds

    def plan(self, plan: Plan, remaining: Remaining) -> None:
        """The plan is known."""
        self.n_steps, self.remaining = len(plan), remaining
        self._show_plan()

    def part(self, text: str) -> None:
        """A step says what it does; an empty text ends it."""
        self.of_part = " ".join(text.split())
        self._show_part()

    def started(self, step: str, key: PartitionKey) -> None:
        """A step begins."""
        self.at_work.append(f"{step} of {key}")
        self.of_part = ""
        if self.remaining is not None:
            self.remaining.started(step, key)
        self._show_started()

    def ended(self, outcome: Outcome) -> None:
        """A step ends, or is skipped."""
        self.n_ended += 1
        self.failed += [outcome] if outcome.state == "failed" else []
        name = f"{outcome.step.name} of {outcome.key}"
        self.at_work, self.of_part = [each for each in self.at_work if each != name], ""
        if self.remaining is not None:
            self.remaining.ended(outcome)
        self._show_ended(outcome)

    @contextmanager
    def aside(self) -> Generator[None]:
        """Let others print to the terminal meanwhile."""
        yield

    def _show_plan(self) -> None: ...

    def _show_part(self) -> None: ...

    def _show_started(self) -> None: ...

    def _show_ended(self, outcome: Outcome) -> None: ...


class LiveProgress(RunProgress):
    """One line that changes, below a line for each step that computed."""

    def __enter__(self) -> Self:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
        )
        self._shown = Progress(*columns, console=self.console, transient=True)
        self._task = self._shown.add_task(f"{self.study}: checking the sources", total=None, left="")
        self._shown.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._shown.stop()

    @contextmanager
    def aside(self) -> Generator[None]:
        """Take the live line away meanwhile."""
        self._shown.stop()
        yield
        self._shown.start()

    def _show_plan(self) -> None:
        self._shown.update(self._task, total=self.n_steps)

    def _show_part(self) -> None:
        self._shown.update(self._task, description=(self.of_part or self.work)[:_LONGEST])

    def _show_started(self) -> None:
        self._shown.update(self._task, description=self.work[:_LONGEST], left=_left(self.seconds_left))

    def _show_ended(self, outcome: Outcome) -> None:
        self._shown.update(self._task, advance=1, left=_left(self.seconds_left), description=self.work[:_LONGEST])
        if outcome.state not in _SILENT:
            self._shown.console.print(_said(outcome))


class LinesOfProgress(RunProgress):
    """A plain line for each step that computed, written at once: for logs and pipes.

    A step that takes long has more lines, so that nobody waits before an empty log.
    """

    def __enter__(self) -> Self:
        self._last, self._news, self._ends = 0.0, "", Event()
        self._line("checking the sources")
        Thread(target=self._look_at_the_clock, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()

    def _show_ended(self, outcome: Outcome) -> None:
        if outcome.state not in _SILENT:
            self._line(f"{_said(outcome)}{_left(self.seconds_left)}")

    def say_what_takes_long(self) -> None:
        """A line on what is at work, if there was none for some time; soon if it is news, but for its numbers."""
        at_work = ": ".join(filter(None, ["at work", self.work, self.of_part]))
        news = _NUMBERS.sub("", at_work)
        if self.elapsed - self._last > (_NO_NEWS if news == self._news else _PATIENCE):
            self._news = news
            self._line(at_work)

    def _look_at_the_clock(self) -> None:
        while not self._ends.wait(_LOOK_AFTER):
            self.say_what_takes_long()

    def _line(self, text: str) -> None:
        self._last = self.elapsed
        count = f"{self.n_ended:>{len(str(self.n_steps))}}/{self.n_steps}" if self.n_steps else self.study
        self.console.print(f"{_clock(self.elapsed)} {count} {text}")
        self.console.file.flush()


class JsonProgress(RunProgress):
    """One object of JSON for each partition that ended or was skipped."""

    def _show_ended(self, outcome: Outcome) -> None:
        left = self.seconds_left
        values = {
            "step": outcome.step.name,
            "partition": outcome.key,
            "state": outcome.state,
            "seconds": round(outcome.seconds, 3),
            "elapsed": round(self.elapsed, 3),
            "n_ended": self.n_ended,
            "n_steps": self.n_steps,
            "seconds_left": None if left is None else round(left, 1),
        }
        print_json(self.console, **values, **({"message": outcome.message} if outcome.message else {}))


def _said(outcome: Outcome) -> str:
    text = f"{outcome.step.name} of {outcome.key}: {outcome.state}"
    text += f", {outcome.seconds:.1f} s" if outcome.seconds else ""
    return f"{text}: {outcome.message.splitlines()[0]}" if outcome.message else text


def _left(seconds: float | None) -> str:
    """The estimate in words, behind a semicolon; empty when there is none, or under half a second."""
    if seconds is None or seconds < 0.5:
        return ""
    return f"; about {seconds / 60:.0f} min left" if seconds >= 90 else f"; about {round(seconds)} s left"


def _clock(seconds: float) -> str:
    """Hours, minutes and seconds: `0:01:05`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
