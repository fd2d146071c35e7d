"""Import what a page of the course defines."""

import linecache
import sys
import types

import helpers.backend  # noqa: F401  (a page that loads another imports keras next)
from helpers import catalogue


def load(name):
    """Import the definitions of a lesson, or of a further page.

    They are those of its cells tagged `export`, run in order. Like Python's `import`,
    it runs them once: a second call returns the same module with the same classes.

    Args:
        name: str. `"02_vae"`, `"02"` or `"further/02_vae"`.

    Returns:
        module whose attributes are the page's functions and classes.

    Raises:
        ValueError: unknown page, or one that exports nothing.
    """
    page = catalogue.find(name, "lesson", "further")
    module_name = f"lesson_{page.name.replace('/', '_')}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    cells = [
        (number, cell.source)
        for number, cell in enumerate(page.read().cells, start=1)
        if cell.cell_type == "code" and "export" in cell.metadata.get("tags", [])
    ]
    if not cells:
        raise ValueError(f"Page {page.name} has no cell tagged 'export'.")
    module = types.ModuleType(module_name)
    sys.modules[module_name] = module
    try:
        for number, source in cells:
            exec(_compile(source, f"<{page.name}, cell {number}>"), module.__dict__)
    except BaseException:
        del sys.modules[module_name]
        raise
    return module


def _compile(source, filename):
    """Compile a cell so that a traceback shows its lines."""
    lines = source.splitlines(keepends=True)
    linecache.cache[filename] = len(source), None, lines, filename
    return compile(source, filename, "exec")
