"""Simulated platforms: probes, annotated symbols, and measured intensities.

No file formats here (`files.py`), and no choice of datasets (`mirror.py`).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from dmicc_assets.simulation.biology import IndexArray
from dmicc_assets.types import BoolArray, FloatArray

N_CONTROL_PROBES = 24
CONTROL_LEVEL = 9.0
# Smallest and largest intensity of an array, log2.
BACKGROUND, SATURATION = 2.0, 16.0


@dataclass(frozen=True)
class Platform:
    """A simulated array.

    Attributes:
        accession: SIMP and a number.
        title: its title.
        probes: the P probe ids.
        symbols: (P) what the annotation says: a symbol, several, or none in one of the ways of GEO's annotations.
        gene: (P,) index of the gene that a probe reads, -1 for a control probe.
        offset: (P,) the probe's affinity, log2.
        is_clean: (P,) True when the annotation names exactly the gene that is read.
        has_numeric_ids: ids that GEO writes without quotes, as those of GPL6244.
    """

    accession: str
    title: str
    probes: tuple[str, ...]
    symbols: tuple[str, ...]
    gene: IndexArray
    offset: FloatArray
    is_clean: BoolArray
    has_numeric_ids: bool

    @property
    def quoted_ids(self) -> list[str]:
        """First cells of the rows of a series matrix on this platform."""
        return [probe if self.has_numeric_ids and probe.isdigit() else f'"{probe}"' for probe in self.probes]


def draw_platform(
    rng: np.random.Generator,
    accession: str,
    title: str,
    genes: tuple[str, ...],
    required: BoolArray,
    *,
    drop: float,
    ids: Literal["affymetrix", "numeric"],
    mangled: str,
) -> Platform:
    """Draw a platform's probes.

    Args:
        rng: random generator.
        accession: the platform's accession.
        title: its title.
        genes: the G symbols that exist.
        required: (G,) genes that the platform must measure.
        drop: share of the other genes that it does not.
        ids: how its probes are named.
        mangled: the date that a spreadsheet made of one symbol.
    """
    measured = np.flatnonzero(required | (rng.random(len(genes)) >= drop))
    clean = np.repeat(measured, rng.choice([1, 2, 3], measured.size, p=[0.72, 0.2, 0.08]))
    several = rng.choice(measured, len(genes) // 25)
    unmapped = rng.choice(measured, len(genes) // 15)
    symbols = [genes[i] for i in clean.tolist()]
    for n, first in enumerate(several.tolist()):
        other = genes[int(rng.choice(measured))]
        symbols.append(f"{genes[first]}{' /// ' if n % 2 else '///'}{other}")
    symbols += ["---" if n % 4 == 0 else "" for n in range(unmapped.size)]
    gene = np.concatenate([clean, several, unmapped, [measured[0]], np.full(N_CONTROL_PROBES + 1, -1)])
    symbols += [mangled, *[""] * (N_CONTROL_PROBES + 1)]
    n_genes = gene.size - N_CONTROL_PROBES - 1
    order = rng.permutation(n_genes)
    gene[:n_genes] = gene[order]
    symbols[:n_genes] = [symbols[i] for i in order]
    names = [str(7900001 + 3 * i) if ids == "numeric" else _affymetrix_id(i, symbols[i]) for i in range(n_genes)]
    # GSE15197 has a probe that is called NA.
    names += [*(f"AFFX-SIM{i:02d}-{'5M3'[i % 3]}_at" for i in range(N_CONTROL_PROBES)), "NA"]
    is_clean = np.array([i >= 0 and symbol == genes[i] for i, symbol in zip(gene.tolist(), symbols, strict=True)], bool)
    offset = rng.normal(0.0, 0.6, gene.size)
    return Platform(accession, title, tuple(names), tuple(symbols), gene, offset, is_clean, ids == "numeric")


def _affymetrix_id(i: int, symbol: str) -> str:
    return f"{200001 + i}{'_s' if '/' in symbol else ''}_at"


def read_probes(rng: np.random.Generator, platform: Platform, expression: FloatArray) -> FloatArray:
    """Measured intensities, log2: expression of the gene, affinity of the probe, noise, and brightness of each array.

    Args:
        rng: where the noise comes from.
        platform: the P probes.
        expression: (G, N) log2.

    Returns:
        (P, N) log2 intensities.
    """
    n = int(expression.shape[1])
    signal = expression[platform.gene]
    signal[platform.gene < 0] = CONTROL_LEVEL
    probe_noise: FloatArray = rng.normal(0.0, 0.15, (platform.gene.size, n))
    brightness: FloatArray = rng.normal(0.0, 0.15, (1, n))
    read: FloatArray = signal + platform.offset[:, None] + probe_noise + brightness
    return np.minimum(np.log2(2.0**read + 2.0**BACKGROUND), SATURATION)
