"""Writes what is made from the declarations of `tables/`: the SQL views and the data dictionary (`make generated`).

What they say is in `views.py` and `data_dictionary.py`; a test compares the files in the tree with that.
"""

from pathlib import Path

from dmicc_assets.warehouse.build import sql_folder
from dmicc_assets.warehouse.data_dictionary import data_dictionary
from dmicc_assets.warehouse.views import MADE, view_texts


def write_generated() -> None:
    """Write every view of a declared table and the dictionary; delete the views of tables that are gone."""
    folder, texts = sql_folder() / "views", view_texts()
    for path in generated_views():
        if str(path.relative_to(folder)) not in texts:
            path.unlink()
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    # made last: it describes views as DuckDB reads them
    (sql_folder() / "README.md").write_text(data_dictionary(), encoding="utf-8")


def generated_views() -> list[Path]:
    """The files of views in the tree that were made from a declaration."""
    views = sorted((sql_folder() / "views").glob("*/*.sql"))
    return [path for path in views if path.read_text(encoding="utf-8").startswith(MADE)]


if __name__ == "__main__":
    write_generated()
