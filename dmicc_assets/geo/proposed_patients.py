"""Which samples seem to be of one patient, by identifiers that differ in their last letter or number: a proposal.

A person confirms it; `expression/labels.py` applies the rule of a study file.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dmicc_assets.geo.chosen_labels import proposed_labels
from dmicc_assets.geo.describe import DatasetDescription

# A patient's identifier: with a letter behind its number (LCS-12A, P3 T), with a number behind its own (P12-1, 7_2), or
# a letter before a number (donor A1); and a whole text of a field for people.
_PATTERNS = (r"(\S*\d)[\s_.-]*[A-Za-z]$", r"(\S*\d)[\s_.-]+\d$", r"(\S*[A-Za-z])[\s_.-]*\d$")
_WHOLE = r"^(.+)$"
_OF_PEOPLE = re.compile(r"patient|subject|individual|donor|participant", re.I)
# Samples of one patient at most; more share an identifier of a group.
_MOST_OF_ONE = 6


@dataclass(frozen=True, slots=True)
class ProposedPatients:
    """A rule that tells patients, and what it would give.

    Attributes:
        field: of the identifier.
        pattern: with one group, the patient.
        n_patients: that it finds.
        n_several: of these, patients with several samples.
        example: two texts of one patient.
    """

    field: str
    pattern: str
    n_patients: int
    n_several: int
    example: tuple[str, str]

    @property
    def text(self) -> str:
        """What is to be confirmed, in words."""
        first, second = self.example
        like = f"such as {first!r} and {second!r}" if first != second else f"such as the two of {first!r}"
        return f"{self.n_several} of {self.n_patients} patients would have several samples, {like}"


def proposed_patients(dataset: DatasetDescription) -> ProposedPatients | None:
    """The rule that finds most samples of patients with several; None where none is likely.

    It is likely where most samples have an identifier, most of these share it with another sample, and at least half of
    the patients with several samples have some in different groups, such as tumour and normal tissue.
    """
    labels = proposed_labels(dataset)
    keys = dict.fromkeys(key for row in dataset.fields for key in row if key != "sample")
    found: list[tuple[int, ProposedPatients]] = []
    for key in keys:
        texts = [row.get(key, "").strip() for row in dataset.fields]
        for pattern in (*_PATTERNS, *((_WHOLE,) if _OF_PEOPLE.search(key) else ())):
            samples: defaultdict[str, list[int]] = defaultdict(list)
            for number, text in enumerate(texts):
                if match := re.search(pattern, text):
                    samples[match[1]].append(number)
            several = [numbers for numbers in samples.values() if len(numbers) > 1]
            if _is_likely(samples, several, texts, labels, ends_differ=pattern != _WHOLE):
                example = (texts[several[0][0]], texts[several[0][1]])
                proposal = ProposedPatients(key, pattern, len(samples), len(several), example)
                found.append((sum(map(len, several)), proposal))
    return max(found, key=lambda each: each[0])[1] if found else None


def _is_likely(
    samples: Mapping[str, Sequence[int]],
    several: Sequence[Sequence[int]],
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    ends_differ: bool,
) -> bool:
    """Whether identifiers are of patients, rather than of groups or replicates.

    Args:
        samples: of each identifier.
        several: samples of the identifiers with more than one.
        texts: of each sample, in which the identifiers are.
        labels: of each sample; "" without one.
        ends_differ: whether two samples of one identifier must differ in what follows it.
    """
    n_found, n_several = sum(map(len, samples.values())), sum(map(len, several))
    if len(several) < 2 or 2 * n_found < len(texts) or 2 * n_several < n_found:
        return False
    if max(map(len, several)) > _MOST_OF_ONE:
        return False
    if ends_differ and any(len({texts[n] for n in numbers}) < len(numbers) for numbers in several):
        return False
    return 2 * sum(len({labels[n] for n in numbers}) > 1 for numbers in several) >= len(several)
