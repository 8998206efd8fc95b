"""A rigor check: its declaration, which decorates the function that makes its findings.

The checks themselves are in the theme modules of this folder; `registry` lists these modules and runs the checks.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from dmicc_assets.checks.finding import FIRED, Finding, Severity
from dmicc_assets.results.evidence import StudyEvidence

PROBAST = "Wolff 2019, 10.7326/M18-1376"
TRIPOD = "Collins 2024, 10.1136/bmj-2023-078378"
# Kinds of `validation.roc` whose interval is DeLong's, and all of them.
DELONG = ("apparent", "external")
EVERY_AUC = ("apparent", "leaky_cv", "nested_cv", "bootstrap_632plus", "external")
# Thresholds of several checks: a larger p-value does not show more than chance, a smaller class shows little.
CHANCE = 0.05
SMALL_CLASS = 10

Side = Literal["above", "below", "at or above", "at or below"]
# Levels of the verdict that a check can lead to, the gravest first.
DoubtLevel = Literal["broken data", "not supported", "a hypothesis"]
Judge = Callable[[StudyEvidence], list[Finding]]


class Measure(NamedTuple):
    """The statistic of a finding in words, and the side of the threshold on which the check fires.

    `doubted` is what is then in doubt, where no `Doubt` of the check says it.
    """

    what: str
    fires: Side
    doubted: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """The reason that the verdict gives when the check fires.

    Attributes:
        level: the level of the verdict when the check fires, unless a graver one has a reason.
        rank: place among the reasons of that level, the least first; three are named.
        says: the reason, as a part of a sentence that a clinician understands.
        tells: the same from the study's tables, with its numbers and names.
        severities: of the findings that it speaks of.
        of: which of the check's measures it speaks of; "" for all.
        is_always_said: the reason is said at every level, not only at its own.
    """

    level: DoubtLevel
    rank: int
    says: str
    tells: Callable[[StudyEvidence], str] | None = None
    severities: tuple[Severity, ...] = ("warning",)
    of: str = ""
    is_always_said: bool = False


@dataclass(frozen=True, slots=True)
class AucDoubt:
    """Note beside an AUC of a subject about which the check warns; `kinds` are those of `validation.roc`."""

    kinds: tuple[str, ...]
    says: str


@dataclass(frozen=True, slots=True)
class Lack:
    """What the verdict names as missing.

    Attributes:
        rank: place in the list, 1 first.
        says: what is missing, named when the check fires; a function is always called and gives "" for nothing.
    """

    rank: int
    says: str | Callable[[StudyEvidence], str]


@dataclass(frozen=True, slots=True)
class Stops:
    """Marks an integrity check that stops steps: on wrong data they raise a `DmiccError` with its code.

    Attributes:
        title: what must hold, for the asset check in Dagster.
        tables: the first table of every step that it stops.
    """

    title: str
    tables: tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """One rigor check: its declaration, and the function that makes its findings.

    Attributes:
        code: letter and number: D design, I data integrity, M multiplicity and signature, R prediction.
        slug: its name in words, joined by underscores.
        title: what holds when it is silent.
        meaning: what it means for the result when it fires, for docs/findings.md.
        measures: its statistics; the first under "", others under the name that a finding gives as `of`.
        remedy: what to do when it fires.
        citation: its source.
        severities: severities of its findings, apart from "ok".
        doubts: reason in the verdict when it fires.
        doubts_auc: note beside an AUC when it fires.
        lacks: what the verdict names as missing.
        tripod: items of TRIPOD+AI that its messages answer.
        stops: the steps that it stops, if it is an integrity check.
        judge: the function; its docstring says when the check fires.
    """

    code: str
    slug: str
    title: str
    meaning: str
    measures: Mapping[str, Measure]
    remedy: str
    citation: str
    severities: tuple[Severity, ...]
    doubts: tuple[Doubt, ...]
    doubts_auc: AucDoubt | None
    lacks: Lack | None
    tripod: tuple[str, ...]
    stops: Stops | None
    judge: Judge = field(repr=False)

    @property
    def order(self) -> tuple[str, int]:
        """Sort key: by letter, then by number."""
        return self.code[0], int(self.code[1:])

    @property
    def asset_check(self) -> str:
        """Its name as an asset check; the number has two digits, because Dagster sorts names as text."""
        return f"{self.code[0]}{self.order[1]:02d}_{self.slug}"

    @property
    def fires_when(self) -> str:
        """When it fires: the docstring of its function."""
        return " ".join((inspect.getdoc(self.judge) or "").split())

    def in_doubt(self, severity: str, measure: str) -> str:
        """What is in doubt by a finding that fired, as a part of a sentence.

        Args:
            severity: of the finding.
            measure: of the finding, in words.
        """
        said = [doubt for doubt in self.doubts if severity in doubt.severities]
        special = [doubt.says for doubt in said if doubt.of and self.measures[doubt.of].what == measure]
        own = [each.doubted for each in self.measures.values() if each.what == measure and each.doubted]
        general = [doubt.says for doubt in said if not doubt.of]
        return next(text for text in (*special, *own, *general, self.measures[""].doubted) if text)

    def gravity(self, measure: str | None, statistic: float | None, threshold: float | None) -> tuple[int, float]:
        """Sort key of a finding that fired among those of this check: the least is the worst.

        Measures stand in the order of their declaration. Of one measure, the finding is worse that is farther beyond
        its threshold, as a share of the threshold unless that is zero.

        Args:
            measure: of the finding, in words.
            statistic: what was measured.
            threshold: beyond which the check fires.
        """
        declared = list(self.measures.values())
        place = next((at for at, each in enumerate(declared) if each.what == measure), len(declared))
        if statistic is None or threshold is None or place == len(declared):
            return place, 0.0
        beyond = (statistic - threshold) / (abs(threshold) or 1.0)
        return place, -beyond if declared[place].fires in ("above", "at or above") else beyond

    def __call__(self, evidence: StudyEvidence) -> list[Finding]:
        """The findings on a study.

        Raises:
            ValueError: the function made a finding whose code, measure or severity is not declared.
        """
        found = self.judge(evidence)
        for each in found:
            if each.code != self.code or each.of not in self.measures or each.severity not in (*self.severities, "ok"):
                of = f" of {each.of!r}" if each.of else ""
                raise ValueError(
                    f"{self.judge.__name__} makes a finding {each.code}{of} ({each.severity}), which the declaration "
                    f"of {self.code} does not name"
                )
        return found


def has_fired(evidence: StudyEvidence, code: str) -> bool:
    """Whether a stored finding of the check is a warning or an error."""
    return not FIRED.isdisjoint(evidence.rows("rigor/findings", code=code)["severity"])


def check(
    code: str,
    *,
    slug: str,
    title: str,
    meaning: str,
    measures: str,
    fires: Side,
    remedy: str,
    citation: str,
    doubted: str = "",
    also_measures: Mapping[str, Measure] | None = None,
    severities: tuple[Severity, ...] = ("warning",),
    doubts: Doubt | tuple[Doubt, ...] = (),
    doubts_auc: AucDoubt | None = None,
    lacks: Lack | None = None,
    tripod: tuple[str, ...] = (),
    stops: Stops | None = None,
) -> Callable[[Judge], Check]:
    """Declare a check; the function makes its findings, and `Check` explains the other arguments.

    Args:
        measures: what the statistic of its findings is.
        fires: side of the threshold on which it fires.
        doubted: what is then in doubt, where no doubt says it.
        also_measures: further statistics, by the name that a finding gives as `of`.
    """

    def declared(judge: Judge) -> Check:
        return Check(
            code=code,
            slug=slug,
            title=title,
            meaning=meaning,
            measures={"": Measure(measures, fires, doubted), **(also_measures or {})},
            remedy=remedy,
            citation=citation,
            severities=severities,
            doubts=doubts if isinstance(doubts, tuple) else (doubts,),
            doubts_auc=doubts_auc,
            lacks=lacks,
            tripod=tripod,
            stops=stops,
            judge=judge,
        )

    return declared
