"""The planted truth of the simulated mirror, and the part of it that a study found.

`mirror.py` writes the truth; only the demo's last table reads it, no computation of results.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import polars as pl

Direction = Literal["up", "down"]

SCORE_SCHEMA = {
    "set": pl.String,
    "planted": pl.Int64,
    "found": pl.Int64,
    "missed": pl.Int64,
    "false": pl.Int64,
    "missed_names": pl.List(pl.String),
    "false_names": pl.List(pl.String),
}


@dataclass(frozen=True)
class Truth:
    """What was planted.

    Attributes:
        seed: the seed that everything was drawn from.
        log_fc: for each cohort the genes that move, with their planted log2 fold change; every other gene is unchanged.
        biomarkers: the shared genes with the largest standardised effects.
        terms: for each cohort and library the gene sets made of moved genes, by their identifier.
        samples: for each dataset its samples' labels, in the order of its columns.
    """

    seed: int
    log_fc: dict[str, dict[str, float]]
    biomarkers: list[str]
    terms: dict[str, dict[str, list[str]]]
    samples: dict[str, dict[str, str]]

    @property
    def signature(self) -> list[str]:
        """The genes that change in every cohort, by name."""
        first, *others = self.log_fc.values()
        return sorted(gene for gene in first if all(gene in moved for moved in others))

    @property
    def directions(self) -> dict[str, dict[str, Direction]]:
        """For each cohort, the direction of each gene that changes."""
        return {
            cohort: {gene: "up" if log_fc > 0 else "down" for gene, log_fc in moved.items()}
            for cohort, moved in self.log_fc.items()
        }

    @property
    def concordant(self) -> list[str]:
        """The genes of the signature that go the same way in every cohort."""
        ways = self.directions
        return [gene for gene in self.signature if len({moved[gene] for moved in ways.values()}) == 1]

    @property
    def discordant(self) -> list[str]:
        """The genes of the signature that go different ways."""
        return sorted(set(self.signature) - set(self.concordant))


def write_truth(truth: Truth, path: Path) -> None:
    """Write the truth as JSON, with the signature and the directions spelled out for the reader."""
    derived = {"signature": truth.signature, "concordant": truth.concordant, "discordant": truth.discordant}
    path.write_text(json.dumps({**asdict(truth), **derived}, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def score_truth(
    truth: Truth,
    *,
    signature: Collection[str],
    deg: Mapping[str, Collection[str]],
    biomarkers: Collection[str],
    directions: Mapping[str, Mapping[str, str]],
    terms: Mapping[str, Mapping[str, Collection[str]]] | None = None,
) -> pl.DataFrame:
    """Compare a study's results with the planted truth.

    Args:
        truth: what was planted.
        signature: the genes found in every cohort.
        deg: for each cohort its differentially expressed genes.
        biomarkers: the genes that survived the ranking.
        directions: for each cohort the direction ('up' or 'down') of each found gene; only genes that are planted
            there are judged, since a false gene has no right direction.
        terms: for each cohort and library the significant terms; left out of the score when None.

    Returns:
        One row a set of names: set, planted, found, missed, false, missed_names, false_names (both sorted). In the
        rows on directions `missed` counts genes that were not found, `false` those found moving the wrong way.
    """
    rows = [_compared("signature", truth.signature, signature), _compared("biomarkers", truth.biomarkers, biomarkers)]
    for cohort, moved in truth.directions.items():
        rows.append(_compared(f"differential genes of {cohort}", moved, deg.get(cohort, ())))
    for cohort, moved in truth.directions.items():
        found = directions.get(cohort, {})
        wrong = sorted(gene for gene, way in moved.items() if gene in found and found[gene] != way)
        missed = sorted(set(moved) - set(found))
        right = len(moved) - len(missed) - len(wrong)
        rows.append((f"directions in {cohort}", len(moved), right, len(missed), len(wrong), missed, wrong))
    if terms is not None:
        for cohort, libraries in truth.terms.items():
            planted = [f"{library} {term}" for library, names in libraries.items() for term in names]
            seen = [f"{library} {term}" for library, names in terms.get(cohort, {}).items() for term in names]
            rows.append(_compared(f"enriched terms of {cohort}", planted, seen))
    return pl.DataFrame(rows, schema=SCORE_SCHEMA, orient="row")


def _compared(
    name: str, planted: Collection[str], found: Collection[str]
) -> tuple[str, int, int, int, int, list[str], list[str]]:
    """One row of the score."""
    truth, seen = set(planted), set(found)
    missed, false = sorted(truth - seen), sorted(seen - truth)
    return name, len(truth), len(truth & seen), len(missed), len(false), missed, false
