"""A proposed study never merges two datasets of the same people."""

import yaml

from dmicc_assets.geo.describe import DatasetDescription, SeriesDescription
from dmicc_assets.geo.propose_study import propose_study
from dmicc_assets.geo.sample_groups import SampleGroup


def _dataset(platform: str, chip: str, patients: range) -> DatasetDescription:
    titles = {f"C{i:03d} {'tumor' if i % 2 else 'normal'} kidney {chip}": 1 for i in patients}
    groups = (
        SampleGroup("tumor", len(patients) // 2, "case", "tumor", "^tumor$"),
        SampleGroup("normal", len(patients) // 2, "control", "normal", "^normal$"),
    )
    descriptions = {"title": titles, "tissue": {"tumor": len(patients) // 2, "normal": len(patients) // 2}}
    name = f"GSE781-{platform}"
    return DatasetDescription(
        name, platform, ("Homo sapiens",), len(patients), descriptions, "tissue", groups, "kidney", True, True, None
    )


def _proposed(*datasets: DatasetDescription) -> tuple[str, dict[str, list[str]]]:
    text = propose_study([SeriesDescription("GSE781", "Kidney", (), datasets)], "kidney")
    cohorts = yaml.safe_load(text)["cohorts"]
    return text, {name: cohort["datasets"] for name, cohort in cohorts.items()}


def test_the_same_people_on_two_platforms_are_not_merged() -> None:
    text, cohorts = _proposed(_dataset("GPL96", "U133A", range(16)), _dataset("GPL97", "U133B", range(16)))
    assert cohorts == {"tumor": ["GSE781-GPL96"]}
    assert "GSE781-GPL97 is in no cohort: its titles name the people of GSE781-GPL96" in " ".join(text.split())


def test_other_people_on_another_platform_are_merged() -> None:
    _, cohorts = _proposed(_dataset("GPL96", "U133A", range(16)), _dataset("GPL97", "U133B", range(40, 56)))
    assert cohorts == {"tumor": ["GSE781-GPL96", "GSE781-GPL97"]}


def test_a_label_that_is_frequent_elsewhere_makes_no_cohort_of_two_samples() -> None:
    """A run refuses one case against one control, however frequent their labels are in another series."""

    def dataset(name: str, **n: int) -> DatasetDescription:
        kinds = {label: "control" if label in ("healthy", "hd") else "case" for label in n}
        groups = tuple(SampleGroup(label, n[label], kinds[label], label, f"^{label}$") for label in n)  # pyright: ignore[reportArgumentType]
        return DatasetDescription(name, "GPL96", (), sum(n.values()), {}, "state", groups, "", True, True, None)

    text = propose_study(
        [
            SeriesDescription("GSE1", "", (), (dataset("GSE1", lupus=9, healthy=9),)),
            SeriesDescription("GSE2", "", (), (dataset("GSE2", lupus=1, hd=1, dm=4),)),
        ],
        "two",
    )
    cohorts = yaml.safe_load(text)["cohorts"]
    assert {name: (cohort["case"], cohort["control"]) for name, cohort in cohorts.items()} == {
        "lupus": ("lupus", "healthy"),
        "dm": ("dm", "hd"),
    }
