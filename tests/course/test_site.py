"""The website: everything is there, and nothing comes from elsewhere."""

import html
import html.parser
import importlib.util
import pathlib
import re
import urllib.parse

from course import cli, publish, report, results, site, terms
from helpers import catalogue
from helpers.files import NOTEBOOKS, ROOT

import nbformat
import pytest

LESSONS = [page.name for page in catalogue.pages("lesson")]
GLOSSARY = (ROOT / "website" / "glossary.md").read_text("utf-8")
TERMS = re.findall(
    r"^(\w.*)\n    .*\[Lesson (\d\d)(?:, further)?\]\((.*)\)$", GLOSSARY, re.MULTILINE
)


class Page(html.parser.HTMLParser):
    """Collects what a page loads, links to, shows and says."""

    def __init__(self, path):
        super().__init__()
        self.loads, self.links, self.images, self.ids = [], [], [], set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids.add(found.get("id"))
        if tag in ("script", "img", "iframe", "source") and found.get("src"):
            self.loads.append(found["src"])
        if tag == "link" and "stylesheet" in found.get("rel", ""):
            self.loads.append(found["href"])
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag == "img":
            self.images.append(found)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The website of this checkout, made once."""
    for name in site.NEEDED:
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed: uv sync --inexact --group site")
    return site.build(tmp_path_factory.mktemp("website")).parent


@pytest.fixture(scope="module")
def pages(built):
    """Every page of it; the theme's own pieces of pages are none."""
    paths = sorted(built.rglob("*.html"))
    return {path: Page(path) for path in paths if "_static" not in path.parts}


def test_every_lesson_has_a_page_with_its_text_and_figures(built):
    for name in LESSONS:
        page = Page(built / "notebooks" / f"{name}.html")
        figures = [
            output
            for cell in catalogue.find(name).read().cells
            for output in cell.get("outputs", [])
            if "image/png" in output.get("data", {})
        ]
        drawings = len(list(NOTEBOOKS.glob(f"images/{name[:2]}_*.svg")))
        shown = [i for i in page.images if "colab" not in i["src"]]  # once published
        assert len(shown) == len(figures) + drawings


def test_pages_load_nothing_from_another_host(pages):
    for path, page in pages.items():
        for address in page.loads:
            parts = urllib.parse.urlsplit(address)
            assert not parts.netloc and parts.scheme in ("", "data"), (path, address)
            assert (path.parent / parts.path).resolve().exists(), (path, address)


def test_style_sheets_load_nothing_from_another_host(built):
    for path in built.rglob("*.css"):
        assert not re.search(r"(@import|url\()\W*https?:", path.read_text("utf-8"))


def test_links_lead_somewhere(pages):
    for path, page in pages.items():
        for address in page.links:
            parts = urllib.parse.urlsplit(address)
            if parts.scheme in ("http", "https"):
                continue
            target = (path.parent / urllib.parse.unquote(parts.path)).resolve()
            target = path if not parts.path else target
            assert target.exists(), (path, address)
            if parts.fragment and target in pages:
                assert parts.fragment in pages[target].ids, (path, address)


def test_every_picture_has_an_alternative_text(pages):
    for path, page in pages.items():
        for image in page.images:
            text = image.get("alt") or ""
            assert len(text) > 20 and "/" not in text.split()[0], (path, image)


def download_of(page, built):
    """Return the path of a page on the website, and of the file that it offers."""
    place = built / page.path.relative_to(ROOT).with_suffix(".html")
    [link] = [
        link
        for link in Page(place).links
        if link.endswith(".ipynb") and "/files/" in link and "://" not in link
    ]
    return place, (place.parent / link).resolve()


def test_each_page_but_a_lab_can_be_downloaded_as_it_is(built):
    kinds = set(site.SHOWN) - {"lab"}
    for page in catalogue.pages(*kinds):
        _, copy = download_of(page, built)
        assert copy.read_bytes() == page.path.read_bytes()


def test_a_lab_is_shown_and_downloaded_without_its_solutions(built):
    for page in catalogue.pages("lab"):
        answers = re.findall(
            r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END",
            "\n".join(cell.source for cell in page.read().cells),
            re.DOTALL,
        )
        lines = {line.strip() for answer in answers for line in answer.splitlines()}
        place, copy = download_of(page, built)
        shown = html.unescape(re.sub(r"<[^>]*>", "", place.read_text("utf-8")))
        given = "\n".join(cell.source for cell in nbformat.read(copy, 4).cells)
        unsolved = "\n".join(
            cell.source for cell in site.copy.unsolved(page.read()).cells
        )
        kept = {line.strip() for line in unsolved.splitlines()}
        secret = {line for line in lines - kept if len(line) > 30}
        assert len(secret) > 20
        for line in secret:
            assert line not in shown and line not in given, (page.name, line)


def test_the_first_page_leads_to_each_lesson_and_to_the_course(built):
    page = Page(built / "index.html")
    for name in LESSONS:
        assert f"notebooks/{name}.html" in page.links
        assert any(f"lessons/{name}.png" in image["src"] for image in page.images)
    assert site.ARCHIVE in page.links
    text = (built / "index.html").read_text("utf-8")
    assert "minutes" in text and "pipx" in text and "nanoGPT" in text


def test_no_page_shows_a_traceback(built):
    for path in (built / "notebooks").rglob("*.html"):
        assert "Traceback (most recent call last)" not in path.read_text("utf-8"), path


def test_an_exercise_without_an_answer_says_so():
    error = nbformat.v4.new_output(
        "error", ename="NotImplementedError", evalue="exercise 2", traceback=["red"]
    )
    cells = [
        nbformat.v4.new_markdown_cell("# Title\n\nText."),
        nbformat.v4.new_code_cell("check()", outputs=[error]),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    site.prepare(notebook, download="notebooks/01_page.ipynb")
    [output] = notebook.cells[1].outputs
    assert output.output_type == "stream" and "Exercise 2 is not done" in output.text


TERMS_PAGE = """\
## About a batch

An `epoch` is no link, an epoch is, an *epoch* comes later; mini-batch is none.
$p(batch)$ and [a batch](x.md) are none. A batch, a score, the reparametrisation trick.
"""


@pytest.mark.parametrize(
    ("number", "linked"),
    [
        ("00", []),
        ("01", ["epoch", "batch"]),
        ("02", ["epoch", "batch", "reparametrisation trick"]),
        ("07", ["epoch", "batch", "score (of a density)", "reparametrisation trick"]),
    ],
)
def test_terms_lead_to_the_glossary_once_and_from_their_lesson_on(number, linked):
    sources = ("# An epoch", TERMS_PAGE, TERMS_PAGE, "## References\n\nOn the prior.")
    cells = [nbformat.v4.new_markdown_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    terms.link_terms(notebook, number)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert re.findall(r"\{term\}`[^<`]* <([^>]*)>`", text) == linked


def test_formulas_are_drawn_without_a_script(built):
    text = (built / "notebooks" / "02_vae.html").read_text("utf-8")
    assert text.count("<math") > 50 and "MathJax" not in text


HOSTILE = """\
<p onclick="hacked()">Text &amp; more</p><script>hacked()</script>
<img src="x" onerror="hacked()"><svg onload="hacked()"></svg>
<a href="javascript:hacked()">link</a><a href="https://example.org/">good</a>
<iframe src="https://example.org/"></iframe><style>@import "https://example.org"</style>
<details open="" ontoggle="hacked()"><summary>Answer</summary>
<ul><li>B</li></ul></details>
"""


@pytest.mark.parametrize(
    "data",
    [
        {"text/html": HOSTILE, "text/plain": "a table"},
        {"text/markdown": HOSTILE, "text/plain": "a quiz"},
        {"text/markdown": f"Words.\n\n{HOSTILE}\n[x](javascript:hacked())"},
        {"text/html": HOSTILE, "application/javascript": "hacked()"},
        {"text/html": HOSTILE, "image/svg+xml": '<svg onload="hacked()"/>'},
    ],
)
def test_outputs_hold_nothing_that_a_browser_runs_or_fetches(data):
    pytest.importorskip("bleach", reason="bleach is not installed (group site)")
    kept = site.clean(data)
    assert kept.keys() <= {"text/html", "text/plain"}
    for name in ("script", "img", "svg", "iframe", "style"):
        assert f"<{name}" not in kept["text/html"]
    tags = re.findall(r"<[^>]*>", kept["text/html"])
    assert not any("hacked" in tag or "import" in tag for tag in tags)
    for good in ("Text &amp; more", '<a href="https://example.org/">', "<li>B</li>"):
        assert good in kept["text/html"]
    assert "<details open><summary>Answer</summary>" in kept["text/html"]


def test_pictures_and_plain_text_stay_as_they_are():
    pytest.importorskip("bleach", reason="bleach is not installed (group site)")
    data = {"image/png": "iVBO", "text/plain": "<Figure size 640x480>"}
    assert site.clean(data) == data


def test_each_output_of_a_page_is_cleaned():
    pytest.importorskip("bleach", reason="bleach is not installed (group site)")
    shown = nbformat.v4.new_output("display_data", data={"text/html": HOSTILE})
    cells = [
        nbformat.v4.new_markdown_cell("# Title\n\nText."),
        nbformat.v4.new_code_cell("show()", outputs=[shown]),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    site.prepare(notebook, download="notebooks/01_page.ipynb")
    nbformat.validate(notebook)
    [output] = notebook.cells[1].outputs
    assert output.data == site.clean({"text/html": HOSTILE})


def test_each_option_of_a_quiz_unfolds(built):
    text = (built / "notebooks" / "01_autoencoder.html").read_text("utf-8")
    assert text.count("<details><summary>A. ") >= 4
    assert text.count("<strong>Right.</strong>") >= 6


def test_the_results_page_holds_every_row_of_the_ledger(built):
    text = html.unescape((built / "data" / "results.html").read_text("utf-8"))
    text = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    for row in results.load():
        assert report.words(row["lesson"], row["metric"]) in text


def test_the_search_knows_the_lessons(built):
    index = (built / "searchindex.js").read_text("utf-8")
    assert all(f"notebooks/{name}" in index for name in LESSONS)


def test_the_link_to_colab_is_there_once_the_course_is_published():
    notebook = catalogue.find("00").read()
    path = pathlib.PurePosixPath("notebooks/00_start_here.ipynb")
    publish.stamp(notebook, path, "https://github.com/ada/course", "main")
    site.prepare(notebook, download=str(path))
    title = notebook.cells[0].source
    link = "colab.research.google.com/github/ada/course/blob/main/notebooks/00_start"
    assert link in title and "Download this notebook" in title


def test_each_term_is_introduced_in_the_lesson_that_the_glossary_names():
    assert len(TERMS) > 30
    assert len(TERMS) == GLOSSARY.count("\n    ")
    names = [term.casefold() for term, _, _ in TERMS]
    assert names == sorted(set(names))
    for term, number, target in TERMS:
        path = ROOT / target
        assert path.stem.startswith(number) and path.exists()
        cells = nbformat.read(path, as_version=4).cells
        sources = " ".join(cell.source for cell in cells)
        text = " ".join(sources.replace("*", "").casefold().split())
        assert term.split(" (")[0].casefold() in text, f"{term} is not in {path.stem}"


def test_a_missing_package_is_one_line_that_says_how_to_install_it(monkeypatch, capsys):
    monkeypatch.setattr(site, "NEEDED", ("sphinx", "no_such_package"))
    assert cli.main(["site"]) == 1
    told = capsys.readouterr().err
    assert "no_such_package: uv sync --inexact --group site" in told
    assert told.count("\n") == 1


def test_what_sphinx_objects_to_is_told(tmp_path, monkeypatch):
    if importlib.util.find_spec("sphinx") is None:
        pytest.skip("sphinx is not installed: uv sync --inexact --group site")
    monkeypatch.setattr(site, "NEEDED", ())

    def write_pages(folder):
        folder.mkdir(parents=True)
        (folder / "conf.py").write_text("1 / 0\n")

    monkeypatch.setattr(site, "write_pages", write_pages)
    with pytest.raises(ValueError, match="(?s)Sphinx says.*division by zero"):
        site.build(tmp_path)
