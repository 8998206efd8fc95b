"""Sizes and names, on the syntax tree. Which package may import which is held by import-linter (`make lint`)."""

import ast
import re
from pathlib import Path

import pytest

from dmicc_assets_tests.conftest import ROOT

PACKAGE = ROOT / "dmicc_assets"
MATHEMATICS = ("numpy", "scipy", "sklearn", "statsmodels", "polars")
ASSETS = sorted((PACKAGE / "assets").glob("*.py"))


def imported(path: Path) -> set[str]:
    """Top-level names of everything that a module imports, wherever it does."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]


def n_lines(function: ast.FunctionDef) -> int:
    """Lines of a function from its name on, its docstring aside."""
    documented = ast.get_docstring(function) is not None
    documentation = function.body[0].end_lineno - function.body[0].lineno + 1 if documented else 0
    return function.end_lineno - function.lineno + 1 - documentation


@pytest.mark.parametrize("path", ASSETS, ids=lambda path: path.name)
def test_assets_hold_no_mathematics_and_short_bodies(path: Path) -> None:
    assert not imported(path) & set(MATHEMATICS)
    for function in functions(path):
        statements = [node for node in ast.walk(function) if isinstance(node, ast.stmt)]
        assert len(statements) - 1 <= 20, f"{function.name} has {len(statements) - 1} statements"
        if any(ast.unparse(decorator).startswith("step(") for decorator in function.decorator_list):
            assert len(statements) - 1 <= 15, f"the body {function.name} has {len(statements) - 1} statements"


def test_files_and_functions_are_short_and_names_say_what_is_inside() -> None:
    paths = [*PACKAGE.rglob("*.py"), *(ROOT / "dmicc_assets_tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    assert not [path for path in paths if len(path.read_text().splitlines()) > 400]
    assert not [f"{path}: {f.name}" for path in PACKAGE.rglob("*.py") for f in functions(path) if n_lines(f) > 50]
    assert not [path for path in paths if re.match(r"(utils?|helpers?|common|misc|manager)s?\.py", path.name)]


def test_the_top_of_the_package_holds_few_modules() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 8


def test_every_module_opens_with_its_contract() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text())), path


def test_the_unit_tests_mirror_the_package() -> None:
    """Bodies of steps and what Dagster does with them run in `integration/`."""
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    folders = {path.parent.name for path in (ROOT / "dmicc_assets_tests" / "unit").glob("*/__init__.py")}
    assert folders == packages - {"assets", "orchestration"}
