"""A study file without its faulty parts, so that a mistake in one of them does not hide those of the others."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, cast

from pydantic import ValidationError

from dmicc_assets.study.schema import UNCOMPARED, Study

# Parts that stand for one that cannot be read; nothing is said of them.
_DATASET = {"source": "file", "matrix": "unread", "labels": [{"label": "unread", "where": {"any": "unread"}}]}
_GROUPS = {"case": "unread", "control": "unread_too"}
_TEXTS = ("study", "title")
# A part that is taken away can leave another one incomplete.
_MOST_ROUNDS = 5


def readable_study(content: dict[str, Any], error: ValidationError) -> tuple[Study, frozenset[str]] | None:
    """The study with something harmless in the place of every faulty part, and the names of these parts.

    Args:
        content: of the study file.
        error: what is wrong with it.

    Returns:
        The study, and its faulty parts as `disagreements` takes them; None where too little can be read.
    """
    mended, unread = deepcopy(content), set[str]()
    for _ in range(_MOST_ROUNDS):
        for detail in error.errors(include_url=False):
            part = _taken_away(mended, detail["loc"])
            if part is None:
                return None
            unread.add(part)
        try:
            return Study.model_validate(mended, context=UNCOMPARED), frozenset(unread)
        except ValidationError as another:
            error = another
    return None


def _taken_away(content: dict[str, Any], loc: Sequence[int | str]) -> str | None:
    """Replace or leave out the part at a place; its name, or None where the file says nothing without it."""
    section = str(loc[0]) if loc else ""
    part: Any = content.get(section)
    if section in _TEXTS:
        content[section] = "unread"
        return section
    if len(loc) > 1 and isinstance(part, dict) and section in ("datasets", "cohorts"):
        parts = cast("dict[Any, Any]", part)
        name = next((key for key in parts if str(key).lower() == str(loc[1]).lower()), None)
        if name is None or loc[-1] == "[key]":
            parts.pop(name, None)
        else:
            parts[name] = _DATASET if section == "datasets" else {"title": "", "datasets": ["unread"], **_GROUPS}
        return f"{section}.{loc[1]}"
    if section == "validation" and len(loc) > 1 and isinstance(part, list) and isinstance(loc[1], int):
        part[loc[1]] = {"dataset": f"unread{loc[1]}", **_GROUPS}
        return f"validation[{loc[1]}]"
    if section in ("datasets", "cohorts", ""):
        return None
    if len(loc) > 1 and isinstance(part, dict) and loc[1] in part:
        del part[loc[1]]
    else:
        content.pop(section, None)
    return section
