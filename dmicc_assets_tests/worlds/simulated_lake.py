"""The simulated study of the report's tests, written into a lake, with what SQL, scores and exports need besides.

Known answers: G007 enters the list of cohort a when it is replaced; G030 is the other way round in cohort b; of GSE3, a
case and a control bear each other's label; GSE4 is served over the web; three samples of GSE3 have a label that no
cohort uses.
"""

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import yaml

from dmicc_assets.checks.verdict import verdict, verdict_table
from dmicc_assets.lake.manifest import Origin
from dmicc_assets.lake.steps import partition_keys
from dmicc_assets.lake.store import Lake
from dmicc_assets.lake.workspace import Workspace, open_workspace
from dmicc_assets.results.reader import Results
from dmicc_assets.study.settings import load_settings
from dmicc_assets.tables import TABLES
from dmicc_assets.types import ExpressionMatrix, matrix_rows
from dmicc_assets_tests.worlds.simulated_study import N_GENES, declared, simulated_tables

STUDY = "simulated"
ORIGIN = Origin("recipe", "1", {}, [], {"dmicc_assets": "0.1.0", "numpy": "2.0"}, "run")
SWAPPED = ("GSE3M000", "GSE3M020")
UNUSED = ("GSE3M900", "GSE3M901", "GSE3M902")
ENTERED = "G007"
OPPOSITE = "G030"


def simulated_workspace(home: Path) -> Workspace:
    """A home with the study's file and a lake in which every table is filled; written once a process, then copied."""
    shutil.copytree(_written(), home)
    return _workspace(home)


@cache
def _written() -> Path:
    folder = TemporaryDirectory(prefix="simulated_lake")
    atexit.register(folder.cleanup)
    home, results = Path(folder.name) / "home", filled_tables()
    (home / "studies").mkdir(parents=True)
    content = results.study.model_dump(mode="json", exclude_unset=True)
    (home / "studies" / f"{STUDY}.yaml").write_text(yaml.safe_dump(content, allow_unicode=True))
    workspace = _workspace(home)
    write_lake(workspace.lake, results)
    return home


def _workspace(home: Path) -> Workspace:
    settings = load_settings(home=home, studies=str(home / "studies"), gene_sets=None)
    settings.prepare_home()
    return open_workspace(settings)


@cache
def filled_tables() -> Results:
    """The simulated study's tables and those that its figures do not need."""
    results = simulated_tables()
    study, frames = results.study, dict[str, pl.DataFrame]()
    for name in ("differential/statistics", "differential/genes", "signature/genes"):
        frames[name] = _with_one_opposite(results.rows(name))
    frames["source/samples"] = pl.concat([results.source.samples, _unused_samples()])
    frames["cohort/samples"] = _with_swapped_labels(results.cohort.samples)
    frames["source/files"] = pl.concat(_file(dataset) for dataset in study.datasets)
    frames["source/clinical"] = _clinical(results.source.samples)
    frames["source/probe_genes"] = pl.concat(_probes(dataset) for dataset in study.datasets)
    ids = pl.DataFrame({"namespace": "entrez", "identifier": ["7157"], "gene": ["G001"]})
    frames["source/gene_ids"] = pl.concat(declared("source/gene_ids", ids, dataset=name) for name in study.datasets)
    of_sample = results.source.samples.select("dataset", "sample")
    of_set = {"library": "KEGG", "term": "hsa1", "method": "ssgsea", "term_name": "One", "n_genes": 9}
    scores = of_sample.with_columns(score=pl.int_range(pl.len()) * 0.5, **{k: pl.lit(v) for k, v in of_set.items()})
    frames["expression/scores"] = declared("expression/scores", scores)
    frames["rigor/nulls"] = pl.concat([_null("auc", 0.9, "GSE4"), _null("signature_size", 20.0, "b")])
    genes = frames["signature/genes"]["gene"].unique().sort()
    shares = {"bootstrap": 0.9, "bootstrap_biomarkers": 0.4, "leave_one_control_out": 1.0}
    frames["signature/stability"] = pl.concat(
        declared("signature/stability", pl.DataFrame({"gene": genes, "frequency": [share] * len(genes)}), method=method)
        for method, share in shares.items()
    )
    case = pl.DataFrame([item.model_dump() for item in study.case.observations] if study.case else [])
    frames["clinical/case_observations"] = declared("clinical/case_observations", case.with_row_index("position"))
    frames["rigor/verdict"] = declared("rigor/verdict", verdict_table(verdict(results.with_frames(frames))))
    return results.with_frames(frames)


def write_lake(lake: Lake, results: Results) -> None:
    """Write every table, each in its partitions; one list of genes and one AUC twice, for the history."""
    lake.prepare()
    for table in TABLES.values():
        for key in partition_keys(table.partition, results.study):
            if table.is_matrix:
                lake.write(table.name, key, _matrix_rows(table.name, key.split(".", 1)[1], results), ORIGIN)
            elif table.partition != "all_studies":
                rows = _partition(results, table.name, key)
                if table.name == "differential/genes":
                    lake.write(table.name, key, rows.filter(pl.col("gene") != ENTERED), ORIGIN)
                if table.name == "validation/roc":
                    lake.write(table.name, key, rows.with_columns(pl.col("auc") - 0.01), ORIGIN)
                lake.write(table.name, key, rows, ORIGIN)
    lake.write("atlas/disease_overlap", "all", _pair(results), ORIGIN)


def model_matrix(results: Results, dataset: str) -> ExpressionMatrix:
    """Log2 expression of a dataset's samples, the biomarkers only."""
    return results.matrix("expression/genes", dataset, "value").take_features(results.biomarkers)


def _partition(results: Results, table: str, key: str) -> pl.DataFrame:
    columns = TABLES[table].partition_columns
    where = dict(zip(columns, key.split(".", 1), strict=False))
    return results.rows(table).filter(*(pl.col(name) == value for name, value in where.items())).drop(columns)


def _matrix_rows(table: str, part: str, results: Results) -> pl.DataFrame:
    if table == "expression/probes":  # one probe a gene
        return matrix_rows({"value": results.matrix("expression/genes", part, "value")}, "probe", by_name=False)
    columns = [column.name for column in TABLES[table].columns if not column.is_key and column.name != "count"]
    matrices = {column: results.matrix(table, part, column) for column in columns}
    if table == "expression/genes" and part == "GSE3":
        matrices = {column: _with_unused(matrix) for column, matrix in matrices.items()}
    rows = matrix_rows(matrices)
    return rows.with_columns(count=pl.lit(None, pl.Float64)) if "count" in TABLES[table].schema else rows


def _with_unused(matrix: ExpressionMatrix) -> ExpressionMatrix:
    """Three samples more: one like the others, one beyond their range, one with missing values."""
    more = matrix.values[:, :3].copy()
    more[:, 1] += 10
    more[:, 2] = np.nan
    return ExpressionMatrix(np.hstack([matrix.values, more]), matrix.features, (*matrix.samples, *UNUSED))


def _unused_samples() -> pl.DataFrame:
    pairs = [[{"key": "state", "value": "neither"}]] * len(UNUSED)
    rows = pl.DataFrame({"sample": UNUSED, "label": ["neither"] * len(UNUSED), "characteristics": pairs})
    return declared("source/samples", rows, dataset="GSE3")


def _with_one_opposite(rows: pl.DataFrame) -> pl.DataFrame:
    turned = (pl.col("gene") == OPPOSITE) & (pl.col("cohort") == "b")
    log_fc = pl.when(turned).then(-pl.col("log_fc")).otherwise(pl.col("log_fc")).alias("log_fc")
    if "direction" not in rows.columns:
        return rows.with_columns(log_fc)
    other = pl.col("direction").replace({"up": "down", "down": "up"})
    return rows.with_columns(log_fc, direction=pl.when(turned).then(other).otherwise(pl.col("direction")))


def _with_swapped_labels(samples: pl.DataFrame) -> pl.DataFrame:
    swapped = pl.col("sample").is_in(SWAPPED)
    patients = pl.when(pl.col("dataset") == "GSE3").then(pl.col("sample").str.slice(0, 7))
    return samples.with_columns(is_case=pl.col("is_case") ^ swapped, patient=patients)


def _file(dataset: str) -> pl.DataFrame:
    root = "https://example.org" if dataset == "GSE4" else "file:///mirror"
    row = {"role": "matrix", "file": f"{dataset}.txt.gz", "sha256": dataset.lower() * 16, "n_bytes": 1000}
    return declared("source/files", pl.DataFrame([row]), dataset=dataset, source_url=f"{root}/{dataset}.txt.gz")


def _clinical(samples: pl.DataFrame) -> pl.DataFrame:
    """The age of every sample."""
    ages = samples.select("dataset", "sample").with_columns(number=pl.int_range(40, 40 + pl.len()).cast(pl.Float64))
    rows = ages.with_columns(field=pl.lit("age"), value=pl.col("number").cast(pl.String), file=pl.lit("clinical.tsv"))
    return declared("source/clinical", rows)


def _probes(dataset: str) -> pl.DataFrame:
    """Two probes a gene, and one that measures two."""
    probes = [f"{i}_at" for i in range(2 * N_GENES)]
    genes = [f"G{i // 2:03d}" for i in range(2 * N_GENES)]
    rows = pl.DataFrame({"probe": [*probes, "x_at"], "gene": [*genes, None], "n_symbols": [*[1] * len(probes), 2]})
    return declared("source/probe_genes", rows, dataset=dataset)


def _null(statistic: str, observed: float, subject: str) -> pl.DataFrame:
    drawn = np.random.default_rng(1).uniform(0.5, 1, 100) * (1 if statistic == "auc" else 5)
    rows = pl.DataFrame({"draw": range(101), "value": [observed, *drawn]})
    return declared("rigor/nulls", rows, null="a null", statistic=statistic, subject=subject)


SHARING_P = ("sharing_p_value", "sharing_adj_p_value", "direction_p_value", "direction_adj_p_value")


def _pair(results: Results) -> pl.DataFrame:
    lists = {cohort: set(results.rows("differential/genes", cohort=cohort)["gene"]) for cohort in results.study.cohorts}
    n_a, n_b, n_shared = len(lists["a"]), len(lists["b"]), len(lists["a"] & lists["b"])
    row = {"study_a": STUDY, "cohort_a": "a", "study_b": STUDY, "cohort_b": "b", "n_universe": N_GENES, "n_a": n_a}
    row |= {"n_b": n_b, "n_shared": n_shared, "n_expected": n_a * n_b / N_GENES, "p_value": 1e-6}
    row |= {"sharing_expected": 2.5, **dict.fromkeys(SHARING_P, 0.001)}
    return pl.DataFrame([row | {"n_concordant": n_shared, "shares_samples": False}])
