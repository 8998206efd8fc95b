"""R's answers: inputs, what R makes of them, and the scripts and versions that made both (README.md)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

ORACLE = Path(__file__).parent


def read_table(path: Path) -> pl.DataFrame:
    """A table that R wrote; NA and NaN are null."""
    return pl.read_csv(path, separator="\t", null_values=["NA", "NaN"], infer_schema_length=None)


@dataclass(frozen=True)
class Answers:
    """Cases and R's answers to them.

    Args:
        cases: folder that holds a folder a case.
        topics: folder that holds a folder a topic (limma, combat, ...).
    """

    cases: Path
    topics: Path

    def table(self, topic: str, name: str) -> pl.DataFrame:
        """The answer `<topic>/<name>.tsv`, compressed or not."""
        return read_table(_either(self.topics / topic, name))

    def summary(self, topic: str, name: str) -> dict[str, Any]:
        """The answer `<topic>/<name>.json`."""
        return json.loads((self.topics / topic / f"{name}.json").read_text())

    def case(self, case: str, name: str) -> pl.DataFrame:
        """A table of a case: `samples`, `probe_map`, `counts`, ..."""
        return read_table(_either(self.cases / case, name))

    def expression(self, case: str, name: str = "expression") -> tuple[list[str], NDArray[np.float64], list[str]]:
        """Row names, values and sample names of a case's matrix."""
        packed = self.cases / case / f"{name}.parquet"
        if packed.exists():
            return _unpack(packed, self.case(case, "samples")["sample"].to_list())
        table = self.case(case, name)
        values = table[:, 1:].cast(pl.Float64).fill_null(np.nan).to_numpy()
        return table[:, 0].cast(pl.String).to_list(), np.ascontiguousarray(values), table.columns[1:]


def _either(folder: Path, name: str) -> Path:
    plain = folder / f"{name}.tsv"
    return plain if plain.exists() else folder / f"{name}.tsv.gz"


def _unpack(path: Path, samples: list[str]) -> tuple[list[str], NDArray[np.float64], list[str]]:
    """What `R/pack.py` packed: millionths, gene after gene."""
    millionths = pl.read_parquet(path)["millionths"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    values = millionths.reshape(-1, len(samples)) / 1e6
    return [f"GENE{i + 1:04d}" for i in range(len(values))], values, samples


MADE_UP = Answers(ORACLE / "cases", ORACLE)
