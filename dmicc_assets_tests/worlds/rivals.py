"""Command line, jobs of the UI and daemon on the same studies at the same moment, each in a process of its own.

Processes, locks, lake and Dagster's databases are real; the runs of UI and daemon are made in the process that asks for
them, without a web server between.
"""

import datetime
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from dmicc_assets.study.settings import Settings
from dmicc_assets_tests.worlds.local_study import local_study, values_of
from dmicc_assets_tests.worlds.soaked_home import process_in

STUDIES = ("local", "other")
RIVALS: tuple[dict[str, Any], ...] = (
    {"do": "command", "arguments": ["run", "local"]},
    {"do": "command", "arguments": ["run", "other"]},
    {"do": "job", "study": "local"},
    {"do": "job", "study": "other"},
    {"do": "materialise", "step": "cohort", "key": "local.a"},
    {"do": "materialise", "step": "differential", "key": "local.a"},
    {"do": "materialise", "step": "cohort", "key": "other.b"},
    {"do": "automation"},
)


class Rivals:
    """Two studies on the same files, and a process that forks rivals."""

    def __init__(self, folder: Path, settings: Settings, process: "subprocess.Popen[str]") -> None:
        self._folder, self._settings, self._process = folder, settings, process
        self._now = datetime.datetime.now(datetime.UTC)
        self._n = 0
        for study in STUDIES:
            (outcome,) = self.ask([{"do": "command", "arguments": ["run", study]}])
            assert outcome["status"] == 0, outcome
        assert self.ask([{"do": "automation"}])[0]["status"] == 0

    def trial(self, rivals: tuple[dict[str, Any], ...] = RIVALS) -> list[str]:
        """Make both studies out of date, let all rivals begin, and compare what they leave; what is wrong."""
        self._revise()
        begun = time.monotonic()
        outcomes = self.ask(list(rivals))
        wrong = [
            f"{rival} ended with {outcome}"
            for rival, outcome in zip(rivals, outcomes, strict=True)
            if outcome.get("status") != 0
        ]
        if not wrong:
            # whoever came first with the earlier settings is followed by the next run
            wrong += [f"{one}" for one in self.ask([{"do": "automation"}]) if one.get("status") != 0]
        fresh = self._folder / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        (found,) = self.ask([{"do": "differences", "fresh": str(fresh)}])
        self.seconds = time.monotonic() - begun
        return [*wrong, *(found["answer"] if found["answer"] is not None else [f"no comparison: {found}"])]

    def ask(self, rounds: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rounds at the same moment, and what came of each."""
        self._n += 1
        self._now += datetime.timedelta(hours=14)
        logs = self._folder / "logs"
        logs.mkdir(exist_ok=True)
        lines = [
            asked
            | {"now": self._now.isoformat(), "log": str(logs / f"{self._n:03d}.{i}.log")}
            | {"answer": str(self._folder / f"answer.{i}.json")}
            for i, asked in enumerate(rounds)
        ]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(lines) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def _revise(self) -> None:
        """Other values of a file that both studies read, and another threshold."""
        studies = self._settings.study_folders[0]
        values_of("A", 8, 8, 100 + self._n).write_csv(studies / "A.tsv", separator="\t")
        for study in STUDIES:
            path = studies / f"{study}.yaml"
            changed = yaml.safe_load(path.read_text()) | {"differential": {"log_fc": 0.3 + 0.01 * self._n}}
            path.write_text(yaml.safe_dump(changed))


@contextmanager
def rivals_in(folder: Path) -> Iterator[Rivals]:
    """Two studies that were made once, in an empty folder."""
    settings = local_study(folder, {name: values_of(name, 8, 8, seed) for seed, name in enumerate("AB")})
    studies = settings.study_folders[0]
    (studies / "other.yaml").write_text((studies / "local.yaml").read_text().replace("study: local", "study: other"))
    with process_in(settings) as process:
        yield Rivals(folder, settings, process)
