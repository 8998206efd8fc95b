"""The files from which a dataset's human orthologues are read: the study's own table, or NCBI's three.

NCBI's gene_orthologs (public domain, some 100 MB) pairs gene ids; of it only the rows of one species are kept.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from dmicc_assets.errors import RequestError
from dmicc_assets.expression.orthologues import Orthologues
from dmicc_assets.geo.formats.orthologue_tables import (
    ncbi_orthologues,
    orthologue_part,
    read_orthologue_table,
    verify_gene_info,
    verify_pairs,
)
from dmicc_assets.geo.http.cache import SourceFile
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.wanted import Get, Wanted, needed
from dmicc_assets.study.dataset_parts import SPECIES
from dmicc_assets.study.schema import Dataset

_TAXA = {"Mus musculus": "10090", "Rattus norvegicus": "10116"}
_HUMAN = "Homo sapiens"


def visit_orthologues(
    name: str, spec: Dataset, organisms: Sequence[str], client: GeoClient, study_folder: Path, get: Get
) -> None:
    """Visit what a dataset's human symbols are read from; nothing where it has them or the study asks for none.

    Args:
        name: the dataset's name.
        spec: its section of the study file.
        organisms: of its samples, as the source says.
        client: reads from NCBI or the disk.
        study_folder: folder to which the study's own table is relative.
        get: downloads or observes a file.

    Raises:
        RequestError: the species is not known, or one of which NCBI's files are not used.
        NotServedError: a file is not there.
    """
    if spec.symbols != "human_orthologues":
        return
    if spec.orthologues is not None and spec.orthologues not in SPECIES:
        path = (study_folder / spec.orthologues).resolve()
        needed(name, Wanted("orthologues", [path.as_uri()], read_orthologue_table), get)
        return
    if spec.orthologues is None and list(organisms) == [_HUMAN]:
        return
    species = _species(name, spec, organisms)
    taxon = _TAXA[species]
    pairs = f"{client.gene_url}/gene_orthologs.gz#{taxon}"
    take = partial(orthologue_part, taxon=taxon)
    needed(name, Wanted("orthologues", [pairs], verify_pairs, f"gene_orthologs_{taxon}.tsv", take=take), get)
    for role, organism in (("gene_info", species), ("human_gene_info", _HUMAN)):
        url = f"{client.gene_url}/GENE_INFO/Mammalia/{organism.replace(' ', '_')}.gene_info.gz"
        needed(name, Wanted(role, [url], verify_gene_info), get)


def read_orthologues(spec: Dataset, files: Mapping[str, SourceFile]) -> Orthologues | None:
    """The orthologues of a dataset, from its files by role; None where its symbols stay.

    Raises:
        SourceError: a file is damaged.
    """
    if spec.symbols != "human_orthologues" or "orthologues" not in files:
        return None
    if "gene_info" in files:
        paths = (files[role].path for role in ("orthologues", "gene_info", "human_gene_info"))
        return ncbi_orthologues(*paths)
    return read_orthologue_table(files["orthologues"].path)


def _species(name: str, spec: Dataset, organisms: Sequence[str]) -> str:
    """The species whose symbols are replaced: that of the study file, else the only one of the samples."""
    if spec.orthologues is not None:
        return SPECIES[spec.orthologues]
    found = organisms[0] if len(organisms) == 1 else ""
    if found in _TAXA:
        return found
    said = f"its samples are of {', '.join(organisms)}" if organisms else "its source does not say the organism"
    raise RequestError(
        f"{name}: {said}: say whose symbols are to be replaced, `orthologues: mouse` or `orthologues: rat`; for "
        "another species name a table of its symbols and the human ones, `orthologues: my_table.tsv`"
    )
