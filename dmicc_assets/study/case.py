"""The section `case` of a study file: the patient who raised the question. All other sections are in `schema.py`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

# Of every section of a study file: unknown keys are an error, and values are immutable.
SECTION = ConfigDict(extra="forbid", frozen=True, strict=True)


class Observation(BaseModel):
    """One thing seen in the patient who raised the question."""

    model_config = SECTION

    section: str
    item: str
    value: str
    unit: str | None = None
    reference: str | None = None
    flag: Literal["high", "low", "normal", "positive", "negative", "abnormal"] | None = None


class ReportedCase(BaseModel):
    """A patient reported before with the two diseases together."""

    model_config = SECTION

    author: str
    year: int = Field(ge=1600, le=2200)
    sex: Literal["man", "woman"] | None = None
    age: int | None = Field(default=None, ge=0, le=150)
    finding: str
    doi: str | None = None


class Case(BaseModel):
    """The patient who raised the question, and the cases reported before."""

    model_config = SECTION

    title: str
    observations: list[Observation] = []
    reported: list[ReportedCase] = []
