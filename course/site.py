"""Make the website: the lessons as they are, with their outputs, to be read offline."""

import importlib.util
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from course import report
from helpers import catalogue
from helpers.files import DATA, NOTEBOOKS, ROOT

import nbformat

SOURCES = ROOT / "website"
BUILD = ROOT / "build"
SHOWN = ("lesson", "further", "solution")
NEEDED = ("sphinx", "myst_nb", "sphinx_book_theme", "latex2mathml", "bleach")
HARMLESS = ("text/plain", "text/latex", "image/png", "image/jpeg")
TAGS = (
    *"a b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6".split(),
    *"hr i kbd li ol p pre small span strong sub summary sup".split(),
    *"table tbody td tfoot th thead tr u ul".split(),
)
ATTRIBUTES = {
    "*": ["class"],
    "a": ["href", "title"],
    "details": ["open"],
    "ol": ["start", "type"],
    "td": ["colspan", "rowspan"],
    "th": ["colspan", "rowspan", "scope"],
}


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
    (folder / "data" / "results.md").write_text(report.results_page(), "utf-8")
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
    """Add to a notebook what only its page needs: a link to the file, alt texts.

    What its outputs hold of HTML is made harmless, see `clean`.
    """
    up = "../" * download.count("/")
    title = notebook.cells[0]
    heading, _, rest = title.source.partition("\n\n")
    link = f'<a href="{up}files/{download}" download>Download this notebook</a>'
    title.source = f"{heading}\n\n{link}\n\n{rest}"
    for cell in notebook.cells:
        if cell.get("id") == "colab":
            cell.metadata.tags = ["hide-input"]
        for output in cell.get("outputs", []):
            if "data" in output:
                output["data"] = clean(output["data"])
        texts = [
            output.metadata["image/png"]["alt"]
            for output in cell.get("outputs", [])
            if output.get("metadata", {}).get("image/png", {}).get("alt")
        ]
        if texts:
            cell.metadata["mystnb"] = {"image": {"alt": " ".join(texts)}}


def clean(data):
    """Return an output's forms without what a browser would run or fetch.

    Whoever reads the website has not run the notebook, and has no reason to trust what
    its outputs hold. Plain text, formulas and pictures stay as they are. Markdown
    becomes HTML, and of HTML the tags of text, lists and tables stay, the folded
    answers of a quiz among them.

    Args:
        data: dict of MIME type to content, as in a notebook.

    Returns:
        dict of the same kind.
    """
    import bleach
    from markdown_it import MarkdownIt

    kept = {name: data[name] for name in data if name in HARMLESS}
    text = data.get("text/html", "")
    if "text/markdown" in data:
        text = MarkdownIt("commonmark").render(data["text/markdown"])
    text = re.sub(r"(?is)<(script|style)\b.*?</\1\s*>", "", text)  # not as text either
    if text.strip():
        kept["text/html"] = bleach.clean(text, TAGS, ATTRIBUTES, strip=True)
    return kept


def first_page():
    """Return the website's first page: the README's beginning, and what there is."""
    readme = (ROOT / "README.md").read_text("utf-8")
    head = readme.split("\n## What runs where", 1)[0]
    head = head.replace("](website/_static/", "](_static/")
    own = sorted(path.stem for path in SOURCES.glob("*.md"))
    contents = {
        "Lessons": _places("lesson"),
        "Going further": _places("further"),
        "Reference": [*own, "data/results", "data/README"],
        "Solutions": _places("solution"),
    }
    for caption, pages in contents.items():
        if not pages:
            continue
        options = f":hidden:\n:caption: {caption}"
        head += "\n\n```{toctree}\n" + options + "\n\n" + "\n".join(pages) + "\n```"
    for kind, shelf in ("further", "further"), ("solution", "solutions"):
        page = f"({_places(kind)[0]}.ipynb)"  # a page, not a folder
        head = head.replace(f"(notebooks/{shelf})", page)
    return head


def heading_anchor(title):
    """Return a heading's anchor as JupyterLab names it, so that its links work here."""
    return title.replace(" ", "-")


def _places(kind):
    return [f"notebooks/{page.name}" for page in catalogue.pages(kind)]
