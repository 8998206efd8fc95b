"""The section of one dataset in a study file.

Its parts are in `dataset_parts.py`; rules between datasets and cohorts in `schema.py`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    BaseModel,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from dmicc_assets.study.case import SECTION
from dmicc_assets.study.dataset_parts import (
    SPECIES,
    Annotation,
    Batch,
    Channels,
    LabelRule,
    Patient,
    Symbols,
    Values,
)

BESIDE = "./"  # a clinical file of a Xena dataset that is not on the hub but beside the study file
PLATFORM = r"^(?:GPL|SIMP)\d+$"


class Dataset(BaseModel):
    """One expression matrix with its samples: a GEO series on one platform, a Xena matrix or a local file."""

    model_config = SECTION

    source: Literal["geo", "xena", "file"]
    platform: str | None = Field(default=None, pattern=PLATFORM)
    matrix: str | None = None
    samples: str | None = None
    clinical: list[str] = []
    tissue: str = ""
    labels: list[LabelRule] = Field(min_length=1)
    annotation: Annotation | Annotated[str, Field(min_length=1)] | None = None
    symbols: Symbols = "annotated"
    orthologues: Annotated[str, Field(min_length=1)] | None = None
    values: Values = "auto"
    channels: Channels | None = None
    normalise: Literal["quantile", "none"] = "quantile"
    collapse: Literal["mean", "median", "max_mean"] = "mean"
    patient: Patient | None = None
    batch: Batch | None = None

    @model_validator(mode="before")
    @classmethod
    def _scale_is_a_synonym(cls, given: Any) -> Any:
        """`scale: log2` and `scale: linear` are an earlier spelling of `values:`."""
        if not isinstance(given, dict):
            return cast(object, given)
        section = dict(cast(dict[str, Any], given))
        if "scale" not in section:
            return section
        scale = section.pop("scale")
        if "values" in section:
            raise ValueError("`scale` is an earlier spelling of `values`: give one of them")
        if scale not in ("auto", "log2", "linear"):
            raise ValueError(f"scale: expected auto, log2 or linear, got {scale!r}; `values` has more choices")
        return {**section, "values": scale}

    @model_validator(mode="before")
    @classmethod
    def _orthologues_are_asked_for(cls, given: Any) -> Any:
        """`orthologues: ...` alone says that the symbols are replaced."""
        if isinstance(given, dict) and "orthologues" in given and "symbols" not in given:
            return {**cast(dict[str, Any], given), "symbols": "human_orthologues"}
        return cast(object, given)

    @model_serializer(mode="wrap")
    def _as_before(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without the keys of orthologues where they are not used: the recipes of such datasets stay as they were."""
        content: dict[str, Any] = dump(self)
        unused = ("symbols", "orthologues") if self.symbols == "annotated" else ()
        return {key: value for key, value in content.items() if key not in unused}

    @field_validator("platform", mode="before")
    @classmethod
    def _in_capitals(cls, given: Any) -> Any:
        return given.upper() if isinstance(given, str) and re.match(PLATFORM, given.upper()) else given

    @field_validator("orthologues", mode="before")
    @classmethod
    def _species_by_any_name(cls, given: Any) -> Any:
        """`Mouse` and `Mus musculus` are `mouse`; anything else is a table."""
        names = {each.lower(): short for short, name in SPECIES.items() for each in (short, name)}
        return names.get(given.lower(), given) if isinstance(given, str) else given

    @field_validator("clinical", mode="before")
    @classmethod
    def _one_file_or_several(cls, given: Any) -> Any:
        return [given] if isinstance(given, str) else given

    @model_validator(mode="after")
    def _keys_agree(self) -> Self:
        if problems := list(self._disagreements()):
            raise ValueError("\n".join(problems))
        return self

    def _disagreements(self) -> Iterator[str]:
        """Keys of the dataset that contradict each other, and those that are missing beside others."""
        if self.source == "geo" and (self.matrix or self.samples):
            yield "a geo dataset names no matrix and no samples: both come from the series"
        if self.source != "geo" and not self.matrix:
            yield f"a {self.source} dataset names its matrix"
        if isinstance(self.annotation, Annotation) and self.source != "geo" and not self.platform:
            yield "a column of annotation is a platform's: name its `platform:`, or a table of your own"
        if self.symbols == "annotated" and self.orthologues:
            yield "orthologues: they are used with `symbols: human_orthologues`, not with annotated"
        if self.symbols == "human_orthologues" and self.source != "geo" and self.orthologues is None:
            yield (
                f"symbols: human_orthologues: say of which species: `orthologues: {'` or `'.join(SPECIES)}`, or a "
                "table of its symbols and the human ones: `orthologues: my_table.tsv`"
            )
        if self.channels is not None and self.values not in ("auto", "log_ratio", "ln_ratio", "log10_ratio"):
            yield (
                f"channels: changes the sign of log ratios, but values: {self.values} is no ratio: leave channels out, "
                "or write values: log_ratio (base 2), log10_ratio or ln_ratio"
            )
        if self.source == "xena":
            for name in [self.matrix or "", *(each for each in self.clinical if not each.startswith(BESIDE))]:
                if ".." in Path(name).parts or Path(name).is_absolute() or "://" in name:
                    yield f"expected a name relative to the hub, got {name!r}"
        files = [each.rsplit("/", 1)[-1] for each in self.clinical]
        if twice := next((file for file in files if files.count(file) > 1), None):
            yield f"clinical: two files are named {twice!r}; rename one of them"
