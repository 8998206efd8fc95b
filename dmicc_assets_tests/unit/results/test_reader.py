"""One reader of results: the same from a lake and from memory, restricted where a step reads."""

from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from dmicc_assets.assets import STEPS
from dmicc_assets.errors import DataError
from dmicc_assets.lake.steps import Input, StepContext
from dmicc_assets.lake.store import Lake
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.pictures import PICTURES, upstream
from dmicc_assets.report.figures.catalog import study_figures
from dmicc_assets.results.reader import Group, Results
from dmicc_assets.tables import TABLES
from dmicc_assets_tests.worlds.simulated_lake import STUDY, filled_tables, simulated_workspace

OF_A_STUDY = {name: table for name, table in TABLES.items() if table.partition != "all_studies"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return simulated_workspace(tmp_path_factory.mktemp("lake") / "home")


@pytest.fixture
def results(workspace: Workspace) -> Results:
    return Results.of_study(workspace.lake, workspace.study(STUDY))


def context_of(workspace: Workspace, table: str, key: str, *more: Input) -> StepContext:
    """Of the step that makes a table, with more inputs."""
    (maker,) = (step for step in STEPS if table in step.outputs)
    return workspace.context(replace(maker, inputs=(*maker.inputs, *more)), key)


def test_tables_have_the_names_and_columns_that_sql_has(results: Results) -> None:
    written = filled_tables()
    for name, table in OF_A_STUDY.items():
        group, short = name.split("/")
        rows = getattr(getattr(results, group), short)
        assert rows.schema == table.schema
        if not table.is_matrix:
            assert len(rows) == len(written.rows(name)), name
    statistics = results.rows("differential/statistics", cohort="a").sort("gene")
    assert statistics.equals(written.rows("differential/statistics", cohort="a").sort("gene"))


def test_every_group_is_an_attribute_that_lists_its_tables(results: Results) -> None:
    groups = {name for name, value in vars(Results).items() if isinstance(value, Group)}
    assert groups == {table.group for table in OF_A_STUDY.values()}
    assert {f"{group}/{name}" for group in groups for name in dir(getattr(results, group))} == set(OF_A_STUDY)
    assert "signature.genes: " in repr(results.signature)
    assert repr(results).startswith("Results of simulated: source, expression, ")
    with pytest.raises(AttributeError, match="signature has no table 'gene'; it has genes, overlap, ranking"):
        _ = results.signature.gene


def test_a_matrix_is_rows_too(results: Results) -> None:
    matrix = results.matrix("expression/genes", "GSE1")
    rows = results.rows("expression/genes", dataset="GSE1", gene="G007")
    assert rows["sample"].to_list() == list(matrix.samples)
    values = matrix.take_features(["G007"]).values[0]
    np.testing.assert_array_equal(rows["value"].to_numpy(), values)


def test_biomarkers_stand_by_the_sum_of_their_ranks_then_by_name(results: Results) -> None:
    rows = pl.DataFrame({"study": [STUDY] * 3, "gene": ["B", "A", "C"], "rank_sum": [3, 3, 2]})
    assert results.with_frames({"signature/biomarkers": rows}).biomarkers == ["C", "A", "B"]
    assert results.biomarkers == filled_tables().biomarkers
    assert results.signature_genes == sorted(results.signature_genes) == filled_tables().signature_genes


def test_a_cohort_and_a_validation_dataset_come_with_their_groups(results: Results) -> None:
    cohort, written = results.cohort("b"), filled_tables().cohort("b")
    assert (cohort.name, cohort.kind, cohort.matrix.samples) == ("b", "cohort", tuple(sorted(cohort.matrix.samples)))
    np.testing.assert_array_equal(cohort.is_case, written.is_case)
    assert cohort.patient == written.patient
    assert list(results.cohorts("value")) == ["a", "b"]
    (outside,) = results.validations().values()
    samples = results.rows("source/samples", dataset="GSE4").sort("sample")
    assert outside.matrix.samples == tuple(samples["sample"])
    assert outside.is_case.tolist() == (samples["label"] == "sick").to_list()


def test_rows_by_cohort_are_without_its_columns(results: Results) -> None:
    parts = results.by_part("differential/genes")
    assert list(parts) == ["a", "b"]
    assert parts["b"].columns == [
        name for name in TABLES["differential/genes"].schema if name not in ("study", "cohort")
    ]
    assert parts["b"].height == results.rows("differential/genes", cohort="b").height


def test_replaced_rows_stand_before_those_of_the_lake(results: Results) -> None:
    fewer = results.with_frames({"differential/genes": results.rows("differential/genes", cohort="a")})
    assert list(fewer.by_part("differential/genes")) == ["a"]
    assert fewer.cohort.samples.equals(results.cohort.samples)
    assert fewer.manifests() == results.manifests()
    assert fewer.is_made("differential/genes", "b")


def test_what_was_not_made_is_known(results: Results, workspace: Workspace) -> None:
    never = Results.of_study(workspace.lake, workspace.study("dm_icc"))
    assert results.is_made("signature/biomarkers")
    assert results.is_made("expression/genes", "GSE1")
    assert not never.is_made("signature/biomarkers")
    assert never.notes("signature/biomarkers") == {}


def test_a_step_reads_its_inputs_and_no_other_table(workspace: Workspace) -> None:
    inside = Results.of_step(context_of(workspace, "signature/genes", STUDY))
    assert inside.by_part("differential/genes").keys() == {"a", "b"}
    with pytest.raises(KeyError, match="signature reads cohort/samples without declaring it"):
        inside.rows("cohort/samples")
    with pytest.raises(KeyError, match="signature reads expression/genes without declaring it"):
        inside.matrix("expression/genes", "GSE1")
    ordered = Input("cohort/samples", "cohorts", is_read=False)
    with pytest.raises(KeyError, match="without declaring it"):
        Results.of_step(context_of(workspace, "signature/genes", STUDY, ordered)).rows("cohort/samples")


def test_a_step_of_a_cohort_reads_that_cohort(workspace: Workspace) -> None:
    inside = Results.of_step(context_of(workspace, "differential/genes", f"{STUDY}.b"))
    assert inside.cohort.samples["cohort"].unique().to_list() == ["b"]
    assert inside.cohort("b").matrix.samples == filled_tables().cohort("b").matrix.samples
    with pytest.raises(DataError, match="cohort/expression of a"):
        inside.cohort("a")


def test_a_step_whose_input_is_not_there_fails_in_one_line(tmp_path: Path) -> None:
    workspace = simulated_workspace(tmp_path / "home")
    workspace.lake.path("differential/genes", f"{STUDY}.b").unlink()
    inside = Results.of_step(context_of(workspace, "signature/genes", STUDY))
    with pytest.raises(DataError, match=r"differential/genes of simulated\.b was never materialised"):
        inside.by_part("differential/genes")
    assert Results.of_study(workspace.lake, workspace.study(STUDY)).by_part("differential/genes").keys() == {"a"}


def test_matrices_are_read_when_asked_for(results: Results) -> None:
    matrix, written = (each.matrix("cohort/expression", "b") for each in (results, filled_tables()))
    back = matrix.take_features(written.features).take_samples(written.samples)
    np.testing.assert_array_equal(back.values, written.values)
    with pytest.raises(DataError, match=r"expression/genes of NOSUCH was never materialised"):
        results.matrix("expression/genes", "NOSUCH")


def test_figures_can_be_listed_from_them(results: Results) -> None:
    names = {figure.name for figure in study_figures(results)}
    assert {"dataset/GSE1/pca", "cohort/a/volcano", "study/nomogram", "study/roc.GSE4"} <= names


def test_a_study_that_was_never_run_has_no_rows(workspace: Workspace) -> None:
    results = Results.of_study(workspace.lake, workspace.study("dm_icc"))
    assert all(results.rows(name).is_empty() for name in OF_A_STUDY)
    assert list(study_figures(results)) == []
    assert results.manifests() == []


def test_a_table_is_read_when_asked_for_once_and_no_other(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lake of an earlier version has other columns in the tables that the run has not come to yet."""
    asked: list[str] = []
    read = Lake.read

    def spying(lake: Lake, table: str, partition: str) -> pl.DataFrame:
        asked.append(table)
        return read(lake, table, partition)

    monkeypatch.setattr(Lake, "read", spying)
    results = Results.of_study(workspace.lake, workspace.study(STUDY))
    assert asked == []
    for _ in range(2):
        assert len(results.signature.genes)
    assert asked == ["signature/genes"]


def test_there_is_a_manifest_of_every_partition(results: Results) -> None:
    manifests = results.manifests()
    names = [table.name for table in TABLES.values() if table.partition == "dataset"]
    of_datasets = [(m.table, m.partition) for m in manifests if m.table in names]
    datasets = [f"{STUDY}.{name}" for name in ("GSE1", "GSE2", "GSE3", "GSE4")]
    assert of_datasets == [(name, key) for name in names for key in datasets]


def test_gene_sets_are_those_of_the_folder_and_empty_without_one(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "KEGG.gmt").write_text("hsa1\tna\tG001\tG002\n")
    study = workspace.study(STUDY)
    with_folder = workspace.settings.model_copy(update={"gene_sets": tmp_path})
    with_sets, without = (Results.of_study(workspace.lake, study, settings) for settings in (with_folder, None))
    assert list(with_sets.gene_set("KEGG", "hsa1")) == ["G001", "G002"]
    assert list(with_sets.gene_set("KEGG", "hsa2")) == []
    assert list(with_sets.gene_set("GO_BP", "hsa1")) == []
    assert list(without.gene_set("KEGG", "hsa1")) == []


def test_a_partition_that_the_study_file_no_longer_names_is_left_out(workspace: Workspace) -> None:
    study = workspace.study(STUDY)
    fewer = study.model_copy(update={"datasets": {name: study.datasets[name] for name in ("GSE1", "GSE2")}})
    samples = Results.of_study(workspace.lake, fewer).rows("source/samples")
    assert samples["dataset"].unique().sort().to_list() == ["GSE1", "GSE2"]
    assert samples.select(pl.col("sample").is_duplicated().any()).item() is False


def test_a_picture_is_drawn_from_what_is_upstream_of_it(workspace: Workspace) -> None:
    """The signature of the run before is not in the volcano plot, and its file is not read."""
    (differential,) = (step for step in STEPS if "differential/genes" in step.outputs)
    tables = upstream(differential)
    assert {"differential/statistics", "cohort/samples", "source/files"} <= tables
    assert not {table for table in tables if table.split("/")[0] in ("signature", "model", "rigor", "report")}
    some = Results.of_study(workspace.lake, workspace.study(STUDY), None, tables)
    assert some.signature_genes == []
    assert not some.rows("differential/genes").is_empty()


@pytest.mark.parametrize("table", PICTURES)
def test_every_picture_can_be_drawn_before_what_is_downstream_of_it(workspace: Workspace, table: str) -> None:
    (maker,) = (step for step in STEPS if table in step.outputs)
    study = workspace.study(STUDY)
    kind = TABLES[table].partition
    part = next(iter({"dataset": study.datasets, "cohort": study.cohorts, "study": [STUDY]}[kind]))
    wanted = PICTURES[table].format(part=part, cohort=study.model_cohort)
    tables = Results.of_study(workspace.lake, study, only=upstream(maker))
    assert [figure.name for figure in study_figures(tables) if fnmatch(figure.name, wanted)]
