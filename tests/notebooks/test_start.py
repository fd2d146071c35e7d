"""A page's first cells print nothing: Keras starts through `helpers.backend`."""

import ast
import subprocess
import sys

from helpers import catalogue
from helpers.files import ROOT

import pytest
from imports import imported, modules

PAGES = catalogue.pages()
BACKENDS = ("keras", "tensorflow", "jax", "torch")
MODULES = {
    name: imported(path.read_text("utf-8"), top_level=True)
    for name, path in modules("helpers").items()
}


def imports(page):
    """Return the import statements at the top level of a page's cells, as a source."""
    return "\n".join(
        ast.unparse(node)
        for cell in page.read().cells
        if cell.cell_type == "code"
        for node in ast.parse(cell.source).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
    )


def starter(names, modules, seen):
    """Return the first name that starts a backend, as Python imports one by one.

    Args:
        names: list of str, imported in this order.
        modules: dict of a module's name to the names that it imports.
        seen: set of modules that have been imported; changed.
    """
    for name in names:
        if name == "helpers.backend" or name.split(".")[0] in BACKENDS:
            return name
        if name in modules and name not in seen:
            seen.add(name)
            found = starter(modules[name], modules, seen)
            if found:
                return found
    return None


def run(source):
    """Return what a fresh process writes that runs a source."""
    command = [sys.executable, "-c", source]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_starts_keras_through_helpers(page):
    names = imported(imports(page))
    assert starter(names, MODULES, set()) in ("helpers.backend", None)


def test_the_imports_of_all_pages_together_print_nothing():
    assert run("\n".join(map(imports, PAGES))) == ""


@pytest.mark.backends
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_start_of_each_page_prints_nothing(page):
    assert run(imports(page)) == ""


@pytest.mark.parametrize(
    "names, found",
    [
        (["numpy", "helpers.a", "keras"], "helpers.backend"),
        (["keras.ops", "helpers.a"], "keras.ops"),
        (["helpers.b", "helpers.a"], "tensorflow"),
        (["numpy"], None),
    ],
)
def test_the_first_import_that_starts_a_backend_is_found(names, found):
    modules = {
        "helpers.a": ["math", "helpers.c"],
        "helpers.b": ["tensorflow", "helpers.backend"],
        "helpers.c": ["helpers.a", "helpers.backend"],
    }
    assert starter(names, modules, set()) == found
