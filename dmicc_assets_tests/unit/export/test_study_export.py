"""An export is never incomplete, describes its files, and can be read without the lake."""

import json
import shutil
import subprocess
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from rocrate.rocrate import ROCrate

from dmicc_assets.cli import main as cli
from dmicc_assets.errors import DataError, RequestError
from dmicc_assets.export import study_export, tables
from dmicc_assets.export.study_export import ExportChoice, export_study
from dmicc_assets.export.tables import ExportedFile
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.report.figures import catalog, panel
from dmicc_assets.report.figures.catalog import CatalogFigure, study_figures
from dmicc_assets.report.figures.panel import panels
from dmicc_assets.tables import TABLES
from dmicc_assets.warehouse.views import VIEWED
from dmicc_assets_tests.worlds.simulated_lake import ORIGIN, STUDY, filled_tables, simulated_workspace

DRAWN = ("study/venn", "cohort/a/volcano")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return simulated_workspace(tmp_path_factory.mktemp("lake") / "home")


@pytest.fixture(scope="module")
def folder(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export with a report and two figures, which are enough: the others are tested where they are drawn."""

    def few(results: Any) -> list[CatalogFigure]:
        return [figure for figure in study_figures(results) if figure.name in DRAWN]

    report = workspace.settings.reports / STUDY
    report.mkdir(parents=True)
    (report / "index.html").write_text("<html></html>")
    (report / ".index.html.1.part").write_text("half")
    to = tmp_path_factory.mktemp("exports") / "of" / STUDY
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "study_figures", few)
        patch.setattr(panel, "panels", lambda results: islice(panels(results), 2))
        patch.setattr(tables, "PLAIN_BYTES", 20_000)  # so that one of the simulated tables is larger
        export_study(workspace, workspace.study(STUDY), to)
    return to


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_every_table_is_in_the_database_and_a_tsv_file(folder: Path) -> None:
    results = filled_tables()
    with duckdb.connect(str(folder / "study.duckdb"), read_only=True) as connection:
        for name, table in TABLES.items():
            if table.is_matrix:
                assert not connection.execute(f"FROM duckdb_tables() WHERE table_name = '{name}'").fetchall()
                continue
            n_rows = connection.execute(f"SELECT count(*) FROM {table.view}").fetchall()[0][0]
            plain, packed = folder / "tables" / f"{name}.tsv", folder / "tables" / f"{name}.tsv.gz"
            assert plain.exists() != packed.exists()
            assert packed.exists() or plain.stat().st_size <= 20_000
            text = pl.read_csv(plain if plain.exists() else packed, separator="\t", infer_schema=False)
            assert text.shape == (n_rows, len(table.columns))
            if table.partition != "all_studies":
                assert n_rows == len(results.rows(name)), name
    assert (folder / "tables/differential/statistics.tsv.gz").exists()
    assert not [name for name in files_of(folder) if name.endswith(".parquet")]


def test_as_duckdb_the_database_holds_the_matrices_too(workspace: Workspace, tmp_path: Path) -> None:
    export_study(workspace, workspace.study(STUDY), tmp_path, ExportChoice("duckdb", draws=False))
    expected = workspace.lake.read_matrix("expression/genes", f"{STUDY}.GSE3")
    with duckdb.connect(str(tmp_path / "study.duckdb"), read_only=True) as connection:
        rows = connection.execute("SELECT value FROM expression.genes WHERE dataset = 'GSE3' ORDER BY gene, sample")
        found = np.array([np.nan if value is None else value for (value,) in rows.fetchall()])
    ordered = expected.take_features(sorted(expected.features)).take_samples(sorted(expected.samples))
    np.testing.assert_array_equal(found, ordered.values.ravel())
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {"columns.tsv"}


def test_matrices_are_written_wide_and_none_twice(folder: Path) -> None:
    tables = folder / "tables"
    written = pl.read_csv(tables / "cohort/expression/b.value.tsv.gz", separator="\t")
    matrix = filled_tables().matrix("cohort/expression", "b", "value")
    ordered = matrix.take_features(written["gene"].to_list()).take_samples(written.columns[1:])
    np.testing.assert_array_equal(written.drop("gene").to_numpy(), ordered.values)
    names = {path.name for path in (tables / "expression/genes").iterdir()}
    assert names == {f"GSE{i}.value.tsv.gz" for i in range(1, 5)}
    names = {path.name for path in (tables / "cohort/expression").iterdir()}
    assert names == {"a.value.tsv.gz", "b.value.tsv.gz"}, "nothing was removed: value_adjusted equals value"


def test_lists_and_maps_are_one_field_in_tsv(folder: Path) -> None:
    terms = pl.read_csv(folder / "tables/enrichment/terms.tsv", separator="\t", infer_schema=False)
    assert set(terms["genes"]) == {"G020;G021"}
    assert "inf" in set(terms["odds_ratio"])
    samples = pl.read_csv(folder / "tables/source/samples.tsv", separator="\t", infer_schema=False)
    groups = {f"state={state}; sex={sex}" for state in ("sick", "well") for sex in ("female", "male")}
    assert set(samples["characteristics"]) == groups | {"state=neither"}
    assert samples["patient"].is_null().all()


def test_the_database_is_of_tables_can_be_moved_and_has_the_macros(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "moved.duckdb"
    shutil.copyfile(folder / "study.duckdb", path)
    genes = filled_tables().biomarkers
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM duckdb_views() WHERE NOT internal").fetchall() == [(0,)]
        card = connection.execute(f"SELECT subject FROM gene_card('{genes[0]}')").fetchall()
        assert card == [("a",), ("b",), ("GSE4",)]
        assert connection.execute("SELECT risk_simulated(7, 7) BETWEEN 0 AND 1").fetchall() == [(True,)]
        assert connection.execute("SELECT count(*) > 0 FROM history.differences").fetchall() == [(True,)]
        comments = "SELECT comment FROM duckdb_columns() WHERE table_name = 'statistics' AND column_name = 'log_fc'"
        assert connection.execute(comments).fetchall() == [("log2 fold change, case over control",)]


def test_it_is_an_ro_crate_of_every_file(folder: Path) -> None:
    crate = ROCrate(folder)
    listed = {entity.id for entity in crate.data_entities}
    assert files_of(folder) - {"ro-crate-metadata.json"} == listed
    document = json.loads((folder / "ro-crate-metadata.json").read_text())
    context, more_terms = document["@context"]
    assert context == "https://w3id.org/ro/crate/1.1/context"
    assert "sha256" in more_terms, "RO-Crate 1.1 does not define it"
    graph = document["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    assert len(entities) == len(graph)
    assert entities["ro-crate-metadata.json"]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    root = entities["./"]
    assert root["name"] == filled_tables().study.title
    assert all(root[name] for name in ("description", "datePublished", "license"))
    for name in listed:
        content = (folder / name).read_bytes()
        assert entities[name]["sha256"] == sha256(content).hexdigest()
        assert entities[name]["contentSize"] == str(len(content))
    referred = json.dumps(graph).split('{"@id": "')[1:]
    known = set(entities) | {"https://w3id.org/ro/crate/1.1"}
    assert {text.split('"')[0] for text in referred} <= known


def test_its_provenance_names_sources_software_and_results(folder: Path) -> None:
    graph = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    run = entities["#computation"]
    sources = {entity["@id"] for entity in run["object"]}
    assert sources == {"https://example.org/GSE4.txt.gz", *(f"#sha256-{f'gse{i}' * 16}" for i in (1, 2, 3))}
    assert {"@id": "tables/signature/genes.tsv"} in run["result"]
    assert entities[run["instrument"]["@id"]]["version"] == "0.1.0"
    kept = json.loads((folder / "provenance/differential/genes/simulated.a.json").read_text())
    assert kept["recipe"] == ORIGIN.recipe
    environment = json.loads((folder / "environment.json").read_text())
    assert environment["computed_with"] == ORIGIN.versions
    assert "duckdb" in environment["exported_with"]


def test_figures_report_study_file_and_script_are_there(folder: Path) -> None:
    found = files_of(folder)
    lettered = ("panels/A", "panels/B", "panels/all")
    assert {f"figures/{name}{suffix}" for name in DRAWN for suffix in (".png", ".svg", ".pdf")} <= found
    assert {"figures/cohort/a/volcano.genes.tsv", "figures/study/venn.genes.tsv"} <= found
    assert (folder / "figures/panels/panels.tsv").read_text().splitlines()[2] == (
        "B\tcohort/a/volcano\tfigures/cohort/a/volcano.genes.tsv"
    )
    drawn = pl.read_csv(folder / "figures/cohort/a/volcano.genes.tsv", separator="\t")
    statistics = filled_tables().rows("differential/statistics", cohort="a").drop_nulls("p_value")
    assert dict(drawn.select("gene", "log_fc").iter_rows()) == dict(statistics.select("gene", "log_fc").iter_rows())
    assert {f"figures/{name}{suffix}" for name in lettered for suffix in (".svg", ".pdf")} <= found
    assert {"report/index.html", "simulated.yaml", "load.R", "README.md", "requirements.txt"} <= found
    assert not [name for name in found if ".part" in name]
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_the_script_reloads_the_tables_in_r(folder: Path, tmp_path: Path) -> None:
    code = f"""
    source("{folder}/load.R")
    cat(sum(sapply(study, length)), nrow(study$differential$statistics), class(study$cohort$samples$is_case), "\\n")
    cat(format(sum(study$differential$statistics$log_fc), digits = 15), "\\n")
    cat(dim(study$expression$genes$GSE3$value), sum(is.na(study$expression$genes$GSE3$value)), "\\n")
    cat(study$enrichment$terms$genes[[1]], max(study$enrichment$terms$odds_ratio), "\\n")
    """
    done = subprocess.run(
        ["Rscript", "-e", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120
    )
    counts, total, matrix, term = (line.split() for line in done.stdout.splitlines())
    statistics = filled_tables().rows("differential/statistics")
    history = ["differences", "differential_genes", "revisions", "validation_roc"]
    assert counts == [str(len(VIEWED) + len(history)), str(len(statistics)), "logical"]
    assert float(total[0]) == pytest.approx(statistics["log_fc"].sum(), abs=1e-9)
    assert matrix == ["400", "24", "402"]
    assert term == ["G020", "G021", "Inf"]


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_the_parts_of_a_summarized_experiment_are_aligned_by_name(folder: Path, tmp_path: Path) -> None:
    """SummarizedExperiment itself is made where R has it; its parts are made in base R."""
    code = f"""
    source("{folder}/summarized_experiment.R")
    parts <- cohort_parts("a")
    x <- parts$assays$value_adjusted
    stopifnot(names(parts$assays)[1] == "value_adjusted", identical(rownames(x), rownames(parts$genes)))
    stopifnot(identical(colnames(x), rownames(parts$samples)), identical(dim(x), dim(parts$assays$value)))
    cat(format(x["G020", 3], digits = 15), format(parts$genes["G020", "t"], digits = 15), "\\n")
    cat(colnames(x)[3], parts$samples[3, "is_case"], "\\n")
    if (requireNamespace("SummarizedExperiment", quietly = TRUE)) {{
      made <- cohort_experiment("a")
      stopifnot(identical(SummarizedExperiment::assay(made, "value_adjusted"), x))
      stopifnot(identical(SummarizedExperiment::rowData(made)$t, parts$genes$t))
    }}
    """
    done = subprocess.run(
        ["Rscript", "-e", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120
    )
    numbers, sample = (line.split() for line in done.stdout.splitlines())
    results = filled_tables()
    cohort = results.cohort("a").matrix
    expected = cohort.take_features(["G020"]).take_samples([sample[0]]).values.item()
    (row,) = results.rows("differential/statistics", cohort="a", gene="G020").to_dicts()
    assert [float(number) for number in numbers] == pytest.approx([expected, row["t"]], rel=1e-12)
    (of_sample,) = results.rows("cohort/samples", cohort="a", sample=sample[0]).to_dicts()
    assert sample[1] == str(of_sample["is_case"]).upper()


def test_a_folder_that_holds_something_is_refused_and_left_alone(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RequestError, match="is not empty; export into a folder that is new or empty"):
        export_study(workspace, workspace.study(STUDY), tmp_path)
    with pytest.raises(RequestError, match=r"mine\.txt: is a file"):
        export_study(workspace, workspace.study(STUDY), tmp_path / "mine.txt")
    with pytest.raises(RequestError, match="cannot be written"):
        export_study(workspace, workspace.study(STUDY), tmp_path / "mine.txt" / "below")
    assert files_of(tmp_path) == {"mine.txt"}


def test_a_failure_on_the_way_leaves_nothing(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_settings: object, _study: object, path: Path, _holds_matrices: bool) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    (tmp_path / "out").mkdir()
    monkeypatch.setattr("dmicc_assets.export.study_export.write_study_database", full)
    with pytest.raises(RequestError, match="out: cannot be written \\(No space left on device\\)"):
        export_study(workspace, workspace.study(STUDY), tmp_path / "out", ExportChoice(draws=False))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert list((tmp_path / "out").iterdir()) == []


def test_a_run_meanwhile_is_noticed(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dmicc_assets.export.study_export._write_tables", lambda *_: ())
    genes = workspace.lake.read("differential/genes", f"{STUDY}.a")

    def run_meanwhile(what: str) -> None:
        if what.endswith("provenance"):
            workspace.lake.write("differential/genes", f"{STUDY}.a", genes.head(1), ORIGIN)

    with pytest.raises(DataError, match="was run during the export"):
        export_study(workspace, workspace.study(STUDY), tmp_path / "out", ExportChoice(draws=False), tell=run_meanwhile)
    assert not (tmp_path / "out").exists()
    workspace.lake.write("differential/genes", f"{STUDY}.a", genes, ORIGIN)


@pytest.mark.parametrize(
    ("study", "status", "message"),
    [("nosuch", 2, "no study 'nosuch'"), ("demo", 1, "demo has no results to export: `dmicc demo` computes them")],
)
def test_the_command_says_in_a_line_what_is_missing(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    study: str, status: int, message: str,
) -> None:  # fmt: skip
    for name, value in workspace.settings.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["dmicc", "export", study, "--to", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == status
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_command_exports_the_rows_of_the_study_and_no_others_as_parquet(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in workspace.settings.environment().items():
        monkeypatch.setenv(name, value)
    rows = workspace.lake.read("signature/biomarkers", STUDY)
    workspace.lake.write("signature/biomarkers", "other", rows, ORIGIN)
    options = ["--no-figures", "--format", "parquet"]
    monkeypatch.setattr("sys.argv", ["dmicc", "export", STUDY, "--to", str(tmp_path / "out"), *options])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    assert "0 figures" in capsys.readouterr().out.replace("\n", " ")
    tables = tmp_path / "out" / "tables"
    for name, table in TABLES.items():
        written = pl.read_parquet(tables / f"{name}.parquet")
        assert written.columns == [column.name for column in table.columns]
        assert set(written["study"].unique() if "study" in written.columns else ()) <= {STUDY}, name
    expected = sum(len(workspace.lake.read("expression/genes", f"{STUDY}.GSE{i}")) for i in range(1, 5))
    assert len(pl.read_parquet(tables / "expression/genes.parquet")) == expected
    assert len(list(tables.rglob("*.parquet"))) == len(VIEWED) + 4
    files = files_of(tmp_path / "out")
    assert [name for name in files if name.endswith((".tsv", ".tsv.gz", ".R"))] == ["tables/columns.tsv"]
    assert "load.R" not in (tmp_path / "out" / "README.md").read_text()
    assert not (tmp_path / "out/figures").exists()
    assert ROCrate(tmp_path / "out").name == filled_tables().study.title


def test_an_export_for_a_spreadsheet_has_the_checksums_of_what_is_in_it(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_a_formula(_: object, folder: Path, __: object) -> list[ExportedFile]:
        (folder / "tables" / "columns.tsv").write_text("column\tmeaning\n=1+1\t-1.5\n")
        return []

    monkeypatch.setattr(study_export, "_copy_report", with_a_formula)
    choice = ExportChoice("duckdb", draws=False, for_excel=True)
    export_study(workspace, workspace.study(STUDY), tmp_path / "export", choice)
    content = (tmp_path / "export" / "tables" / "columns.tsv").read_bytes()
    assert content == b"column\tmeaning\n'=1+1\t-1.5\n"
    crate = {each["@id"]: each for each in crate_of(tmp_path / "export")}
    stated = crate["tables/columns.tsv"]
    assert (int(stated["contentSize"]), stated["sha256"]) == (len(content), sha256(content).hexdigest())


def crate_of(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
