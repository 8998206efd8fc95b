"""Changes of a dataset by a revision, as counts and as a line."""

from pathlib import Path

import numpy as np

from dmicc_assets.expression.raw_dataset import RawDataset
from dmicc_assets.geo.acquire import acquire
from dmicc_assets.geo.dataset import read_dataset
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.revision import compare_datasets, revision_of
from dmicc_assets.study.schema import Dataset
from dmicc_assets_tests.worlds.small_mirror import annot_text, matrix_text, revise, small_values, write_annot

SPEC = Dataset.model_validate({"source": "geo", "platform": "GPL7", "labels": [{"label": "x", "where": {"any": "."}}]})
MATRIX = "geo/series/GSE1nnn/GSE1001/matrix/GSE1001_series_matrix.txt.gz"


def get(client: GeoClient) -> RawDataset:
    return read_dataset("GSE1001", SPEC, acquire("GSE1001", SPEC, client, Path()))


def test_nothing_changed(client: GeoClient) -> None:
    files = acquire("GSE1001", SPEC, client, Path())
    assert revision_of("GSE1001", SPEC, files, files) is None
    assert revision_of("GSE1001", SPEC, [], files) is None
    revision = compare_datasets(get(client), get(client))
    assert revision.summary() == "only the header changed: samples and values are the same"


def test_a_header_only_edit_is_told_from_one_of_values(mirror: Path, client: GeoClient) -> None:
    before = get(client)
    revise(mirror / MATRIX, matrix_text("GSE1001", "GPL7", small_values(), updated="Apr 01 2024"))
    after = get(client)
    revision = compare_datasets(before, after)
    assert revision.summary().startswith("only the header changed")
    assert revision.last_update_date == ("2019-03-25", "2024-04-01")
    assert (before.table_sha256, before.metadata_sha256) == (after.table_sha256, after.metadata_sha256)


def test_every_kind_of_change_is_counted(mirror: Path, client: GeoClient) -> None:
    before = get(client)
    values = small_values(41, 6, seed=1)
    values[:40] = small_values()
    values[0, 0] = np.nan
    values[1, 1] += 1
    samples = ["GSM100", "GSM101", "GSM102", "GSM103", "GSM104", "GSM999"]
    states = [["disease: lupus"] * 4 + ["disease: healthy"] * 2]  # GSM103 was healthy
    revise(mirror / MATRIX, matrix_text("GSE1001", "GPL7", values, samples=samples, characteristics=states))
    write_annot(mirror, "GPL7", annot_text("GPL7", {f"{1000 + i}_at": f"GENE{max(i, 1)}" for i in range(41)}))
    revision = compare_datasets(before, get(client))
    assert revision.samples_added == ("GSM999",)
    assert revision.samples_removed == ("GSM105",)
    assert revision.samples_described_anew == ("GSM103",)
    assert (revision.n_probes_added, revision.n_probes_removed) == (1, 0)
    assert revision.n_values_changed == 2
    assert revision.n_genes_changed == 1
    assert revision.summary() == (
        "1 sample added, 1 sample removed, 1 sample with a changed description, 1 probe added, "
        "2 values changed, 1 probe with a changed gene"
    )


def test_files_before_and_now_are_compared_in_a_line(mirror: Path, client: GeoClient) -> None:
    before = acquire("GSE1001", SPEC, client, Path())
    revise(mirror / MATRIX, matrix_text("GSE1001", "GPL7", small_values(), updated="Apr 01 2024"))
    headed = acquire("GSE1001", SPEC, client, Path())
    assert revision_of("GSE1001", SPEC, before, headed) == "only the header changed: samples and values are the same"
    values = small_values()
    values[0, :3] += 1
    revise(mirror / MATRIX, matrix_text("GSE1001", "GPL7", values))
    assert revision_of("GSE1001", SPEC, before, acquire("GSE1001", SPEC, client, Path())) == "3 values changed"
    before[0].path.write_bytes(b"rubbish")
    said = revision_of("GSE1001", SPEC, before, headed)
    assert said is not None
    assert said.startswith("cannot be compared with what was served before (GSE1001_series_matrix.txt.gz: ")
