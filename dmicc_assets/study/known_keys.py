"""The keys that a place of the study file can have, for the message about one that it cannot."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

from dmicc_assets.study.schema import Study


def nearest_key(where: Sequence[Any]) -> str | None:
    """The known key that is most like the last part of `where`; None where none is like it.

    Args:
        where: keys and indices from the top of the file down to the unknown key.
    """
    *above, unknown = where
    places = [_schema()]
    for part in above:
        places = [below for place in places for below in _below(place, part)]
    known = sorted({key for place in places for key in place.get("properties", {})})
    found = get_close_matches(str(unknown), known, n=1, cutoff=0.7)
    return found[0] if found else None


@cache
def _schema() -> Mapping[str, Any]:
    return Study.model_json_schema()


def _below(place: Mapping[str, Any], part: Any) -> Iterator[Mapping[str, Any]]:
    """What the schema says of a key or an item of a place, each alternative by itself."""
    if isinstance(part, int):
        named: list[Any] = [place.get("items")]
    elif str(part) in place.get("properties", {}):
        named = [place["properties"][str(part)]]
    else:  # a name that the user gives
        named = [place.get("additionalProperties"), *place.get("patternProperties", {}).values()]
    for each in named:
        yield from _alternatives(each)


def _alternatives(place: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(place, Mapping):
        return
    if "$ref" in place:
        yield from _alternatives(_schema()["$defs"][place["$ref"].rpartition("/")[2]])
    others = [each for kind in ("anyOf", "oneOf", "allOf") for each in place.get(kind, [])]
    for each in others:
        yield from _alternatives(each)
    yield place
