"""What the sources import, read without running them."""

import ast

from helpers.files import ROOT


def modules(package):
    """Return the modules of a package of this repository: dict of name to path."""
    paths = sorted((ROOT / package).rglob("*.py"))
    return {".".join(p.relative_to(ROOT).with_suffix("").parts): p for p in paths}


def imported(source, *, top_level=False):
    """Return what a source imports, in order: list of full names.

    `from a import b` counts as `a` and `a.b`, one of which may be no module. So does
    `importlib.import_module("a")` as `a`.

    Args:
        source: str, Python.
        top_level: bool. Leave out what is imported inside functions, classes and
            conditions.
    """
    tree = ast.parse(source)
    found = []
    for node in tree.body if top_level else ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [node.module]
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and _name(node.func) == "import_module":
            found += [ast.literal_eval(node.args[0])]
    return found


def _name(function):
    """Return the last part of a called function's name: `"c"` of `a.b.c`."""
    return ast.unparse(function).rpartition(".")[2]


def reachable(names, graph):
    """Return all names that can be reached from some, those included: set of str.

    Args:
        names: iterable of str.
        graph: dict of a module's name to the names that it imports.
    """
    found, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += graph.get(name, [])
    return found


def import_graph(*packages):
    """Return what each module imports, at its top level or later: dict of lists."""
    return {
        name: imported(path.read_text("utf-8"))
        for package in packages
        for name, path in modules(package).items()
    }
