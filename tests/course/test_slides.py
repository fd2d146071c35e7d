import re

from course import cli, slides
from helpers import catalogue

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook


def test_a_section_is_a_slide_and_prose_a_step_down_in_it():
    cells = {
        "# Title": "slide",
        "import importlib  # the cell for Colab": "skip",
        "## Setup": "slide",
        "import keras": "-",
        "Then, in words": "subslide",
        "### Smaller": "subslide",
        "show_quiz('02_vae', 'before')": "skip",
    }
    made = [
        (new_code_cell if kind in ("-", "skip") else new_markdown_cell)(source)
        for source, kind in cells.items()
    ]
    made[1]["id"] = "colab"
    notebook = slides.cut(new_notebook(cells=made))
    kinds = [cell.metadata.slideshow.slide_type for cell in notebook.cells]
    assert kinds == list(cells.values())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_deck_has_a_slide_for_each_section_and_the_figures(tmp_path):
    page = catalogue.find("02", "lesson")
    path = slides.write(page, tmp_path)
    assert path.name == "02_vae.slides.html"
    html, cells = path.read_text("utf-8"), page.read().cells
    sections = sum(cell.source.startswith(("# ", "## ")) for cell in cells)
    assert len(re.findall(r"<section>\s*<section", html)) == sections
    figures = sum(
        "image/png" in output.get("data", {})
        for cell in cells
        for output in cell.get("outputs", [])
    )
    assert html.count('src="data:image/png') >= figures > 0
    assert "show_quiz(" not in html and "google.colab" not in html


def test_the_command_names_the_decks(monkeypatch, capsys):
    monkeypatch.setattr(slides, "write", lambda page: f"{page.name}.slides.html")
    assert cli.main(["slides", "02", "03"]) == 0
    assert capsys.readouterr().out == "02_vae.slides.html\n03_gan.slides.html\n"
    assert cli.main(["slides", "99"]) == 1
