from dmicc_assets.tables import TABLES
from dmicc_assets.warehouse.build import sql_folder
from dmicc_assets.warehouse.data_dictionary import data_dictionary, questions


def test_the_file_in_the_tree_is_the_one_that_is_printed() -> None:
    written = (sql_folder() / "README.md").read_text(encoding="utf-8")
    assert written == data_dictionary(), (
        "write it anew: python -m dmicc_assets.warehouse.data_dictionary > sql/README.md"
    )


def test_it_names_every_view_column_macro_and_question() -> None:
    text = (sql_folder() / "README.md").read_text(encoding="utf-8")
    for table in TABLES.values():
        section = text.split(f"### `{table.view}`\n")[1].split("###")[0]
        rows = [line.split(" | ")[0].removeprefix("| ") for line in section.splitlines() if line.startswith("| ")]
        assert rows[1:] == [column.name for column in table.columns]
    for name in ("gene_card(symbol)", "score(study_name, samples)", "score_file(study_name, file)", "risk_<study>"):
        assert f"### `{name}" in text
    assert all(f"(questions/{question.name}.sql)" in text for question in questions())
    for view in ("history.revisions", "history.differences"):
        assert f"### `{view}`" in text
