"""Make the website: the pages as they are, with their outputs, to be read offline.

Labs are shown and downloaded as students get them, without solutions.
"""

import contextlib
import html
import importlib.util
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from course import copy, publish, report, samples, terms
from helpers import catalogue
from helpers.files import DATA, NOTEBOOKS, ROOT
from helpers.page import exercises

import nbformat

SOURCES = ROOT / "website"
BUILD = ROOT / "build"
SHOWN = ("lesson", "further", "solution", "lab", "project")
NEEDED = ("sphinx", "myst_nb", "sphinx_book_theme", "latex2mathml", "bleach")
ARCHIVE = "generative-models.zip"
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
    (folder / "data" / "results.md").write_text(report.results_page(), "utf-8")
    (folder / "index.md").write_text(first_page(), "utf-8")
    thumbnails = folder / "_static" / "lessons"
    thumbnails.mkdir()
    for page in catalogue.pages("lesson"):
        picture = samples.picture(page.name, report.lessons()[page.name]["picture"])
        (thumbnails / f"{page.name}.png").write_bytes(picture)
    shutil.copytree(NOTEBOOKS / "images", folder / "notebooks" / "images")
    for page in catalogue.pages(*SHOWN):
        place = page.path.relative_to(ROOT).as_posix()
        downloads = folder / "files" / "files"
        for root in (folder, downloads):
            (root / place).parent.mkdir(parents=True, exist_ok=True)
        notebook = page.read()
        if page.kind == "lab":
            nbformat.write(copy.unsolved(notebook), downloads / place)
        else:
            shutil.copy(page.path, downloads / place)
        prepare(notebook, download=place)
        nbformat.write(notebook, folder / place)
    copy.pack(folder / "files" / ARCHIVE)


def prepare(notebook, *, download):
    """Change a notebook into what its page needs.

    Links to the file and to the course stand below the title. Terms of the glossary
    lead there where the page first uses them. An exercise shows no traceback. What
    outputs hold of HTML is made harmless, see `clean`.
    """
    title = notebook.cells[0]
    heading, _, rest = title.source.partition("\n\n")
    title.source = f"{heading}\n\n{_links(notebook, download)}\n\n{rest}"
    terms.link_terms(notebook, pathlib.PurePosixPath(download).name[:2])
    for cell in notebook.cells:
        if cell.get("id") == "colab":
            cell.metadata.tags = ["hide-input"]
        if cell.cell_type == "code":
            cell.outputs = [_calm(output) for output in cell.outputs]
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


def _links(notebook, download):
    """Return what stands below a page's title: its file, the course, its source."""
    up = "../" * download.count("/")
    links = [
        f'<a href="{up}files/{download}" download>Download this notebook</a>',
        f'<a href="{up}{ARCHIVE}" download>the whole course, which it needs</a>',
    ]
    with contextlib.suppress(ValueError):  # a page without a cell for Colab
        address, reference = publish.read_stamp(notebook)
        if address.startswith("https://github.com/"):
            source = f"{address}/blob/{reference}/{download}"
            links.append(f'<a href="{source}">Source</a>')
    return " · ".join(links)


def _calm(output):
    """Return an output; an error of an exercise as the line that it says."""
    if output.output_type != "error":
        return output
    told = exercises.sentence(output.evalue) or f"Not done yet. {output.evalue}"
    return nbformat.v4.new_output("stream", text=f"{told}\n")


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
    """Return the website's first page: pictures, a card for each lesson, the start."""
    readme = (ROOT / "README.md").read_text("utf-8")
    title, start = readme.split("\n\n", 2)[:2], _section(readme, "Start")
    alt = re.search(r"!\[([^\]]*)\]\(website/_static/samples.png\)", readme)[1]
    lessons = catalogue.pages("lesson")
    first = f"notebooks/{lessons[0].name}.html"
    parts = [
        *title,
        f'<div class="lead"><img src="_static/samples.png" alt="{alt}"></div>',
        '<div class="actions">'
        f'<a href="{first}">Start with lesson 00</a>'
        f'<a href="{ARCHIVE}" download>Download the course</a></div>',
        "## Lessons",
        f'<div class="cards">\n{"".join(_card(page) for page in lessons)}</div>',
        start.replace("<!-- colab -->\n\n", ""),
        _section(readme, "Results"),
    ]
    own = sorted(path.stem for path in SOURCES.glob("*.md"))
    contents = {
        "Lessons": _places("lesson"),
        "Going further": _places("further"),
        "Labs": _places("lab"),
        "Projects": _places("project"),
        "Reference": [*own, "data/results", "data/README"],
        "Solutions": _places("solution"),
    }
    for caption, pages in contents.items():
        if pages:
            options = f":hidden:\n:caption: {caption}"
            pages = "\n".join(pages)
            parts.append(f"```{{toctree}}\n{options}\n\n{pages}\n```")
    return "\n\n".join(parts) + "\n"


def _card(page):
    """Return a lesson's card, in HTML: picture, title, what it ends with, and facts."""
    about, facts = report.lessons()[page.name], []
    if minutes := report.minutes(page):
        facts.append(f"{minutes} minute{'s' if minutes > 1 else ''}")
    if number := report.one_number(page):
        facts.append(html.escape(number).replace("**", ""))
    return (
        f'<a href="notebooks/{page.name}.html">'
        f'<img src="_static/lessons/{page.name}.png" '
        f'alt="A figure of the lesson {html.escape(page.title())}">'
        f'<span class="title">{html.escape(page.title())}</span>'
        f'<span class="ends">{html.escape(about["ends"])}</span>'
        f'<span class="facts">{" · ".join(facts)}</span></a>\n'
    )


def _section(readme, heading):
    """Return a section of README, with its heading."""
    begin = readme.index(f"## {heading}\n")
    return readme[begin : readme.index("\n## ", begin)].strip()


def heading_anchor(title):
    """Return a heading's anchor as JupyterLab names it, so that its links work here."""
    return title.replace(" ", "-")


def _places(kind):
    return [
        page.path.relative_to(ROOT).with_suffix("").as_posix()
        for page in catalogue.pages(kind)
    ]
