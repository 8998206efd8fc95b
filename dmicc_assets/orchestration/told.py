"""Record of reports to Dagster outside of runs, kept in its home so that each is sent once. Without dagster."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from dmicc_assets.lake.currency import Currency
from dmicc_assets.lake.durable import write_beside
from dmicc_assets.lake.judged import stale_tables
from dmicc_assets.lake.steps import partition_keys
from dmicc_assets.lake.store import Lake
from dmicc_assets.study.schema import Study
from dmicc_assets.study.settings import Settings
from dmicc_assets.tables import TABLES
from dmicc_assets.types import PartitionKey, PartitionKind

# Dagster's freshness policy of the catalog warns after 30 days without a report.
TOLD_AGAIN_AFTER = timedelta(days=7)
Stale = Mapping[tuple[str, PartitionKey], str]
Contents = Mapping[tuple[str, PartitionKey], str]


@dataclass(frozen=True)
class Told:
    """The last report to Dagster.

    Attributes:
        at: its time; None without one, or after an interrupted run.
        stale: reasons of outdated tables and partitions.
        contents: data versions of this study's tables and partitions that Dagster has.
        looked_at: `state_of` the study when it was last compared with Dagster; "" after a run.
    """

    at: datetime | None
    stale: Stale
    contents: Contents
    looked_at: str = ""

    @property
    def is_recent(self) -> bool:
        """Whether the last report is recent enough to skip an unchanged one."""
        return self.at is not None and datetime.now(UTC) - self.at < TOLD_AGAIN_AFTER


def last_told(settings: Settings, study: str) -> Told:
    """What Dagster was told last."""
    try:
        kept = json.loads(_path(settings, study).read_text())
        if kept["records"] != _records(settings):  # they were lost, and begun again
            return Told(None, {}, {})
        stale = {(table, PartitionKey(key)): because for table, key, because in kept["stale"]}
        contents = {(table, PartitionKey(key)): content for table, key, content in kept["contents"]}
        at = datetime.fromisoformat(kept["at"]) if kept["at"] else None
        return Told(at, stale, contents, kept.get("looked_at", ""))
    except (OSError, ValueError, KeyError, TypeError):
        return Told(None, {}, {})


def begin_telling(settings: Settings, study: str, before: Told) -> None:
    """Record the start of a run; if it is interrupted, the next run reports to Dagster again."""
    _keep(settings, study, Told(None, before.stale, before.contents))


def end_telling(settings: Settings, study: str, stale: Stale, contents: Contents) -> None:
    """Record a complete report."""
    _keep(settings, study, Told(datetime.now(UTC), stale, contents))


def go_on_telling(settings: Settings, study: str, before: Told, stale: Stale) -> None:
    """Record a report of a run of the UI on outdated tables, without the sources."""
    _keep(settings, study, Told(before.at, stale, before.contents))


def keep_contents(settings: Settings, study: str, before: Told, contents: Contents, looked_at: str) -> None:
    """Record a report of results, without the sources, and the state of the study in which nothing is left to tell."""
    _keep(settings, study, Told(before.at, before.stale, contents, looked_at))


def state_of(lake: Lake, study: Study, versions: Sequence[tuple[str, str]]) -> str:
    """A hash of what decides which results of a study are up to date: its manifests, its file, its steps' versions."""
    kinds: tuple[PartitionKind, ...] = ("dataset", "cohort", "study")
    keys = {kind: partition_keys(kind, study) for kind in kinds}
    tables = [(name, key) for name, table in TABLES.items() for key in keys.get(table.partition, [])]
    found = [[*each, made.recipe, made.content, made.written_at] for each in tables if (made := lake.manifest(*each))]
    return sha256(json.dumps([found, study.model_dump_json(), sorted(versions)]).encode()).hexdigest()


def contents_of(lake: Lake, study: Study) -> dict[tuple[str, PartitionKey], str]:
    """The content of each table and partition of a study in the lake."""
    kinds: tuple[PartitionKind, ...] = ("dataset", "cohort", "study")
    keys = {kind: partition_keys(kind, study) for kind in kinds}
    tables = [(name, key) for name, table in TABLES.items() for key in keys.get(table.partition, [])]
    return {each: manifest.content for each in tables if (manifest := lake.manifest(*each)) is not None}


def to_be_told(lake: Lake, states: Sequence[Currency]) -> Stale:
    """Reasons of outdated tables that have results in the lake, and so in Dagster."""
    return {each: state.because for each, state in stale_tables(states).items() if lake.manifest(*each) is not None}


def _keep(settings: Settings, study: str, told: Told) -> None:
    kept = {
        "at": told.at.isoformat() if told.at else None,
        "stale": [[*each, because] for each, because in told.stale.items()],
        "contents": [[*each, content] for each, content in told.contents.items()],
        "records": _records(settings),
        "looked_at": told.looked_at,
    }
    text = json.dumps(kept)
    path = _path(settings, study)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_beside(path, lambda beside: beside.write_text(text))


def mark_of_records(settings: Settings) -> Path:
    """A file with a name for Dagster's records, beside them: it is lost with them, and copied with them."""
    return settings.dagster_home / "history" / "runs" / "dmicc.mark"


def _records(settings: Settings) -> str:
    try:
        return mark_of_records(settings).read_text()
    except OSError:
        return ""


def _path(settings: Settings, study: str) -> Path:
    return settings.dagster_home / "dmicc_told" / f"{study}.json"
