"""The software bill of materials names every package of the lock, with its version and hashes."""

import importlib.util
import re
from typing import Any

from dmicc_assets_tests.conftest import ROOT


def bill() -> tuple[str, dict[str, Any]]:
    spec = importlib.util.spec_from_file_location("sbom", ROOT / "tools" / "sbom.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    lock = module.LOCK.read_text(encoding="utf-8")
    return lock, module.bill_of_materials(lock)


def test_every_package_of_the_lock_is_named_once_with_all_its_hashes() -> None:
    lock, found = bill()
    pinned = re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==([^ \\]+)", lock, re.MULTILINE)
    assert [(part["name"], part["version"]) for part in found["components"]] == pinned
    assert len(pinned) > 100
    assert sum(len(part["hashes"]) for part in found["components"]) == lock.count("--hash=sha256:")
    assert all(part["hashes"] for part in found["components"])


def test_what_needs_what_is_in_it() -> None:
    _, found = bill()
    needs = {one["ref"].split("@")[0].removeprefix("pkg:pypi/"): one["dependsOn"] for one in found["dependencies"]}
    assert any(ref.startswith("pkg:pypi/dagster@") for ref in needs["dmicc-assets"])
    assert any(ref.startswith("pkg:pypi/alembic@") for ref in needs["dagster"])
    refs = {part["bom-ref"] for part in found["components"]}
    assert {ref for each in needs.values() for ref in each} <= refs
