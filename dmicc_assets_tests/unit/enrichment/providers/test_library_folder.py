"""Gene sets come by themselves: fetched once, made from verified files, recorded, asked for again where they change."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dmicc_assets.enrichment.gene_sets import read_gmt
from dmicc_assets.enrichment.libraries import fetched_libraries, gene_set_reader, libraries_in_use, served_libraries
from dmicc_assets.enrichment.providers import library_folder
from dmicc_assets.enrichment.providers.catalogue import ALIASES, PROVIDERS, source_of
from dmicc_assets.enrichment.providers.library_folder import forget_answers
from dmicc_assets.errors import RequestError, SourceError
from dmicc_assets.geo.http import client as http_client
from dmicc_assets.geo.http.policy import Patience
from dmicc_assets.study.schema import Enrichment
from dmicc_assets.study.settings import Settings, load_settings
from dmicc_assets_tests.worlds.gene_set_providers import GAF, OBO, GeneSetProviders, gaf_row

ALL = Enrichment(libraries=["GO_BP", "GO_MF", "KEGG", "HALLMARK", "REACTOME"])
QUICK = Patience(attempts=2, backoff=0.01, longest_backoff=0.02, connect_timeout=2.0, read_timeout=2.0)


@pytest.fixture
def providers(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeneSetProviders]:
    monkeypatch.setattr(http_client, "Patience", lambda: QUICK)
    forget_answers()
    with GeneSetProviders() as world:
        for name, value in world.environment().items():
            monkeypatch.setenv(name, value)
        yield world
    forget_answers()


@pytest.fixture
def settings(providers: GeneSetProviders, tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home", requests_per_second=50.0)


def test_every_provider_gives_its_libraries(settings: Settings) -> None:
    told: list[str] = []
    used = libraries_in_use(ALL, settings, told.append)
    assert not used.missing
    sets = {library.name: {term: each.genes for term, each in library.sets.items()} for library in used.found}
    assert sets["GO_MF"] == {"GO:0003725": ("EIF2AK2",)}
    assert sets["KEGG"] == {"Coronavirus disease": ("ISG15", "MX1", "OAS1"), "Influenza A": ("MX1", "RSAD2")}
    assert sets["HALLMARK"] == {"HALLMARK_INTERFERON_ALPHA_RESPONSE": ("ISG15", "MX1")}
    assert sets["REACTOME"] == {"R-HSA-913531": ("MX1", "OAS1")}
    assert used.found[0].sets["GO:0009615"].name == "response to virus"
    assert {(each.name, each.version) for each in used.found} == {
        ("GO_BP", "2026-06-19"),
        ("GO_MF", "2026-06-19"),
        ("KEGG", "KEGG_2021_Human"),
        ("HALLMARK", "2025.1.Hs"),
        ("REACTOME", None),
    }
    assert all(library.date for library in used.found)
    assert any("academic use only" in line for line in told)
    assert gene_set_reader(ALL, settings)("GO_BP", "GO:0009615") == ("MX1", "OAS1")


def test_annotations_climb_is_a_and_part_of_within_their_aspect(settings: Settings) -> None:
    """NOT, ND and obsolete terms are left out, merged terms found by their new identifier."""
    library = libraries_in_use(Enrichment(libraries=["GO_BP"]), settings).found[0]
    assert {term: each.genes for term, each in library.sets.items()} == {
        "GO:0009607": ("MX1", "OAS1"),
        "GO:0009615": ("MX1", "OAS1"),
        "GO:0051607": ("MX1",),
        "GO:0140546": ("MX1",),
    }


STANZAS = OBO.split("\n[")
N_TERMS = sum(stanza.startswith("Term]") for stanza in STANZAS)


@pytest.mark.parametrize("n_kept", range(2, N_TERMS + 1))
def test_an_ontology_that_is_cut_at_a_stanza_is_refused_and_asked_for_again(
    settings: Settings, providers: GeneSetProviders, n_kept: int
) -> None:
    """Nothing follows the cut, and its length is what the server said: only the content shows it."""
    path, go = "/go/ontology/go-basic.obo", Enrichment(libraries=["GO_BP"])
    providers.served[path] = "\n[".join(STANZAS[:n_kept]).encode()
    with pytest.raises(SourceError, match=r"go-basic\.obo.*cut short") as refused:
        fetched_libraries(settings).fetch(source_of("GO_BP", go))
    assert "\n" not in str(refused.value)
    providers.served[path] = OBO.encode()  # under the same validators
    forget_answers()
    assert set(libraries_in_use(go, settings).found[0].sets) == {"GO:0009607", "GO:0009615", "GO:0051607", "GO:0140546"}


def test_an_ontology_whose_relations_are_not_described_is_whole(
    settings: Settings, providers: GeneSetProviders
) -> None:
    providers.served["/go/ontology/go-basic.obo"] = "\n[".join(STANZAS[: N_TERMS + 1]).encode()
    used = libraries_in_use(Enrichment(libraries=["GO_BP"]), settings)
    assert (used.missing, used.bundled) == ({}, {})


def test_a_record_stands_beside_each_library(settings: Settings, providers: GeneSetProviders) -> None:
    libraries_in_use(ALL, settings)
    records = {record["library"]: record for record in fetched_libraries(settings).records()}
    assert records["biological_process"]["licence"] == "CC BY 4.0"
    assert records["biological_process"]["urls"] == [
        f"{providers.root('go')}/ontology/go-basic.obo",
        f"{providers.root('go')}/annotations/gaf/HUMAN-uniprot.gaf.gz",
    ]
    assert len(records["KEGG_2021_Human"]["sha256"][0]) == 64


def test_each_file_is_fetched_once_and_pinned_libraries_are_never_asked_again(
    settings: Settings, providers: GeneSetProviders
) -> None:
    first = served_libraries(ALL, settings)
    libraries_in_use(ALL, settings)
    got = providers.asked("GET")
    assert sorted(got) == sorted(providers.served)
    providers.requests.clear()
    forget_answers()
    assert served_libraries(ALL, settings) == first
    assert not providers.asked("GET")
    assert not [path for path in providers.asked("HEAD") if path.startswith(("/enrichr", "/msigdb"))]


def test_a_new_release_is_seen_and_taken(settings: Settings, providers: GeneSetProviders) -> None:
    asked = Enrichment(libraries=["GO_BP"])
    before, first = served_libraries(asked, settings), libraries_in_use(asked, settings).found[0]
    path = "/go/annotations/gaf/HUMAN-uniprot.gaf.gz"
    providers.served[path] = gzip.compress(f"{GAF}\n{gaf_row('RSAD2', 'GO:0009615', 'P')}".encode())
    providers.etags[path] = '"2"'
    forget_answers()
    assert served_libraries(asked, settings) != before
    assert "RSAD2" in libraries_in_use(asked, settings).found[0].sets["GO:0009615"].genes
    assert "RSAD2" not in first.sets["GO:0009615"].genes


def test_a_provider_that_is_down_takes_no_other_with_it(settings: Settings, providers: GeneSetProviders) -> None:
    providers.down |= {"enrichr"}
    before = served_libraries(ALL, settings)
    used = libraries_in_use(ALL, settings)
    assert [library.name for library in used.found] == ["GO_BP", "GO_MF", "HALLMARK", "REACTOME"]
    assert list(used.missing) == ["KEGG"]
    assert "503" in used.missing["KEGG"]
    forget_answers()
    assert served_libraries(ALL, settings) == before
    providers.down.clear()
    forget_answers()
    assert served_libraries(ALL, settings) != before
    assert not libraries_in_use(ALL, settings).missing


def test_what_was_fetched_stays_in_use_while_a_provider_is_down(
    settings: Settings, providers: GeneSetProviders
) -> None:
    before = served_libraries(ALL, settings)
    libraries_in_use(ALL, settings)
    providers.down |= {"enrichr", "go", "msigdb", "reactome"}
    forget_answers()
    told: list[str] = []
    assert served_libraries(ALL, settings) == before
    assert not libraries_in_use(ALL, settings, told.append).missing
    assert any("the copy of" in line for line in told)


def test_the_providers_are_asked_once_for_all_steps_of_a_run(
    settings: Settings, providers: GeneSetProviders, monkeypatch: pytest.MonkeyPatch
) -> None:
    libraries_in_use(ALL, settings)
    n_requests = len(providers.requests)
    for _ in range(3):
        libraries_in_use(ALL, settings)
    assert len(providers.requests) == n_requests
    monkeypatch.setattr(library_folder, "_MOMENT", 0.0)
    libraries_in_use(ALL, settings)
    assert len(providers.requests) > n_requests


@pytest.mark.parametrize("body", [b"", b"<html><body>Error</body></html>", b"no tabs here"])
def test_what_is_no_library_is_not_kept(settings: Settings, providers: GeneSetProviders, body: bytes) -> None:
    providers.served["/enrichr/Enrichr/geneSetLibrary?mode=text&libraryName=KEGG_2021_Human"] = body
    used = libraries_in_use(Enrichment(libraries=["KEGG"]), settings)
    assert not used.found
    assert "KEGG_2021_Human" in used.missing["KEGG"]
    assert not list(settings.fetched_gene_sets.glob("*.gmt"))


def test_a_body_may_be_compressed_or_not_whatever_its_name_says(
    settings: Settings, providers: GeneSetProviders, tmp_path: Path
) -> None:
    asked = Enrichment(libraries=["GO_BP", "KEGG", "HALLMARK"])
    before = [library.sets for library in libraries_in_use(asked, settings).found]
    for path, body in providers.served.items():
        if not path.endswith(".zip"):
            providers.served[path] = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else gzip.compress(body)
    forget_answers()
    other = settings.model_copy(update={"home": tmp_path / "other"})
    used = libraries_in_use(asked, other)
    assert not used.missing
    assert [library.sets for library in used.found] == before


@pytest.mark.parametrize("service", ["go", "reactome"])
def test_a_damaged_file_is_named(settings: Settings, providers: GeneSetProviders, service: str) -> None:
    for path in [path for path in providers.served if path.startswith(f"/{service}")]:
        providers.served[path] = (
            providers.served[path][:-20] if path.endswith(("gz", "zip")) else providers.served[path]
        )
    library = {"go": "GO_MF", "reactome": "REACTOME"}[service]
    used = libraries_in_use(Enrichment(libraries=[library]), settings)
    reasons = used.missing | used.bundled
    assert {"go": "HUMAN-uniprot.gaf.gz", "reactome": "ReactomePathways.gmt.zip"}[service] in reasons[library]


def test_a_library_can_be_pinned_removed_and_named_by_address(settings: Settings, providers: GeneSetProviders) -> None:
    pinned = Enrichment.model_validate({"libraries": ["GO_BP", {"KEGG": "Reactome_2022"}]})
    assert pinned.libraries == ["GO_BP", "KEGG"]
    assert source_of("KEGG", pinned).name == "Reactome_2022"
    assert Enrichment.model_validate({"libraries": {"GO_BP": None, "KEGG": "Reactome_2022"}}) == pinned
    providers.served["/mine.gmt"] = b"SET\t\tMX1\n"
    address = Enrichment.model_validate(
        {"libraries": [{"MINE": f"{providers.root('go')}/../mine.gmt".replace("go/../", "")}]}
    )
    assert read_gmt(fetched_libraries(settings).fetch(source_of("MINE", address)), "MINE").sets["SET"].genes == ("MX1",)
    assert fetched_libraries(settings).remove(source_of("MINE", address))
    assert not fetched_libraries(settings).remove(source_of("MINE", address))


def test_new_validators_of_the_same_bytes_recompute_nothing_later(
    settings: Settings, providers: GeneSetProviders
) -> None:
    asked = Enrichment(libraries=["GO_BP"])
    libraries_in_use(asked, settings)
    for path in providers.etags:
        providers.etags[path] = '"2"'
    forget_answers()
    now = served_libraries(asked, settings)
    libraries_in_use(asked, settings)
    providers.down |= {"go"}
    forget_answers()
    assert served_libraries(asked, settings) == now


def test_what_was_fetched_is_told_without_asking(settings: Settings, providers: GeneSetProviders) -> None:
    assert served_libraries(ALL, settings, asks=False).splitlines() == [f"{name} not there" for name in ALL.libraries]
    libraries_in_use(ALL, settings)
    served = served_libraries(ALL, settings)
    providers.requests.clear()
    forget_answers()
    assert served_libraries(ALL, settings, asks=False) == served
    assert not providers.requests


def test_a_name_that_no_provider_knows_is_a_mistake_in_the_study_file(settings: Settings) -> None:
    with pytest.raises(RequestError, match=r"enrichment\.libraries: no provider has a library 'KEGGG'"):
        libraries_in_use(Enrichment(libraries=["GO_BP", "KEGGG"]), settings)


def test_names_lead_to_their_providers() -> None:
    human, rat = Enrichment(), Enrichment(organism="rat")
    assert source_of("c2.cp.v2025.1.Hs", human).version == "2025.1.Hs"
    assert source_of("WikiPathways_2024_Human", human).provider == "enrichr"
    assert source_of("GO_CC", rat).organism == "rat"
    with pytest.raises(RequestError, match="gene-set library KEGG: there is none of rat"):
        source_of("KEGG", rat)
    assert {provider for provider, _, _ in ALIASES.values()} < set(PROVIDERS)
    names = {source_of(alias, Enrichment(organism=organism)).file_name for alias, organism in ALIASES}  # pyright: ignore[reportArgumentType]
    assert len(names) == len(ALIASES)


def test_a_broken_record_is_made_again(settings: Settings) -> None:
    asked = Enrichment(libraries=["KEGG"])
    libraries_in_use(asked, settings)
    record = next(settings.fetched_gene_sets.glob("*.json"))
    record.write_text("{")
    forget_answers()
    assert not libraries_in_use(asked, settings).missing
    assert json.loads(record.read_text())["library"] == "KEGG_2021_Human"


def test_without_any_provider_nothing_is_claimed(settings: Settings, providers: GeneSetProviders) -> None:
    providers.down |= {"enrichr", "go", "msigdb", "reactome"}
    used = libraries_in_use(ALL, settings)
    assert list(used.missing) == ["KEGG", "HALLMARK", "REACTOME"]
    assert [library.name for library in used.found] == list(used.bundled) == ["GO_BP", "GO_MF"]
    assert "503" in used.bundled["GO_BP"]
    with pytest.raises(SourceError, match="503"):
        fetched_libraries(settings).fetch(source_of("GO_BP", ALL))


@pytest.mark.parametrize(
    "text",
    ["Set A\t\tMX1\nSet A\t\tOAS1\n", "Set\u2028A\t\tMX1\tOAS1\n", "Set\x0bA\t\tMX1\tOAS1\n", "Set A\t\tMX1\tOAS1\r\n"],
)
def test_names_that_are_odd_or_stand_twice_give_one_set(
    settings: Settings, providers: GeneSetProviders, text: str
) -> None:
    providers.served["/enrichr/Enrichr/geneSetLibrary?mode=text&libraryName=KEGG_2021_Human"] = text.encode()
    (library,) = libraries_in_use(Enrichment(libraries=["KEGG"]), settings).found
    assert {term: each.genes for term, each in library.sets.items()} == {"Set A": ("MX1", "OAS1")}


def test_pathways_of_one_name_keep_their_identifiers(settings: Settings, providers: GeneSetProviders) -> None:
    import io
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("ReactomePathways.gmt", "A\tR-HSA-1\tMX1\nA\tR-HSA-2\tOAS1\n")
    providers.served["/reactome/download/current/ReactomePathways.gmt.zip"] = packed.getvalue()
    (library,) = libraries_in_use(Enrichment(libraries=["REACTOME"]), settings).found
    assert {term: each.genes for term, each in library.sets.items()} == {"R-HSA-1": ("MX1",), "R-HSA-2": ("OAS1",)}


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"libraries": ["KEGG", "KEGG"]}, "duplicate library 'KEGG'"),
        ({"libraries": [{"KEGG": "A"}, {"KEGG": "B"}]}, "duplicate library 'KEGG'"),
        ({"libraries": ["KEGG"], "pins": {"KEG": "A"}}, "'KEG' is not one of the libraries"),
        ({"libraries": [{"KEGG": ""}]}, "expected a library's name"),
        ({"libraries": [{"KEGG": "http://x:abc/y.gmt"}]}, "expected a library's name"),
        ({"libraries": [{"KEGG": "ftp://x/y.gmt"}]}, "expected a library's name"),
        ({"libraries": ["KEGG"], "pins": None}, "valid dictionary"),
        ({"libraries": ["KEGG"], "pins": [1]}, "valid dictionary"),
    ],
)
def test_wrong_libraries_are_refused_in_the_study_file(section: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Enrichment.model_validate(section)


def test_a_zip_of_an_unknown_compression_is_named(settings: Settings, providers: GeneSetProviders) -> None:
    path = "/reactome/download/current/ReactomePathways.gmt.zip"
    packed = bytearray(providers.served[path])
    for start in (packed.index(b"PK\x03\x04") + 8, packed.index(b"PK\x01\x02") + 10):
        packed[start : start + 2] = (99).to_bytes(2, "little")
    providers.served[path] = bytes(packed)
    assert (
        "expected a ZIP archive" in libraries_in_use(Enrichment(libraries=["REACTOME"]), settings).missing["REACTOME"]
    )
