"""What two diseases share in public transcriptomes: `import dmicc_assets as dm`.

The public Python interface; a name is imported on first use (PEP 562). No module of the package imports from here.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dmicc_assets.api.cohort import Cohort
    from dmicc_assets.api.contrasts import Contrasts, contrasts
    from dmicc_assets.api.differential import combat, differential_genes, limma, treat
    from dmicc_assets.api.gene_sets import camera, gsea, ora
    from dmicc_assets.api.geo import Series, read_geo
    from dmicc_assets.api.prediction import NestedCv, RocCurve, nested_cv, roc, roc_test
    from dmicc_assets.api.sample_scores import gsva, ssgsea
    from dmicc_assets.api.signature import SharedGenes, shared_genes
    from dmicc_assets.api.studies import StudyResults, open  # noqa: A004 - as `dm.open`

_MODULES = {
    "Cohort": "cohort",
    "Contrasts": "contrasts",
    "NestedCv": "prediction",
    "RocCurve": "prediction",
    "Series": "geo",
    "SharedGenes": "signature",
    "camera": "gene_sets",
    "combat": "differential",
    "contrasts": "contrasts",
    "differential_genes": "differential",
    "gsea": "gene_sets",
    "gsva": "sample_scores",
    "limma": "differential",
    "StudyResults": "studies",
    "nested_cv": "prediction",
    "open": "studies",
    "ora": "gene_sets",
    "read_geo": "geo",
    "roc": "prediction",
    "roc_test": "prediction",
    "shared_genes": "signature",
    "ssgsea": "sample_scores",
    "treat": "differential",
}

__all__ = [
    "Cohort",
    "Contrasts",
    "NestedCv",
    "RocCurve",
    "Series",
    "SharedGenes",
    "StudyResults",
    "camera",
    "combat",
    "contrasts",
    "differential_genes",
    "gsea",
    "gsva",
    "limma",
    "nested_cv",
    "open",
    "ora",
    "read_geo",
    "roc",
    "roc_test",
    "shared_genes",
    "ssgsea",
    "treat",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # it takes 30 ms to load

        return version("dmicc_assets")
    if name not in _MODULES:
        raise AttributeError(f"module 'dmicc_assets' has no attribute {name!r}")
    return getattr(import_module(f"dmicc_assets.api.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])
