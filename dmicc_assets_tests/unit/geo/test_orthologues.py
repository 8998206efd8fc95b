"""Symbols of mouse or rat replaced by those of human orthologues: tables, one-to-one, counts, and what stops."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from dmicc_assets.checks.before_run import study_ahead
from dmicc_assets.errors import DataError, RequestError, SourceError
from dmicc_assets.expression.orthologues import Replaced, one_to_one, replace_symbols
from dmicc_assets.geo.acquire import acquire
from dmicc_assets.geo.dataset import read_dataset
from dmicc_assets.geo.formats.orthologue_tables import orthologue_part, read_orthologue_table
from dmicc_assets.geo.formats.platform import probe_rows
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.observe import observe
from dmicc_assets.geo.preview import preview_dataset
from dmicc_assets.study.addresses import GEO_ACC_URL
from dmicc_assets.study.schema import Study
from dmicc_assets_tests.worlds.fake_geo import FakeGeo
from dmicc_assets_tests.worlds.small_mirror import (
    annot_text,
    family_text,
    matrix_text,
    small_values,
    spec,
    write_annot,
    write_family,
    write_gzip,
    write_matrix,
)

# Mouse gene ids and symbols with earlier ones; human ids; pairs. Klk1b1 and Klk1b3 are both of KLK1, Cyp2c1 of two.
MOUSE = {"22059": ("Trp53", "p53|bbl"), "13649": ("Egfr", "-"), "16612": ("Klk1b1", "-"), "18050": ("Klk1b3", "-")}
MOUSE |= {"1": ("Cyp2c1", "-"), "70": ("Septin9", "Sept9"), "2": ("Gm1", "-")}
HUMAN = {"7157": "TP53", "1956": "EGFR", "3816": "KLK1", "1557": "CYP2C19", "1558": "CYP2C8", "10801": "SEPTIN9"}
PAIRS = [("7157", "22059"), ("1956", "13649"), ("3816", "16612"), ("3816", "18050"), ("1557", "1"), ("1558", "1")]
PAIRS += [("10801", "70")]
PROBES = ["Trp53", "Egfr", "Klk1b1", "Cyp2c1", "Sept9", "Gm1", "TP53BP1", "Egfr /// Gm1"]


def gene_info(taxon: str, genes: dict[str, tuple[str, str]]) -> str:
    rows = [f"{taxon}\t{key}\t{symbol}\t-\t{other}\t-\t1" for key, (symbol, other) in genes.items()]
    return "\n".join(["#tax_id\tGeneID\tSymbol\tLocusTag\tSynonyms\tdbXrefs\tchromosome", *rows]) + "\n"


def orthologs() -> str:
    rows = [f"9606\t{human}\tOrtholog\t10090\t{mouse}" for human, mouse in PAIRS[:-1]]
    rows += [f"10090\t{mouse}\tOrtholog\t9606\t{human}" for human, mouse in PAIRS[-1:]]  # in the other order
    rows += ["9606\t7157\tOrtholog\t10116\t24842", "9606\t7157\tOrtholog\t100900\t1", "9913\t5\tOrtholog\t10090\t22059"]
    return "\n".join(["#tax_id\tGeneID\trelationship\tOther_tax_id\tOther_GeneID", *rows]) + "\n"


@pytest.fixture
def ncbi(mirror: Path) -> Path:
    """The mirror with NCBI's files and a mouse series."""
    write_gzip(mirror / "gene" / "gene_orthologs.gz", orthologs())
    folder = mirror / "gene" / "GENE_INFO" / "Mammalia"
    write_gzip(folder / "Mus_musculus.gene_info.gz", gene_info("10090", MOUSE))
    human = {key: (symbol, "-") for key, symbol in HUMAN.items()}
    write_gzip(folder / "Homo_sapiens.gene_info.gz", gene_info("9606", human))
    text = matrix_text("GSE5", "GPL1261", small_values(len(PROBES))).replace("Homo sapiens", "Mus musculus")
    write_matrix(mirror, "GSE5", "GPL1261", text)
    write_annot(mirror, "GPL1261", annot_text("GPL1261", {f"{1000 + i}_at": gene for i, gene in enumerate(PROBES)}))
    return mirror


@pytest.fixture
def client(ncbi: Path, tmp_path: Path) -> GeoClient:
    """A client of that mirror on disk."""
    geo, xena, gene = ((ncbi / name).as_uri() for name in ("geo", "xena", "gene"))
    return GeoClient(geo, GEO_ACC_URL, xena, tmp_path / "cache", tmp_path / "locks", gene_url=gene)


def genes_of(name: str, client: GeoClient, folder: Path, **settings: object) -> dict[str, str | None]:
    asked = spec(**settings)  # pyright: ignore[reportArgumentType]
    raw = read_dataset(name, asked, acquire(name, asked, client, folder))
    assert raw.probe_genes is not None
    return dict(zip(raw.probe_genes["probe"], raw.probe_genes["gene"], strict=True))


def test_ncbis_orthologues_replace_the_symbols_of_mouse(client: GeoClient, tmp_path: Path) -> None:
    asked = spec(symbols="human_orthologues")
    files = acquire("GSE5", asked, client, tmp_path)
    assert [file.role for file in files][-3:] == ["orthologues", "gene_info", "human_gene_info"]
    raw = read_dataset("GSE5", asked, files)
    assert raw.probe_genes is not None
    assert raw.probe_genes["gene"].to_list() == ["TP53", "EGFR", None, None, "SEPTIN9", None, None, "EGFR"]
    assert raw.probe_genes["n_symbols"].to_list() == [1, 1, 0, 0, 1, 0, 0, 2]  # of two genes: not EGFR's
    replaced = Replaced(**(raw.orthologues or {}))
    assert (replaced.n_symbols, replaced.n_one, replaced.n_several, replaced.n_none) == (7, 3, 2, 2)
    assert (replaced.several, replaced.none) == (("Klk1b1", "Cyp2c1"), ("Gm1", "TP53BP1"))
    assert replaced.text() == (
        "3 of 7 symbols have one human orthologue, 2 have several (Klk1b1, Cyp2c1), 2 have none that is known "
        "(Gm1, TP53BP1)"
    )
    assert raw.gene_ids.sort("gene").select("identifier", "gene").rows() == [
        ("1956", "EGFR"),
        ("10801", "SEPTIN9"),
        ("7157", "TP53"),
    ]
    as_annotated = genes_of("GSE5", client, tmp_path)
    assert list(as_annotated.values())[:2] == ["Trp53", "Egfr"]


def test_check_sees_human_genes_and_what_was_dropped(client: GeoClient, tmp_path: Path) -> None:
    seen = preview_dataset("GSE5", spec(symbols="human_orthologues"), client, tmp_path)
    assert seen.problem is None
    assert seen.genes == {"TP53", "EGFR", "SEPTIN9"}
    assert seen.orthologues is not None
    assert (seen.orthologues.n_one, seen.orthologues.n_several) == (3, 2)


def test_the_files_are_observed_and_fetched_over_http(ncbi: Path, fake_geo: FakeGeo, tmp_path: Path) -> None:
    gene_url = fake_geo.geo_url.replace("/geo", "/gene")
    client = GeoClient(
        fake_geo.geo_url,
        fake_geo.acc_url,
        fake_geo.xena_url,
        tmp_path / "cache",
        tmp_path / "locks",
        rate=500.0,
        gene_url=gene_url,
    )
    asked = spec(symbols="human_orthologues")
    before = observe("GSE5", asked, client, tmp_path)
    files = acquire("GSE5", asked, client, tmp_path)
    assert [(each.role, each.validator) for each in observe("GSE5", asked, client, tmp_path)] == [
        (each.role, each.validator) for each in before
    ]
    (pairs,) = (file for file in files if file.role == "orthologues")
    assert (pairs.path.name, len(pairs.path.read_text().splitlines())) == ("gene_orthologs_10090.tsv", 1 + len(PAIRS))


def test_only_rows_of_the_species_are_kept() -> None:
    kept = b"".join(orthologue_part(iter([orthologs().encode()]), "gene_orthologs.gz", "10116")).decode()
    assert kept.splitlines()[1:] == ["9606\t7157\tOrtholog\t10116\t24842"]
    assert not list(orthologue_part(iter([orthologs().encode()]), "gene_orthologs.gz", "9544"))
    with pytest.raises(SourceError, match="expected NCBI's gene_orthologs"):
        list(orthologue_part(iter([b"GeneID\tSymbol\n"]), "gene_orthologs.gz", "10090"))


TABLES = {
    "two columns": "mouse\thuman\nTrp53\tTP53\nEgfr\tEGFR\nKlk1b1\tKLK1\nKlk1b3\tKLK1\nGm1\t\n",
    "human first": "human_symbol,mouse_symbol\nTP53,Trp53\nEGFR,Egfr\nKLK1,Klk1b1\nKLK1,Klk1b3\n",
    "biomaRt": '"MGI.symbol","HGNC.symbol"\n"Trp53","TP53"\n"Egfr","EGFR"\n"Klk1b1","KLK1"\n"Klk1b3","KLK1"\n',
    "BioMart": (
        "Gene stable ID\tGene name\tHuman gene stable ID\tHuman gene name\tHuman homology type\n"
        "ENSMUSG1\tTrp53\tENSG1\tTP53\tortholog_one2one\nENSMUSG2\tEgfr\tENSG2\tEGFR\tortholog_one2one\n"
        "ENSMUSG3\tKlk1b1\tENSG3\tKLK1\tortholog_many2one\nENSMUSG4\tKlk1b3\tENSG3\tKLK1\tortholog_many2one\n"
    ),
    "no names that tell": "a\tb\nTP53\tTrp53\nEGFR\tEgfr\nKLK1\tKlk1b1\nKLK1\tKlk1b3\n",
    "MGI's report": (
        "DB Class Key\tCommon Organism Name\tNCBI Taxon ID\tSymbol\tEntrezGene ID\n"
        "1\tmouse, laboratory\t10090\tTrp53\t22059\n1\thuman\t9606\tTP53\t7157\n2\thuman\t9606\tEGFR\t1956\n"
        "2\tmouse, laboratory\t10090\tEgfr\t13649\n3\tmouse, laboratory\t10090\tKlk1b1\t1\n"
        "3\tmouse, laboratory\t10090\tKlk1b3\t2\n3\thuman\t9606\tKLK1\t3816\n"
    ),
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_of_the_author(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "table.tsv"
    path.write_text(TABLES[kind])
    found = read_orthologue_table(path)
    assert found.human == {"Trp53": "TP53", "Egfr": "EGFR"}
    assert found.several == {"Klk1b1", "Klk1b3"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Trp53\tTP53\nEgfr\tEGFR\n", "line 1 is of the gene TP53: expected the names of the columns"),
        ("#tax_id\tGeneID\trelationship\tOther_tax_id\tOther_GeneID\n9606\t1\tOrtholog\t10090\t2\n", "has gene ids"),
        ("symbol\nTrp53\n", "expected a table of symbol and human symbol"),
        ("mouse\thuman\nTrp53\t\n", "no row has a symbol in 'mouse' and in 'human'"),
    ],
)
def test_what_is_no_table_of_orthologues_is_named(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "table.tsv"
    path.write_text(text)
    with pytest.raises(SourceError, match=problem):
        read_orthologue_table(path)


def test_a_matrix_by_gene_takes_the_table(client: GeoClient, tmp_path: Path) -> None:
    (tmp_path / "m.tsv").write_text("gene\ta\tb\nTrp53\t1.5\t2\nEgfr\t3\t4\nGm1\t5\t6\n")
    (tmp_path / "t.tsv").write_text(TABLES["two columns"])
    found = genes_of("own", client, tmp_path, source="file", matrix="m.tsv", orthologues="t.tsv")
    assert found == {"Trp53": "TP53", "Egfr": "EGFR", "Gm1": None}
    found = genes_of("own", client, tmp_path, source="file", matrix="m.tsv", orthologues="mouse")
    assert found == {"Trp53": "TP53", "Egfr": "EGFR", "Gm1": None}
    assert spec(orthologues="Mus musculus").orthologues == spec(orthologues="Mouse").orthologues == "mouse"
    with pytest.raises(SourceError, match=r"own: no orthologues file at file://.*/absent.tsv"):
        genes_of("own", client, tmp_path, source="file", matrix="m.tsv", orthologues="absent.tsv")
    with pytest.raises(ValueError, match="say of which species"):
        spec("file", matrix="m.tsv", symbols="human_orthologues")
    with pytest.raises(ValueError, match="not with annotated"):
        spec(symbols="annotated", orthologues="mouse")


def test_a_family_file_says_its_platforms_species(ncbi: Path, client: GeoClient, tmp_path: Path) -> None:
    tables = {"GPL96": {"GSM1": {"a": "1.5", "b": "2"}, "GSM2": {"a": "1.7", "b": "3"}}}
    text = family_text("GSE781", tables, {"GPL96": {"a": "Trp53", "b": "Gm1"}})
    write_family(
        ncbi, "GSE781", text.replace("^PLATFORM = GPL96", "^PLATFORM = GPL96\n!Platform_organism = Mus musculus")
    )
    assert genes_of("GSE781", client, tmp_path, symbols="human_orthologues") == {"a": "TP53", "b": None}


def test_unknown_and_other_species_stop_and_human_stays(client: GeoClient, tmp_path: Path, ncbi: Path) -> None:
    human = acquire("GSE1001", asked := spec(symbols="human_orthologues"), client, tmp_path)
    assert [file.role for file in human] == ["matrix", "platform"]  # it has human symbols already
    assert read_dataset("GSE1001", asked, human).orthologues is None
    text = matrix_text("GSE6", "GPL1261", small_values(2)).replace("Homo sapiens", "Sus scrofa")
    write_matrix(ncbi, "GSE6", "GPL1261", text)
    with pytest.raises(RequestError, match="samples are of Sus scrofa: say whose symbols"):
        acquire("GSE6", spec(symbols="human_orthologues"), client, tmp_path)
    (tmp_path / "t.tsv").write_text("mouse\thuman\nAbc\tTNF\n")
    seen = preview_dataset("GSE5", spec(orthologues="t.tsv"), client, tmp_path)
    assert "none of its 7 symbols (Cyp2c1, Egfr, Gm1, ...) has one human orthologue in the table" in (
        seen.problem or ""
    )
    with pytest.raises(
        DataError, match=r"none of its 7 symbols \(Trp53, Egfr, .*, which has Abc, \.\.\.; is it of this"
    ):
        genes_of("GSE5", client, tmp_path, orthologues="t.tsv")


def test_a_symbol_in_another_case_is_found_unless_two_are_meant() -> None:
    known = one_to_one([("Trp53", "TP53"), ("Ab", "A1"), ("AB", "A2")])
    rows, replaced = replace_symbols("x", probe_rows(["1", "2", "3"], [("TRP53", 1), ("aB", 1), ("Ab", 1)]), known)
    assert rows["gene"].to_list() == ["TP53", None, "A1"]
    assert replaced.none == ("aB",)


def test_check_warns_of_genes_that_vanish(ncbi: Path, client: GeoClient, tmp_path: Path) -> None:
    """A mouse dataset and a human one: with annotated symbols few genes are in both, with human ones most."""
    human = ["TP53", "EGFR", "SEPTIN9", "KLK1", "TNF"]
    write_matrix(
        ncbi, "GSE7", "GPL96", matrix_text("GSE7", "GPL96", small_values(5), samples=[f"GSM{i}" for i in range(6)])
    )
    write_annot(ncbi, "GPL96", annot_text("GPL96", {f"{1000 + i}_at": gene for i, gene in enumerate(human)}))
    for symbols, n_common in (("annotated", 0), ("human_orthologues", 3)):
        datasets = {name: _labelled() for name in ("GSE5", "GSE7")}
        datasets["GSE5"]["symbols"] = symbols
        study = Study.model_validate(
            {
                "study": "s", "title": "t", "datasets": datasets,
                "cohorts": {"a": {"title": "A", "datasets": ["GSE5"], "case": "lupus", "control": "healthy"},
                            "b": {"title": "B", "datasets": ["GSE7"], "case": "lupus", "control": "healthy"}},
            }
        )  # fmt: skip
        previews = {name: preview_dataset(name, each, client, tmp_path) for name, each in study.datasets.items()}
        texts = [remark.text for remark in study_ahead(study, previews).remarks]
        shared = [text for text in texts if text.startswith("the cohorts share")]
        organisms = [text for text in texts if "Mus musculus" in text or "gene sets" in text]
        if n_common:
            assert not shared
            assert not organisms
            continue
        assert "share 0 of 12 genes; 7 of 7 of a are not in all (Cyp2c1, Egfr, Gm1), 5 of 5 of b are" in shared[0]
        assert "genes are matched by symbol, which differ: 7 of 7 of GSE5 are not in all" in organisms[0]
        assert "enrichment: the gene sets are of Homo sapiens, GSE5 is not (Cyp2c1, Egfr, Gm1, ...)" in organisms[1]


def _labelled() -> dict[str, object]:
    rules = [{"label": text, "where": {"disease": f"^{text}$"}} for text in ("lupus", "healthy")]
    return {"source": "geo", "labels": rules}


def test_a_cohort_asks_for_all_of_its_series() -> None:
    datasets = {"GSE5": _labelled(), "GSE7": {**_labelled(), "symbols": "annotated"}, "GSE8": _labelled()}
    cohort = {"title": "A", "datasets": ["GSE5", "GSE7"], "case": "lupus", "control": "healthy"}
    cohorts = {"a": {**cohort, "symbols": "human_orthologues"}, "b": {**cohort, "datasets": ["GSE8"]}}
    study = Study.model_validate({"study": "s", "title": "t", "datasets": datasets, "cohorts": cohorts})
    assert [spec.symbols for spec in study.datasets.values()] == ["human_orthologues", "annotated", "annotated"]
    assert study.cohorts["a"].symbols == "annotated"


@pytest.mark.parametrize("datasets", [5, "GSE5", ["own"], [{}], None])
def test_a_cohort_without_a_series_cannot_ask(datasets: object) -> None:
    own = {**_labelled(), "source": "file", "matrix": "m.tsv"}
    cohort = {"title": "A", "datasets": datasets, "case": "lupus", "control": "healthy", "symbols": "human_orthologues"}
    with pytest.raises(ValueError, match="no dataset of the cohort is a series"):
        Study.model_validate({"study": "s", "title": "t", "datasets": {"own": own}, "cohorts": {"a": cohort}})


def test_existing_recipes_do_not_change() -> None:
    """A dataset without the keys is described as before they were there."""
    assert {"symbols", "orthologues"}.isdisjoint(spec().model_dump(mode="json"))
    assert spec(orthologues="rat").model_dump(include={"source", "symbols", "orthologues"}) == {
        "source": "geo",
        "symbols": "human_orthologues",
        "orthologues": "rat",
    }


def test_values_follow_the_symbols(client: GeoClient, tmp_path: Path) -> None:
    raw = read_dataset("GSE5", asked := spec(symbols="human_orthologues"), acquire("GSE5", asked, client, tmp_path))
    np.testing.assert_array_equal(raw.matrix.values, small_values(len(PROBES)))
    assert raw.probe_genes is not None
    assert raw.probe_genes.filter(pl.col("n_symbols") == 1)["probe"].to_list() == ["1000_at", "1001_at", "1004_at"]


def test_gene_info_is_checked(ncbi: Path, client: GeoClient, tmp_path: Path) -> None:
    write_gzip(ncbi / "gene" / "GENE_INFO" / "Mammalia" / "Mus_musculus.gene_info.gz", "a\tb\n1\t2\n")
    with pytest.raises(SourceError, match="expected NCBI's gene_info"):
        acquire("GSE5", spec(symbols="human_orthologues"), client, tmp_path)
