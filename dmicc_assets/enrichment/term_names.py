"""One term under its identifier and its names: libraries of one origin carry identifiers, names, or both.

Enrichr's KEGG has names without identifiers, the last free KEGG identifiers without names, MSigDB names in capitals
(GOBP_RESPONSE_TO_VIRUS).
"""

import re

# Identifier and usual names of the terms that papers of this kind state; names are found without this table when the
# library has them in the same words.
TERMS: tuple[tuple[str, ...], ...] = (
    ("GO:0009615", "response to virus"),
    ("GO:0051607", "defense response to virus"),
    ("GO:0140546", "defense response to symbiont"),
    ("GO:0003725", "double-stranded RNA binding"),
    ("GO:0042379", "chemokine receptor binding"),
    ("GO:0008009", "chemokine activity"),
    ("GO:0009636", "response to toxic substance"),
    ("GO:0098754", "detoxification"),
    ("GO:0098869", "cellular oxidant detoxification"),
    ("GO:0062023", "collagen-containing extracellular matrix"),
    ("GO:0016209", "antioxidant activity"),
    ("GO:0019825", "oxygen binding"),
    ("hsa05171", "Coronavirus disease - COVID-19", "Coronavirus disease", "COVID-19"),
    ("hsa05164", "Influenza A"),
    ("hsa05160", "Hepatitis C"),
    ("hsa04512", "ECM-receptor interaction"),
    ("hsa00830", "Retinol metabolism"),
)
_LIBRARY = re.compile(r"^(gobp|gocc|gomf|go|kegg(_medicus)?|reactome|hallmark|wp)_")
_SPECIES = re.compile(r"\s+[-–(]?\s*(homo sapiens|mus musculus|rattus norvegicus)\b.*$")
_ORGANISM = re.compile(r"^(?:hsa|mmu|rno|map|ko|path:(?:hsa|mmu|rno|map)):?(?=\d{5}$)")


def plain_term(text: str) -> str:
    """A term in one spelling: no case, library prefix, species or punctuation; a KEGG identifier without organism.

    Examples:
        >>> plain_term("GOBP_RESPONSE_TO_VIRUS")
        'response to virus'
        >>> plain_term("hsa05171")
        'kegg 05171'
    """
    text = text.strip().casefold()
    if _ORGANISM.match(text):
        return f"kegg {text[-5:]}"
    text = _SPECIES.sub("", _LIBRARY.sub("", text) if " " not in text else text)
    return " ".join(re.findall(r"[a-z0-9]+", text))


def spellings(term: str) -> frozenset[str]:
    """Every plain spelling under which a library may have a term, given by its identifier or by a name."""
    wanted = plain_term(term)
    return _SAME.get(wanted, frozenset()) | {wanted}


_SAME = {plain_term(name): frozenset(map(plain_term, names)) for names in TERMS for name in names}
