"""Twenty series on five platforms, six studies of them and their gene sets; and revisions, drawn by a seed.

What runs on them, and what goes wrong meanwhile, is in `soak.py`.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from dmicc_assets_tests.worlds.small_mirror import annot_text, matrix_text, revise, write_annot, write_matrix

N_GENES, N_SAMPLES, N_CHANGED, LOG_FC = 300, 24, 12, 3.0
GENES = [f"GENE{i}" for i in range(N_GENES)]
LABELS = [{"label": "case", "where": {"disease": "lupus"}}, {"label": "control", "where": {"disease": "healthy"}}]
SMALL = {
    "differential": {"adjust": "BH"},
    "enrichment": {"libraries": ["SMALL"], "min_size": 5},
    "scores": {"libraries": ["SMALL"]},
    "ranking": {"trees": 5, "folds": 3, "top": 2},
    "model": {"bootstrap": 3},
    "rigor": {"permutations": 2, "bootstraps": 2, "random_signatures": 2, "repeats": 1},
}


class SoakedGeo:
    """A mirror, a folder of studies and one of gene sets, and what was revised of them."""

    def __init__(self, folder: Path, seed: int, n_datasets: int = 20, n_studies: int = 6) -> None:
        """Write everything as it is before the first revision.

        Args:
            folder: gets `mirror`, `studies` and `gene_sets`.
            seed: of the revisions.
            n_datasets: series; three at least for each study.
            n_studies: studies, each of a cohort of two series and one of one; the others of the series validate.
        """
        self.root, self.studies, self.gene_sets = (folder / name for name in ("mirror", "studies", "gene_sets"))
        for each in (self.studies, self.gene_sets, self.root / "xena", self.root / "acc"):
            each.mkdir(parents=True)
        self._draw = random.Random(seed)
        self.accessions = [f"GSE{1001 + i}" for i in range(n_datasets)]
        self.platforms = [f"GPL{1 + i}" for i in range(min(5, n_datasets))]
        self._values = {accession: _first_values(accession) for accession in self.accessions}
        self._renamed: dict[str, dict[str, str]] = {platform: {} for platform in self.platforms}
        self._titles = dict.fromkeys(self.accessions, 0)
        self._sets = {"SIGNAL": GENES[:30], "NOISE": GENES[60:100], "MIXED": GENES[5:60:3]}
        self._specs = [_first_spec(i, self.accessions, n_studies) for i in range(n_studies)]
        self.paths = {
            each: write_matrix(self.root, each, self.platform_of(each), self._text(each)) for each in self.accessions
        }
        self._annotations = {
            each: write_annot(self.root, each, annot_text(each, self._genes(each))) for each in self.platforms
        }
        for i in range(n_studies):
            self._write_study(i)
        self._write_sets()

    def revise(self) -> tuple[str, list[str]]:
        """One revision, of a kind drawn: what it was, and the studies whose file changed by it."""
        kinds: list[tuple[Callable[[], tuple[str, list[str]]], int]] = [
            (self._revise_values, 8),
            (self._revise_header, 4),
            (self._revise_platform, 3),
            (self._revise_gene_sets, 2),
            (self._remove, 2),
            (self._add, 2),
        ]
        (kind,) = self._draw.choices([each for each, _ in kinds], [weight for _, weight in kinds])
        return kind()

    def names(self) -> list[str]:
        """Names of the studies."""
        return [f"study{i}" for i in range(len(self._specs))]

    def platform_of(self, accession: str) -> str:
        """The platform of a series."""
        return self.platforms[self.accessions.index(accession) % len(self.platforms)]

    def _revise_values(self) -> tuple[str, list[str]]:
        """Some genes of the cases of one series get other values."""
        accession, draw = self._draw.choice(self.accessions), self._draw
        first, last = sorted(draw.sample(range(N_CHANGED * 2), 2))
        self._values[accession][first:last, : N_SAMPLES // 2] += draw.choice([-LOG_FC, LOG_FC])
        revise(self.paths[accession], self._text(accession))
        return f"values of {accession}", []

    def _revise_header(self) -> tuple[str, list[str]]:
        """Another title: GEO's record changed, but no data."""
        accession = self._draw.choice(self.accessions)
        self._titles[accession] += 1
        revise(self.paths[accession], self._text(accession))
        return f"header of {accession}", []

    def _revise_platform(self) -> tuple[str, list[str]]:
        """A gene gets another symbol, or its old one back."""
        platform, gene = self._draw.choice(self.platforms), self._draw.choice(GENES[:40])
        if self._renamed[platform].pop(gene, None) is None:
            self._renamed[platform][gene] = f"RENAMED{gene[4:]}"
        revise(self._annotations[platform], annot_text(platform, self._genes(platform)))
        return f"{gene} on {platform}", []

    def _revise_gene_sets(self) -> tuple[str, list[str]]:
        """A set gets other genes."""
        name = self._draw.choice(sorted(self._sets))
        self._sets[name] = sorted(self._draw.sample(GENES[:120], self._draw.randint(15, 40)))
        self._write_sets()
        return f"gene set {name}", []

    def _remove(self) -> tuple[str, list[str]]:
        """A study loses the second series of its cohort, or what validates it."""
        i = self._draw.randrange(len(self._specs))
        spec = self._specs[i]
        of = spec["a"] if len(spec["a"]) > 1 else spec["validation"]
        if not of:
            return self._add_to(i)
        gone = of.pop()
        self._write_study(i)
        return f"study{i} without {gone}", [f"study{i}"]

    def _add(self) -> tuple[str, list[str]]:
        return self._add_to(self._draw.randrange(len(self._specs)))

    def _add_to(self, i: int) -> tuple[str, list[str]]:
        """A study gets one more series, in a cohort or to validate it."""
        spec = self._specs[i]
        used = {each for of in spec.values() for each in of}
        free = [each for each in self.accessions if each not in used]
        if not free or len(used) > 5:
            return self._revise_values()
        new = self._draw.choice(free)
        (spec["a"] if len(spec["a"]) < 2 else spec["validation"]).append(new)
        self._write_study(i)
        return f"study{i} with {new}", [f"study{i}"]

    def _text(self, accession: str) -> str:
        first = int(accession[3:]) * 100
        return matrix_text(
            accession,
            self.platform_of(accession),
            np.round(self._values[accession], 4),
            samples=[f"GSM{first + i}" for i in range(N_SAMPLES)],
            probes=[f"{i}_at" for i in range(N_GENES)],
        ).replace("of ‘skin’", f"version {self._titles[accession]}")

    def _genes(self, platform: str) -> dict[str, str]:
        return {f"{i}_at": self._renamed[platform].get(gene, gene) for i, gene in enumerate(GENES)}

    def _write_sets(self) -> None:
        lines = ["\t".join([name, "", *genes]) for name, genes in self._sets.items()]
        _replace(self.gene_sets / "SMALL.gmt", "\n".join(lines) + "\n")

    def _write_study(self, i: int) -> None:
        spec = self._specs[i]
        used = [each for of in spec.values() for each in of]
        ends: dict[str, Any] = {"case": "case", "control": "control"}
        content = {
            "study": f"study{i}",
            "title": f"Study {i}",
            "datasets": {each: {"source": "geo", "labels": LABELS} for each in used},
            "cohorts": {name: {"title": name, "datasets": list(spec[name]), **ends} for name in ("a", "b")},
            "validation": [{"dataset": each, **ends} for each in spec["validation"]],
        }
        _replace(self.studies / f"study{i}.yaml", yaml.safe_dump(content | SMALL, sort_keys=False))


def _first_values(accession: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Log2 values; the first genes are higher in the first half of the samples, the cases."""
    values = np.random.default_rng(int(accession[3:])).normal(8.0, 1.0, (N_GENES, N_SAMPLES))
    values[:N_CHANGED, : N_SAMPLES // 2] += LOG_FC
    return values


def _first_spec(i: int, accessions: list[str], n_studies: int) -> dict[str, list[str]]:
    """The series of each cohort, and those that validate; the last study shares a series with the first."""
    a1, a2, b = accessions[3 * i : 3 * i + 3]
    rest = accessions[3 * n_studies :]
    validation = rest[i : i + 1] if i < n_studies - 1 else [accessions[0]]
    return {"a": [a1, a2], "b": [b], "validation": [each for each in validation if each not in (a1, a2, b)]}


def _replace(path: Path, text: str) -> None:
    """Write a file at once, with a later time than it had."""
    later = path.stat().st_mtime + 10 if path.exists() else None
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text)
    if later is not None:
        os.utime(beside, (later, later))
    beside.replace(path)
