"""Writes the software bill of materials of requirements.lock (CycloneDX 1.6) to standard output: `make sbom`.

Every package with its version, the hashes of its files and what needs it. Nothing is downloaded.
"""

import json
import re
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

LOCK = Path(__file__).parent.parent / "requirements.lock"
_PACKAGE = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^]]*\])?==(?P<version>[^ ;\\]+)(?: ; (?P<marker>[^\\]+))?")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_NEEDED_BY = re.compile(r"^ {4}#(?: via)? {1,3}([A-Za-z0-9][\w.-]*)")
OURS = "dmicc-assets"


def bill_of_materials(lock: str) -> dict[str, Any]:
    """The bill of materials of a lock, as JSON-able data; equal locks give equal bills."""
    parts: list[dict[str, Any]] = []
    needs: dict[str, set[str]] = {}
    for line in lock.splitlines():
        if match := _PACKAGE.match(line):
            purl = f"pkg:pypi/{match['name'].lower()}@{match['version']}"
            part: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": match["name"]}
            part |= {"version": match["version"], "purl": purl, "hashes": []}
            if match["marker"]:
                part["properties"] = [{"name": "marker", "value": match["marker"].strip()}]
            parts.append(part)
        for digest in _HASH.findall(line):
            parts[-1]["hashes"].append({"alg": "SHA-256", "content": digest})
        if (match := _NEEDED_BY.match(line)) and parts:
            needs.setdefault(match[1].lower(), set()).add(parts[-1]["bom-ref"])
    ours = {"type": "application", "bom-ref": OURS, "name": OURS, "version": version("dmicc_assets")}
    refs = {OURS: OURS} | {part["name"].lower(): part["bom-ref"] for part in parts}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, lock)}",
        "version": 1,
        "metadata": {"component": ours},
        "components": parts,
        "dependencies": [
            {"ref": refs[name], "dependsOn": sorted(needed)} for name, needed in sorted(needs.items()) if name in refs
        ],
    }


if __name__ == "__main__":
    json.dump(bill_of_materials(LOCK.read_text(encoding="utf-8")), sys.stdout, indent=1)
