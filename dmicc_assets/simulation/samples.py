"""Descriptions of the samples of the simulated series, with the defects of GEO's descriptions.

Comments name the accessions with these defects. Measured values are not made here.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from dmicc_assets.simulation.files import contact_lines

Fields = list[tuple[str, list[str]]]


def spread(rng: np.random.Generator, labels: Sequence[str], values: Sequence[str]) -> list[str]:
    """Values distributed evenly within each label, so that only the label's description separates the groups."""
    given = [""] * len(labels)
    for label in sorted(set(labels)):
        members = rng.permutation([i for i, other in enumerate(labels) if other == label])
        for n, i in enumerate(members):
            given[i] = (
                values[n * len(values) // len(members)] if len(values) > len(members) else values[n % len(values)]
            )
    return given


def _all(labels: Sequence[str], value: str) -> list[str]:
    return [value] * len(labels)


def _ages(rng: np.random.Generator, labels: Sequence[str]) -> list[str]:
    return spread(rng, labels, [str(age) for age in range(28, 81)])


def skin_samples(rng: np.random.Generator, labels: Sequence[str], numbers: Iterable[int]) -> Fields:
    """Skin, disease A against healthy: the labels are in the characteristic `disease state`."""
    state = {"simulosis": "dermal simulosis", "healthy": "healthy"}
    sex = spread(rng, labels, ["Gender:M", "gender: F", "Gender: M", "Gender: F"])
    ages = _ages(rng, labels)
    scans = spread(rng, labels, ["scan day: 1", "scan day: 2", "scan day: 3"])
    what = {"simulosis": "“Lesion” of patient", "healthy": "Skin of healthy donor’s arm,"}
    return [
        ("title", [f"{what[label]} SK-{n:03d}" for label, n in zip(labels, numbers, strict=True)]),
        ("source_name_ch1", _all(labels, "skin biopsy")),
        ("characteristics_ch1", [f"disease state: {state[label]}" for label in labels]),
        # GSE4107: "Gender:M" beside "Gender: F", and a row of empty cells.
        ("characteristics_ch1", sex),
        ("characteristics_ch1", _all(labels, "")),
        # Two keys in one row: what a cell says is told by its key, not by its row.
        ("characteristics_ch1", [f"age: {age}" if i % 2 else scans[i] for i, age in enumerate(ages)]),
        ("characteristics_ch1", [scans[i] if i % 2 else f"age: {age}" for i, age in enumerate(ages)]),
        # GSE71989: a key twice; and a value without a key.
        ("characteristics_ch1", _all(labels, "tissue: skin")),
        ("characteristics_ch1", _all(labels, "tissue: epidermis and dermis")),
        ("characteristics_ch1", _all(labels, "punch biopsy")),
    ]


def muscle_samples(rng: np.random.Generator, labels: Sequence[str], numbers: Iterable[int]) -> Fields:
    """Muscle, disease A, healthy and a third label: the labels are in the source name."""
    source = {
        "simulosis": "muscle biopsy, dermal simulosis",
        "healthy": "muscle biopsy, healthy volunteer",
        "other_myopathy": "muscle biopsy, another simulated myopathy",
    }
    return [
        ("title", [f"muscle MU-{n:03d}" for n in numbers]),
        ("source_name_ch1", [source[label] for label in labels]),
        ("characteristics_ch1", [f"Sex: {s}" for s in spread(rng, labels, ["female", "male"])]),
        ("characteristics_ch1", [f"age (years): {age}" for age in _ages(rng, labels)]),
    ]


def duct_samples(rng: np.random.Generator, labels: Sequence[str], numbers: Iterable[int]) -> Fields:
    """Bile duct, disease B against normal: the labels are said in a characteristic and in the title."""
    kind = {"carcinoma": "simulated duct carcinoma", "normal": "normal duct epithelium"}
    return [
        ("title", [f"{kind[label]} DU-{n:03d}" for label, n in zip(labels, numbers, strict=True)]),
        ("source_name_ch1", _all(labels, "liver")),
        ("characteristics_ch1", [f"cell type: {kind[label]}" for label in labels]),
        ("characteristics_ch1", [f"gender: {s}" for s in spread(rng, labels, ["male", "female"])]),
        ("characteristics_ch1", [f"age: {age}" for age in _ages(rng, labels)]),
        # GSE781: ^M inside old metadata.
        ("description", _all(labels, "Simulated.\rNothing of it was measured.")),
    ]


def sample_block(accessions: Sequence[str], platform: str, described: Fields, *, updated: str) -> Fields:
    """All `!Sample_` lines of a series matrix except the row count: the description with the lines that GEO adds."""
    n = len(accessions)
    title, *rest = described
    status: Fields = [
        ("geo_accession", list(accessions)),
        ("status", ["Public on Feb 21 2014"] * n),
        ("submission_date", ["Feb 20 2014"] * n),
        ("last_update_date", ["Feb 21 2014"] * (n - 1) + [updated]),
        ("type", ["RNA"] * n),
        ("channel_count", ["1"] * n),
    ]
    measured: Fields = [
        ("organism_ch1", ["Homo sapiens"] * n),
        ("molecule_ch1", ["total RNA"] * n),
        ("taxid_ch1", ["9606"] * n),
        ("data_processing", ["Drawn at random from a seed"] * n),
        ("platform_id", [platform] * n),
    ]
    contact: Fields = [(key, [value] * n) for key, value in contact_lines()]
    relations: Fields = [
        ("relation", [f"BioSample: {name.replace('SIMS', 'SIMB')}" for name in accessions]),
        ("relation", [f"SRA: {name.replace('SIMS', 'SIMX')}" for name in accessions]),
    ]
    return [title, *status, *rest, *measured, *contact, *relations]
