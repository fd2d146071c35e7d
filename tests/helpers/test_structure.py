"""How the two packages hang together, and that no test of them is passed by."""

import fnmatch
import re

from helpers import catalogue
from helpers.files import ROOT

import pytest
from imports import import_graph, imported, modules, reachable

HELPERS = import_graph("helpers")
BOTH = import_graph("helpers", "course")


def test_every_module_of_helpers_is_imported_by_a_page():
    by_pages = {
        name
        for page in catalogue.pages()
        for cell in page.read().cells
        if cell.cell_type == "code"
        for name in imported(cell.source)
    }
    needed = reachable(by_pages, HELPERS)
    left = [name for name in HELPERS if name not in needed]
    assert [name for name in left if not name.endswith("__init__")] == []


def layers(text):
    """Return what CONTRIBUTING draws: dict of a module or folder to its line's number.

    Folders of modules end in a slash there, and not here.
    """
    [drawn] = re.findall(r"^```\n(course/ .*?)^```$", text, re.MULTILINE | re.DOTALL)
    found, package = {}, ""
    for number, line in enumerate(drawn.splitlines()):
        if not line.startswith(" "):
            package, _, line = line.partition("/")
        found |= {f"{package}.{name.rstrip('/')}": number for name in line.split()}
    return found


def test_imports_run_one_way_as_contributing_draws_it():
    drawn = layers((ROOT / "CONTRIBUTING.md").read_text("utf-8"))

    def room(name):
        return ".".join(name.split(".")[:2])

    parts = {room(name) for name in BOTH if not name.endswith("__init__")}
    assert set(drawn) == parts
    for name, names in BOTH.items():
        for used in {room(n) for n in names} & parts - {room(name)}:
            assert drawn[room(name)] < drawn[used], (name, used)


@pytest.mark.parametrize("name", BOTH)
def test_no_module_imports_itself_in_a_circle(name):
    assert name not in reachable(BOTH[name], BOTH)


@pytest.mark.parametrize("package", ["helpers", "course"])
def test_a_module_can_be_read_in_minutes(package):
    lengths = {
        name: len(path.read_text("utf-8").splitlines())
        for name, path in modules(package).items()
    }
    assert max(lengths.values()) <= 300, max(lengths, key=lengths.get)


def test_names_are_followed_from_module_to_module():
    graph = {"a": ["b", "numpy"], "b": ["c"], "c": ["b"], "d": ["a"]}
    assert reachable(["a"], graph) == {"a", "b", "c", "numpy"}
    source = (
        "import a.b\n"
        "from c import d\n"
        "def later():\n"
        "    import e\n"
        "importlib.import_module('helpers.colab').install()\n"
    )
    assert set(imported(source)) == {"a.b", "c", "c.d", "e", "helpers.colab"}
    assert imported(source, top_level=True) == ["a.b", "c", "c.d"]


def test_pytest_looks_into_every_folder_of_tests(request):
    """It passes by the folders in `norecursedirs`, by name or by path, wherever."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        for folder in path.relative_to(ROOT).parents:
            for pattern in request.config.getini("norecursedirs"):
                seen = folder.as_posix() if "/" in pattern else folder.name
                assert not fnmatch.fnmatch(seen, pattern), (path, pattern)
