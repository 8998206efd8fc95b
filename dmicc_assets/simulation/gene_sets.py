"""Simulated gene-set libraries: sets drawn at random from modules, and sets of the genes that change.

Names and identifiers are invented: none is from the Gene Ontology or KEGG.
"""

from typing import NamedTuple

import numpy as np

from dmicc_assets.simulation.biology import N_MODULES, RESPONSES, Biology, response_genes

N_SETS = {"GO_BP": 100, "GO_CC": 40, "GO_MF": 40, "KEGG": 40}
KINDS = {"GO_BP": "process", "GO_CC": "component", "GO_MF": "function", "KEGG": "pathway"}


class PlantedTerm(NamedTuple):
    """A set made of the moved genes of one response (an index into RESPONSES)."""

    library: str
    response: int
    name: str


PLANTED_TERMS = (
    PlantedTerm("GO_BP", 0, "simulated response to virus"),
    PlantedTerm("GO_BP", 3, "simulated muscle contraction"),
    PlantedTerm("GO_MF", 0, "simulated RNA binding"),
    PlantedTerm("KEGG", 1, "simulated influenza"),
    PlantedTerm("GO_BP", 8, "simulated detoxification"),
    PlantedTerm("GO_CC", 5, "simulated matrix"),
    PlantedTerm("GO_MF", 9, "simulated oxygen binding"),
    PlantedTerm("KEGG", 6, "simulated matrix interaction"),
)


def draw_gene_sets(
    rng: np.random.Generator, biology: Biology
) -> tuple[dict[str, dict[str, list[str]]], dict[str, dict[str, list[str]]]]:
    """Draw every library.

    Returns:
        The libraries: for each its sets by the name as it stands in the GMT file; and the planted terms: for each
        cohort and library the identifiers of the sets made of moved genes.
    """
    moving = {response.module for response in RESPONSES}
    still = [module for module in range(N_MODULES) if module not in moving]
    libraries: dict[str, dict[str, list[str]]] = {}
    planted: dict[str, dict[str, list[str]]] = {}
    for library, n_sets in N_SETS.items():
        sets: dict[str, list[str]] = {}
        for term in (term for term in PLANTED_TERMS if term.library == library):
            response = RESPONSES[term.response]
            moved, unmoved = response_genes(biology, response)
            members = np.concatenate([moved, rng.choice(unmoved, 6, replace=False), _anywhere(rng, biology, 6)])
            identifier, name = _names(library, len(sets), term.name)
            sets[name] = _symbols(biology, members)
            planted.setdefault(response.cohort, {}).setdefault(library, []).append(identifier)
        while len(sets) < n_sets:
            size = int(rng.integers(12, 80))
            module = np.flatnonzero(biology.module == rng.choice(still))
            inside = rng.choice(module, min(module.size, size // 2), replace=False)
            _, name = _names(library, len(sets), f"simulated {KINDS[library]} {len(sets) + 1}")
            sets[name] = _symbols(biology, np.concatenate([inside, _anywhere(rng, biology, size - inside.size)]))
        libraries[library] = sets
    return libraries, planted


def _anywhere(rng: np.random.Generator, biology: Biology, n: int) -> np.ndarray:
    return rng.choice(len(biology.genes), n, replace=False)


def _symbols(biology: Biology, members: np.ndarray) -> list[str]:
    return [biology.genes[i] for i in sorted(set(members.tolist()))]


def _names(library: str, n: int, name: str) -> tuple[str, str]:
    """Identifier of a set, and its name in the file: GO's with the identifier behind, KEGG's the identifier alone."""
    if library == "KEGG":
        return f"sim{n + 10:05d}", f"sim{n + 10:05d}"
    identifier = f"SIM:{list(N_SETS).index(library) + 1}{n + 1:06d}"
    return identifier, f"{name} ({identifier})"
