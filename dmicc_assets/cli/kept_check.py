"""The last answer of `dmicc check` to a study, kept as long as nothing changes that it depends on.

Reading the sources and the lake needs libraries that take most of a second to load; to see that nothing changed takes
files' sizes and times alone. Only answers without a problem are kept, and only of sources on disk: a server is asked
each time.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from dmicc_assets.geo.http.client import local_path
from dmicc_assets.geo.http.kept_answers import FOLDER, code_state
from dmicc_assets.lake.file_states import State, is_settled, states_below, states_of
from dmicc_assets.study.settings import Settings


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """What `check` says of a study beside what its file says, as JSON holds it.

    Attributes:
        libraries: the origin of each gene-set library.
        out_of_date: causes of outdated tables with these; None for a study without results.
        stale_lines: the same for people.
        has_looked: whether the sources were looked at.
        silent: what a source that did not answer said, with its datasets.
        unseen: datasets that were not looked at.
        datasets, cohorts: rows of the tables.
        dataset_lines: what became of symbols and clinical files.
        coverage: how much of the genes the libraries know.
        download: how much a run would download; "" where no source was looked at.
        remarks: texts, and whether a run stops there.
        lacking: what is wrong with gene-set libraries that are not there.
    """

    libraries: list[str]
    out_of_date: dict[str, list[str]] | None
    stale_lines: list[str]
    has_looked: bool = False
    silent: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    unseen: list[str] = field(default_factory=list[str])
    datasets: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    cohorts: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    dataset_lines: list[str] = field(default_factory=list[str])
    coverage: list[str] = field(default_factory=list[str])
    download: str = ""
    remarks: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])
    lacking: list[str] = field(default_factory=list[str])

    @property
    def stops(self) -> list[str]:
        """What would stop a run."""
        return [*self.lacking, *(text for text, stops in self.remarks if stops)]


class KeptCheck:
    """The place of a study's answer, and the state of all that it depends on beside its sources.

    Args:
        settings: with the study's sources.
        name: of the study.
        files: study files by name.
    """

    def __init__(self, settings: Settings, name: str, files: Mapping[str, Path]) -> None:
        self._settings, self._name, self._files = settings, name, files
        self._path = settings.downloads / FOLDER / f"check.{name}.json"
        self._since = time.time_ns()
        self._before = self._states()

    def answer(self) -> CheckAnswer | None:
        """The kept answer; None when there is none, or something changed since."""
        try:
            kept: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
            found: dict[str, Any] = kept["answer"]
            if kept["of"] != self._key(kept["files"], found) or states_of(map(Path, kept["files"])) != kept["files"]:
                return None
            found["remarks"] = [(text, bool(stops)) for text, stops in found["remarks"]]
            return CheckAnswer(**found)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def keep(self, answer: CheckAnswer, asked: frozenset[str], copies: frozenset[Path]) -> None:
        """Keep an answer, if all it depends on can be seen to be as it was when the answer was looked for.

        Args:
            answer: the answer.
            asked: URLs that were asked for.
            copies: what was copied from disk to the downloads.
        """
        paths = [path for path in map(local_path, asked) if path is not None]
        if answer.stops or answer.unseen or self._settings.lake_url or len(paths) < len(asked):
            return
        sources = states_of(paths)
        if self._states() != self._before or not is_settled(self._before | sources, self._since):
            return
        files = sources | states_of([*copies, self._decisions / f"{self._name}.parquet"])
        found = json.loads(json.dumps(asdict(answer)))
        with suppress(OSError):  # a home of others
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
            beside.write_text(json.dumps({"of": self._key(files, found), "files": files, "answer": found}))
            beside.replace(self._path)

    def _key(self, files: Mapping[str, State], answer: Mapping[str, Any]) -> str:
        """Hash of the settings, this code, states of files, and the answer itself: a damaged one is none."""
        code = [code_state(), sys.version, self._settings.model_dump_json(), self._name]
        return sha256(json.dumps([code, self._before, files, answer]).encode()).hexdigest()

    def _states(self) -> dict[str, State]:
        """States of study files, gene sets, lake and report, without what is written of each look at the lake."""
        settings = self._settings
        lake = states_below(settings.lake, [settings.lake / "kept", self._decisions])
        gene_sets = settings.gene_sets or settings.fetched_gene_sets
        libraries = states_of(gene_sets.iterdir() if gene_sets.is_dir() else ())
        report = states_below(settings.reports / self._name)
        return states_of(self._files.values()) | libraries | lake | report

    @property
    def _decisions(self) -> Path:
        """Where each look at the lake writes what is out of date, as another one may have done since."""
        return self._settings.lake / "warehouse" / "partitions"
