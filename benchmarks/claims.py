"""How often each sentence of the verdict is false: whole studies of known truth, from files to verdict.

python -m benchmarks.claims [--studies 60] [--truths "noise;planted"] [--kept FILE] prints a table; a file keeps the
verdicts of a run that ends early. The test of sharing alone, over many more studies, is `claims_sharing.py`'s; the
truths are drawn by `claims_truths.py`.
"""

import argparse
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
import yaml

from benchmarks.claims_sharing import wilson
from benchmarks.claims_truths import N_GENES, SD, TRUTHS, FloatArray, Frame, Truth
from benchmarks.kept import KeptResults
from dmicc_assets.assets import STEPS
from dmicc_assets.checks.registry import CHECKS
from dmicc_assets.checks.verdict_rules import HOLDS_UP, LEVELS, PROOFS
from dmicc_assets.lake.recipes import origin, run_step
from dmicc_assets.lake.steps import partition_keys
from dmicc_assets.lake.workspace import Workspace, open_workspace
from dmicc_assets.model.frozen_model import risk_model_from_table
from dmicc_assets.model.validation import model_score
from dmicc_assets.results.reader import Results
from dmicc_assets.stats.random_axes import Rows
from dmicc_assets.stats.roc import roc
from dmicc_assets.study.settings import load_settings
from dmicc_assets.types import CaseControl, ExpressionMatrix

FIRST = 2000
# Patients of each class on whom the frozen model's true AUC is measured.
N_TRUTH = 400


@dataclass(frozen=True, slots=True)
class Tried:
    """A truth that whole studies are drawn from, and what the study file says.

    Attributes:
        truth: how the cohorts are drawn.
        shares: whether the diseases share genes.
        is_real: whether the model's disease moves any gene.
        n: patients of each class in training, and in validation.
        adjust: of the p-values.
    """

    truth: Truth
    shares: bool
    is_real: bool
    n: int = 25
    adjust: str = "none"


def few_clear(n_moved: int, n_shared: int) -> Callable[[Frame], tuple[FloatArray, FloatArray]]:
    """Each disease moves `n_moved` of 240 expressed genes: `n_shared` the same way in both, the others independently.

    Few genes are then on both lists, each of them clearly, so that little but the test of sharing stands between a
    study and "holds up".
    """

    def draw(f: Frame) -> tuple[FloatArray, FloatArray]:
        genes, way = f.some(n_shared, 240), f.rng.choice([-1.0, 1.0], n_shared)
        both: list[FloatArray] = []
        for _ in range(2):
            own = f.rng.choice(np.setdiff1d(np.arange(240), genes), n_moved - n_shared, replace=False)
            x = 3 + 0.1 * f.rng.normal(size=(N_GENES, f.n))
            x[:240] = 8 + SD * f.rng.normal(size=(240, f.n))
            both.append(f.moved(f.moved(x, genes, 0.9 * way), own, 0.9))
        return both[0], both[1]

    return draw


def _named(name: str) -> Truth:
    return next(truth for truth in TRUTHS if truth.name == name)


TRIED = (
    Tried(_named("noise, correlated"), False, False),
    Tried(_named("A real, B noise"), False, True),
    Tried(_named("both real, 40 % expressed"), False, True),
    Tried(_named("20 planted"), True, True),
    Tried(Truth("few clear genes, 4 of 8 shared", few_clear(8, 4)), True, True, 60, "BH"),
    Tried(Truth("few clear genes, 24 each, independent", few_clear(24, 0)), False, True, 60, "BH"),
)
# A gene whose directions a verdict tells.
_TOLD = re.compile(r"\b(G\d{4}) is (?:up|down) in ")
# Half of what a gene that a disease moves is moved by.
_MOVED = 0.6
# Steps that no sentence counted here hangs on.
_LEFT_OUT = ("gsea", "published", "report", "case", "subgroups", "left_out_datasets")


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on one simulated study, with what is true of it.

    Attributes:
        level: of the verdict.
        text: its sentences.
        apparent: AUC of the model on its own samples; NaN without a model.
        true_auc: AUC of the frozen model on many patients of the same disease; NaN without a model.
        interval: of the AUC in the validation dataset.
        shares: whether the diseases share genes.
        is_real: whether the model's disease moves any gene.
        opposed: genes that truly move opposite ways in the two diseases.
    """

    level: str
    text: str
    apparent: float
    true_auc: float
    interval: tuple[float, float]
    shares: bool
    is_real: bool
    opposed: frozenset[str]

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "Judged":
        """From what `_as_json` gave."""
        return cls(**kept | {"interval": tuple(kept["interval"]), "opposed": frozenset(kept["opposed"])})


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of the verdict: whether it was printed, and whether it is then false."""

    name: str
    is_printed: Callable[[Judged], bool]
    is_false: Callable[[Judged], bool]


def _says(text: str) -> Callable[[Judged], bool]:
    return lambda judged: text.lower() in judged.text.lower()


def _of_check(code: str) -> Callable[[Judged], bool]:
    """Whether a reason of the check is printed."""
    return _says(CHECKS[code].doubts[0].says)


CLAIMS = (
    Claim("Holds up", lambda j: j.level == HOLDS_UP, lambda j: not (j.shares and j.true_auc > 0.5)),
    Claim(PROOFS[0].shows, _says(PROOFS[0].shows), lambda j: not j.shares),
    Claim(PROOFS[1].shows, _says(PROOFS[1].shows), lambda j: not j.is_real),
    Claim(PROOFS[2].shows, _says(PROOFS[2].shows), lambda j: not j.true_auc > 0.5),
    Claim("the interval of the AUC in other patients", lambda j: not np.isnan(j.interval[0]),
          lambda j: not j.interval[0] <= j.true_auc <= j.interval[1]),
    Claim("the AUC drops when the genes are chosen without the patients", _of_check("R1"),
          lambda j: j.true_auc > j.apparent - 0.05),
    # Said of these data: here counted as if it were said of the diseases.
    Claim("genes move opposite ways (were it said of the diseases)", _says("does not carry over"),
          lambda j: not set(_TOLD.findall(j.text)) <= j.opposed),
    Claim("directions agree less than chance gives", _says("fewer than chance gives"), lambda _: True),
    Claim("the model ranks cases below controls", _says("ranks cases below controls"), lambda j: j.true_auc >= 0.5),
)  # fmt: skip


def judged_study(tried: Tried, seed: int, folder: Path) -> Judged:
    """Draws a study, runs every step but the report, and reads its verdict.

    The model's cohort is a; its patients, those of the validation dataset and those on whom its true AUC is measured
    are one draw of disease A. Cohort b is a draw of disease B.
    """
    n = 2 * tried.n + N_TRUTH
    a, b = tried.truth.draw(Frame(seed, n, n, tried.truth.design))
    training, outside, others = _three_parts(tried.n)
    workspace = _study_on_files(folder, {"a": a[:, training], "b": b[:, training], "v": a[:, outside]}, tried)
    study = workspace.studies["claims"]
    for step in STEPS:
        if step.name not in _LEFT_OUT and step.partition != "all_studies":
            for key in partition_keys(step.partition, study):
                context = workspace.context(step, key)
                run_step(context, origin(context))
    results = Results.of_study(workspace.lake, study)
    verdict = results.rigor.verdict.row(0, named=True)
    areas = results.rows("validation/roc", predictor="model")
    rows: dict[tuple[str, str], tuple[float, float, float]] = {(s, k): (auc, low, high) for s, k, auc, low, high in
            areas.select("subject", "kind", "auc", "ci_low", "ci_high").iter_rows()}  # fmt: skip
    nan = float("nan")
    missing = (nan, nan, nan)
    text = " ".join(verdict[name] for name in ("line", "found", "trust"))
    apparent, external = rows.get(("a", "apparent"), missing), rows.get(("v", "external"), missing)
    return Judged(
        verdict["level"],
        text,
        apparent[0],
        _true_auc(results, a[:, others]),
        external[1:],
        tried.shares,
        tried.is_real,
        opposed(a[:, others], b[:, others]),
    )


def _as_json(tried: Tried, seed: int) -> dict[str, Any]:
    """The verdict on a study as JSON holds it."""
    with TemporaryDirectory() as folder:
        judged = asdict(judged_study(tried, seed, Path(folder)))
    return judged | {"opposed": sorted(judged["opposed"])}


def opposed(a: FloatArray, b: FloatArray) -> frozenset[str]:
    """Genes that move by 0.6 or more in both diseases, up in one and down in the other, in many patients of each.

    Args:
        a: (G, N) patients of the first disease, the first half cases.
        b: (G, N) of the second.
    """
    half = a.shape[1] // 2
    first, second = (x[:, :half].mean(axis=1) - x[:, half:].mean(axis=1) for x in (a, b))
    is_opposed = (np.minimum(abs(first), abs(second)) >= _MOVED) & (first * second < 0)
    return frozenset(f"G{g:04d}" for g in np.flatnonzero(is_opposed).tolist())


def _three_parts(n_training: int) -> tuple[Rows, ...]:
    """Columns of training, validation and truth: of each as many cases (the first n) as controls."""
    ends = np.cumsum([0, n_training, n_training, N_TRUTH])
    n = int(ends[-1])
    return tuple(np.concatenate([np.arange(low, high), n + np.arange(low, high)]) for low, high in pairwise(ends))


def _true_auc(results: Results, values: FloatArray) -> float:
    if results.model.coefficients.is_empty():
        return float("nan")
    n = values.shape[1]
    names = tuple(f"t{i}" for i in range(n))
    genes = tuple(f"G{g:04d}" for g in range(len(values)))
    is_case = np.arange(n) < n // 2
    others = CaseControl("t", "dataset", ExpressionMatrix(values, genes, names), is_case, ("T",) * n, (None,) * n)
    score = model_score(risk_model_from_table(results.model.coefficients), others, "z_score")
    return float("nan") if score is None else roc(score, is_case, "up").auc


def _study_on_files(folder: Path, matrices: dict[str, FloatArray], tried: Tried) -> Workspace:
    studies = folder / "studies"
    studies.mkdir(parents=True)
    for name, values in matrices.items():
        n = values.shape[1]
        columns = {f"{name}_{'s' if i < n // 2 else 'w'}{i}": values[:, i] for i in range(n)}
        genes = [f"G{g:04d}" for g in range(len(values))]
        pl.DataFrame({"gene": genes, **columns}).write_csv(studies / f"{name}.tsv", separator="\t")
    labels = [{"label": "sick", "where": {"sample": "_s"}}, {"label": "well", "where": {"sample": "_w"}}]
    spec = {"source": "file", "labels": labels, "scale": "log2", "normalise": "none", "tissue": "blood"}
    groups = {"case": "sick", "control": "well"}
    study = {
        "study": "claims",
        "title": tried.truth.name,
        "datasets": {name: spec | {"matrix": f"{name}.tsv"} for name in matrices},
        "cohorts": {name: {"title": name.upper(), "datasets": [name]} | groups for name in ("a", "b")},
        "differential": {"log_fc": tried.truth.log_fc, "p_value": 0.05, "adjust": tried.adjust},
        "enrichment": {"libraries": []},
        "ranking": {"trees": 50, "folds": 5, "top": 5},
        "model": {"cohort": "a", "bootstrap": 5},
        "rigor": {"permutations": 19, "bootstraps": 5, "random_signatures": 19, "repeats": 1},
        "validation": [{"dataset": "v"} | groups],
    }
    (studies / "claims.yaml").write_text(yaml.safe_dump(study))
    nowhere = (folder / "nowhere").as_uri()
    settings = load_settings(home=folder / "home", studies=str(studies), geo_url=nowhere, xena_url=nowhere)
    settings.prepare_home()
    return open_workspace(settings)


def main() -> None:
    """Print the levels of each truth, and how often each sentence is printed and false."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=60)
    parser.add_argument("--truths", default="")
    parser.add_argument("--kept", type=Path)
    options = parser.parse_args()
    kept = KeptResults(options.kept)
    print(f"{datetime.now(UTC):%Y-%m-%d}: {options.studies} whole studies a truth, seeds from {FIRST} on", flush=True)
    for tried in TRIED:
        if not any(part in tried.truth.name for part in options.truths.split(";")):
            continue
        start = time.perf_counter()
        seeds = range(FIRST, FIRST + options.studies)
        found = [Judged.of(kept.get(f"{tried.truth.name}|{seed}", partial(_as_json, tried, seed))) for seed in seeds]
        levels = ", ".join(f"{level} {sum(each.level == level for each in found)}" for level in LEVELS)
        print(f"\n{tried.truth.name}: {levels} ({time.perf_counter() - start:.0f} s)")
        for claim in CLAIMS:
            printed = [each for each in found if claim.is_printed(each)]
            n_false = sum(claim.is_false(each) for each in printed)
            print(f"  {claim.name[:66]:66s} printed {len(printed):3d}, false {wilson(n_false, len(found))}", flush=True)


if __name__ == "__main__":
    main()
