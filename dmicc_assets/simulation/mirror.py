"""A simulated GEO mirror of the shape of Zhang & Chen's study (doi:10.3389/fonc.2023.1206043) with a planted truth.

Series, platforms, gene sets and the external matrix are defined here; genes and effects in `biology.py`, formats in
`files.py`. All data are invented: accessions are SIM, SIMP and SIMS.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dmicc_assets.simulation.biology import N_BIOMARKERS, N_GENES, Biology, draw_biology, draw_expression
from dmicc_assets.simulation.files import (
    MISSING,
    annotation_path,
    annotation_text,
    contact_lines,
    gmt_text,
    number_lines,
    series_matrix_path,
    series_matrix_text,
    write_gzip,
    xena_text,
)
from dmicc_assets.simulation.gene_sets import draw_gene_sets
from dmicc_assets.simulation.planted_truth import Truth, write_truth
from dmicc_assets.simulation.platform import Platform, draw_platform, read_probes
from dmicc_assets.simulation.samples import Fields, duct_samples, muscle_samples, sample_block, skin_samples
from dmicc_assets.types import FloatArray

XENA_MATRIX = "SIM.EXT.sampleMap/HiSeqV2"
N_TUMOURS, N_NORMALS = 36, 9
DECIMALS_LOG2, DECIMALS_LINEAR = 3, 1


@dataclass(frozen=True)
class Measured:
    """One series matrix: its accession, platform, samples with labels, their description and probe values."""

    accession: str
    platform: Platform
    samples: tuple[str, ...]
    labels: tuple[str, ...]
    described: Fields
    values: FloatArray


def simulate_mirror(folder: Path, seed: int = 1) -> Truth:
    """Write a simulated mirror: `geo/`, `xena/`, `gene_sets/` and `truth.json`.

    Disease A is in two series on two platforms, SIM101 (48 cases, 4 healthy) and SIM102-SIMP2 (13 cases, 10 healthy,
    5 of a third label, linear scale); disease B in SIM201 (149 cases, 6 normal); SIM-EXT is disease B outside (36
    tumours, 9 normals, all of patients with a tumour too). The same seed writes the same bytes.

    Args:
        folder: where the mirror is written; made when missing, files of the same name are replaced.
        seed: what everything is drawn from.

    Returns:
        What was planted.
    """
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(8)]
    biology = draw_biology(streams[0])
    platforms = _draw_platforms(streams[1], biology)
    geo = folder / "geo"
    for platform in platforms.values():
        text = annotation_text(platform.accession, platform.title, "Sep 01 2018", platform.probes, platform.symbols)
        write_gzip(annotation_path(geo, platform.accession), text)
    labels = {
        "SIM101": _write_skin(streams[2], geo, biology, platforms["SIMP1"]),
        "SIM102-SIMP2": _write_muscle(streams[3], geo, biology, platforms),
        "SIM201": _write_duct(streams[4], geo, biology, platforms["SIMP3"]),
        "SIM-EXT": _write_external(streams[5], folder / "xena", biology),
    }
    libraries, terms = draw_gene_sets(streams[6], biology)
    for name, sets in libraries.items():
        path = folder / "gene_sets" / f"{name}.gmt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(gmt_text(sets, "simulated"), encoding="utf-8", newline="\n")
    biomarkers = sorted(biology.genes[int(i)] for i in biology.shared[:N_BIOMARKERS])
    truth = Truth(seed, {cohort: biology.moved(cohort) for cohort in biology.log_fc}, biomarkers, terms, labels)
    write_truth(truth, folder / "truth.json")
    return truth


def _draw_platforms(rng: np.random.Generator, biology: Biology) -> dict[str, Platform]:
    genes, planted = biology.genes, biology.is_planted
    return {
        "SIMP1": draw_platform(
            rng, "SIMP1", "Simulated array 1", genes, planted, drop=0.04, ids="affymetrix", mangled="1-Mar"
        ),
        "SIMP2": draw_platform(
            rng, "SIMP2", "Simulated array 2", genes, planted, drop=0.10, ids="affymetrix", mangled="44256"
        ),
        "SIMP3": draw_platform(
            rng, "SIMP3", "Simulated beads", genes, planted, drop=0.06, ids="numeric", mangled="2-Sep"
        ),
    }


def _shuffled(rng: np.random.Generator, counts: dict[str, int]) -> tuple[str, ...]:
    return tuple(rng.permutation([label for label, n in counts.items() for _ in range(n)]).tolist())


def _measure(
    rng: np.random.Generator, biology: Biology, platform: Platform, cohort: str, labels: tuple[str, ...], case: str
) -> FloatArray:
    """Log2 probe values of samples with these labels; the series has its own tissue and laboratory."""
    shift = rng.normal(0.0, 1.0, N_GENES)
    is_case = np.array([label == case for label in labels])
    return read_probes(rng, platform, draw_expression(rng, biology, cohort, is_case, shift=shift))


def _write_series(
    geo: Path,
    measured: Measured,
    *,
    title: str,
    summary: str,
    decimals: int = DECIMALS_LOG2,
    others: tuple[str, ...] = (),
    platforms: tuple[str, ...] = (),
) -> dict[str, str]:
    """Write one series matrix; with several `platforms` its file names its own, and `others` are their samples.

    The series was revised in 2019 and one sample in 2018: in GEO the two dates differ (GSE4107).
    """
    header = [
        ("title", title),
        ("geo_accession", measured.accession),
        ("status", "Public on Feb 21 2014"),
        ("submission_date", "Feb 20 2014"),
        ("last_update_date", "Mar 25 2019"),
        ("summary", summary),
        ("summary", "Nothing of it was measured: everything was drawn at random from a seed."),
        ("type", "Expression profiling by array"),
        ("sample_id", " ".join([*measured.samples, *others]) + " "),
        *contact_lines(),
        *(("platform_id", name) for name in platforms or (measured.platform.accession,)),
        ("platform_taxid", "9606"),
        ("sample_taxid", "9606"),
        ("relation", f"BioProject: {measured.accession.replace('SIM', 'SIMPRJ')}"),
    ]
    samples = sample_block(measured.samples, measured.platform.accession, measured.described, updated="Aug 28 2018")
    rows = number_lines(measured.platform.quoted_ids, measured.values, decimals, MISSING)
    text = series_matrix_text(header, samples, measured.samples, rows)
    name = measured.platform.accession if platforms else None
    write_gzip(series_matrix_path(geo, measured.accession, name), text)
    return dict(zip(measured.samples, measured.labels, strict=True))


def _write_skin(rng: np.random.Generator, geo: Path, biology: Biology, platform: Platform) -> dict[str, str]:
    labels = _shuffled(rng, {"simulosis": 48, "healthy": 4})
    samples = tuple(f"SIMS{101001 + i}" for i in range(len(labels)))
    described = skin_samples(rng, labels, range(1, len(labels) + 1))
    values = _measure(rng, biology, platform, "disease_a", labels, "simulosis")
    _lose_cells(rng, biology, platform, values, 10)
    measured = Measured("SIM101", platform, samples, labels, described, values)
    # GSE55235: curly quotes in the summary.
    summary = "Skin of patients with ‘dermal simulosis’, a disease that does not exist."
    return _write_series(geo, measured, title="Simulated skin", summary=summary)


def _write_muscle(
    rng: np.random.Generator, geo: Path, biology: Biology, platforms: dict[str, Platform]
) -> dict[str, str]:
    """A series on two platforms (as GSE14520), on a linear scale; four samples of it are on the first platform."""
    labels = _shuffled(rng, {"simulosis": 13, "healthy": 10, "other_myopathy": 5})
    also = ("healthy",) * 4
    samples = tuple(f"SIMS{102001 + i}" for i in range(len(labels) + len(also)))
    n = len(labels)
    parts: list[Measured] = []
    for accession, names, given in (("SIMP2", samples[:n], labels), ("SIMP1", samples[n:], also)):
        first = 1 if accession == "SIMP2" else n + 1
        described = muscle_samples(rng, given, range(first, first + len(given)))
        values = 2.0 ** _measure(rng, biology, platforms[accession], "disease_a", given, "simulosis")
        parts.append(Measured("SIM102", platforms[accession], names, given, described, values))
    _below_background(rng, biology, parts[0].platform, parts[0].values, 12)
    written = [
        _write_series(
            geo,
            part,
            title="Simulated muscle",
            summary="Muscle “on two arrays”, background subtracted.",
            decimals=DECIMALS_LINEAR,
            others=tuple(name for name in samples if name not in part.samples),
            platforms=("SIMP2", "SIMP1"),
        )
        for part in parts
    ]
    return written[0]


def _write_duct(rng: np.random.Generator, geo: Path, biology: Biology, platform: Platform) -> dict[str, str]:
    labels = _shuffled(rng, {"carcinoma": 149, "normal": 6})
    samples = tuple(f"SIMS{201001 + i}" for i in range(len(labels)))
    described = duct_samples(rng, labels, range(1, len(labels) + 1))
    values = _measure(rng, biology, platform, "disease_b", labels, "carcinoma")
    _lose_cells(rng, biology, platform, values, 12)
    measured = Measured("SIM201", platform, samples, labels, described, values)
    # GSE781: ^M inside old metadata.
    summary = "Simulated ducts.\rThe line before ends as on an old machine.\r"
    return _write_series(geo, measured, title="Simulated bile ducts", summary=summary)


def _lose_cells(rng: np.random.Generator, biology: Biology, platform: Platform, values: FloatArray, n: int) -> None:
    """Make n cells missing, none of a gene that moves."""
    still = np.flatnonzero(platform.is_clean & ~biology.is_planted[platform.gene])
    values[rng.choice(still, n, replace=False), rng.integers(0, values.shape[1], n)] = np.nan


def _below_background(
    rng: np.random.Generator, biology: Biology, platform: Platform, values: FloatArray, n: int
) -> None:
    """Put n cells of dark probes at or below zero, as background subtraction does; none of a gene that moves."""
    still = np.flatnonzero(platform.is_clean & ~biology.is_planted[platform.gene])
    dark = still[np.argsort(np.median(values[still], axis=1), kind="stable")[: 10 * n]]
    values[rng.choice(dark, n, replace=False), rng.integers(0, values.shape[1], n)] = np.linspace(-6.0, 0.0, n)


def _write_external(rng: np.random.Generator, xena: Path, biology: Biology) -> dict[str, str]:
    """Disease B as a Xena matrix; normal samples come from patients with a tumour sample, as in TCGA-CHOL."""
    patient = np.concatenate([np.arange(N_TUMOURS), np.sort(rng.choice(N_TUMOURS, N_NORMALS, replace=False))])
    is_case = np.arange(N_TUMOURS + N_NORMALS) < N_TUMOURS
    shift = rng.normal(0.0, 1.0, N_GENES)
    values = draw_expression(rng, biology, "disease_b", is_case, shift=shift, patient=patient, effect=0.9)
    measured = np.flatnonzero(biology.is_planted | (rng.random(N_GENES) >= 0.03))
    only_here = [f"SIMG{9001 + i}" for i in range(60)]
    values = np.vstack([values[measured], rng.normal(5.0, 3.0, (len(only_here), patient.size))])
    genes = [*(biology.genes[i] for i in measured), *only_here]
    samples = [f"SIM-EX-{i + 1:04d}-{'01' if case else '11'}" for i, case in zip(patient, is_case, strict=True)]
    write_gzip(xena / f"{XENA_MATRIX}.gz", xena_text(genes, samples, np.maximum(values, 0.0)))
    return {name: "tumour" if case else "normal" for name, case in zip(samples, is_case, strict=True)}
