"""Make a copy of the pages to work on, labs without their solutions."""

import pathlib
import re
import shutil

from helpers import catalogue
from helpers.files import NOTEBOOKS, ROOT, replace_text

import nbformat

PLACE = ROOT / "my_course"
REGION = r"^( *)### BEGIN {0}\n.*?^ *### END {0}$"
SOLUTION = re.compile(REGION.format("SOLUTION"), re.MULTILINE | re.DOTALL)
HIDDEN = re.compile(r"\n?" + REGION.format("HIDDEN TESTS"), re.MULTILINE | re.DOTALL)
CODE_STUB = r"\1# YOUR CODE HERE" + "\n" + r'\1raise NotImplementedError("this task")'
TEXT_STUB = "YOUR ANSWER HERE"


def copy(folder=None):
    """Copy all pages into a folder, but for those that are there already.

    Their outputs come along. A lab comes as students get it: without solutions and
    without hidden tests.

    Args:
        folder: `pathlib.Path`, or `None` for `my_course`. It gets a folder `notebooks`.

    Returns:
        `(written, kept)`: lists of the paths of new pages and of those that were there.

    Raises:
        ValueError: the folder holds the course itself.
    """
    folder = PLACE if folder is None else pathlib.Path(folder)
    target = folder / "notebooks"
    if target.resolve() == NOTEBOOKS.resolve():
        raise ValueError(f"{folder} holds the course itself: name another folder.")
    written, kept = [], []
    for page in catalogue.pages():
        path = target / page.path.relative_to(NOTEBOOKS)
        if path.exists():
            kept.append(path)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        text = page.path.read_text("utf-8")
        if page.kind == "lab":
            text = nbformat.writes(unsolved(page.read())) + "\n"
        replace_text(path, text)
        written.append(path)
    shutil.copytree(NOTEBOOKS / "images", target / "images", dirs_exist_ok=True)
    return written, kept


def unsolved(notebook):
    """Return a lab, changed: its solutions are stubs, its hidden tests are gone."""
    for cell in notebook.cells:
        stub = CODE_STUB if cell.cell_type == "code" else TEXT_STUB
        cell.source = HIDDEN.sub("", SOLUTION.sub(stub, cell.source))
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook
