"""The RO-Crate of an export (https://w3id.org/ro/crate/1.1): description and provenance of each file.

Only metadata; the `rocrate` library writes it as JSON-LD.
"""

from collections.abc import Mapping, Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Any

import polars as pl

from dmicc_assets.export.tables import ExportedFile
from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.study.schema import Study

_TERMS = (
    "Results computed from public data. The terms of each source apply: NCBI GEO, TCGA through UCSC Xena, and the "
    "gene-set libraries. The software is under the MIT licence."
)

# the crate must define terms that RO-Crate 1.1 does not define
_MORE_TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}


def write_crate(
    folder: Path, study: Study, files: Sequence[ExportedFile], sources: pl.DataFrame, manifests: Sequence[Manifest]
) -> None:
    """Write `ro-crate-metadata.json` over the files of an export.

    Args:
        folder: the export with all its files.
        study: the study.
        files: every file of it.
        sources: rows of `source/files`.
        manifests: manifests of all partitions of the results.
    """
    from rocrate.model.contextentity import ContextEntity
    from rocrate.rocrate import ROCrate

    def entity(identifier: str, properties: Mapping[str, Any]) -> ContextEntity:
        made = ContextEntity(crate, identifier, properties=dict(properties))
        crate.add(made)
        return made

    crate = ROCrate(version="1.1")
    crate.metadata.extra_terms.update(_MORE_TERMS)
    crate.name = study.title
    crate.description = (
        f"The study {study.study}: data, results, figures and provenance, computed by dmicc_assets from "
        f"{', '.join(study.datasets)}"
    )
    crate.keywords = ["transcriptomics", "differential expression", *(c.title for c in study.cohorts.values())]
    crate.license = entity("#terms", {"@type": "CreativeWork", "name": "Terms of use", "description": _TERMS})
    if study.doi:
        paper = {"@type": "ScholarlyArticle", "name": study.title, "identifier": study.doi}
        crate.isBasedOn = entity(f"https://doi.org/{study.doi}", paper)
    software = entity("#dmicc_assets", _software(manifests))
    served = [entity(_source_id(row), _source(row)) for row in sources.iter_rows(named=True)]
    results = [
        crate.add_file(folder / file.path, file.path, properties=_properties(folder / file.path, file))
        for file in files
    ]
    action = {"@type": "CreateAction", "name": f"Computation of {study.study}", "endTime": _written_at(manifests)}
    run = entity("#computation", action)
    run["instrument"] = software
    run["object"] = served
    run["result"] = results
    crate.root_dataset["mentions"] = run
    crate.metadata.write(folder)


def _properties(path: Path, file: ExportedFile) -> dict[str, Any]:
    with path.open("rb") as content:
        digest = file_digest(content, "sha256").hexdigest()
    size = str(path.stat().st_size)
    return {"name": file.title, "encodingFormat": file.media_type, "contentSize": size, "sha256": digest}


def _source_id(row: Mapping[str, Any]) -> str:
    """The URL of a downloaded file; a local file has no URL that is valid elsewhere."""
    url = row["source_url"] or ""
    return url if url.startswith(("https://", "http://", "ftp://")) else f"#sha256-{row['sha256']}"


def _source(row: Mapping[str, Any]) -> dict[str, Any]:
    retrieved = row["retrieved_at"]
    stated = {
        "dateModified": row["last_modified"],
        "sdDatePublished": None if retrieved is None else retrieved.isoformat(timespec="seconds"),
    }
    return {
        "@type": "CreativeWork",
        "name": row["file"],
        "description": f"{row['role']} file of {row['dataset']}",
        "sha256": row["sha256"],
        "contentSize": str(row["n_bytes"]),
        **{name: value for name, value in stated.items() if value},
    }


def _software(manifests: Sequence[Manifest]) -> dict[str, Any]:
    versions = {name: value for manifest in manifests for name, value in manifest.versions.items()}
    libraries = [f"{name} {value}" for name, value in sorted(versions.items()) if name != "dmicc_assets"]
    return {
        "@type": "SoftwareApplication",
        "name": "dmicc_assets",
        "version": versions.get("dmicc_assets", ""),
        "softwareRequirements": libraries,
    }


def _written_at(manifests: Sequence[Manifest]) -> str:
    return max(manifest.written_at for manifest in manifests)
