"""`dmicc init` as a person uses it: accessions as they are pasted, arrays of two channels."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from dmicc_assets.cli import main as cli
from dmicc_assets_tests.worlds.small_mirror import matrix_text, small_mirror, small_values, write_matrix

Init = Callable[..., tuple[int, str]]


@pytest.fixture
def init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Init:
    """Runs `dmicc` on a mirror and gives status and what was printed."""
    small_mirror(tmp_path / "mirror")
    (tmp_path / "studies").mkdir()
    addresses = {
        "GEO_URL": (tmp_path / "mirror" / "geo").as_uri(),
        "STUDIES": tmp_path / "studies",
        "HOME": tmp_path / "h",
    }
    for name, value in addresses.items():
        monkeypatch.setenv(f"DMICC_{name}", str(value))

    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["dmicc", *words])
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out + said.err

    return run


@pytest.mark.parametrize("pasted", [["gse1001,GSE5"], ["GSE1001", "gse5 "], ["gse1001;gse1001 ,", "GSE5"]])
def test_accessions_are_taken_as_they_are_pasted(init: Init, tmp_path: Path, pasted: list[str]) -> None:
    samples = [f"GSM{500 + i}" for i in range(6)]
    write_matrix(tmp_path / "mirror", "GSE5", "GPL7", matrix_text("GSE5", "GPL7", small_values(2), samples=samples))
    assert init("init", *pasted, "--as", "two")[0] == 0
    study = yaml.safe_load((tmp_path / "studies" / "two.yaml").read_text())
    assert list(study["datasets"]) == ["GSE1001", "GSE5"]


def two_channels(base: str) -> str:
    """A series of six arrays of which every second has the patient in the other channel."""
    text = matrix_text("GSE5", "GPL7", small_values(2), characteristics=[["disease: lupus", "disease: healthy"] * 3])
    texts = {"source_name_ch2": ["blood", "Universal Reference"] * 3, "channel_count": ["2"] * 6}
    rows = [f"!Sample_{key}\t" + "\t".join(f'"{each}"' for each in values) for key, values in texts.items()]
    rows.append("!Sample_data_processing\t" + "\t".join([f'"VALUE is {base} ratio"'] * 6))
    first = "!Sample_source_name_ch1\t" + "\t".join(f'"{each}"' for each in ["Universal Reference", "blood"] * 3)
    lines = [first if line.startswith("!Sample_source_name_ch1") else line for line in text.split("\n")]
    at = next(i for i, line in enumerate(lines) if line.startswith("!Sample_platform_id"))
    return "\n".join([*lines[:at], *rows, *lines[at:]])


def test_the_groups_of_swapped_dyes_are_of_the_channel_that_is_no_reference(init: Init, tmp_path: Path) -> None:
    text = two_channels("log2")
    pairs = ["disease: lupus", "disease: healthy"] * 3
    one, two = ([each if i % 2 == own else "disease: reference" for i, each in enumerate(pairs)] for own in (1, 0))
    one, two = ['"' + '"\t"'.join(each) + '"' for each in (one, two)]
    old = next(line for line in text.split("\n") if line.startswith("!Sample_characteristics_ch1"))
    new = f"!Sample_characteristics_ch1\t{one}\n!Sample_characteristics_ch2\t{two}"
    write_matrix(tmp_path / "mirror", "GSE5", "GPL7", text.replace(old, new))
    assert init("init", "GSE5", "--as", "dyes")[0] == 0
    study = yaml.safe_load((tmp_path / "studies" / "dyes.yaml").read_text())
    assert {rule["label"] for rule in study["datasets"]["GSE5"]["labels"]} == {"lupus", "control"}
    assert next(iter(study["cohorts"].values()))["case"] == "lupus"
    assert init("check", "dyes")[0] == 0


def test_swapped_dyes_are_proposed_and_an_unnamed_base_is_asked(init: Init, tmp_path: Path) -> None:
    path = tmp_path / "studies" / "dyes.yaml"
    write_matrix(tmp_path / "mirror", "GSE5", "GPL7", two_channels("log2"))
    assert init("init", "GSE5", "--as", "dyes")[0] == 0
    assert yaml.safe_load(path.read_text())["datasets"]["GSE5"]["channels"] == {"reference": "^Universal Reference$"}
    assert init("check", "dyes")[0] == 0
    lines = [line for line in path.read_text().split("\n") if "channels:" not in line]
    path.write_text("\n".join(lines))
    status, said = init("check", "dyes")
    assert status == 1
    assert "dyes are swapped ('Universal Reference' is in channel 1 of" in " ".join(said.split())
    path.unlink()
    write_matrix(tmp_path / "mirror", "GSE5", "GPL7", two_channels("normalised"))
    assert init("init", "GSE5", "--as", "dyes")[0] == 0
    status, said = init("check", "dyes")
    assert status == 2
    assert "datasets.GSE5.values" in said
    assert "got 'FILL_IN'" in said
