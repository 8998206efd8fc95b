"""The servers that the built-in study dm_icc asks, on loopback, with series of the paper's sizes and planted genes.

Public facts of 2026, without the real values: GSE46239 has 48 + 4 arrays (GPL570), GSE1551 13 + 10 (GPL96), GSE32225
149 + 6 in linear units with titles Ctrl_*, CCBCN*, CCM* and CCNY* (GPL8432), TCGA-CHOL 36 + 9 (Xena's hub on S3).
Sources: public scripts and reports on these series and Zhang & Chen 2023 (10.3389/fonc.2023.1206043), read on
2026-11-28. GO's files have the names of its release of 2026-06-19 (go-announcements 1153 and 1163). The wording of the
first two series' labels is not known: `Words` has some.
"""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from dmicc_assets.study.loading import study_files
from dmicc_assets_tests.worlds.gene_set_providers import GeneSetProviders, gaf_row
from dmicc_assets_tests.worlds.small_mirror import (
    annot_text,
    family_text,
    matrix_text,
    write_annot,
    write_family,
    write_gzip,
    write_matrix,
)

# Name, identifier and aspect of each term that the paper states; the genes of a set lie side by side in the universe.
GO_TERMS = (
    ("response to virus", "GO:0009615", "P", "dm"),
    ("defense response to virus", "GO:0051607", "P", "dm"),
    ("defense response to symbiont", "GO:0140546", "P", "dm"),
    ("double-stranded RNA binding", "GO:0003725", "F", "dm"),
    ("chemokine receptor binding", "GO:0042379", "F", "dm"),
    ("chemokine activity", "GO:0008009", "F", "dm"),
    ("response to toxic substance", "GO:0009636", "P", "icc"),
    ("detoxification", "GO:0098754", "P", "icc"),
    ("cellular oxidant detoxification", "GO:0098869", "P", "icc"),
    ("collagen-containing extracellular matrix", "GO:0062023", "C", "icc"),
    ("antioxidant activity", "GO:0016209", "F", "icc"),
    ("oxygen binding", "GO:0019825", "F", "icc"),
)
KEGG_TERMS = {
    "Coronavirus disease": "dm",
    "Influenza A": "dm",
    "Hepatitis C": "dm",
    "ECM-receptor interaction": "icc",
    "Retinol metabolism": "icc",
}
_NAMESPACES = {"P": "biological_process", "C": "cellular_component", "F": "molecular_function"}
# Log2 fold changes in dermatomyositis and in cholangiocarcinoma, with the directions that the paper states.
SHARED = {"PARP12": (3, 3), "MT1M": (3, -3), "HERC6": (1.8, 1.8), "SPP1": (1.8, 1.8), "SLC47A1": (1.8, -1.8)}
N_OF_EACH, N_OTHERS, SET_SIZE = 30, 200, 14
GENES = [
    *SHARED,
    *(f"DMG{i}" for i in range(N_OF_EACH)),
    *(f"ICCG{i}" for i in range(N_OF_EACH)),
    *(f"OTHER{i}" for i in range(N_OTHERS)),
]
MEMBERS = {"dm": GENES[5 : 5 + N_OF_EACH], "icc": GENES[5 + N_OF_EACH : 5 + 2 * N_OF_EACH], "none": GENES[-N_OTHERS:]}
KEGG_PATH = "/enrichr/Enrichr/geneSetLibrary?mode=text&libraryName=KEGG_2021_Human"


@dataclass(frozen=True)
class Words:
    """How the submitters call their samples, which nobody here has seen.

    Attributes:
        skin: a characteristic of the cases and of the controls of GSE46239.
        muscle: titles of the cases and of the controls of GSE1551, without their numbers.
    """

    skin: tuple[str, str] = ("disease state: DM", "disease state: healthy control")
    muscle: tuple[str, str] = ("dermatomyositis muscle", "normal muscle")


def write_mirror(root: Path, words: Words | None = None) -> None:
    """GEO's tree, acc.cgi's texts and Xena's bucket below `root`."""
    words = words or Words()
    skin = [words.skin[0]] * 48 + [words.skin[1]] * 4
    titles = [f"skin {i}" for i in range(52)]
    _write_series(root, "GSE46239", "GPL570", _log2(48, 4, 0, 1), titles, skin)
    titles = [f"{words.muscle[0]} {i}" for i in range(13)] + [f"{words.muscle[1]} {i}" for i in range(10)]
    _write_series(root, "GSE1551", "GPL96", _log2(13, 10, 0, 2), titles, ["tissue: muscle"] * 23)
    titles = [f"{centre}{i}" for centre, n in (("CCBCN", 50), ("CCM", 50), ("CCNY", 49)) for i in range(1, n + 1)]
    titles += [f"Ctrl_{i}" for i in range(1, 7)]
    linear = np.round(2 ** _log2(149, 6, 1, 3), 3)
    _write_series(root, "GSE32225", "GPL8432", linear, titles, ["tissue: liver"] * 155)
    _write_tcga(root, _log2(36, 9, 1, 4))


def _log2(n_cases: int, n_controls: int, disease: int, seed: int) -> NDArray[np.float64]:
    """Log2 values, cases first; `disease` is 0 (dermatomyositis) or 1 (cholangiocarcinoma)."""
    values = np.random.default_rng(seed).normal(8.0, 0.5, (len(GENES), n_cases + n_controls))
    own = MEMBERS[("dm", "icc")[disease]]
    effects = dict.fromkeys(own, 2.0) | {gene: signs[disease] for gene, signs in SHARED.items()}
    for gene, effect in effects.items():
        values[GENES.index(gene), :n_cases] += effect
    return np.round(values, 4)


def _write_series(
    root: Path, accession: str, platform: str, values: NDArray[np.float64], titles: Sequence[str], row: Sequence[str]
) -> None:
    samples = [f"GSM{int(accession[3:]) * 1000 + i}" for i in range(len(titles))]
    probes = {f"{platform}_{i}_at": gene for i, gene in enumerate(GENES)}
    text = matrix_text(
        accession, platform, values, samples=samples, titles=titles, characteristics=[row], probes=list(probes)
    )
    write_matrix(root, accession, platform, text)
    if platform != "GPL8432":
        write_annot(root, platform, annot_text(platform, probes))
        return
    tables = {platform: {sample: dict.fromkeys(probes, "1") for sample in samples[:2]}}  # no annotation by NCBI
    soft = family_text(accession, tables, {platform: probes})
    write_family(root, accession, soft)
    (root / "acc").mkdir()
    head = f"^PLATFORM = {platform}\n!Platform_last_update_date = May 02 2018\n"
    table = soft[soft.index("#ID = ") : soft.index("^SAMPLE")]
    (root / "acc" / f"{platform}.self.brief.txt").write_text(head)
    (root / "acc" / f"{platform}.self.full.txt").write_text(head + table)


def _write_tcga(root: Path, values: NDArray[np.float64]) -> None:
    people = [f"TCGA-W5-AA{i:02d}" for i in range(36)]
    samples = [f"{each}-01" for each in people] + [f"{each}-11" for each in people[:9]]
    rows = ["\t".join(["sample", *samples])]
    rows += ["\t".join([gene, *map(str, row)]) for gene, row in zip(GENES, values, strict=True)]
    write_gzip(root / "xena" / "TCGA.CHOL.sampleMap" / "HiSeqV2.gz", "\n".join(rows) + "\n")


def paper_providers() -> GeneSetProviders:
    """Enrichr and GO with the terms that the paper states, and some that hold no gene of either disease."""
    world = GeneSetProviders()
    world.served |= {
        "/go/ontology/go-basic.obo": _ontology().encode(),
        "/go/annotations/gaf/HUMAN-uniprot.gaf.gz": gzip.compress(_annotations().encode()),
        KEGG_PATH: _kegg().encode(),
    }
    return world


def _members(kind: str, first: int) -> list[str]:
    genes = MEMBERS[kind]
    return [genes[(first * 3 + i) % len(genes)] for i in range(SET_SIZE)] + GENES[-3:]


def _terms() -> list[tuple[str, str, str, list[str]]]:
    """Name, identifier, aspect and genes of each term."""
    stated = [(name, term, code, _members(kind, i)) for i, (name, term, code, kind) in enumerate(GO_TERMS)]
    others = [(f"other process {i}", f"GO:{7000000 + i}", "PFC"[i % 3], _members("none", 5 * i)) for i in range(12)]
    return stated + others


def _ontology() -> str:
    lines = ["format-version: 1.2", "data-version: releases/2026-06-19", "ontology: go/go-basic.obo", ""]
    for name, term, code, _ in _terms():
        lines += ["[Term]", f"id: {term}", f"name: {name}", f"namespace: {_NAMESPACES[code]}", ""]
    return "\n".join(lines)


def _annotations() -> str:
    rows = [gaf_row(gene, term, code) for _, term, code, genes in _terms() for gene in genes]
    return "\n".join(["!gaf-version: 2.2", *rows]) + "\n"


def _kegg() -> str:
    sets: Mapping[str, list[str]] = {name: _members(kind, i) for i, (name, kind) in enumerate(KEGG_TERMS.items())}
    sets |= {f"Other pathway {i}": _members("none", 7 * i) for i in range(5)}
    return "".join("\t".join([name, "", *genes]) + "\n" for name, genes in sets.items())


def write_quick_study(folder: Path, **changes: object) -> None:
    """The built-in study dm_icc with few repeats and small forests; all else as it is."""
    study = yaml.safe_load(study_files([])["dm_icc"].read_text(encoding="utf-8"))
    study["rigor"] = {"permutations": 3, "bootstraps": 3, "random_signatures": 10, "repeats": 1}
    study["ranking"] |= {"trees": 40, "folds": 3}
    study["model"] |= {"bootstrap": 5}
    folder.mkdir()
    (folder / "dm_icc.yaml").write_text(yaml.safe_dump(study | changes, sort_keys=False, allow_unicode=True))
