"""Import a lesson's definitions, and run lessons."""

import base64
import os
import subprocess
import sys
import tempfile
import time
import types

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from helpers import ledger
from helpers.paths import NOTEBOOKS, OUTPUTS


def names():
    """Return the names of all lessons in order, such as `"02_vae"`."""
    return sorted(path.stem for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def find(name):
    """Return the full name of a lesson given by it, or by its number: `"02"`.

    Raises:
        ValueError: no lesson, or more than one, begins so.
    """
    matches = [lesson for lesson in names() if lesson.startswith(name)]
    if name in matches:
        return name
    if len(matches) != 1 or not name:
        raise ValueError(f"No lesson {name!r}. There are: {', '.join(names())}.")
    return matches[0]


def path_of(name, *, solutions=False):
    """Return where a lesson, or the solutions of its exercises, lies."""
    folder = NOTEBOOKS / "solutions" if solutions else NOTEBOOKS
    return folder / f"{find(name)}.ipynb"


def read(name, *, solutions=False):
    """Return a lesson, or its solutions, as an nbformat notebook."""
    return nbformat.read(path_of(name, solutions=solutions), as_version=4)


def load(name):
    """Import what a lesson defines: its cells tagged `export`, run in order.

    Args:
        name: str. `"02_vae"` or `"02"`.

    Returns:
        module whose attributes are the lesson's functions and classes.

    Raises:
        ValueError: unknown lesson, or a lesson that exports nothing.
    """
    name = find(name)
    cells = [
        cell.source
        for cell in read(name).cells
        if cell.cell_type == "code" and "export" in cell.metadata.get("tags", [])
    ]
    if not cells:
        raise ValueError(f"Lesson {name} has no cell tagged 'export'.")
    module = types.ModuleType(f"lesson_{name}")
    sys.modules[module.__name__] = module
    for number, source in enumerate(cells):
        code = compile(source, f"<{name}, export cell {number}>", "exec")
        exec(code, module.__dict__)
    return module


def run(name, *, solutions=False, budget=None, backend=None, seed=None, on_cell=None):
    """Execute a lesson from a fresh kernel.

    Args:
        name: str. The lesson.
        solutions: bool. Execute the solutions of its exercises instead.
        budget, backend, seed: values for `COURSE_BUDGET`, `KERAS_BACKEND` and
            `COURSE_SEED`; `None` keeps what the environment says.
        on_cell: function without arguments, called after each cell, or `None`.

    Returns:
        `(notebook, rows)`: the executed notebook and the rows for the ledger; solutions
        have none.

    Raises:
        LessonFailed: a cell raised an error or the kernel died. Names the cell; the
            notebook up to there is in `outputs/`.
    """
    notebook = read(name, solutions=solutions)
    settings = {
        "COURSE_BUDGET": budget,
        "KERAS_BACKEND": backend,
        "COURSE_SEED": None if seed is None else str(seed),
    }
    environment = os.environ | {k: v for k, v in settings.items() if v is not None}
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=None,
        resources={
            "metadata": {"path": str(path_of(name, solutions=solutions).parent)}
        },
    )
    if on_cell:
        client.on_cell_complete = lambda **_: on_cell()
    with tempfile.TemporaryDirectory() as folder:
        environment["COURSE_LEDGER"] = os.path.join(folder, "rows.jsonl")
        start = time.monotonic()
        index = 0
        try:
            # what a kernel itself writes there is no output of a cell
            with client.setup_kernel(env=environment, stderr=subprocess.DEVNULL):
                for index, cell in enumerate(notebook.cells):
                    client.execute_cell(cell, index)
                seconds = round(time.monotonic() - start, 1)
                if not solutions:
                    notebook.cells.append(_closing_cell(name, seconds))
                    client.execute_cell(notebook.cells[-1], index + 1)
                    notebook.cells.pop()
        except (CellExecutionError, DeadKernelError) as error:
            save(notebook, OUTPUTS / f"{name}.ipynb")
            raise LessonFailed(_describe(name, index, error)) from error
        rows = ledger.read_pending(environment["COURSE_LEDGER"])
    if solutions:
        return notebook, []
    peak = next(row["value"] for row in rows if row["metric"] == "peak_mib")
    return notebook, [{**row, "seconds": seconds, "peak_mib": peak} for row in rows]


class LessonFailed(RuntimeError):
    """A lesson stopped at a cell."""


def save(notebook, path):
    """Write an executed notebook without progress bars and time stamps.

    Figures are stored with a palette, which takes a third of the bytes. What can be
    read as Markdown, such as a quiz, is stored so, without its script.
    """
    from helpers.plotting import shrink_png  # brings in Matplotlib

    path.parent.mkdir(exist_ok=True)
    notebook.metadata.pop("widgets", None)
    notebook.metadata.pop("language_info", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if not _is_widget(o)]
        for output in cell.get("outputs", []):
            if "text/markdown" in output.get("data", {}):
                output.data.pop("text/html", None)
            if "image/png" in output.get("data", {}):
                png = shrink_png(base64.b64decode(output.data["image/png"]))
                output.data["image/png"] = base64.b64encode(png).decode() + "\n"
    nbformat.validate(notebook)
    nbformat.write(notebook, path)


def _is_widget(output):
    return "application/vnd.jupyter.widget-view+json" in output.get("data", {})


def _closing_cell(name, seconds):
    """Make the cell in which the lesson's own kernel records what the run took."""
    return nbformat.v4.new_code_cell(
        "from helpers import device, ledger\n"
        f"ledger.record({name!r}, 'run_seconds', {seconds}, unit='s')\n"
        f"ledger.record({name!r}, 'peak_mib', device.peak_mib(), unit='MiB')"
    )


def _describe(name, index, error):
    """Say in one line which cell failed, and how."""
    kept = f"outputs/{name}.ipynb"
    if isinstance(error, DeadKernelError):
        return f"{name}: the kernel died in cell {index + 1} (see {kept})"
    return f"{name}: cell {index + 1} raised {error.ename}: {error.evalue} (see {kept})"
