import json
from io import StringIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from dmicc_assets.checks.verdict_rules import LINES
from dmicc_assets.cli import main as cli
from dmicc_assets.cli.score import draw_patients, score_and_show
from dmicc_assets.errors import DataError, RequestError
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.model.frozen_model import RiskModel
from dmicc_assets.results.patient_scores import ABSOLUTE_RISK, how_scored, score_matrix, study_model
from dmicc_assets.results.reader import Results
from dmicc_assets.types import ExpressionMatrix
from dmicc_assets_tests.worlds.simulated_lake import ORIGIN, STUDY, simulated_workspace

OTHERS = [f"X{i}" for i in range(20)]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return simulated_workspace(tmp_path_factory.mktemp("lake") / "home")


@pytest.fixture(scope="module")
def model(workspace: Workspace) -> RiskModel:
    return study_model(Results.of_study(workspace.lake, workspace.study(STUDY)))[0]


@pytest.fixture
def nomogram(workspace: Workspace) -> pl.DataFrame:
    return study_model(Results.of_study(workspace.lake, workspace.study(STUDY)))[1]


def patients(model: RiskModel, **samples: np.ndarray) -> ExpressionMatrix:
    """The model's genes and others, log2, a column a sample."""
    ours = np.column_stack(list(samples.values()))
    others = np.full((len(OTHERS), len(samples)), 8.0)
    return ExpressionMatrix(np.vstack([ours, others]), (*model.genes, *OTHERS), tuple(samples))


def written(matrix: ExpressionMatrix, path: Path) -> Path:
    frame = pl.DataFrame(matrix.values, schema=list(matrix.samples), orient="row").fill_nan(None)
    frame = frame.insert_column(0, pl.Series("gene", matrix.features))
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        frame.write_csv(path, separator="," if path.suffix == ".csv" else "\t")
    return path


def shown(workspace: Workspace, path: Path, **options: object) -> str:
    console = Console(width=200, file=StringIO(), soft_wrap=True)
    score_and_show(console, workspace, STUDY, path, **options)  # pyright: ignore[reportArgumentType] -- a test's options
    return console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue] -- the StringIO above


def test_scores_are_the_models_and_the_nomograms(model: RiskModel, nomogram: pl.DataFrame) -> None:
    middle, far = model.training_mean, model.training_max + 2
    scores = score_matrix(model, nomogram, patients(model, middle=middle, far=far), states_risk=True)
    expected = model.probability(np.column_stack([middle, far]))
    np.testing.assert_allclose(scores.rows["probability"], expected, rtol=1e-12)
    for sample, probability in zip(scores.rows["sample"], expected, strict=True):
        # a nomogram is read off axes: it gives the model's probability to what a double leaves of it
        assert scores.readings[sample].probability == pytest.approx(probability, rel=1e-6)
    assert scores.rows["is_out_of_range"].to_list() == [False, True]
    assert scores.rows["out_of_range"].to_list() == [[], list(model.genes)]
    assert [scores.readings[sample].is_out_of_range for sample in ("middle", "far")] == [False, True]


def test_a_missing_value_makes_one_score_null(model: RiskModel, nomogram: pl.DataFrame) -> None:
    gap = np.array([np.nan, *model.training_mean[1:]])
    scores = score_matrix(model, nomogram, patients(model, whole=model.training_mean, gap=gap))
    assert scores.rows["linear_predictor"].is_null().to_list() == [False, True]
    assert scores.rows["missing_genes"].to_list() == [[], [model.genes[0]]]
    assert list(scores.readings) == ["whole"]


def test_no_patient_is_standardised_by_the_company_they_come_in(model: RiskModel, nomogram: pl.DataFrame) -> None:
    alone = score_matrix(model, nomogram, patients(model, p=model.training_mean))
    company = score_matrix(model, nomogram, patients(model, p=model.training_mean, q=model.training_mean + 5))
    assert alone.rows["linear_predictor"][0] == company.rows["linear_predictor"][0]


@pytest.mark.parametrize(("scale", "power"), [("auto", True), ("linear", True), ("log2", False), ("auto", False)])
def test_linear_values_are_brought_to_log2(model: RiskModel, nomogram: pl.DataFrame, scale: str, power: bool) -> None:
    matrix = patients(model, p=model.training_mean, q=model.training_min)
    given = ExpressionMatrix(2.0**matrix.values if power else matrix.values, matrix.features, matrix.samples)
    scores = score_matrix(model, nomogram, given, scale, states_risk=True)  # pyright: ignore[reportArgumentType] -- a literal
    assert scores.decision.took_log2 is power
    expected = model.probability(np.column_stack([model.training_mean, model.training_min]))
    np.testing.assert_allclose(scores.rows["probability"], expected, rtol=1e-9)


def test_a_model_of_tpm_is_not_compared_with_other_logarithms(
    workspace: Workspace, model: RiskModel, nomogram: pl.DataFrame
) -> None:
    study, log2 = workspace.study(STUDY), patients(model, p=model.training_mean)
    linear = ExpressionMatrix(2.0**log2.values, log2.features, log2.samples)
    name = study.cohorts[study.model_cohort].datasets[0]
    of_tpm = study.model_copy(
        update={"datasets": study.datasets | {name: study.datasets[name].model_copy(update={"values": "tpm"})}}
    )
    for asked, matrix, is_said in ((of_tpm, linear, True), (of_tpm, log2, False), (study, linear, False)):
        text = " ".join(how_scored(asked, Path("new.tsv"), score_matrix(model, nomogram, matrix)))
        assert ("trained on log2(x + 1) of TPM" in text) is is_said


def test_no_risk_is_stated_where_cases_and_controls_were_collected_apart(
    workspace: Workspace, model: RiskModel, tmp_path: Path
) -> None:
    path = written(patients(model, P1=model.training_mean), tmp_path / "new.tsv")
    text = shown(workspace, path, to=tmp_path / "scores.tsv", figures=tmp_path / "drawn")
    probability = float(model.probability(model.training_mean[:, None])[0])
    assert "No risk can be stated: the share of cases, " in text
    for said in (text, (tmp_path / "scores.tsv").read_text(), (tmp_path / "drawn" / "P1.svg").read_text()):
        assert "robability" not in said
        assert f"{probability:.3g}" not in said
    sound = simulated_workspace(tmp_path / "home")
    rows = sound.lake.read("rigor/findings", STUDY).head(1)
    rows = rows.with_columns(code=pl.lit(ABSOLUTE_RISK), severity=pl.lit("ok"))
    sound.lake.write("rigor/findings", STUDY, rows, ORIGIN)
    text = shown(sound, path, to=tmp_path / "risks.tsv", figures=tmp_path / "risks")
    assert "Probabilities hold for the training samples' share of cases" in text
    assert pl.read_csv(tmp_path / "risks.tsv", separator="\t")["probability"][0] == pytest.approx(probability)
    assert "Probability" in (tmp_path / "risks" / "P1.svg").read_text()
    sound.lake.write("rigor/findings", STUDY, rows.clear(), ORIGIN)
    assert "No risk can be stated" in shown(sound, path, draws=False)  # nobody looked, so nobody vouches


def test_values_are_brought_to_log2_as_a_run_does(model: RiskModel, nomogram: pl.DataFrame) -> None:
    rng = np.random.default_rng(1)
    counts = rng.poisson(200.0, size=(6000, 2)).astype(float)
    names = (*model.genes, *(f"X{i}" for i in range(6000 - len(model.genes))))
    both = ExpressionMatrix(counts, names, ("p", "q"))
    alone = ExpressionMatrix(counts[:, :1], names, ("p",))
    scores = score_matrix(model, nomogram, both, "counts")
    expected = np.log2((counts[0] + 2) / (counts.sum(axis=0) + 4) * 1e6)
    np.testing.assert_allclose(scores.rows[model.genes[0]], expected, rtol=1e-12)
    only = score_matrix(model, nomogram, alone, "counts")
    assert only.rows["linear_predictor"][0] == scores.rows["linear_predictor"][0]
    of_tpm = score_matrix(model, nomogram, both, "tpm")
    np.testing.assert_allclose(of_tpm.rows[model.genes[0]], np.log2(counts[0] + 1), rtol=1e-12)
    for kind, factor in (("ln", np.log2(np.e)), ("log10", np.log2(10.0))):
        logged = score_matrix(model, nomogram, both, kind)  # pyright: ignore[reportArgumentType]
        np.testing.assert_allclose(logged.rows[model.genes[0]], counts[0] * factor, rtol=1e-12)
    for scale, wrong in (("counts", "negative"), ("fpkm", "said to be FPKM: a value is negative")):
        with pytest.raises(RequestError, match=wrong):
            score_matrix(model, nomogram, ExpressionMatrix(-counts, names, both.samples), scale)  # pyright: ignore[reportArgumentType]


def test_a_program_gets_each_score_with_what_it_is_worth(
    workspace: Workspace, model: RiskModel, tmp_path: Path
) -> None:
    path, last = written(patients(model, P1=model.training_mean), tmp_path / "new.tsv"), dict[str, object]()
    (row,) = map(json.loads, shown(workspace, path, draws=False, last=last).splitlines())
    assert row["sample"] == "P1"
    assert row["verdict"] == LINES["broken data"]
    assert "probability" not in row
    assert last["n_scored"] == 1


def test_it_says_how_and_writes_what_it_shows(workspace: Workspace, model: RiskModel, tmp_path: Path) -> None:
    path = written(patients(model, P1=model.training_mean, P2=model.training_min - 1), tmp_path / "new.tsv")
    text = shown(workspace, path, to=tmp_path / "scores.tsv", draws=False)
    # what the model is worth stands above its scores: the verdict's line, then its two main reasons
    assert text.splitlines()[0] == LINES["broken data"]
    assert text.splitlines()[1] == "An integrity check failed (I1)."
    assert "new.tsv: the values are log2, used as given (GEO2R's rule: 99 % quantile" in text
    assert f"{model.n_case} cases, {model.n_control} controls" in text
    assert "without normalisation or standardisation over the new samples" in text
    rows = pl.read_csv(tmp_path / "scores.tsv", separator="\t")
    assert rows["sample"].to_list() == ["P1", "P2"]
    score = model.linear_predictor(model.training_mean[:, None])[0]
    assert rows["linear_predictor"][0] == pytest.approx(score, rel=1e-12)
    assert rows.select("verdict", "reason_1").unique().row(0) == (
        LINES["broken data"],
        "An integrity check failed (I1).",
    )
    assert rows["out_of_range"].to_list() == [None, ";".join(model.genes)]
    assert rows[model.genes[0]][0] == model.training_mean[0]


def test_the_worth_of_a_model_is_what_is_stored_of_it(workspace: Workspace, model: RiskModel, tmp_path: Path) -> None:
    stored = simulated_workspace(tmp_path / "home")
    said = stored.lake.read("rigor/verdict", STUDY)
    edited = said.with_columns(line=pl.lit("Stored."), reasons=pl.Series([["first (R1)", "second"]]))
    path = written(patients(model, P1=model.training_mean), tmp_path / "new.tsv")
    stored.lake.write("rigor/verdict", STUDY, edited, ORIGIN)
    assert shown(stored, path, draws=False).splitlines()[:3] == ["Stored.", "First (R1).", "Second."]
    stored.lake.write("rigor/verdict", STUDY, said.clear(), ORIGIN)
    assert shown(stored, path, draws=False).startswith("No verdict on this model was made: `dmicc run simulated`")


def test_counts_are_warned_of_and_no_name_is_cut(workspace: Workspace, model: RiskModel, tmp_path: Path) -> None:
    names = [f"TCGA-3X-AAV{i}-01-of-the-second-batch" for i in range(3)]
    samples = dict.fromkeys(names, np.rint(2**model.training_mean))
    matrix = patients(model, **samples)
    text = shown(workspace, written(matrix, tmp_path / "counts.tsv"), draws=False, scale="linear")
    assert "If they are read counts, the depth of sequencing shifts every score: say so by --values counts." in text
    assert all(name in text for name in names)
    matrix = patients(model, **dict.fromkeys(names, model.training_mean))
    assert "read counts" not in shown(workspace, written(matrix, tmp_path / "log2.tsv"), draws=False)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_other_formats_are_read_too(workspace: Workspace, model: RiskModel, tmp_path: Path, suffix: str) -> None:
    path = written(patients(model, P1=model.training_mean), tmp_path / f"new{suffix}")
    assert "P1" in shown(workspace, path, draws=False)


def test_each_patient_is_drawn_on_the_nomogram(workspace: Workspace, model: RiskModel, tmp_path: Path) -> None:
    samples = {"A/1": model.training_mean, "A 1": model.training_max, "gap": model.training_mean * np.nan}
    path = written(patients(model, **samples), tmp_path / "new.cohort.tsv")
    assert "2 nomograms" in shown(workspace, path)
    folder = workspace.settings.home / "scores" / STUDY / "new"
    assert sorted(p.name for p in folder.iterdir()) == ["A_1.png", "A_1.svg", "A_1_2.png", "A_1_2.svg"]
    assert (folder / "A_1.png").read_bytes().startswith(b"\x89PNG")
    drawing = (folder / "A_1.svg").read_text()
    assert "A/1" in drawing
    assert all(gene in drawing for gene in model.genes)
    assert LINES["broken data"] in drawing
    assert "An integrity check failed (I1)." in drawing


def test_a_folder_that_cannot_be_written_is_named(model: RiskModel, nomogram: pl.DataFrame, tmp_path: Path) -> None:
    readings = score_matrix(model, nomogram, patients(model, p=model.training_mean)).readings
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match=r"file/pictures: cannot be written"):
        draw_patients(nomogram, readings, "Nomogram", tmp_path / "file" / "pictures")


def test_a_gene_under_its_earlier_symbol_is_found_and_said(workspace: Workspace, tmp_path: Path) -> None:
    renamed = simulated_workspace(tmp_path / "home")
    coefficients, drawn = (renamed.lake.read(f"model/{name}", STUDY) for name in ("coefficients", "nomogram"))
    today, earlier = "CCN1", "CYR61"
    old = study_model(Results.of_study(workspace.lake, workspace.study(STUDY)))[0].genes[0]
    for name, frame in (("coefficients", coefficients), ("nomogram", drawn)):
        column = "term" if name == "coefficients" else "variable"
        renamed.lake.write(f"model/{name}", STUDY, frame.with_columns(pl.col(column).replace(old, today)), ORIGIN)
    model = study_model(Results.of_study(renamed.lake, renamed.study(STUDY)))[0]
    matrix = patients(model, p=model.training_mean)
    named = tuple(earlier if gene == today else gene for gene in matrix.features)
    text = shown(
        renamed, written(ExpressionMatrix(matrix.values, named, matrix.samples), tmp_path / "n.tsv"), draws=False
    )
    assert "Found under another symbol: CCN1 as CYR61." in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        ("gene\n", "one column for each sample"),
        ("<html>\n", "an HTML page in place of a table"),
        ("gene\tP1\nG020\tmuch\n", "much"),
        ("gene\tP1\tP1\nG020\t1\t2\n", "duplicate sample column 'P1'"),
        ("gene\tP1\nG020\t1\nG020\t2\n", "G020"),
        ("gene\tP1\n1007_s_at\t7\n", "none of the model's genes (G020, G021)"),
        ("sample\tG020\tG021\nP1\t7\t8\n", "the model's genes (G020, G021) are the names of columns"),
    ],
)
def test_a_file_that_is_no_matrix_is_refused(
    workspace: Workspace, tmp_path: Path, content: str | None, message: str
) -> None:
    path = tmp_path / "new.tsv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(RequestError) as refused:
        shown(workspace, path)
    assert message in str(refused.value)
    assert len(str(refused.value).splitlines()) <= 2


def test_a_gene_that_is_not_in_the_file_leaves_no_score_and_is_named(
    workspace: Workspace, model: RiskModel, tmp_path: Path
) -> None:
    matrix = patients(model, P1=model.training_mean).take_features([model.genes[0], *OTHERS])
    with pytest.raises(DataError, match=rf"no patient of new\.tsv has a score: {model.genes[1]} missing"):
        shown(workspace, written(matrix, tmp_path / "new.tsv"), to=tmp_path / "scores.tsv")
    assert pl.read_csv(tmp_path / "scores.tsv", separator="\t")["missing_genes"].to_list() == [model.genes[1]]


@pytest.mark.parametrize(
    ("to", "message"), [("scores.csv", "ends in .tsv"), ("no/such/scores.tsv", "cannot be written")]
)
def test_a_place_that_cannot_be_written_is_refused(
    workspace: Workspace, model: RiskModel, tmp_path: Path, to: str, message: str
) -> None:
    path = written(patients(model, P1=model.training_mean), tmp_path / "new.tsv")
    with pytest.raises(RequestError, match=message):
        shown(workspace, path, to=tmp_path / to, draws=False)


@pytest.mark.parametrize(
    ("study", "status", "message"),
    [
        ("nosuch", 2, "no study 'nosuch'"),
        ("dm_icc", 1, "dm_icc has no risk model yet: `dmicc run dm_icc` computes it"),
        ("demo", 1, "demo has no risk model: no biomarker was chosen"),
    ],
)
def test_the_command_says_in_a_line_what_is_missing(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    study: str, status: int, message: str,
) -> None:  # fmt: skip
    for table in ("model/coefficients", "model/nomogram"):
        workspace.lake.write(table, "demo", workspace.lake.read(table, STUDY).clear(), ORIGIN)
    for name, value in workspace.settings.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["dmicc", "score", study, str(tmp_path / "new.tsv")])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == status
    assert message in capsys.readouterr().err
