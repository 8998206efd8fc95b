"""The parts of a dataset's section of the study file: rules for labels, patients and batches, annotation, channels.

`schema.py` joins them.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from dmicc_assets.study.case import SECTION
from dmicc_assets.study.patterns import checked_pattern

NAME = r"^[a-z][a-z0-9_]*$"


def _patient_expression(pattern: str) -> str:
    if re.compile(checked_pattern(pattern)).groups != 1:
        raise ValueError(f"expected one group in the pattern, as in '^(\\S+)', got {pattern!r}")
    return pattern


Name = Annotated[str, Field(pattern=NAME)]
Pattern = Annotated[str, AfterValidator(checked_pattern)]
# Whether genes keep the symbols of their annotation, or take those of their human orthologues.
Symbols = Literal["annotated", "human_orthologues"]
# Species whose orthologues are fetched, by the name in a study file.
SPECIES = {"mouse": "Mus musculus", "rat": "Rattus norvegicus"}
# What a matrix holds; `auto` lets source and numbers decide. A log ratio is to base 2.
KnownValues = Literal["log2", "ln", "log10", "linear", "counts", "tpm", "fpkm", "log_ratio", "ln_ratio", "log10_ratio"]
Values = Literal["auto", KnownValues]


class _Part(BaseModel):
    """A part of a section; unknown keys are an error, and values are immutable."""

    model_config = SECTION


class LabelRule(_Part):
    """Rule for a label: every pattern of `where` must match its field."""

    label: Name
    where: dict[str, Pattern] = Field(min_length=1)
    expect: int | None = Field(default=None, ge=0, le=10_000_000)


class Patient(_Part):
    """Rule for the patient of a sample: the text that the pattern's group captures in the field."""

    field: str
    pattern: Annotated[str, AfterValidator(_patient_expression)]


class Batch(Patient):
    """Which samples of a dataset were made together (a centre, a scanner): the pattern's group, found in the field."""


class Annotation(_Part):
    """The column of a platform's table that names genes, and the part of a cell that is a symbol.

    The pattern has one group; every match in a cell gives a symbol.
    """

    column: str = Field(min_length=1)
    pattern: Annotated[str, AfterValidator(_patient_expression)] | None = None


class Channels(_Part):
    """Which channel of a two-colour array is the reference: the one whose description the pattern matches.

    `ratio` says which channel is over which in the deposited log ratio.
    """

    reference: Pattern
    ratio: Literal["ch1/ch2", "ch2/ch1"] = "ch1/ch2"
