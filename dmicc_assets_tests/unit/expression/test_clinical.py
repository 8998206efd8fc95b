"""Clinical files of a dataset: found or refused with what is there, aligned by sample name, stored as fields."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from dmicc_assets.assets.source import dataset, files
from dmicc_assets.errors import DataError
from dmicc_assets.expression.clinical import clinical_fields
from dmicc_assets.geo.acquire import acquire
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.http.policy import NotServedError
from dmicc_assets.geo.observe import observe
from dmicc_assets.lake.recipes import origin, run_step
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.study.addresses import GEO_ACC_URL
from dmicc_assets_tests.worlds.fake_geo import FakeGeo, over_http
from dmicc_assets_tests.worlds.local_study import local_study, values_of
from dmicc_assets_tests.worlds.small_mirror import small_mirror, spec, write_gzip

HUB = "TCGA.CHOL.sampleMap"


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A mirror whose hub has a matrix of CHOL and its two clinical files, as the TCGA hub names them."""
    small_mirror(tmp_path / "mirror")
    xena = tmp_path / "mirror" / "xena"
    write_gzip(xena / HUB / "HiSeqV2.gz", "sample\tTCGA-A-01\tTCGA-A-11\tTCGA-B-01\nTP53\t1\t2\t3\n")
    clinical = (
        "sampleID\tage\tgender\t_PATIENT\nTCGA-A-01\t61\tFEMALE\tTCGA-A\nTCGA-B-01\t\tMALE\tTCGA-B\nTCGA-C-01\t5\t\t\n"
    )
    (xena / HUB / "CHOL_clinicalMatrix").write_text(clinical)
    (xena / "survival").mkdir()
    (xena / "survival" / "CHOL_survival.txt").write_text("sample\t_PATIENT\tOS.time\nTCGA-A-01\tTCGA-A\t42.5\n")
    return tmp_path / "mirror"


def local(hub: Path, tmp_path: Path) -> GeoClient:
    return GeoClient("file:///no", GEO_ACC_URL, (hub / "xena").as_uri(), tmp_path / "cache", tmp_path / "locks")


def test_rows_of_every_sample_and_field() -> None:
    sheets = {
        "a.tsv": {"s1": {"age": "61", "sex": "F"}, "s2": {"age": "", "sex": "M"}, "other": {"age": "1"}},
        "b.tsv": {"s1": {"sex": "F", "OS.time": "42.5"}, "s3": {"OS.time": "nan", "plate": "12_3"}},
    }
    found = clinical_fields("D", ["s1", "s2", "s3"], sheets)
    assert found.rows() == [
        ("s1", "age", "61", 61.0, "a.tsv"),
        ("s1", "sex", "F", None, "a.tsv"),
        ("s2", "sex", "M", None, "a.tsv"),
        ("s1", "OS.time", "42.5", 42.5, "b.tsv"),
        ("s3", "OS.time", "nan", None, "b.tsv"),
        ("s3", "plate", "12_3", None, "b.tsv"),
    ]
    assert clinical_fields("D", ["s1"], {}).is_empty()


def test_what_cannot_be_aligned_is_refused_with_counts() -> None:
    with pytest.raises(DataError, match=r"none of its 2 samples is among the 1 rows of c.tsv: .* as 's1', found 'S-1'"):
        clinical_fields("D", ["s1", "s2"], {"c.tsv": {"S-1": {"age": "1"}}})
    sheets = {"a": {"s1": {"sex": "F"}}, "b": {"s1": {"sex": "M"}}}
    with pytest.raises(DataError, match="D: sex of s1 is 'F' in a and 'M' in b"):
        clinical_fields("D", ["s1"], sheets)


def test_files_of_the_hub_and_of_the_disk_are_fetched_and_observed(hub: Path, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("sample,stage\nTCGA-A-01,II\n")
    names = [f"{HUB}/CHOL_clinicalMatrix", "survival/CHOL_survival.txt", "./own.csv"]
    asked = spec("xena", matrix=f"{HUB}/HiSeqV2", clinical=names)
    with FakeGeo(hub, is_s3=True) as geo:
        client = over_http(geo, tmp_path)
        found = acquire("CHOL", asked, client, tmp_path)
        assert [file.role for file in found] == ["matrix", "clinical", "clinical", "clinical"]
        assert [file.path.name for file in found[1:]] == ["CHOL_clinicalMatrix", "CHOL_survival.txt", "own.csv"]
        assert [each.role for each in observe("CHOL", asked, client, tmp_path)] == [file.role for file in found]


@pytest.mark.parametrize(
    ("typo", "near"),
    [(f"{HUB}/CHOL_clinicalMatrx", f"{HUB}/CHOL_clinicalMatrix"), ("survival/CHOL_surv", "survival/CHOL_survival.txt")],
)
def test_a_typo_is_not_there_and_near_names_are(hub: Path, tmp_path: Path, typo: str, near: str) -> None:
    asked = spec("xena", matrix=f"{HUB}/HiSeqV2", clinical=typo)
    said = rf"CHOL: no clinical file at .*: {re.escape(typo)} is not there, but there may be .*{re.escape(near)}"
    with pytest.raises(NotServedError, match=said):
        acquire("CHOL", asked, local(hub, tmp_path), tmp_path)
    with FakeGeo(hub, is_s3=True) as geo, pytest.raises(NotServedError, match=said):
        acquire("CHOL", asked, over_http(geo, tmp_path), tmp_path)


def test_a_typo_of_a_matrix_names_what_the_folder_has(hub: Path, tmp_path: Path) -> None:
    with pytest.raises(NotServedError, match=f"HiSeq is not there, but there may be {HUB}/HiSeqV2"):
        acquire("CHOL", spec("xena", matrix=f"{HUB}/HiSeq"), local(hub, tmp_path), tmp_path)


@pytest.mark.parametrize("wrong", ["../x", "https://x/y", "/x", ["a/x.txt", "./x.txt"]])
def test_names_that_lead_elsewhere_are_refused(wrong: str | list[str]) -> None:
    with pytest.raises(ValidationError):
        spec("xena", matrix="M", clinical=wrong)


def test_a_step_stores_the_fields_of_its_samples(tmp_path: Path) -> None:
    settings = local_study(tmp_path, {name: values_of(name, 6, 6, 1) for name in "AB"})
    path = settings.study_folders[0] / "local.yaml"
    study = yaml.safe_load(path.read_text())
    study["datasets"]["A"]["clinical"] = "follow_up.tsv"
    path.write_text(yaml.safe_dump(study))
    path.with_name("follow_up.tsv").write_text("sample\tage\nA_s0\t61\nA_w1\t48\nelse\t3\n")
    workspace = open_workspace(settings)
    for step in (files, dataset):
        context = workspace.context(step, "local.A")
        run_step(context, origin(context))
    stored = workspace.lake.read("source/clinical", "local.A").select("sample", "field", "value", "number", "file")
    assert stored.rows() == [("A_s0", "age", "61", 61.0, "follow_up.tsv"), ("A_w1", "age", "48", 48.0, "follow_up.tsv")]
