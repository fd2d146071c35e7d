import sys
import traceback

from helpers import catalogue, lessons

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

PAGES = {
    "01_works": ["class Point:\n    pass", "def fail():\n    return 1 / 0  # here"],
    "further/01_works": ["depth = 3"],
    "02_exports_nothing": [],
    "03_fails": ["half = 1", "1 / 0"],
}


@pytest.fixture(autouse=True)
def course(tmp_path, monkeypatch):
    """Pages whose cells are exported, each with a last one that is not."""
    monkeypatch.setattr(catalogue, "NOTEBOOKS", tmp_path)
    for name, sources in PAGES.items():
        cells = [new_markdown_cell("# Title"), *map(new_code_cell, sources)]
        for cell in cells[1:]:
            cell.metadata["tags"] = ["export"]
        cells.append(new_code_cell("answer = 42"))
        path = tmp_path / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(new_notebook(cells=cells), path)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_load_runs_the_exported_cells_and_no_others():
    module = lessons.load("01")
    assert isinstance(module.Point(), module.Point)
    assert not hasattr(module, "answer")


def test_two_loads_give_the_same_classes():
    assert lessons.load("01").Point is lessons.load("01_works").Point


def test_further_pages_can_be_loaded_beside_their_lesson():
    assert lessons.load("further/01").depth == 3
    assert not hasattr(lessons.load("01"), "depth")


def test_a_traceback_shows_the_line_of_the_page():
    with pytest.raises(ZeroDivisionError) as caught:
        lessons.load("01").fail()
    [*_, last] = traceback.extract_tb(caught.value.__traceback__)
    assert last.line == "return 1 / 0  # here"
    assert last.filename == "<01_works, cell 3>"  # as `course run` counts


def test_a_page_that_exports_nothing_is_an_error():
    with pytest.raises(ValueError, match="02_exports_nothing has no cell tagged"):
        lessons.load("02")


def test_a_page_that_fails_is_run_again_and_not_kept_in_half():
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            lessons.load("03")
