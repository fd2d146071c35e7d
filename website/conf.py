"""How Sphinx makes the website. `course site` puts the pages beside this file first."""

import html
from xml.etree.ElementTree import Element, tostring

from course import publish
from helpers import catalogue

from docutils.nodes import SkipNode
from latex2mathml.converter import convert_to_element

UNDERBRACE = "\N{BOTTOM CURLY BRACKET}"

project = "Generative models, lesson by lesson"
author = "the authors of the course"
copyright = f"{author}. Text and figures CC BY 4.0, code Apache-2.0"
extensions = ["myst_nb"]

nb_execution_mode = "off"
nb_merge_streams = True
nb_ipywidgets_js = {}  # would come from another host; a page has no kernel to turn to
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 4
myst_heading_slug_func = "course.site.heading_anchor"
suppress_warnings = ["mystnb.unknown_mime_type"]

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_js_files = ["course.js"]
html_context = {"default_mode": "auto"}
html_extra_path = ["files"]
html_copy_source = False
html_math_renderer = "mathml"
html_theme_options = {
    "home_page_in_toc": True,
    "show_navbar_depth": 1,
    "navbar_start": [],  # the side bar has title and search
    "navbar_center": [],
    "navbar_end": [],
    "navbar_persistent": [],
    "use_download_button": False,  # each lesson links to its own notebook
    "use_fullscreen_button": False,
}
address, _ = publish.read_stamp(catalogue.pages("lesson")[0].read())
if address:
    html_theme_options |= {"repository_url": address, "use_repository_button": True}


def to_mathml(latex, display):
    """Return a formula as MathML that needs no font for mathematics."""
    formula = convert_to_element(latex, display=display)
    for element in formula.iter():
        element.text = html.unescape(element.text or "")
    for parent in list(formula.iter()):
        if parent.tag == "munder" and parent[1].text == UNDERBRACE:
            parent.tag = "mrow"  # a line below, since few fonts can stretch a brace
            parent.set("class", "brace")
            del parent[1]
        if parent.tag in ("math", "mrow"):
            space_functions(parent)
    return tostring(formula, encoding="unicode")


def space_functions(row):
    """Put a thin space between a function's name and an argument without brackets."""
    for index in range(len(row) - 1, 0, -1):
        name = row[index - 1]
        if name.tag == "mi" and len(name.text) > 1 and row[index].tag != "mo":
            row.insert(index, Element("mspace", width="0.17em"))


def visit_inline(self, node):
    self.body.append(to_mathml(node.astext(), "inline"))
    raise SkipNode


def visit_block(self, node):
    formula = to_mathml(node.astext(), "block")
    self.body.append(f'<div class="formula">{formula}</div>')
    raise SkipNode


def setup(app):
    """Write formulas as MathML, which browsers draw without a script."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
