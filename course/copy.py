"""Copy the pages to work on, or pack the whole course; labs without their solutions."""

import pathlib
import re
import shutil
import tempfile

from helpers import catalogue
from helpers.files import NOTEBOOKS, ROOT, replace_text

import nbformat

PLACE = ROOT / "my_course"
FILES = ("README.md", "CONTRIBUTING.md", "LICENSE", "pyproject.toml", "uv.lock")
FILES += ("environment.yml", "conftest.py", "nbgrader_config.py")
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*")
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


def pack(path):
    """Write the course as a learner gets it into a zip file."""
    with tempfile.TemporaryDirectory() as workshop:
        course = pathlib.Path(workshop, "generative-models")
        copy(course)
        for name in ("course", "helpers", "data", "website"):
            shutil.copytree(ROOT / name, course / name, ignore=LEFT_OUT)
        for name in FILES:
            shutil.copy(ROOT / name, course / name)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.make_archive(str(path.with_suffix("")), "zip", workshop)


def unsolved(notebook):
    """Return a lab, changed: its solutions are stubs, its hidden tests are gone."""
    for cell in notebook.cells:
        stub = CODE_STUB if cell.cell_type == "code" else TEXT_STUB
        cell.source = HIDDEN.sub("", SOLUTION.sub(stub, cell.source))
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook
