"""The sections `enrichment` and `scores` of a study file: gene-set libraries, and what is done with them.

All other sections are in `schema.py`; where a library comes from is said in `enrichment/providers/`.
"""

import re
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, Field, model_validator

from dmicc_assets.study.case import SECTION

LibraryName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
ScoreMethod = Literal["ssgsea", "gsva"]
# A library's name at its provider, or an address of a GMT file.
_PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]*|https?://[A-Za-z0-9.-]+(:\d{1,5})?/\S+|file:///\S+")


class Libraries(BaseModel):
    """Gene-set libraries, and limits of set sizes.

    `{KEGG: KEGG_2021_Human}` among the libraries gives the library that a name stands for; it is kept in `pins`.
    """

    model_config = SECTION

    libraries: list[LibraryName] = Field(min_length=1)
    pins: dict[str, str] = {}
    min_size: int = Field(default=10, ge=1, le=1_000_000)
    max_size: int = Field(default=500, ge=1, le=1_000_000)

    @model_validator(mode="after")
    def _libraries_once(self) -> Self:
        twice = sorted({name for name in self.libraries if self.libraries.count(name) > 1})
        problems = [f"libraries: duplicate library {name!r}" for name in twice]
        for name, pin in self.pins.items():
            if name not in self.libraries:
                problems.append(f"pins: {name!r} is not one of the libraries ({', '.join(self.libraries)})")
            if not _PIN.fullmatch(pin):
                problems.append(f"pins: expected a library's name or an http(s):// or file:// address, got {pin!r}")
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @model_validator(mode="before")
    @classmethod
    def _libraries_with_pins(cls, section: Any) -> Any:
        """`{KEGG: KEGG_2021_Human}` among the libraries is the library KEGG and its pin."""
        if not isinstance(section, dict):
            return section
        given = cast("dict[str, Any]", section)
        libraries: Any = given.get("libraries")
        if isinstance(libraries, dict):
            libraries = [{name: pin} for name, pin in cast("dict[str, Any]", libraries).items()]
        if not isinstance(libraries, list):
            return given
        names: list[Any] = []
        pins: dict[str, Any] = {}
        for entry in cast("list[Any]", libraries):
            pinned = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
            names += list(pinned) or [entry]
            pins |= {name: pin for name, pin in pinned.items() if pin is not None}
        stated: Any = given.get("pins", {})
        if isinstance(stated, dict):
            pins = {**cast("dict[str, Any]", stated), **pins}
        return {**given, "libraries": names, "pins": pins if isinstance(stated, dict) else stated}


class Enrichment(Libraries):
    """The libraries that are tested, whose genes they name, and the threshold."""

    libraries: list[LibraryName] = Field(default=["GO_BP", "GO_CC", "GO_MF", "KEGG"])
    organism: Literal["human", "mouse", "rat"] = "human"
    adj_p_value: float = Field(default=0.05, gt=0, le=1, strict=False)


class Scores(Libraries):
    """The libraries whose sets are scored in every sample, and the method."""

    method: ScoreMethod = "ssgsea"
