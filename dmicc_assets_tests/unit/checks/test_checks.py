"""Every code of the rigor checks: a study in which it is silent, one in which it fires, and a page that explains it."""

import re
from dataclasses import replace

import polars as pl
import pytest

from dmicc_assets.checks import data
from dmicc_assets.checks.check import Check, Measure, check
from dmicc_assets.checks.finding import FIRED, Finding, Severity, finding
from dmicc_assets.checks.page import COMMAND, findings_page
from dmicc_assets.checks.registry import CHECKS, THEMES, by_code, findings_table, run_checks
from dmicc_assets.checks.symbols import lacking
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.tables import TABLES
from dmicc_assets_tests.conftest import ROOT
from dmicc_assets_tests.worlds.sound_study import manifest_of, sound, study_file, with_frame, with_notes
from dmicc_assets_tests.worlds.spoilt_annotation import WAYS_OF_ANNOTATION
from dmicc_assets_tests.worlds.spoilt_gene_sets import WAYS_OF_GENE_SETS
from dmicc_assets_tests.worlds.spoilt_people import WAYS_OF_PEOPLE
from dmicc_assets_tests.worlds.spoilt_studies import ANOTHER_WAY, DATASETS, FIRES, Spoil, two_datasets

EVERY_WAY = [*ANOTHER_WAY, *WAYS_OF_ANNOTATION, *WAYS_OF_GENE_SETS, *WAYS_OF_PEOPLE]


def no_model(evidence: StudyEvidence) -> StudyEvidence:
    without = with_frame(evidence, "model/coefficients", evidence.rows("model/coefficients").head(0))
    return with_frame(without, "validation/roc", evidence.rows("validation/roc").head(0))


def is_beyond(each: Finding, measure: Measure) -> bool | None:
    """Whether the statistic is on the side of the threshold on which the check fires; None without both."""
    if each.statistic is None or each.threshold is None:
        return None
    if each.statistic == each.threshold:
        return measure.fires.startswith("at or")
    return (each.statistic > each.threshold) == measure.fires.endswith("above")


def checked(code: str, evidence: StudyEvidence) -> dict[str, Finding]:
    """The findings of one check, by subject: statistic and threshold say why each warns or is silent."""
    found = CHECKS[code](evidence)
    for each in found:
        measure = CHECKS[code].measures[each.of]
        told = f"{each.code}: {each.statistic} {measure.fires} {each.threshold}: {each.message}"
        if each.severity == "ok":
            assert not is_beyond(each, measure), told
        elif each.severity in ("warning", "error"):
            # there is always a share of cases (R10), and never an interval without cases or controls (R6)
            assert is_beyond(each, measure) or (code in ("R6", "R10") and None in (each.statistic, each.threshold)), (
                told
            )
    return {each.subject: each for each in found}


@pytest.mark.parametrize("code", CHECKS)
def test_fires(code: str) -> None:
    spoil, severity, subject = FIRES[code]
    found = checked(code, spoil(sound()))
    assert found[subject].severity == severity, found[subject].message
    assert len(found[subject].message) > 20


@pytest.mark.parametrize(("code", "spoil", "severity", "subject", "said"), EVERY_WAY)
def test_another_way(code: str, spoil: Spoil, severity: str, subject: str, said: str) -> None:
    found = checked(code, spoil(sound()))
    assert (found[subject].severity, said in found[subject].message) == (severity, True), found[subject].message
    # What fired is what is measured: statistic and threshold are of one kind.
    statistic, threshold = found[subject].statistic, found[subject].threshold
    if code == "I4":
        assert (statistic, threshold) == (pytest.approx(2.2 / 1.3), 1.5)


@pytest.mark.parametrize("code", CHECKS)
def test_is_silent(code: str) -> None:
    # Risk and cut-offs of a model are always questionable: only a study without a model says nothing of them.
    evidence = no_model(sound()) if code in ("R10", "R11") else sound()
    found = checked(code, evidence)
    if code == "R2":
        # In the cohort that chose the genes it only informs, whatever it finds.
        assert found.pop("b").severity == "info"
    assert {each.severity for each in found.values()} == {"ok"}, [each.message for each in found.values()]


@pytest.mark.parametrize(("n_control", "severity"), [(50, "ok"), (49, "warning")])
def test_classes_are_unbalanced_from_just_above_five_to_one(n_control: int, severity: str) -> None:
    samples = sound().rows("cohort/samples")
    kept = samples.filter(pl.col("is_case") | (pl.col("sample").cum_count().over("cohort", "is_case") <= n_control))
    found = checked("D2", with_frame(sound(), "cohort/samples", kept))
    assert {each.severity for each in found.values()} == {severity}


@pytest.mark.parametrize(("n_control", "severity"), [(10, "ok"), (9, "warning")])
def test_a_smaller_class_of_as_many_samples_as_folds_is_enough(n_control: int, severity: str) -> None:
    samples = sound().rows("cohort/samples")
    kept = samples.filter(pl.col("is_case") | (pl.col("sample").cum_count().over("cohort", "is_case") <= n_control))
    found = checked("D3", with_frame(sound(), "cohort/samples", kept))
    assert {each.severity for each in found.values()} == {severity}


def test_combat_of_datasets_with_equal_shares_of_cases_is_no_warning() -> None:
    samples = sound().rows("cohort/samples")
    both = pl.concat([samples.with_columns(cohort=pl.lit("a")), samples.filter(cohort="b")])
    found = checked("D6", with_frame(two_datasets(sound(), "combat"), "cohort/samples", both))
    assert found["a"].severity == "ok", found["a"].message


def test_every_module_that_declares_a_check_is_a_theme() -> None:
    folder = ROOT / "dmicc_assets" / "checks"
    declaring = {path.stem for path in folder.glob("*.py") if "\n@check(\n" in path.read_text(encoding="utf-8")}
    assert declaring == {theme.__name__.rpartition(".")[2] for theme in THEMES}
    assert len(CHECKS) == sum(path.read_text(encoding="utf-8").count("\n@check(\n") for path in folder.glob("*.py"))


def test_what_a_finding_puts_in_doubt_is_not_the_claim() -> None:
    """Of every measure and severity: a title, which says what holds when the check is silent, reads as its opposite."""
    for each in CHECKS.values():
        kinds = [
            (severity, measure.what) for severity in FIRED & {*each.severities} for measure in each.measures.values()
        ]
        for said in (each.in_doubt(*kind) for kind in kinds):
            assert len(said) > 10
            assert said.lower() != each.title.lower()
            assert (said[0].islower() or said.startswith("ComBat"), said[-1] == ".") == (True, False), said


def test_gene_sets_that_came_with_the_package_are_not_called_a_wrong_background() -> None:
    """That is an error, and they are a warning."""
    each = CHECKS["M8"]
    assert each.in_doubt("warning", each.measures["bundled"].what).startswith("older gene sets stand in")
    assert "wrong background" in each.in_doubt("error", each.measures[""].what)


def test_thousands_of_genes_are_written_as_the_tables_do() -> None:
    genes = [f"G{i}" for i in range(1500)]
    assert lacking({"a": genes, "b": genes[:10]}).startswith("1,490 of 1,500 of a are not in all (G10, ")


@pytest.mark.parametrize(
    ("first_of_b", "biomarkers", "said"),
    [
        (["G1", "G2", "G3"], ["G1", "G2"], "ranking, and so whether G2 is a biomarker: over"),
        (["G1", "G3", "G2"], ["G1"], "ranking, and so whether G3 is a biomarker: over"),
        (
            ["G4", "G1", "G2"],
            ["G1"],
            "ranking; neither can be a biomarker, because another ranking leaves it out",
        ),
        (["G4", "G5", "G1"], [], "ranking; neither can be a biomarker, because another ranking leaves it out: over"),
    ],
)
def test_a_ranking_over_seeds_says_what_it_is_to_the_biomarkers(
    first_of_b: list[str], biomarkers: list[str], said: str
) -> None:
    """Two genes are taken of each ranking; in cohort a the seed decides between G2 and G3."""
    spoilt, chosen = FIRES["R5"][0](sound()), sound().rows("signature/biomarkers")
    of_a = (
        spoilt.rows("signature/ranking", cohort="a")
        .sort("rank")
        .head(3)
        .with_columns(gene=pl.Series(["G1", "G2", "G3"]))
    )
    of_b = of_a.with_columns(cohort=pl.lit("b"), gene=pl.Series(first_of_b))
    evidence = with_frame(spoilt, "signature/ranking", pl.concat([of_a, of_b]))
    found = checked("R5", with_frame(evidence, "signature/biomarkers", chosen.filter(pl.col("gene").is_in(biomarkers))))
    assert f"the seed decides whether G2 or G3 is taken of the {said}" in found["a"].message
    assert "G2, the last of the 2 genes taken, ranks" in found["a"].message


def test_every_spoilt_study_is_of_a_check() -> None:
    assert list(FIRES) == list(CHECKS)


def test_the_page_of_the_findings_is_the_one_that_is_printed() -> None:
    written = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    assert written == findings_page(), f"make it again: {COMMAND}"


@pytest.mark.parametrize("each", CHECKS.values(), ids=CHECKS)
def test_what_is_declared_reads_as_text(each: Check) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", each.slug)
    assert each.judge.__name__ == each.slug
    assert each.remedy.endswith(".")
    assert each.meaning.endswith(".")
    assert each.fires_when.endswith(".")
    assert not each.title.endswith(".")
    assert each.citation
    for doubt in each.doubts:
        assert set(doubt.severities) <= set(each.severities)
        assert doubt.of in each.measures


def test_reasons_of_the_verdict_have_one_order() -> None:
    doubts = [doubt for each in CHECKS.values() for doubt in each.doubts]
    ranks = [(doubt.level, doubt.rank) for doubt in doubts] + [("", c.lacks.rank) for c in CHECKS.values() if c.lacks]
    assert len(set(ranks)) == len(ranks)


def test_names_of_asset_checks_sort_as_the_codes_do() -> None:
    names = [each.asset_check for each in CHECKS.values()]
    assert names == sorted(names)
    assert {"I09_measured_genes", "I10_earlier_symbols", "R12_validation_independence"} <= set(names)


def test_a_finding_that_is_not_declared_is_refused() -> None:
    def declared(severity: Severity = "warning", code: str = "X1", of: str = "") -> Check:
        @check("X1", slug="x", title="t", meaning="m.", measures="n", fires="above", remedy="r.", citation="c")
        def x(evidence: StudyEvidence) -> list[Finding]:
            """It always does."""
            return [finding(code, evidence.name, severity, "it does", 2, 1, of)]

        return x

    assert declared()(sound())[0].severity == "warning"
    for wrong in (declared("error"), declared(code="X2"), declared(of="other")):
        with pytest.raises(ValueError, match="which the declaration of X1 does not name"):
            wrong(sound())


def test_two_checks_of_one_code_are_refused() -> None:
    with pytest.raises(ValueError, match="two checks have the code I2"):
        by_code([*THEMES, data])


def test_every_code_has_a_row_and_no_row_stands_twice() -> None:
    table = findings_table(run_checks(sound()))
    assert set(table["code"]) == set(CHECKS)
    assert not table.select("subject", "code").is_duplicated().any()


def test_a_cohort_with_the_study_s_name_has_one_finding_a_check() -> None:
    evidence = replace(sound(), study=study_file(study="a", datasets=DATASETS))
    found = [each for each in run_checks(evidence) if each.code == "D7" and each.subject == "a"]
    assert [each.severity for each in found] == ["warning"]
    assert found[0].message.endswith("; skin")
    assert len(findings_table(run_checks(evidence))) > len(CHECKS)


def test_counts_have_no_rule_for_the_logarithm() -> None:
    values = {"values": "counts", "values_why": "all are whole", "values_guessed": True, "n_rounded": 0}
    evidence = sound().with_frames({}, manifests=[manifest_of("expression/genes", "SIM1", values)])
    found = CHECKS["I2"](evidence)[0]
    assert found.severity == "info"
    assert found.message == "read counts, whose logarithm is taken of counts per million: all are whole"


def test_twice_the_same_finding_is_refused() -> None:
    found = run_checks(sound())
    with pytest.raises(ValueError, match="two findings of D1"):
        findings_table([*found, found[0]])


def test_a_study_that_found_nothing_still_has_every_code() -> None:
    evidence = sound(study_file(validation=[], population=None))
    groups = ("signature", "model", "validation", "rigor")
    none = {name: table.schema.to_frame() for name, table in TABLES.items() if table.group in groups}
    found = run_checks(evidence.with_frames(none))
    assert {each.code for each in found} == set(CHECKS)
    assert all(each.message for each in found)


def _permuted(observed: dict[str, float | None]) -> Finding:
    """R3 where permuted labels find nothing at all and the study's own labels give these values."""
    nulls = pl.DataFrame(
        [
            {"null": "permuted_labels", "subject": "b", "statistic": name, "draw": draw, "value": value}
            for name, first in observed.items()
            for draw, value in enumerate([first, *[0.5 if name == "leaky_cv_auc" else 0.0] * 50])
        ],
        infer_schema_length=None,
    )
    (found,) = CHECKS["R3"](with_frame(sound(), "rigor/nulls", nulls))
    return found


def test_an_area_that_cannot_be_had_does_not_make_a_study_chance() -> None:
    found = _permuted({"leaky_cv_auc": None, "overlap": 18.7, "signature_size": 163.0})
    assert (found.severity, found.statistic) == ("ok", pytest.approx(1 / 51))
    assert "leaky AUC is not judged" in found.message
    assert "not judged" not in _permuted({"leaky_cv_auc": 0.9, "overlap": 9.0, "signature_size": 9.0}).message


def test_permuted_labels_say_what_they_give_as_much_of() -> None:
    found = _permuted({"leaky_cv_auc": 0.4, "overlap": 18.7, "signature_size": 163.0})
    assert found.severity == "warning"
    assert found.message.endswith(": random labels reach the leaky AUC")
    found = _permuted({"leaky_cv_auc": None, "overlap": 0.0, "signature_size": 0.0})
    assert (found.severity, found.statistic) == ("warning", 1.0)
    assert found.message.endswith(
        "(50 permutations, 100% of which find nothing at all; the least that p can be is "
        "0.0196): the true labels give no gene either"
    )


@pytest.mark.parametrize("code", ["R1", "R3", "M7"])
def test_what_is_repeated_on_counts_is_said_to_be_unweighted(code: str) -> None:
    """The differential expression of a cohort of RNA-seq counts is weighted by voom, its repetition is not."""
    evidence = sound()
    counted = evidence
    for name in evidence.study.datasets:
        counted = with_notes(counted, "expression/genes", name, normalise="TMM")
    (found,) = CHECKS[code](counted)
    cohorts = list(evidence.study.cohorts) if code == "M7" else [evidence.study.model_cohort]
    assert found.severity == "ok"
    assert found.message.endswith(f"; repeated on log2 counts of {', '.join(cohorts)} without voom's weights")
    (found,) = CHECKS[code](evidence)
    assert "voom" not in found.message


def test_a_library_that_could_not_be_had_is_no_negative_result() -> None:
    """M8 warns and says why, of some libraries or of all of them."""
    why = {"KEGG": "https://maayanlab.cloud/Enrichr: the server answers HTTP 503"}
    found = checked("M8", with_notes(sound(), "enrichment/terms", "b", missing_libraries=why))["b"]
    assert found.severity == "warning"
    assert "enrichment was not made in KEGG, which could not be had (KEGG: https://maayanlab" in found.message
    no_rows = with_frame(sound(), "enrichment/terms", sound().rows("enrichment/terms").head(0))
    found = checked("M8", with_notes(no_rows, "enrichment/terms", "b", libraries=[], missing_libraries=why))["b"]
    assert (found.severity, found.statistic) == ("warning", 1)
    assert found.message.startswith("enrichment was not made: no gene sets could be had (KEGG: ")
