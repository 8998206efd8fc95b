"""Datasets of every kind run as users run them: NCBI's counts by voom as in R, local files with and without a sheet."""

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from dmicc_assets.assets import STEPS as ALL_STEPS
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.orchestration.run import Outcome, StudyRun
from dmicc_assets.study.settings import Settings, load_settings
from dmicc_assets_tests.oracle import MADE_UP
from dmicc_assets_tests.worlds.local_study import run_steps
from dmicc_assets_tests.worlds.small_mirror import annot_text, matrix_text, write_annot, write_gzip, write_matrix

pytestmark = pytest.mark.apart

STEPS = ("files", "dataset", "cohort", "differential")
SEQUENCING = "Expression profiling by high throughput sequencing"


def study_in(folder: Path, study: dict[str, object]) -> Settings:
    """A study `mine` on the mirror in the folder, and its settings."""
    (folder / "studies").mkdir(exist_ok=True)
    (folder / "studies" / "mine.yaml").write_text(yaml.safe_dump({"study": "mine", "title": "t"} | study))
    mirror = {"geo_url": (folder / "geo").as_uri(), "xena_url": (folder / "xena").as_uri()}
    settings = load_settings(home=folder / "home", studies=str(folder / "studies"), **mirror)
    settings.prepare_home()
    return settings


def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> list[Outcome]:
    """Run the first steps of the study, as `dmicc run` does."""
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    this = StudyRun(open_workspace(settings), "mine")
    plan = [(step, key) for step, key in this.plan() if step.name in STEPS]
    return this.materialise(plan, lambda _step, _key: None)


def test_ncbis_counts_are_compared_as_limmas_voom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle's counts, as NCBI would serve them of a series whose matrix is empty (GSE118828)."""
    counts = MADE_UP.case("counts", "counts").filter(MADE_UP.table("voom", "filterByExpr")["keep"])
    groups = MADE_UP.case("counts", "samples")["group"].to_list()
    samples = [f"GSM{i}" for i in range(1, len(groups) + 1)]
    rows = [["state: " + ("healthy" if group == groups[0] else "lupus") for group in groups]]
    text = matrix_text(
        "GSE5", "GPL18573", np.empty((0, len(groups))), kind=SEQUENCING, samples=samples, characteristics=rows
    )
    write_matrix(tmp_path, "GSE5", "GPL18573", text)
    genes, numbers = counts[:, 0].to_list(), counts[:, 1:].rows()
    lines = ["\t".join(["GeneID", *samples]), *("\t".join(map(str, [i, *row])) for i, row in enumerate(numbers, 1))]
    folder = tmp_path / "geo" / "rnaseq_counts"
    write_gzip(folder / "GSE5_raw_counts_GRCh38.p13_NCBI.tsv.gz", "\n".join(lines) + "\n")
    symbols = ["GeneID\tSymbol", *(f"{i}\t{gene}" for i, gene in enumerate(genes, 1))]
    write_gzip(folder / "Human.GRCh38.p13.annot.tsv.gz", "\n".join(symbols) + "\n")
    labels = [{"label": "sick", "where": {"state": "lupus"}}, {"label": "well", "where": {"state": "healthy"}}]
    cohort = {"title": "c", "datasets": ["GSE5"], "case": "sick", "control": "well"}
    study = {"datasets": {"GSE5": {"source": "geo", "labels": labels}}, "cohorts": {"c": cohort}}
    settings = study_in(tmp_path, study)
    outcomes = run(settings, monkeypatch)
    assert {outcome.state for outcome in outcomes} == {"made"}, [outcome.message for outcome in outcomes]
    lake = open_workspace(settings).lake
    assert lake.read("source/datasets", "mine.GSE5")["scale_detected"].to_list() == ["counts"]
    ours = lake.read("differential/statistics", "mine.c")
    theirs = MADE_UP.table("limma", "counts__voom_tmm_default")
    assert len(ours) == 1525
    both = theirs.join(ours, left_on="id", right_on="gene")
    assert both.height == theirs.height > 100
    for column, own in {"logFC": "log_fc", "AveExpr": "ave_expr", "t": "t_right", "B": "b"}.items():
        np.testing.assert_allclose(both[own], both[column], rtol=1e-8, atol=1e-9, err_msg=column)
    np.testing.assert_allclose(both["p_value"], both["P.Value"], rtol=1e-7)


@pytest.mark.parametrize("kind", ["tsv", "csv", "tsv.gz", "csv.gz", "parquet"])
@pytest.mark.parametrize("has_sheet", [True, False], ids=["sheet", "no sheet"])
def test_a_local_matrix_is_a_dataset_like_any_other(tmp_path: Path, kind: str, has_sheet: bool) -> None:
    samples = [f"case{i}" for i in range(4)] + [f"control{i}" for i in range(4)]
    values = np.random.default_rng(1).normal(8, 1, (30, 8)).round(4)
    frame = pl.DataFrame({"probe": [f"{i}_at" for i in range(30)]} | dict(zip(samples, values.T, strict=True)))
    (tmp_path / "studies").mkdir()
    write_annot(tmp_path, "GPL7", annot_text("GPL7", {f"{i}_at": f"GENE{i}" for i in range(30)}))
    matrix = tmp_path / "studies" / f"m.{kind}"
    if kind == "parquet":
        frame.write_parquet(matrix)
    else:
        text = frame.write_csv(separator="," if "csv" in kind else "\t").encode()
        matrix.write_bytes(gzip.compress(text) if kind.endswith("gz") else text)
    dataset: dict[str, object] = {"source": "file", "matrix": matrix.name, "platform": "GPL7"}
    if has_sheet:
        (tmp_path / "studies" / "s.csv").write_text("sample,group\n" + "".join(f"{s},{s[:4]}\n" for s in samples))
        dataset["samples"] = "s.csv"
    where = "group" if has_sheet else "sample"
    dataset["labels"] = [{"label": "a", "where": {where: "^case"}}, {"label": "b", "where": {where: "^cont"}}]
    cohort = {"title": "c", "datasets": ["own"], "case": "a", "control": "b"}
    settings = study_in(tmp_path, {"datasets": {"own": dataset}, "cohorts": {"c": cohort}})
    assert run_steps(settings, "mine", without=[step.name for step in ALL_STEPS if step.name not in STEPS]) == {}
    ours = open_workspace(settings).lake.read("differential/statistics", "mine.c")
    np.testing.assert_allclose(ours["ave_expr"].mean(), values.mean(), rtol=0.01)
    assert ours["gene"].to_list() == sorted(f"GENE{i}" for i in range(30))
