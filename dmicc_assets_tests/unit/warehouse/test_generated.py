"""Generated files in the tree equal those of `make generated`."""

from dmicc_assets.tables import TABLES
from dmicc_assets.warehouse.build import sql_folder
from dmicc_assets.warehouse.data_dictionary import data_dictionary, questions
from dmicc_assets.warehouse.generate import generated_views
from dmicc_assets.warehouse.views import VIEWED, view_texts

ANEW = "`make generated` writes it again"


def test_the_views_in_the_tree_are_those_of_the_declared_tables() -> None:
    folder, texts = sql_folder() / "views", view_texts()
    for name, text in texts.items():
        assert (folder / name).is_file(), f"{name}: {ANEW}"
        assert (folder / name).read_text(encoding="utf-8") == text, f"{name}: {ANEW}"
    assert {str(path.relative_to(folder)) for path in generated_views()} == set(texts), f"a table is gone: {ANEW}"


def test_only_what_no_declaration_says_is_written_by_hand() -> None:
    by_hand = {path.relative_to(sql_folder()) for path in (sql_folder() / "views").rglob("*.sql")}
    by_hand -= {path.relative_to(sql_folder()) for path in generated_views()}
    assert sorted(map(str, by_hand)) == ["views/history/differences.sql", "views/history/revisions.sql"]


def test_a_reserved_word_is_quoted_and_a_map_is_made_of_its_entries() -> None:
    texts = view_texts()
    assert '    CAST("null" AS VARCHAR) AS "null",\n' in texts["rigor/nulls.sql"]
    entries = "CAST(map_from_entries(characteristics) AS MAP(VARCHAR, VARCHAR)) AS characteristics\n"
    assert entries in texts["source/samples.sql"]


def test_the_dictionary_in_the_tree_is_the_one_that_is_made() -> None:
    assert (sql_folder() / "README.md").read_text(encoding="utf-8") == data_dictionary(), ANEW


def test_the_dictionary_names_every_view_column_macro_and_question() -> None:
    text = (sql_folder() / "README.md").read_text(encoding="utf-8")
    for table in VIEWED:
        section = text.split(f"### `{table.view}`\n")[1].split("###")[0]
        rows = [line.split(" | ")[0].removeprefix("| ") for line in section.splitlines() if line.startswith("| ")]
        assert rows[1:] == [column.name for column in table.columns]
    for name in ("gene_card(symbol)", "score(study_name, samples)", "score_file(study_name, file)", "risk_<study>"):
        assert f"### `{name}" in text
    assert all(f"(questions/{question.name}.sql)" in text for question in questions())
    for view in ("history.revisions", "history.differences"):
        assert f"### `{view}`" in text
    assert f"### `{TABLES['signature/genes'].history_view}`" not in text
