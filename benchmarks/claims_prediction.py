"""How often what is printed of a model's worth is false: areas, slopes, Brier scores and net benefit out of fold, R1.

Run by hand, `python -m benchmarks.claims_prediction --studies 60`; results stand in claims.md. Truth is of new samples:
each fold's model scores 400 of them, and so does the frozen model.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from dmicc_assets.model.decision_curve import THRESHOLDS
from dmicc_assets.model.risk_model import fit_risk_model, risk_model_tables
from dmicc_assets.resampling.fold_models import log_odds_of
from dmicc_assets.resampling.fold_tables import fold_numbers, fold_tables
from dmicc_assets.resampling.nested import collected, fold_tests, run_fold
from dmicc_assets.resampling.nested_performance import OutOfFoldScores
from dmicc_assets.resampling.selection import BiomarkerChoice, StudyData
from dmicc_assets.stats.logistic import fit_logistic
from dmicc_assets.stats.probability import expit
from dmicc_assets.stats.roc import roc
from dmicc_assets.types import CaseControl, FloatArray
from dmicc_assets_tests.worlds.noise_study import cohort_of, data_of, study_of

N_CASE, N_CONTROL, N_NEW, GENES, REPEATS = 25, 20, 400, 300, 5
# planted genes, their shift in standard deviations, adjustment of p, whether a second cohort must choose them too
TRUTHS = {
    "noise": (0, 0.0, "none", False),
    "ten weak genes": (10, 0.7, "none", False),
    "ten genes": (10, 1.0, "none", False),
    "ten genes, adjusted p": (10, 1.0, "BH", False),
    "ten genes of two diseases": (10, 1.0, "none", True),
}
HALF = int(np.argmin(np.abs(THRESHOLDS - 0.5)))
NAN = float("nan")
Interval = tuple[float, float, float, float]


def simulated(truth: str, seed: int) -> tuple[StudyData, CaseControl]:
    """A study of one cohort, and the same cohort with new samples behind it."""
    planted, shift, adjust, has_second = TRUTHS[truth]
    share = N_CASE / (N_CASE + N_CONTROL)
    n_case = round(N_NEW * share)
    whole = cohort_of("a", N_CASE + n_case, N_CONTROL + N_NEW - n_case, GENES, seed, planted=planted, shift=shift)
    cases, controls = np.flatnonzero(whole.is_case), np.flatnonzero(~whole.is_case)
    order = np.concatenate([cases[:N_CASE], controls[:N_CONTROL], cases[N_CASE:], controls[N_CONTROL:]])
    names = tuple(f"s{i:04d}" for i in range(len(order)))
    matrix = replace(whole.matrix, values=whole.matrix.values[:, order], samples=names)
    whole = replace(whole, matrix=matrix, is_case=whole.is_case[order])
    n = N_CASE + N_CONTROL
    cohort = CaseControl(
        "a", "cohort", matrix.take_samples(names[:n]), whole.is_case[:n], whole.dataset[:n], whole.patient[:n]
    )
    second = [cohort_of("b", 20, 20, GENES, 50_000 + seed, planted=planted, shift=shift)] if has_second else []
    study = study_of(
        "a",
        *(each.name for each in second),
        model={"cohort": "a"},
        differential={"log_fc": 0.3, "p_value": 0.05, "adjust": adjust},
        ranking={"top": 3, "folds": 5},
        rigor={"repeats": REPEATS, "bootstraps": 0, "permutations": 0, "random_signatures": 0},
    )
    return data_of(study, [cohort, *second]), whole


def measured(truth: str, seed: int) -> dict[str, Interval]:
    """Estimate, limits and what new samples give, of each quantity; nothing without biomarkers."""
    data, whole = simulated(truth, seed)
    if not data.biomarkers:
        return {}
    subject, n = data.merged["a"], N_CASE + N_CONTROL
    tests = fold_tests(subject, 5, REPEATS, 1)
    choice = BiomarkerChoice(data, "a")
    new = np.arange(len(whole.is_case)) >= n
    folds = [
        run_fold(choice, whole, whole.matrix, np.r_[~test, np.zeros(N_NEW, bool)].astype(int), np.r_[test, new[n:]])
        for test in tests
    ]
    share = log_odds_of(subject.is_case)
    elsewhere = np.array([fold.scores[new] + share - fold.log_odds for fold in folds])
    own = [replace(fold, scores=fold.scores[:n], test=test) for fold, test in zip(folds, tests, strict=True)]
    scores = OutOfFoldScores.of(collected(own, n, REPEATS, share), subject, seed)
    model = fit_risk_model(subject, sorted(data.biomarkers), data.study.model)
    fit = risk_model_tables(model, subject, data.study.model.model_copy(update={"bootstrap": 100}), 1)
    of_fit = {row["metric"]: row for row in fit.performance.iter_rows(named=True)}
    rows = fold_tables(subject, collected(own, n, REPEATS, share))
    numbers = fold_numbers(rows.out_of_fold, subject.matrix.samples)
    result = _of_new(scores, elsewhere, whole.is_case[new], numbers)
    apparent, on_new = (
        of_fit["c_statistic"]["apparent"],
        model.linear_predictor(whole.matrix.take_features(model.genes).values),
    )
    slope = _slope(on_new[new][None], whole.is_case[new])
    frozen = roc(on_new[new], whole.is_case[new]).auc
    curve = fit.decision_curve.filter(kind="corrected").sort("threshold")
    corrected, everybody = (curve[name].to_numpy()[HALF] for name in ("net_benefit_model", "net_benefit_all"))
    benefit, drop = scores.net_benefit(float(subject.is_case.mean())), scores.drop(on_new[:n])
    warns = float(drop.value > 0.05 and drop.low > 0)
    alone = {
        "'corrected' net benefit beats all at 0.5": float(corrected > everybody),
        "nested net benefit beats all at 0.5": float(benefit.low[HALF] > everybody),
        "R1 warns": warns,
        "R1 warns, the apparent AUC is right within 0.05": warns * (apparent - frozen < 0.05),
        "folds without a model": 1 - float(rows.folds["has_model"].to_numpy().mean()),
    }
    return result | {
        "apparent AUC, frozen model": (apparent, NAN, NAN, frozen),
        "'corrected' AUC, frozen model": (of_fit["c_statistic"]["corrected"], NAN, NAN, frozen),
        "'corrected' slope, frozen model": (of_fit["slope"]["corrected"], NAN, NAN, slope),
        **{name: (value, NAN, NAN, NAN) for name, value in alone.items()},
    }


def _slope(predictors: FloatArray, is_case: np.ndarray) -> float:
    """Calibration slope of predictors (F, M), all rows together."""
    return float(
        fit_logistic(predictors.ravel()[:, None], np.tile(is_case, len(predictors)), ["score"]).coefficients[1]
    )


def _of_new(
    scores: OutOfFoldScores, elsewhere: FloatArray, is_case: np.ndarray, numbers: FloatArray
) -> dict[str, Interval]:
    area, line, score = scores.auc(), scores.slope_and_intercept(), scores.brier()
    inside = scores.auc_within_folds(numbers)
    varies = np.ptp(elsewhere, axis=1) > 0
    areas = np.array([roc(row, is_case).auc for row in elsewhere])
    chosen = float(areas[varies].mean()) if varies.any() else NAN
    slope = _slope(elsewhere, is_case) if varies.any() else NAN
    squares = float(((expit(elsewhere) - is_case) ** 2).mean())
    return {
        "nested AUC": (float(area.value), float(area.low), float(area.high), float(areas.mean())),
        "AUC given that genes are chosen": (float(inside.value), float(inside.low), float(inside.high), chosen),
        "nested slope": (float(line.value[1]), float(line.low[1]), float(line.high[1]), slope),
        "nested Brier": (float(score.value), float(score.low), float(score.high), squares),
    }


def table(truth: str, seeds: range) -> Iterator[str]:
    """A line of the table a quantity."""
    found = [each for seed in seeds if (each := measured(truth, seed))]
    for quantity in found[0]:
        values = np.array([each[quantity] for each in found])
        estimate, low, high, real = values.T
        mean = float(np.nanmean(real)) if np.isfinite(real).any() else None
        held = f"{np.mean((low <= mean) & (mean <= high)):.0%}" if mean is not None and np.isfinite(low).any() else "-"
        of_new = "-" if mean is None else f"{mean:.2f}"
        yield f"| {truth} | {quantity} | {np.nanmean(estimate):.2f} | {of_new} | {held} |"
    yield f"| {truth} | studies with biomarkers | {len(found)} of {len(seeds)} | - | - |"


def main() -> None:
    """Every truth, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=60)
    parser.add_argument("--truths", nargs="*", default=list(TRUTHS))
    arguments = parser.parse_args()
    print("| truth | quantity | mean estimate | new samples | held by the interval |\n|---|---|---|---|---|")
    for truth in arguments.truths:
        for line in table(truth, range(1000, 1000 + arguments.studies)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
