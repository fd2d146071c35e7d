"""How Sphinx makes the website. `course site` puts the pages beside this file first."""

from docutils.nodes import SkipNode
from latex2mathml.converter import convert

project = "Generative models, lesson by lesson"
copyright = "the authors. Text and figures CC BY 4.0, code Apache-2.0"
extensions = ["myst_nb"]

nb_execution_mode = "off"
nb_merge_streams = True
nb_ipywidgets_js = {}  # would come from another host; a page has no kernel to turn to
myst_enable_extensions = ["dollarmath", "amsmath"]
suppress_warnings = ["mystnb.unknown_mime_type"]

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["course.css"]
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


def visit_inline(self, node):
    self.body.append(convert(node.astext(), display="inline"))
    raise SkipNode


def visit_block(self, node):
    formula = convert(node.astext(), display="block")
    self.body.append(f'<div class="math">{formula}</div>')
    raise SkipNode


def setup(app):
    """Write formulas as MathML, which browsers draw without a script."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
