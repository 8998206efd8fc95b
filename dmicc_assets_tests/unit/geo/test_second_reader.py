"""Two readings of SOFT files and platform tables: equal, or a line that names the first difference."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dmicc_assets.errors import SourceError
from dmicc_assets.geo import second_reader
from dmicc_assets.geo.second_reader import compare_family, compare_platform
from dmicc_assets_tests.worlds.small_mirror import annot_text, family_text

Gzipped = Callable[..., Path]
TABLES = {"GPL7": {f"GSM{i}": {"1_at": f"{i}.25", "2_at": f"1e-0{i}", "3_at": "null"} for i in (1, 2, 3)}}
GENES = {"GPL7": {"1_at": "TP53", "2_at": "CD4 /// CD8A", "3_at": ""}}


@pytest.fixture
def family(gzipped: Gzipped) -> Path:
    return gzipped(family_text("GSE5", TABLES, GENES), "GSE5_family.soft.gz")


def annotation(gzipped: Gzipped, genes: dict[str, str]) -> Path:
    """An `.annot` that describes its columns, as GEOparse wants them, and repeats none."""
    described = "".join(f"#{name} = x\n" for name in ("ID", "Gene title", "Gene symbol", "Chromosome", "X"))
    text = annot_text("GPL7", genes).replace("#ID = ID\n", described)
    return gzipped(text.replace("Chromosome\tGene title", "Chromosome\tX"), "GPL7.annot.gz")


def changed(monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], None]) -> None:
    """GEOparse reads something else."""
    read = second_reader._geoparse  # pyright: ignore[reportPrivateUsage]

    def otherwise(path: Path, reader: str) -> Any:
        found = read(path, reader)
        change(found)
        return found

    monkeypatch.setattr(second_reader, "_geoparse", otherwise)


def test_equal_readings(family: Path, gzipped: Gzipped) -> None:
    found = compare_family(family, "GPL7")
    assert (found.file, found.difference) == (family.name, None)
    assert found.compared.startswith("3 samples of GPL7 with ")
    assert found.compared.endswith(" and 9 values")
    assert compare_platform(family, "GPL7").difference is None
    path = annotation(gzipped, {"1_at": "TP53", "2_at": "44256", "3_at": "", "NA": "X"})
    assert compare_platform(path, "GPL7").difference is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda gse: gse.gsms.pop("GSM3"), "3 samples here, 2 by GEOparse"),
        (lambda gse: gse.gsms["GSM2"].metadata.update(title=["other"]), r"GSM2, title: \['.*'\] here, \['other'\]"),
        (
            lambda gse: gse.gsms["GSM2"].metadata.update(characteristics_ch1=["a: b"]),
            r"GSM2, characteristics_ch1: .* here, \['a: b'\] by GEOparse",
        ),
        (lambda gse: gse.gsms["GSM1"].table.update({"VALUE": [1.25, 0.2, None]}), "GSM1, 2_at: 0.1 here, 0.2 by"),
    ],
)
def test_the_first_difference_of_a_family_is_named(
    family: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], None], said: str
) -> None:
    changed(monkeypatch, change)
    found = compare_family(family, "GPL7").difference
    assert found is not None
    assert re.search(said, found), found


def test_the_first_difference_of_a_platform_is_named(family: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(gse: Any) -> None:
        table = gse.gpls["GPL7"].table
        table.iloc[1, 1] = "CD9"

    changed(monkeypatch, other)
    found = compare_platform(family, "GPL7").difference
    assert found is not None
    assert found.startswith("2_at, ")
    assert "'CD4 /// CD8A' here, 'CD9' by GEOparse" in found


def test_a_row_that_geoparse_takes_for_a_comment_is_a_difference(gzipped: Gzipped) -> None:
    """GEOparse leaves out rows of a table that begin with !; our reader keeps them."""
    path = annotation(gzipped, {"1_at": "TP53", "!2_at": "CD4"})
    assert compare_platform(path, "GPL7").difference == "2 probes here, 1 by GEOparse"


def test_what_geoparse_cannot_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "GSE5_family.soft"
    path.write_text("^SERIES = GSE5\n^SERIES = GSE6\n")
    with pytest.raises(SourceError, match=r"GSE5_family\.soft: GEOparse cannot read it"):
        compare_family(path, "GPL7")
