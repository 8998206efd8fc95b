"""A soak: revisions of a small GEO, of studies and of gene sets, followed by automation or `dmicc run` under faults.

Everything is drawn by a seed: revisions, who follows them, and the fault meanwhile (SIGKILL, a full disk, a server).
What is real: server and client, files, locks, SQLite, SIGKILL, and ENOSPC where the home is on a small file system of
its own. Sensor, automation conditions, run queue and monitoring are Dagster's, but one iteration after the other in one
process, in which the runs are made too, and their clocks are put on. Pictures are not drawn.
"""

import datetime
import json
import math
import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dmicc_assets.study.settings import Settings, load_settings
from dmicc_assets_tests.worlds import fake_geo as fake
from dmicc_assets_tests.worlds.fake_geo import FakeGeo
from dmicc_assets_tests.worlds.soaked_geo import SoakedGeo
from dmicc_assets_tests.worlds.soaked_home import process_in

SMALL_DISK = 4 << 30
FAULTS = {"none": 8, "killed": 7, "disk": 4, "server": 5}
SERVER_FAULTS: tuple[Callable[[], fake.Fault], ...] = (
    lambda: fake.status(503),
    lambda: fake.status(429, "0"),
    lambda: fake.status(404),
    fake.reset,
    fake.short,
    fake.short_with_right_length,
    fake.html_page,
    fake.challenge,
    lambda: fake.timeout(2.0),
)
Said = dict[str, Any]


@dataclass
class Soak:
    """A home, its world, and the process that makes rounds.

    Attributes:
        geo: the world.
        server: serves it.
        settings: of the home.
        draw: of faults and of who follows.
        log: gets a line of JSON a round.
        problems: what a round without a fault did wrong.
    """

    geo: SoakedGeo
    server: FakeGeo
    settings: Settings
    draw: random.Random
    log: Path
    process: "subprocess.Popen[str]"
    problems: list[str] = field(default_factory=list[str])
    n_revisions: int = 0
    n_rounds: int = 0

    def __post_init__(self) -> None:
        self._now = datetime.datetime.now(datetime.UTC)

    def run(self, n_revisions: int, minutes: float = math.inf, compared_every: int = 50) -> list[str]:
        """Revise and follow until all revisions were made, or the time is over; what was wrong, also at the end."""
        ends = time.monotonic() + 60 * minutes
        self.begin()
        compared = 0
        while self.n_revisions < n_revisions and time.monotonic() < ends and not self.problems:
            self.round(min(self.draw.choice([1, 3, 6, 10]), n_revisions - self.n_revisions))
            if self.n_revisions - compared >= compared_every:
                compared = self.n_revisions
                self.compare()
        if not self.problems:
            self.compare()
        return self.problems

    def begin(self) -> None:
        """Make every study."""
        for study in self.geo.names():
            self._ask_without_fault({"do": "command", "arguments": ["run", study]})

    def round(self, n_revisions: int, kind: str | None = None) -> None:
        """Some revisions, and what follows them under a fault, of a kind or drawn."""
        revised = [self.geo.revise() for _ in range(n_revisions)]
        self.n_revisions += n_revisions
        # nothing but a run takes up another study file
        edited = sorted({study for _, studies in revised for study in studies})
        for study in edited:
            self._under_fault({"do": "command", "arguments": ["run", study]}, revised, kind)
            self._ask_without_fault({"do": "command", "arguments": ["run", study]})
        if not edited and self.draw.random() < 0.15:
            study = self.draw.choice(self.geo.names())
            self._under_fault({"do": "command", "arguments": ["run", study]}, revised, kind)
        else:
            self._under_fault({"do": "automation"}, revised, kind)

    def _under_fault(self, asked: Said, revised: list[tuple[str, list[str]]], kind: str | None) -> None:
        """A round during a fault, which may end it in any way but a hang."""
        if kind is None:
            (kind,) = self.draw.choices(list(FAULTS), list(FAULTS.values()))
        what: Said = {}
        if kind == "killed" and self.draw.random() < 0.5:
            what = {"kill_at": int(2 ** self.draw.uniform(0, 13))}
        elif kind == "killed":
            what = {"kill_after": 2 ** self.draw.uniform(-1, 5)}
        elif kind == "server":
            what = {"server": self._plan()}
        with self._full_disk(kind == "disk") as limits:
            answer = self._ask(asked | {key: what[key] for key in what if key != "server"} | limits)
        self.server.forget_plans()
        self._write(asked, {"fault": kind, **what, **limits}, answer, [text for text, _ in revised])
        if kind == "none":
            self._judge(asked, answer)
        elif asked["do"] == "command" and answer.get("status") and "file_limit" not in limits:  # the log is a file too
            self._judge_line(asked)

    def _plan(self) -> int:
        """Faults of the server, of some requests."""
        n_faults = self.draw.randint(1, 12)
        for _ in range(n_faults):
            path = self.draw.choice(["matrix", "annot", "acc", "GSE10[01]", "."])
            times = self.draw.choice([1, 1, 2, 5])
            self.server.plan(path, *([self.draw.choice(SERVER_FAULTS)()] * times))
        return n_faults

    @contextmanager
    def _full_disk(self, is_full: bool) -> Iterator[Said]:
        """A file system with little space left; on a large one, files that cannot grow."""
        if not is_full:
            yield {}
            return
        left = int(2 ** self.draw.uniform(10, 21))
        if shutil.disk_usage(self.settings.home).total > SMALL_DISK:
            yield {"file_limit": left}
            return
        filler = self.settings.home.parent / "filler"
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(shutil.disk_usage(self.settings.home).free - left, 1))
        try:
            yield {"left_on_disk": left}
        finally:
            filler.unlink()

    def _ask_without_fault(self, asked: Said) -> None:
        answer = self._ask(asked)
        self._write(asked, {}, answer, [])
        self._judge(asked, answer)

    def _judge(self, asked: Said, answer: Said) -> None:
        if answer.get("status") != 0:
            self.problems.append(f"round {self.n_rounds}: {asked} ended with {answer}")

    def _judge_line(self, asked: Said) -> None:
        """A command that a fault ends says so in a line, which one on what it left untried may follow."""
        said = (self.log.parent / "rounds" / f"{self.n_rounds:04d}.log").read_text()
        if "Traceback" in said or not any(line.startswith("dmicc: ") for line in said.splitlines()[-2:]):
            self.problems.append(f"round {self.n_rounds}: {asked} ended without a line that says why")

    def compare(self) -> None:
        """Rounds without faults until two in a row ask for nothing; then the lake must be as a fresh build.

        A revision of before automation's first look is reported in one round, and requested in the next.
        """
        n_idle = 0
        for _ in range(6):
            answer = self._ask({"do": "automation"})
            self._write({"do": "automation"}, {}, answer, [])
            self._judge({"do": "automation"}, answer)
            n_idle = 0 if answer["answer"] else n_idle + 1
            if n_idle == 2:
                break
        else:
            self.problems.append(f"round {self.n_rounds}: automation does not come to an end")
        fresh = self.settings.home.parent / "fresh"
        with suppress(FileNotFoundError):
            shutil.rmtree(fresh)
        asked = {"do": "differences", "fresh": str(fresh)}
        answer = self._ask(asked)
        self._write(asked, {}, answer, [])
        self._judge(asked, answer)
        self.problems += [f"after {self.n_revisions} revisions: {each}" for each in answer["answer"] or []]

    def _ask(self, asked: Said) -> Said:
        """One round in a process of its own, seven hours after the last."""
        self._now += datetime.timedelta(hours=7)
        self.n_rounds += 1
        logs = self.log.parent / "rounds"
        logs.mkdir(exist_ok=True)
        line = asked | {
            "now": self._now.isoformat(),
            "log": str(logs / f"{self.n_rounds:04d}.log"),
            "answer": str(self.log.parent / "answer.json"),
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        self._now += datetime.timedelta(hours=7)  # what the daemon's clock went on
        answer = json.loads(self.process.stdout.readline())
        if answer.get("is_hung"):
            self.problems.append(f"round {self.n_rounds}: {asked} did not end")
        return answer

    def _write(self, asked: Said, fault: Said, answer: Said, revised: list[str]) -> None:
        what = answer["answer"]
        line = {
            "round": self.n_rounds,
            "at": time.strftime("%H:%M:%S"),
            "revisions": self.n_revisions,
            "revised": revised,
            "asked": " ".join([asked["do"], *asked.get("arguments", [])]),
            **fault,
            **{key: answer[key] for key in answer if key != "answer"},
            "materialised": len(what) if asked["do"] == "automation" and what is not None else None,
        }
        with self.log.open("a") as file:
            file.write(json.dumps({key: value for key, value in line.items() if value not in (None, [])}) + "\n")


@contextmanager
def soak(folder: Path, logs: Path, seed: int, n_datasets: int = 20, n_studies: int = 6) -> Iterator[Soak]:
    """A soak in an empty folder, with its logs in another."""
    geo = SoakedGeo(folder / "world", seed, n_datasets, n_studies)
    logs.mkdir(parents=True, exist_ok=True)
    with FakeGeo(geo.root) as server:
        settings = load_settings(
            home=folder / "home",
            studies=str(geo.studies),
            geo_url=server.geo_url,
            geo_acc_url=server.acc_url,
            xena_url=server.xena_url,
            gene_sets=geo.gene_sets,
            requests_per_second=50,
        )
        with process_in(settings) as process:
            yield Soak(geo, server, settings, random.Random(seed + 1), logs / "rounds.jsonl", process)
