"""Writes the files generated from the declarations of `tables/`: SQL views and data dictionary (`make generated`).

`views.py` and `data_dictionary.py` give the text; a test compares it with the files in the tree.
"""

from pathlib import Path

from dmicc_assets.warehouse.build import sql_folder
from dmicc_assets.warehouse.data_dictionary import data_dictionary
from dmicc_assets.warehouse.views import MADE, view_texts


def write_generated() -> None:
    """Write every view of a declared table and the dictionary; delete the views of removed tables."""
    folder, texts = sql_folder() / "views", view_texts()
    for path in generated_views():
        if str(path.relative_to(folder)) not in texts:
            path.unlink()
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    # written last, because it describes the views as DuckDB reads them
    (sql_folder() / "README.md").write_text(data_dictionary(), encoding="utf-8")


def generated_views() -> list[Path]:
    """The files of views in the tree that were made from a declaration."""
    views = sorted((sql_folder() / "views").glob("*/*.sql"))
    return [path for path in views if path.read_text(encoding="utf-8").startswith(MADE)]


if __name__ == "__main__":
    write_generated()
