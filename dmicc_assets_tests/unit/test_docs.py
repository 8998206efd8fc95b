"""The pages name every key of a study file, every command and variable, and every linked file exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from dmicc_assets.cli.main import app
from dmicc_assets.study.schema import Study
from dmicc_assets.study.settings import Settings
from dmicc_assets_tests.conftest import ROOT

PAGES = sorted((ROOT / "docs").glob("*.md"))
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def keys(model: type[BaseModel]) -> Iterator[str]:
    """Every key of a section of the study file and of the sections in it."""
    for name, field in model.model_fields.items():
        yield name
        yield from (key for section in sections(field.annotation) for key in keys(section))


def sections(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from sections(inner)


def test_the_study_file_page_names_every_key_and_default() -> None:
    text = (ROOT / "docs" / "study_file.md").read_text(encoding="utf-8")
    named = {word for quoted in re.findall(r"`([^`]+)`", text) for word in re.findall(r"\w+", quoted)}
    assert set(keys(Study)) <= named
    compared = 0
    for section, key, default in re.findall(r"^\| `(\w+): (\w+)` \|[^|]*\| `?([\w.]+)`? \|$", text, re.MULTILINE):
        compared += 1
        assert default == str(defaults(section)[key]).lower(), (section, key)
    assert compared >= 7


def defaults(section: str) -> dict[str, object]:
    (model,) = sections(Study.model_fields[section].annotation)
    return {name: field.default for name, field in model.model_fields.items()}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    assert {page.name for page in PAGES} - {"README.md"} <= {name for name in LINK.findall(index) if "/" not in name}


def test_commands_and_options_in_the_pages_exist() -> None:
    import typer

    commands = typer.main.get_command(app).commands  # pyright: ignore[reportAttributeAccessIssue] - a group
    options = {name: {o for p in command.params for o in p.opts} for name, command in commands.items()}
    for page in [*PAGES, ROOT / "README.md"]:
        for line in re.findall(r"^dmicc .*$", page.read_text(encoding="utf-8"), re.MULTILINE):
            name, *rest = line.split("#")[0].split()[1:]
            assert name in commands, line
            assert {word for word in rest if word.startswith("--")} <= options[name], line


def test_the_first_page_stays_a_page_and_every_variable_has_its_line() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 120
    named = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")))
    assert set(Settings().environment()) - {"PYTHONPATH"} <= named


def test_pictures_are_small() -> None:
    assert all(path.stat().st_size < 300_000 for path in (ROOT / "docs").glob("*.png"))
