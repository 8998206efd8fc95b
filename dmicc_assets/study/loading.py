"""Search, reading and validation of study files; an error is one line that names the file, the line and the key.

`schema.py` defines the content of a study, `settings.py` the folders.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.cyaml import CParser  # pyright: ignore[reportAttributeAccessIssue] - its stub leaves it out
from yaml.resolver import Resolver

from dmicc_assets.errors import RequestError
from dmicc_assets.study.known_keys import nearest_key
from dmicc_assets.study.readable import readable_study
from dmicc_assets.study.schema import UNCOMPARED, Study, disagreements

# The longest study file that people wrote has 40 kB.
MOST_BYTES = 1 << 22
MOST_VALUES = 200_000
_MOST_OTHERS = 9
_SUFFIXES = (".yaml", ".yml")


class _Loader(Composer, CParser, SafeConstructor, Resolver):
    """A safe loader that parses in C, ten times as fast, and builds in Python, where a deep file raises an error."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        Composer.__init__(self)
        SafeConstructor.__init__(self)
        Resolver.__init__(self)


def study_files(folders: Sequence[Path]) -> dict[str, Path]:
    """Every study file by study name; an earlier folder has priority, the built-in studies come last.

    Args:
        folders: folders to search before the built-in studies, in this order.

    Raises:
        RequestError: a folder does not exist.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            raise RequestError(f"{folder}: no such folder of study files (DMICC_STUDIES names it)")
    for folder in [*folders, Path(str(files("dmicc_assets") / "studies"))]:
        for path in sorted(path for suffix in _SUFFIXES for path in folder.glob(f"*{suffix}")):
            found.setdefault(path.stem, path)
    return found


def no_study(name: str, known: Iterable[str]) -> RequestError:
    """Error for an unknown study name, with the known ones."""
    return RequestError(f"no study {name!r}: known are {', '.join(sorted(known))} (DMICC_STUDIES names more folders)")


def named_study(given: str, folders: Sequence[Path]) -> tuple[str, list[Path]]:
    """Name and search folders of a study that is given by name or by the path of its file.

    Args:
        given: `my_study`, `studies/my_study.yaml`, or `my_study.yaml` in a search folder.
        folders: search folders of study files.

    Raises:
        RequestError: a path is given that is not a study file.
    """
    path, found = Path(given), list(folders)
    if path.suffix not in _SUFFIXES and path.name == given:
        return given, found
    if path.is_file() and path.suffix in _SUFFIXES:
        folder = path.absolute().parent
        if ":" in str(folder):
            raise RequestError(f"{folder}: ':' separates folders in DMICC_STUDIES: move the study to another folder")
        return path.stem, found if found[:1] == [folder] else [folder, *(each for each in found if each != folder)]
    if path.name == given:
        return path.stem, found
    what = "expected a study file, NAME.yaml" if path.is_file() else "no such study file"
    raise RequestError(f"{given}: {what}; give a study by its name, as in `dmicc check dm_icc`, or by its file")


def _invalid(path: Path, text: str, error: yaml.YAMLError) -> RequestError:
    """What is wrong with the text, by PyYAML's own parser: libyaml names the line after the last one."""
    try:
        yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as plain:
        error = plain
    mark = getattr(error, "problem_mark", None)
    line = f" line {mark.line + 1}" if mark else ""
    problem = str(getattr(error, "problem", error))
    hint = ": indent by spaces, not by tabs" if r"'\t'" in problem else ""
    return RequestError(f"{path}{line}: not valid YAML ({problem}){hint}")


def load_study(path: Path) -> Study:
    """Read one study file.

    Raises:
        RequestError: the file cannot be read or is wrong; the message names file, line and key.
    """
    try:
        if path.exists() and not path.is_file():
            raise RequestError(f"{path}: cannot be read (expected a file, found a folder or a device)")
        if path.stat().st_size > MOST_BYTES:
            raise RequestError(f"{path}: expected at most {MOST_BYTES >> 20} MiB, found {path.stat().st_size} bytes")
        return read_study(path.read_text(encoding="utf-8"), path)
    except UnicodeDecodeError as error:
        raise RequestError(f"{path}: cannot be read as UTF-8: save it in this encoding ({error})") from None
    except OSError as error:
        raise RequestError(f"{path}: cannot be read ({error})") from None


def read_study(text: str, path: Path) -> Study:
    """The study of a file's text.

    Args:
        text: of the study file.
        path: of the file, which need not exist yet; its name must be the study's, and messages name it.

    Raises:
        RequestError: the text is wrong; the message names file, line and key.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is not None and _size(node, {}) > MOST_VALUES:
            raise RequestError(f"{path}: its aliases (*name) stand for more than {MOST_VALUES} values: write fewer")
        repeated = list(_repeated_keys(node, set())) if node is not None else []
        content = loader.construct_document(node) if node is not None else None
    except yaml.YAMLError as error:
        raise _invalid(path, text, error) from None
    except (ValueError, RecursionError) as error:  # an impossible date, or an alias that contains itself
        raise RequestError(f"{path}: not valid YAML ({error})") from None
    if node is None or not isinstance(content, dict):
        raise RequestError(f"{path}: expected a study (keys study, title, datasets, cohorts), found none")
    study, problems = _validated(cast("dict[str, Any]", content), node)
    problems += [(line, f"duplicate key {key!r}") for key, line in repeated]
    named: Any = cast("dict[str, Any]", content).get("study")
    if isinstance(named, str) and named != path.stem:
        text = f"study is {named!r}, but the file is named {path.name}; they must be the same"
        problems.append((_line(node, ["study"]), text))
    if study is None or problems:
        raise RequestError(_message(path, sorted(dict.fromkeys(problems), key=lambda problem: problem[0])))
    return study


def _validated(content: dict[str, Any], node: yaml.Node) -> tuple[Study | None, list[tuple[int, str]]]:
    """The study, or the line and text of everything that is wrong with it."""
    try:
        return Study.model_validate(content), []
    except ValidationError as error:
        details = error.errors(include_url=False)
        problems = [problem for detail in details for problem in _problems(node, detail)]
        # what contradicts another part is compared only once every part is valid
        readable = readable_study(content, error) if all(detail["loc"] for detail in details) else None
        lines = list(disagreements(*readable)) if readable else []
        return None, problems + [(_line(node, _named_part(line)), line) for line in lines]


def study_as_read(path: Path) -> Study | None:
    """What can be read of a file that is wrong, without its faulty parts; None where that is nothing."""
    try:
        content: Any = _Loader(path.read_text(encoding="utf-8")).get_single_data()
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return None
    if not isinstance(content, dict):
        return None
    try:
        return Study.model_validate(content, context=UNCOMPARED)
    except ValidationError as error:
        found = readable_study(cast("dict[str, Any]", content), error)
        return found[0] if found else None


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Number of values in a node, those of an alias as often as it is used; each node is looked at once.

    Args:
        node: the node.
        known: sizes of nodes that were looked at, by identity.

    Raises:
        ValueError: an alias contains itself.
    """
    if id(node) not in known:
        known[id(node)] = 0
        parts: list[Any] = node.value if isinstance(node, yaml.CollectionNode) else []
        children = (each for part in parts for each in (part if isinstance(part, tuple) else (part,)))
        known[id(node)] = 1 + sum(_size(child, known) for child in children)
    elif not known[id(node)]:
        raise ValueError("an alias contains itself")
    return known[id(node)]


def _repeated_keys(node: yaml.Node, done: set[int]) -> Iterator[tuple[str, int]]:
    """Duplicate keys of mappings, with their lines; YAML itself would silently keep the last value."""
    if id(node) in done:
        return
    done.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):  # what else is a key is refused when the content is built
                if key.value in seen:
                    yield key.value, key.start_mark.line + 1
                seen.add(key.value)
            yield from _repeated_keys(value, done)
    if isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _repeated_keys(value, done)


def _message(path: Path, problems: Sequence[tuple[int, str]]) -> str:
    """One line for the first problem (file, line, key, what was expected), and one line for the others."""
    first, *others = [f"line {line}: {text}" for line, text in problems]
    if not others:
        return f"{path} {first}"
    left = len(others) - _MOST_OTHERS
    return f"{path} {first}\nalso {'; '.join(others[:_MOST_OTHERS])}{f'; and {left} more' if left > 0 else ''}"


def _problems(node: yaml.Node, detail: ErrorDetails) -> Iterator[tuple[int, str]]:
    """Line, key and expected value of what is wrong at one place: a rule of our own has a line for each problem."""
    where = [part for part in detail["loc"] if part != "[key]"]
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).lstrip(".")
    text = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        near = nearest_key(where)
        text = f"unknown key; did you mean {near!r}?" if near else "unknown key"
    elif detail["type"] == "missing":
        text = "is missing"
    elif not isinstance(detail.get("input"), Mapping | list) and detail["type"] != "value_error":
        text = f"{text[0].lower()}{text[1:]}, got {detail.get('input')!r}"
    for line in text.splitlines():
        yield _line(node, where or _named_part(line)), f"{key + ': ' if key else ''}{line}"


def _named_part(text: str) -> list[str | int]:
    """The part of the file at the beginning of a message: `validation[0].dataset: ...`."""
    key = text.partition(":")[0]
    return [int(index) if index else name for name, index in re.findall(r"([^.\[\]]+)(?![^\[]*\])|\[(\d+)\]", key)]


def _line(node: yaml.Node, where: Sequence[Any]) -> int:
    """Line of the deepest part of `where` that the file has."""
    line = node.start_mark.line + 1
    for part in where:
        if isinstance(node, yaml.MappingNode):
            pairs = {key.value: (key, value) for key, value in node.value}
            if str(part) not in pairs:
                break
            key, node = pairs[str(part)]
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
