"""Study files as JSON, kept by their content, because reading YAML takes six times as long. Only valid files are kept.

`study/loading.py` reads a file; what is kept is validated again.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from dmicc_assets.errors import RequestError
from dmicc_assets.lake.durable import write_beside
from dmicc_assets.study.loading import MOST_BYTES, load_study
from dmicc_assets.study.schema import Study

# Earlier versions, and files of other folders of studies, that are kept beside the files of today.
_MOST = 500


def load_studies(files: Mapping[str, Path], kept: Path) -> Iterator[tuple[str, Study | None, str]]:
    """Name, study and message of each file; the message is "" for a valid file, the study None for another.

    Args:
        files: study files by name.
        kept: where they are kept; nothing is kept where the lake has no folder yet.
    """
    before, now = _read(kept), dict[str, str]()
    for name, path in files.items():
        digest = _digest(path)
        study = _of_kept(before.get(digest, ""), name)
        if study is not None:
            now[digest] = before[digest]
        else:
            try:
                study = load_study(path)
            except RequestError as error:
                yield name, None, str(error)
                continue
            text = study.model_dump_json(exclude_unset=True, by_alias=True)
            if digest and _of_kept(text, name) == study:
                now[digest] = text
        yield name, study, ""
    if not now.keys() <= before.keys() and kept.parent.parent.parent.is_dir():
        with suppress(OSError):  # a home of others
            kept.parent.mkdir(parents=True, exist_ok=True)
            latest = [*(item for item in before.items() if item[0] not in now), *now.items()][-_MOST - len(now) :]
            write_beside(kept, lambda beside: beside.write_text(json.dumps(dict(latest))))


def _digest(path: Path) -> str:
    """SHA-256 of a file's content; "" where it is none that could be valid."""
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return ""
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _of_kept(text: str, name: str) -> Study | None:
    with suppress(ValidationError):
        study = Study.model_validate_json(text) if text else None
        return study if study is not None and study.study == name else None
    return None


def _read(kept: Path) -> dict[str, str]:
    try:
        return dict(json.loads(kept.read_text()))
    except (OSError, ValueError, TypeError):
        return {}
