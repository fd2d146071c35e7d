"""Make the website: the lessons as they are, with their outputs, to be read offline."""

import importlib.util
import pathlib
import shutil
import subprocess
import sys
import tempfile

from course import results
from helpers import catalogue
from helpers.files import DATA, NOTEBOOKS, ROOT

import nbformat

SOURCES = ROOT / "website"
BUILD = ROOT / "build"
SHOWN = ("lesson", "further", "solution")
NEEDED = ("sphinx", "myst_nb", "sphinx_book_theme", "latex2mathml")


def build(folder=None):
    """Make the website and return the path of its first page.

    Args:
        folder: `pathlib.Path` to make it in, or `None` for `build/`.

    Raises:
        ValueError: a package is missing, or Sphinx failed or warned.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(
            f"The website needs {', '.join(missing)}: uv sync --inexact --group site"
        )
    folder = BUILD if folder is None else pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as workshop:
        pages, made = pathlib.Path(workshop, "pages"), pathlib.Path(workshop, "site")
        write_pages(pages)
        sphinx = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going"]
        caches = ["-d", f"{workshop}/doctrees"]
        done = subprocess.run(
            [*sphinx, *caches, str(pages), str(made)], capture_output=True, text=True
        )
        if done.returncode:
            told = done.stderr.replace(f"{pages}/", "").strip()
            raise ValueError(f"Sphinx says: {told}")
        if (folder / "site").exists():
            shutil.rmtree(folder / "site")
        made.rename(folder / "site")
    return folder / "site" / "index.html"


def write_pages(folder):
    """Put all that Sphinx reads into a folder: sources, notebooks, results."""
    shutil.copytree(SOURCES, folder)
    (folder / "data").mkdir()
    shutil.copy(DATA / "README.md", folder / "data")
    (folder / "index.md").write_text(first_page(), "utf-8")
    (folder / "results.md").write_text(results_page(), "utf-8")
    shutil.copytree(NOTEBOOKS / "images", folder / "notebooks" / "images")
    for page in catalogue.pages(*SHOWN):
        place = f"notebooks/{page.name}.ipynb"
        for root in (folder, folder / "files" / "files"):
            (root / place).parent.mkdir(parents=True, exist_ok=True)
        notebook = page.read()
        prepare(notebook, download=place)
        nbformat.write(notebook, folder / place)
        shutil.copy(page.path, folder / "files" / "files" / place)


def prepare(notebook, *, download):
    """Add to a notebook what only its page needs: a link to the file, alt texts."""
    up = "../" * download.count("/")
    title = notebook.cells[0]
    heading, _, rest = title.source.partition("\n\n")
    link = f'<a href="{up}files/{download}" download>Download this notebook</a>'
    title.source = f"{heading}\n\n{link}\n\n{rest}"
    for cell in notebook.cells:
        if cell.get("id") == "colab":
            cell.metadata.tags = ["hide-input"]
        texts = [
            output.metadata["image/png"]["alt"]
            for output in cell.get("outputs", [])
            if output.get("metadata", {}).get("image/png", {}).get("alt")
        ]
        if texts:
            cell.metadata["mystnb"] = {"image": {"alt": " ".join(texts)}}


def first_page():
    """Return the website's first page: the README's beginning, and what there is."""
    readme = (ROOT / "README.md").read_text("utf-8")
    head = readme.split("\n## How much to train", 1)[0]
    own = sorted(path.stem for path in SOURCES.glob("*.md"))
    contents = {
        "Lessons": _places("lesson"),
        "Going further": _places("further"),
        "Reference": [*own, "results", "data/README"],
        "Solutions": _places("solution"),
    }
    for caption, pages in contents.items():
        if not pages:
            continue
        options = f":hidden:\n:caption: {caption}"
        head += "\n\n```{toctree}\n" + options + "\n\n" + "\n".join(pages) + "\n```"
    solutions = f"({_places('solution')[0]}.ipynb)"  # a page, not a folder
    return head.replace("(notebooks/solutions)", solutions)


def results_page():
    """Return the ledger as a page with a table for each lesson."""
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in results.table().splitlines()
    ]
    lines = [
        "# Results",
        "",
        "Measured by the lessons themselves on held-out data; ± is the standard "
        "deviation over seeds. A nat is a unit of surprise, 1.44 bits.",
    ]
    titles = {page.name: page.title() for page in catalogue.pages("lesson", "further")}
    for lesson in dict.fromkeys(row[0] for row in rows[2:]):
        title = lesson
        if lesson in titles:
            title = f"[{titles[lesson]}](notebooks/{lesson}.ipynb)"
        lines += ["", f"## {title}", ""]
        lines += [_line(["Metric", "Value", "Unit", "How"]), _line(["---"] * 4)]
        for metric, value, unit, seeds, *how in [r[1:] for r in rows if r[0] == lesson]:
            plural = "s" if seeds != "1" else ""
            how = ", ".join(part for part in (f"{seeds} seed{plural}", *how) if part)
            cells = (metric, value, unit, how)
            lines += [
                _line([cell.replace(" ", "\N{NO-BREAK SPACE}") for cell in cells])
            ]
    return "\n".join(lines) + "\n"


def heading_anchor(title):
    """Return a heading's anchor as JupyterLab names it, so that its links work here."""
    return title.replace(" ", "-")


def _places(kind):
    return [f"notebooks/{page.name}" for page in catalogue.pages(kind)]


def _line(cells):
    return "| " + " | ".join(cells) + " |"
