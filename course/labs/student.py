"""Make the student edition: the course without what students should not read."""

import os
import pathlib
import re
import shutil
import tempfile

from course import copy, publish
from course.labs import release
from helpers import catalogue
from helpers.files import NOTEBOOKS, ROOT

import nbformat

NAME = "student"
KINDS = ("lesson", "further", "project")  # labs are added as nbgrader has released them
FOLDERS = ("helpers", "data")
FILES = ("LICENSE", "environment.yml", "uv.lock")
SCRIPTS = re.compile(r"^\[project\.scripts\]\n(?:[^\[\n].*\n)*\n?", re.MULTILINE)
TO_SOLUTION = re.compile(r"\[([^][]*)\]\((?:\.\./)?solutions/[^)]*\)")
README = """\
# Generative models, lesson by lesson: student edition

```
pip install uv
uv run jupyter lab notebooks/00_start_here.ipynb
```

installs what the course needs and opens the first lesson. This edition has no solutions
of exercises.

| Page | Title |
| --- | --- |
{pages}

Code: Apache-2.0. Text and figures: CC BY 4.0. See [LICENSE](LICENSE).
"""


def write(labs):
    """Write the student edition as a folder and as a zip file.

    It holds the lessons, their further pages, projects, `helpers` with its data, what
    is needed to install them, and the given labs as they were released. It replaces the
    edition that was there before.

    Args:
        labs: list of full names, each of them released.

    Returns:
        `(folder, zip)`, two paths in `release.build_folder()`. In the zip file
        everything lies below one folder, `student`.

    Raises:
        FileNotFoundError: a lab has not been released.
        ValueError: a lesson has no cell for Colab.
    """
    build = release.build_folder()
    folder, archive = build / NAME, build / f"{NAME}.zip"
    with tempfile.TemporaryDirectory(dir=build) as workshop:
        made = pathlib.Path(workshop) / NAME
        _fill(made, labs)
        packed = shutil.make_archive(str(made), "zip", workshop, NAME)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(made, folder)
        os.replace(packed, archive)
    return folder, archive


def _fill(folder, labs):
    """Write all files of the edition into a new folder."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=copy.LEFT_OUT)
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    # Without the package `course` there is no command `course`.
    project = SCRIPTS.sub("", (ROOT / "pyproject.toml").read_text("utf-8"))
    (folder / "pyproject.toml").write_text(project, "utf-8")
    shutil.copytree(NOTEBOOKS / "images", folder / "notebooks" / "images")
    pages = catalogue.pages(*KINDS)
    for page in pages:
        place = folder / page.path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        text = page.path.read_text("utf-8")
        place.write_text(TO_SOLUTION.sub(r"\1 of the full course", text), "utf-8")
    stamp = publish.read_stamp(pages[0].read())
    assigned = [page for page in catalogue.pages("lab") if page.stem in labs]
    for page in assigned:
        place = folder / page.path.relative_to(ROOT)
        place.parent.mkdir(parents=True)
        nbformat.write(_for_colab(page, place.parent.relative_to(folder), stamp), place)
    rows = [
        f"| [{page.name}]({page.path.relative_to(ROOT).as_posix()}) | {page.title()} |"
        for page in (*pages, *assigned)
    ]
    (folder / "README.md").write_text(README.format(pages="\n".join(rows)), "utf-8")


def _for_colab(page, folder, stamp):
    """Return a released lab with the cell that fetches the course in Colab."""
    notebook = nbformat.read(release.released(page.stem), as_version=4)
    source = publish.colab_cell(*stamp, folder=folder.as_posix())
    cell = nbformat.v4.new_code_cell(source, id=publish.CELL_ID)
    notebook.cells.insert(1, cell)
    return notebook
