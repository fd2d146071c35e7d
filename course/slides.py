"""Make a deck of slides of a lesson, by nbconvert and reveal.js."""

from helpers.files import ROOT, replace_text

FOLDER = ROOT / "build" / "slides"
LEFT_OUT = ("colab", "quiz")  # beginnings of the ids of cells


def write(page, folder=FOLDER):
    """Write the deck of a page, with its outputs.

    Args:
        page: `catalogue.Page`.
        folder: path.

    Returns:
        path of the HTML file. Opened, it fetches reveal.js and MathJax.
    """
    from nbconvert import SlidesExporter  # slow to import

    html, _ = SlidesExporter(reveal_scroll=True).from_notebook_node(cut(page.read()))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{page.path.stem}.slides.html"
    replace_text(path, html)
    return path


def cut(notebook):
    """Return a notebook, changed: each cell says which part of a deck it is.

    A section, from a heading of level 2, is a slide; each further piece of prose begins
    a step down in it, with the code and the figures that follow. What students do by
    themselves, the quizzes and Colab's cell, is left out.
    """
    for cell in notebook.cells:
        if cell.get("id", "").startswith(LEFT_OUT) or "show_quiz(" in cell.source:
            kind = "skip"
        elif cell.cell_type == "code":
            kind = "-"  # beside the cell above
        else:
            kind = "slide" if cell.source.startswith(("# ", "## ")) else "subslide"
        cell.metadata["slideshow"] = {"slide_type": kind}
    return notebook
