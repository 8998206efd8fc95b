"""The report's text; it is one file, and it can be made when results are missing."""

import gzip
import json
import re
from base64 import b64decode
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

import polars as pl
import pytest

from dmicc_assets.lake.manifest import Manifest
from dmicc_assets.report.appendix import tally
from dmicc_assets.report.data_tables import free_table, number_text
from dmicc_assets.report.facts import facts, tiles_a_row
from dmicc_assets.report.figures.catalog import study_figures
from dmicc_assets.report.method_text import methods
from dmicc_assets.report.study_report import linked, study_report
from dmicc_assets.results.reader import Results
from dmicc_assets_tests.worlds.simulated_study import DEFAULTS, N_GENES, Options, simulated_tables, study_of

VERDICT = {
    "line": "A hypothesis.",
    "found": "Twenty genes move in both.",
    "trust": "It says little (doi:10.1073/pnas.102102699).",
    "missing": "No patient has both.",
}
CHECKLIST = pl.DataFrame({"item": ["1", "2"], "topic": ["Title", "Abstract"], "reported": ["yes", "not applicable"]})
SICI = "10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4"
MANIFEST = Manifest(
    "model/coefficients", "simulated", "r" * 64, "c" * 64, "s" * 64, 9, 3, "1", {}, [],
    {"numpy": "2.4.0", "dmicc_assets": "0.1.0"}, "run-1", "2026-01-02T03:04:05+00:00",
)  # fmt: skip


class _Page(HTMLParser):
    """Elements of a page: counts, ids, headings, alternative texts, addresses that a browser would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.levels: list[int] = []
        self.alts: list[str] = []
        self.loaded: list[str] = []
        self.headers_without_scope = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [str(given["id"])] if "id" in given else []
        self.levels += [int(tag[1])] if re.fullmatch(r"h\d", tag) else []
        self.alts += [given.get("alt") or ""] if tag == "img" else []
        self.loaded += [str(given[name]) for name in ("src", "srcset") if name in given]
        self.loaded += [str(given.get("href"))] if tag == "link" else []
        self.headers_without_scope += tag == "th" and "scope" not in given


SHOWN = (
    "study/venn", "study/roc.b", "study/roc_model", "study/nomogram", "study/nulls", "cohort/a/volcano",
    "dataset/GSE1/pca",
)  # fmt: skip


@cache
def rendered(options: Options = DEFAULTS, with_figures: bool = False) -> str:
    """The report of a simulated study, with a few of its figures or none."""
    results = simulated_tables(options)
    figures = [figure for figure in study_figures(results) if with_figures and figure.name in SHOWN]
    judged = pl.DataFrame([VERDICT | {"study": "simulated", "level": "a hypothesis"}])
    return study_report(results.with_frames({"rigor/verdict": judged}), [MANIFEST], figures, CHECKLIST).html


@pytest.fixture(scope="module")
def page() -> str:
    return rendered(with_figures=True)


def test_the_page_loads_nothing_and_its_ids_are_unique(page: str) -> None:
    found = _Page(page)
    assert all(address.startswith("data:") for address in found.loaded)
    assert not re.search(r"@import|url\((?!#|%23)|fetch\(|XMLHttpRequest|<script[^>]+src", page)
    assert len(set(found.ids)) == len(found.ids)


def test_the_page_is_accessible(page: str) -> None:
    found = _Page(page)
    assert found.levels[0] == 1
    assert found.levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(found.levels, found.levels[1:], strict=False))
    assert found.headers_without_scope == 0
    assert len(found.alts) == len(SHOWN) + 1  # the study in one picture
    assert all(len(alt) > 30 for alt in found.alts)
    assert '<html lang="en">' in page


def test_the_page_is_in_the_order_of_a_paper(page: str) -> None:
    order = ["summary", "case", "data", "differential", "enrichment", "signature", "ranking", "validation", "model"]
    places = [page.index(f'<section id="{name}"') for name in [*order, "rigor", "published", "appendix"]]
    assert places == sorted(places)
    assert "1,000.00 U/ml" in page
    assert "hypodense &lt;foci&gt;" in page
    assert "<strong>A hypothesis.</strong>" in page
    assert VERDICT["found"] in page
    assert VERDICT["missing"] in page
    assert '<a href="https://doi.org/10.1073/pnas.102102699">' in page


def test_the_first_pages_have_flow_doubts_and_the_figures_that_matter(page: str) -> None:
    first = page[page.index('<section id="summary"') : page.index('<section id="case"')]
    figures = [
        f'id="figure-{name}"' for name in ("study-flow", "cohort-a-volcano", "study-roc_model", "study-nomogram")
    ]
    assert [first.index(each) for each in figures] == sorted(first.index(each) for each in figures)
    doubts = first[first.index("What to doubt first") : first.index("</tbody>")]
    assert doubts.count('<tr><th scope="row">') == 4  # I1, D1, R1, R12 warn; five at most are shown
    assert doubts.index(">I1</a>") < doubts.index(">D1</a>")
    assert "also in" in doubts
    assert "Find more samples or merge another dataset into the cohort" in doubts


def test_every_section_opens_with_its_answer_and_shows_figures_before_tables(page: str) -> None:
    body = page[page.index('<section id="data"') : page.index('<section id="appendix"')]
    for section in body.split("<section ")[1:]:
        name = section.split('"')[1]
        assert '<p class="answer">' in section, name
        places = [
            section.find(what) for what in ('<p class="answer">', "<figure", 'class="data-table"', 'class="method"')
        ]
        there = [place for place in places if place >= 0]
        assert there == sorted(there), name


def test_the_appendix_is_folded_and_has_what_is_long(page: str) -> None:
    after = page[page.index('<section id="appendix"') :]
    parts = re.findall(r'<details class="part">\s*<summary><h3 id="(\w+)"', after)
    assert parts == ["findings", "quality", "cohorts", "tables", "checklist", "probast", "provenance"]
    assert "<details open" not in page
    assert "<li><strong>M4</strong> simulated: " in after
    assert after.index("table-findings") < after.index('class="silent"') < after.index("table-expression-quality")


def test_text_of_the_study_is_escaped(page: str) -> None:
    assert "Two simulated diseases &lt;b&gt;&amp; their signature&lt;/b&gt;" in page
    assert "a &lt;file&gt; is damaged" in page
    assert "<file>" not in page


def test_findings_stand_the_gravest_first_with_what_each_asks(page: str) -> None:
    body = page[page.index('id="table-findings"') : page.index("</tbody>", page.index('id="table-findings"'))]
    assert body.index(">I1<") < body.index(">D1<")
    assert ">ok<" not in body
    assert "Every file is whole" in body
    assert "samples in the smaller class: 7 (fires below 10)" in _cells(page, "table-findings", "measured")
    assert "Find more samples or merge another dataset into the cohort" in body


def _cells(page: str, table: str, column: str) -> list[object]:
    """All values of a column of a table's download."""
    packed = re.search(rf'id="{table}".*?class="data">([^<]+)', page, re.DOTALL)
    assert packed is not None
    columns = json.loads(gzip.decompress(b64decode(packed[1])))
    return next(each["values"] for each in columns if each["name"] == column)


def _headings(page: str, table: str) -> list[str]:
    start = page.index(f'id="{table}"')
    return re.findall(r'data-column="([^"]+)"', page[start : page.index("</thead>", start)])


def test_tables_begin_with_what_identifies_a_row_and_its_p_and_the_download_has_all_columns(page: str) -> None:
    assert _headings(page, "table-differential-statistics-a")[:3] == ["gene", "p_value", "adj_p_value"]
    for table in ("table-enrichment-camera", "table-enrichment-terms"):
        assert _headings(page, table)[:3] == ["term_name", "p_value", "adj_p_value"]
    assert "b" not in _headings(page, "table-differential-statistics-a")
    assert len(_cells(page, "table-differential-statistics-a", "b")) == N_GENES


def test_rows_stand_by_p_rank_and_frequency_and_never_by_the_alphabet(page: str) -> None:
    ordered = {
        ("table-differential-statistics-a", "p_value"): False, ("table-enrichment-camera", "adj_p_value"): False,
        ("table-enrichment-terms", "adj_p_value"): False, ("table-enrichment-gsea", "fdr"): False,
        ("table-signature-ranking", "rank"): False, ("table-signature-stability", "frequency"): True,
        ("table-validation-expression-tests", "p_value"): False,
    }  # fmt: skip
    for (table, column), is_descending in ordered.items():
        values = [float(str(value)) for value in _cells(page, table, column) if value is not None]
        assert len(values) > 1, table
        assert values == sorted(values, reverse=is_descending), table
    assert _cells(page, "table-validation-roc", "predictor")[0] == "risk model"


def test_cells_are_in_words() -> None:
    page = rendered()
    assert set(_cells(page, "table-validation-roc", "kind")) == {"external", "apparent (chosen here)"}
    assert set(_cells(page, "table-validation-roc", "subject")) == {"Disease A", "Disease B", "GSE4"}
    assert {str(test).split(",")[0] for test in _cells(page, "table-validation-expression-tests", "test")} == {
        "Wilcoxon"
    }
    assert "GO BP" in _cells(page, "table-enrichment-terms", "library")
    assert not re.search(r"<td[^>]*>\w*(nested_cv|wilcoxon_|GO_BP)", page)


def test_findings_are_counted_by_check_as_on_the_command_line() -> None:
    """D1 warns of two subjects and is one check that warns."""
    results = simulated_tables()
    assert tally(results) == {"error": 1, "warning": 3, "ok": 1}
    assert "3 checks warn" in rendered()
    warned = results.rows("rigor/findings").filter(pl.col("severity").is_in(["error", "warning"]))
    assert warned["code"].n_unique() == 4
    assert len(warned) == 5


def test_a_tile_shows_the_warnings_on_its_auc() -> None:
    doubts = {fact.label: [code for code, _ in fact.doubts] for fact in facts(simulated_tables())}
    of_auc = {label: codes for label, codes in doubts.items() if label.startswith("AUC")}
    apparent, external = (next(label for label in of_auc if kind in label) for kind in ("apparent", "external"))
    assert of_auc == {label: [] for label in of_auc} | {apparent: ["R1"], external: ["R12"]}
    page = rendered()
    assert page.count('<ul class="doubts">') == 2
    assert "R12</a> not independent of training" in page


@pytest.mark.parametrize(("n", "a_row"), [(0, 1), (1, 1), (5, 5), (6, 3), (7, 4), (8, 4), (9, 5), (11, 4)])
def test_the_rows_of_tiles_are_nearly_of_one_length(n: int, a_row: int) -> None:
    assert tiles_a_row(n) == a_row


def test_the_two_p_of_the_overlap_are_told_apart() -> None:
    text = methods(study_of(Options()), {}).signature
    assert "hypergeometric upper tail" in text
    assert "along 1,999 random axes of its samples" in text
    assert "not whether the diseases share something" in text


def test_camera_is_the_first_test_of_gene_sets_and_each_null_is_said(page: str) -> None:
    first = page.index("Gene sets by camera: the first 6 of 6; 4 move more than the other genes")
    assert first < page.index('id="table-enrichment-terms"') < page.index("Preranked gene sets with")
    assert "estimates for each set how correlated its genes are" in page
    assert "Both are repeated with permuted labels, 200 times" in page
    assert "The other two take genes as independent" in page


def test_columns_have_headings_in_words_and_their_names_below() -> None:
    page = rendered()
    assert 'data-column="log_fc" title="' in page
    assert ">log2 fold change</th>" in page
    assert "<dt>log2 fold change <code>log_fc</code></dt>" in page
    assert not re.search(r"<th[^>]*>(n|is) [a-z]", page)


def test_provenance_versions_and_settings_are_there(page: str) -> None:
    assert "r" * 64 in page
    assert "2.4.0" in page
    assert "2026-01-02 03:04" in page
    assert "&#34;bootstrap&#34;: 20" in page


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(n_shared=0, n_biomarkers=0), "The signature is empty"),
        (Options(n_biomarkers=0), "There is no risk model"),
        (Options(n_biomarkers=1, has_validation=False), "Validation datasets: none."),
        (Options(has_case=False), "published numbers"),
        (Options(n_cohorts=1, long_names=True), "With one cohort the signature is its differentially expressed genes"),
    ],
)
def test_what_is_missing_is_said(options: Options, said: str) -> None:
    page = rendered(options)
    assert said in page
    assert ('<section id="case"' in page) == options.has_case


def test_a_study_that_was_never_run_has_a_report() -> None:
    page = study_report(Results.of_frames(simulated_tables().study, {}), [], [], pl.DataFrame()).html
    for said in ("No check has been run.", "No dataset has been read yet.", "No cohort has been analysed yet."):
        assert said in page
    assert page.count("Nothing was made for this part.") == 6


def test_pages_differ_where_they_say_something_else_and_not_by_their_times() -> None:
    study, results = simulated_tables().study, Results.of_frames(simulated_tables().study, {})
    again = replace(MANIFEST, run_id="another", recipe="e" * 64, written_at="2027-01-01T00:00:00+00:00")
    other = replace(MANIFEST, content="d" * 64)
    title = Results.of_frames(study.model_copy(update={"title": "Another title"}), {})
    cases = ((results, MANIFEST), (results, again), (results, other), (title, MANIFEST))
    pages = [study_report(of, [manifest], [], pl.DataFrame()) for of, manifest in cases]
    assert len({page.html for page in pages}) == 4
    first, later, *others = (page.content_sha256 for page in pages)
    assert first == later
    assert len({first, *others}) == 3


def test_a_page_says_the_same_when_its_files_were_read_later_and_from_elsewhere() -> None:
    simulated = simulated_tables()
    datasets = simulated.rows("source/datasets")
    row = {"dataset": "GSE1", "role": "matrix", "file": "f", "sha256": "e" * 64, "n_bytes": 9, "etag": "e"}
    files = pl.DataFrame(
        [{"study": "simulated", **row, "last_modified": None, "source_url": "u", "retrieved_at": None}]
    )
    tables = {"source/datasets": datasets, "source/files": files}

    def page(**changes: pl.Expr) -> str:
        changed = {name: frame.with_columns(**changes) for name, frame in tables.items()}
        return study_report(Results.of_frames(simulated.study, changed), [MANIFEST], [], CHECKLIST).content_sha256

    later = pl.lit("2027-01-01T00:00:00").str.to_datetime(time_zone="UTC")
    assert page() == page(retrieved_at=later, source_url=pl.lit("file:///elsewhere"))
    assert page() != page(dataset=pl.lit("GSE1") + pl.col("dataset"))


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("Varma 2006, doi:10.1186/1471-2105-7-91.", "10.1186/1471-2105-7-91"),
        ("(10.1093/bib/bbac123)", "10.1093/bib/bbac123"),
        (f"doi:{SICI}).", SICI),
    ],
)
def test_a_doi_becomes_a_link_without_the_sentence_s_punctuation(text: str, doi: str) -> None:
    link = linked(text)
    assert link.count("<a ") == 1
    assert link.unescape().count(doi) == 2
    assert link.striptags() == text.replace("(10.1093", "(doi:10.1093")


def test_linked_escapes_everything_else() -> None:
    assert linked("<script>alert(1)</script> & 10.1/x") == "&lt;script&gt;alert(1)&lt;/script&gt; &amp; 10.1/x"
    assert linked(None) == ""


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (float("nan"), ""),
        (float("inf"), "∞"),
        (3, "3"),
        (3.0, "3"),
        (-0.123456, "−0.1235"),
        (1.9e-10, "1.9e−10"),
        ("a", "a"),
    ],
)
def test_numbers_are_written_for_reading(cell: object, text: str) -> None:
    assert number_text(cell) == text


def test_a_table_s_data_cannot_end_its_script() -> None:
    frame = pl.DataFrame({"a": ["</script><b>", None], "b": [1.23456789e-40, float("inf")], "c": [None, 2**53]})
    table = free_table("t", "t", frame)
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", table.payload)
    columns = json.loads(gzip.decompress(b64decode(table.payload)))
    assert [column["values"] for column in columns] == [["</script><b>", None], [1.23457e-40, "inf"], [None, 2**53]]


def test_a_long_list_is_cut_in_its_cell_and_whole_in_its_data() -> None:
    genes = [f"G{i}" for i in range(40)]
    table = free_table("t", "t", pl.DataFrame({"genes": [genes, genes[:2]]}))
    assert table.rows == [["G0, G1, G2, G3, G4, G5, G6, G7 … (40)"], ["G0, G1"]]
    assert json.loads(gzip.decompress(b64decode(table.payload)))[0]["values"][0] == ", ".join(genes)


def test_method_text_names_as_logged_only_what_was() -> None:
    study = study_of(Options())
    auto = [name for name, spec in study.datasets.items() if spec.values == "auto"]
    scales = dict.fromkeys(auto, "log2") | {auto[0]: "linear"}
    assert f": it was taken in {auto[0]}." in methods(study, {}, scales).data
    assert ": it was taken in none." in methods(study, {}, dict.fromkeys(auto, "log2")).data
    assert "it was taken" not in methods(study, {}).data


def test_method_text_says_of_counts_tpm_and_ratios_what_was_done() -> None:
    study = study_of(Options())
    first, second, *others = study.datasets
    changed = study.datasets[second].model_copy(update={"values": "tpm"})
    mixed = study.model_copy(update={"datasets": study.datasets | {second: changed}})
    texts = methods(mixed, {}, {first: "counts", second: "tpm"} | dict.fromkeys(others, "log10_ratio"))
    assert f"log2 counts per million with TMM factors (doi:10.1186/gb-2010-11-3-r25) in {first};" in texts.data
    assert f"TPM become log2(TPM + 1) in {second}." in texts.data
    assert f"what the values are in {second} (tpm)." in texts.data
    assert "GEO2R" not in texts.data
    normalised = next(sentence for sentence in texts.data.split(". ") if "quantile-normalised" in sentence)
    assert (first in normalised, second in normalised) == (False, True)
    trended = [name for name, cohort in study.cohorts.items() if second in cohort.datasets]
    assert f"TPM and FPKM are tested with a trend ({' and '.join(trended)};" in texts.differential
    assert "trend" not in methods(study, {}).differential


def test_method_text_states_the_settings() -> None:
    texts = methods(study_of(Options()), {"scikit-learn": "1.9.0"})
    assert "scikit-learn 1.9.0, 40 trees" in texts.ranking
    assert "20 bootstrap refits, seed 1" in texts.model
    assert "unadjusted p < 0.05" in texts.differential
    assert "a with the dataset as covariate" in texts.differential
