"""The provider and version of each gene-set library that a study file can name."""

import re
from collections.abc import Mapping

from dmicc_assets.enrichment.providers.address import Address
from dmicc_assets.enrichment.providers.enrichr import Enrichr
from dmicc_assets.enrichment.providers.gene_ontology import GeneOntology
from dmicc_assets.enrichment.providers.msigdb import MSigDB
from dmicc_assets.enrichment.providers.provider import LibrarySource, Provider
from dmicc_assets.enrichment.providers.reactome import Reactome
from dmicc_assets.errors import RequestError
from dmicc_assets.study.schema import Enrichment

PROVIDERS: Mapping[str, Provider] = {
    "gene_ontology": GeneOntology(),
    "enrichr": Enrichr(),
    "msigdb": MSigDB(),
    "reactome": Reactome(),
    "address": Address(),
}
# name in a study file, organism: provider, name there, version
ALIASES: Mapping[tuple[str, str], tuple[str, str, str | None]] = {
    **{
        (alias, organism): ("gene_ontology", aspect, None)
        for alias, aspect in (
            ("GO_BP", "biological_process"),
            ("GO_CC", "cellular_component"),
            ("GO_MF", "molecular_function"),
        )
        for organism in ("human", "mouse", "rat")
    },
    ("KEGG", "human"): ("enrichr", "KEGG_2021_Human", None),
    ("KEGG", "mouse"): ("enrichr", "KEGG_2019_Mouse", None),
    ("HALLMARK", "human"): ("msigdb", "h.all", "2025.1.Hs"),
    ("HALLMARK", "mouse"): ("msigdb", "mh.all", "2025.1.Mm"),
    ("REACTOME", "human"): ("reactome", "ReactomePathways", None),
}
_NAMES = frozenset(alias for alias, _ in ALIASES)
_COLLECTION = re.compile(r"(?P<name>[a-z0-9][A-Za-z0-9._]*)\.v(?P<version>\d[\d.]*\.(?:Hs|Mm))(?:\.symbols(?:\.gmt)?)?")


def is_alias(name: str, enrichment: Enrichment) -> bool:
    """Whether a library is named by one of `ALIASES`, so that the provider's name of it is not the study's."""
    return enrichment.pins.get(name, name) in _NAMES


def source_of(name: str, enrichment: Enrichment) -> LibrarySource:
    """Where a library of a study comes from.

    Args:
        name: as in `enrichment.libraries`: an alias (GO_BP, KEGG, ...), a name of Enrichr's (`Reactome_2022`) or of a
            file of MSigDB's (`c2.cp.v2025.1.Hs`), or anything where `enrichment.pins` gives one of these or an address.
        enrichment: the section of the study file.

    Raises:
        RequestError: an alias that has no library of the organism.
    """
    asked = enrichment.pins.get(name, name)
    if "://" in asked:
        return LibrarySource("address", asked, enrichment.organism)
    if asked in _NAMES:
        found = ALIASES.get((asked, enrichment.organism))
        if found is None:
            raise RequestError(
                f"gene-set library {asked}: there is none of {enrichment.organism}; name one of Enrichr's or MSigDB's, "
                "or take it out of enrichment.libraries"
            )
        provider, there, version = found
        return LibrarySource(provider, there, enrichment.organism, version)
    collection = _COLLECTION.fullmatch(asked)
    if collection:
        return LibrarySource("msigdb", collection["name"], enrichment.organism, collection["version"])
    return LibrarySource("enrichr", asked, enrichment.organism)
