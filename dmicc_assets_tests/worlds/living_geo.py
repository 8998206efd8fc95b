"""A small GEO that can be revised: three series of one study, one of another, and a home whose settings lead there."""

from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from dmicc_assets.study.settings import Settings, load_settings
from dmicc_assets_tests.worlds.fake_geo import FakeGeo
from dmicc_assets_tests.worlds.small_mirror import annot_text, matrix_text, revise, write_annot, write_matrix

N_GENES, N_SAMPLES, N_CHANGED, LOG_FC = 150, 16, 12, 4.0
LABELS = [{"label": "case", "where": {"disease": "lupus"}}, {"label": "control", "where": {"disease": "healthy"}}]
PLATFORMS = {"GSE1001": "GPL1", "GSE1002": "GPL1", "GSE2001": "GPL2", "GSE3001": "GPL3"}
COHORTS = {"living": {"lupus": ["GSE1001", "GSE1002"], "sclerosis": ["GSE2001"]}, "other": {"gout": ["GSE3001"]}}
GENES = [f"GENE{i}" for i in range(N_GENES)]
GENE_SETS = {"SIGNAL": GENES[:30], "NOISE": GENES[60:100]}


def values_of(accession: str) -> NDArray[np.float64]:
    """Log2 values; the first genes are higher in the first half of the samples, the cases."""
    values = np.random.default_rng(int(accession[3:])).normal(8.0, 1.0, (N_GENES, N_SAMPLES))
    values[:N_CHANGED, : N_SAMPLES // 2] += LOG_FC
    return np.round(values, 4)


def series_text(accession: str, values: NDArray[np.float64], **changes: str) -> str:
    first = int(accession[3:]) * 100
    samples = [f"GSM{first + i}" for i in range(N_SAMPLES)]
    probes = [f"{i}_at" for i in range(N_GENES)]
    return matrix_text(accession, PLATFORMS[accession], values, samples=samples, probes=probes, **changes)  # pyright: ignore


def platform_text(platform: str, renamed: dict[str, str] | None = None) -> str:
    return annot_text(platform, {f"{i}_at": (renamed or {}).get(gene, gene) for i, gene in enumerate(GENES)})


class LivingGeo:
    """The files of the mirror below `root`, and how they are revised."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths = {
            accession: write_matrix(root, accession, platform, series_text(accession, values_of(accession)))
            for accession, platform in PLATFORMS.items()
        }
        self._annotations = {
            platform: write_annot(root, platform, platform_text(platform)) for platform in set(PLATFORMS.values())
        }
        (root / "xena").mkdir()

    def revise_header(self, accession: str) -> None:
        """Another date and title: GEO's record changed, but no data."""
        text = series_text(accession, values_of(accession), updated="Apr 01 2024").replace("of ‘skin’", "revised")
        revise(self.paths[accession], text)

    def revise_values(self, accession: str, first: int, last: int) -> None:
        """Genes `first` to `last` no longer differ: the cases equal the controls."""
        values = values_of(accession)
        values[first:last, : N_SAMPLES // 2] -= LOG_FC
        revise(self.paths[accession], series_text(accession, np.round(values, 4)))

    def revise_platform(self, platform: str, renamed: dict[str, str]) -> None:
        """Genes get other symbols."""
        revise(self._annotations[platform], platform_text(platform, renamed))


def write_studies(folder: Path) -> None:
    """The study `living` on three series, the study `other` on a fourth; small settings."""
    folder.mkdir()
    for name, cohorts in COHORTS.items():
        used = [accession for members in cohorts.values() for accession in members]
        study = {
            "study": name,
            "title": name,
            "datasets": {accession: {"source": "geo", "labels": LABELS} for accession in used},
            "cohorts": {
                cohort: {"title": cohort, "datasets": members, "case": "case", "control": "control"}
                for cohort, members in cohorts.items()
            },
            "differential": {"adjust": "BH"},
            "enrichment": {"libraries": ["SMALL"], "min_size": 5},
            "ranking": {"trees": 10, "folds": 3, "top": 2},
            "model": {"bootstrap": 5},
            "rigor": {"permutations": 2, "bootstraps": 2, "random_signatures": 2, "repeats": 1},
        }
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(study, sort_keys=False))


def living_settings(folder: Path, geo: FakeGeo) -> Settings:
    """Settings of a home in the folder, whose sources are all on the fake GEO."""
    sets = folder / "gene_sets"
    sets.mkdir()
    lines = ["\t".join([name, "", *genes]) for name, genes in GENE_SETS.items()]
    (sets / "SMALL.gmt").write_text("\n".join(lines) + "\n")
    write_studies(folder / "studies")
    return load_settings(
        home=folder / "home",
        studies=str(folder / "studies"),
        geo_url=geo.geo_url,
        geo_acc_url=geo.acc_url,
        xena_url=geo.xena_url,
        gene_sets=sets,
        requests_per_second=50,
    )
