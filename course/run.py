"""Run pages of the course from a fresh kernel, and keep what they show."""

import base64
import importlib.util
import io
import os
import tempfile
import time

from course import results
from helpers.budget import BUDGETS, parse_seed
from helpers.data.fetch import course_data
from helpers.files import OUTPUTS, replace_text

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

MEASURED = ("lesson", "further")  # kinds of pages that report figures
INSTALL = {
    "tensorflow": "uv sync --inexact",
    "jax": "uv sync --inexact --group jax",
    "torch": "uv pip install torch --index-url https://download.pytorch.org/whl/cpu",
}
NUM_COLORS = 128  # of a stored figure
LAST_LINES = 3  # of what a kernel wrote before it died


def settings(*, budget=None, backend=None, seed=None):
    """Return the environment variables that a run gives its kernel.

    Args:
        budget, backend, seed: str for `COURSE_BUDGET`, `KERAS_BACKEND` and
            `COURSE_SEED`; `None` keeps what the environment says.

    Returns:
        dict of name to value, of those that are set.

    Raises:
        ValueError: a value that cannot work, wherever it comes from: the kernel would
            find out later, and some cells down.
    """
    found = {}
    for name, value in (
        ("COURSE_BUDGET", budget),
        ("KERAS_BACKEND", backend),
        ("COURSE_SEED", seed),
    ):
        value = os.environ.get(name, "").strip() if value is None else value
        if value:
            found[name] = value
    if found.get("COURSE_BUDGET", "cpu") not in BUDGETS:
        raise ValueError(
            f"COURSE_BUDGET must be one of {', '.join(BUDGETS)}, "
            f"got {found['COURSE_BUDGET']!r}."
        )
    backend = found.get("KERAS_BACKEND", "tensorflow")
    if backend not in INSTALL:
        raise ValueError(
            f"KERAS_BACKEND must be one of {', '.join(INSTALL)}, got {backend!r}."
        )
    if importlib.util.find_spec(backend) is None:
        raise ValueError(
            f"KERAS_BACKEND is {backend}, which is not installed: {INSTALL[backend]}"
        )
    parse_seed(found.get("COURSE_SEED", "0"), name="COURSE_SEED")
    if folder := course_data():
        found["COURSE_DATA"] = str(folder)  # absolute: a kernel works elsewhere
    return found


def execute(page, *, environment=None, on_cell=None):
    """Execute a page from a fresh kernel.

    Args:
        page: `helpers.catalogue.Page`.
        environment: dict of variables for the kernel beside those of this process, as
            `settings` returns them, or `None`.
        on_cell: function without arguments, called after each cell, those of text
            among them, or `None`.

    Returns:
        `(notebook, rows)`: the executed notebook and the rows that it measured, which
        lessons and further pages alone have.

    Raises:
        PageFailed: a cell raised an error or the kernel died. Names the cell; the
            notebook up to there is in `outputs/`.
    """
    notebook = page.read()
    is_measured = page.kind in MEASURED
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=None,
        resources={"metadata": {"path": str(page.path.parent)}},
    )
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as stderr:
        pending = os.path.join(folder, "rows.jsonl")
        env = os.environ | (environment or {}) | {"COURSE_LEDGER": pending}
        start = time.monotonic()
        index = None
        try:
            # what a kernel itself writes there is no output of a cell
            with client.setup_kernel(env=env, stderr=stderr):
                for index, cell in enumerate(notebook.cells):
                    client.execute_cell(cell, index)
                    if on_cell:
                        on_cell()
                seconds = round(time.monotonic() - start, 1)
                if is_measured:
                    notebook.cells.append(_closing_cell(page.name, seconds))
                    client.execute_cell(notebook.cells[-1], index + 1)
                    notebook.cells.pop()
        except (CellExecutionError, RuntimeError) as error:
            save(notebook, output_path(page))
            told = _describe(page, index, error, _last_lines(stderr))
            raise PageFailed(told) from error
        rows = results.read_pending(pending)
    if not is_measured:
        return notebook, []
    figures = {row["metric"]: row["value"] for row in rows}
    about = {name: figures[name] for name in ("peak_mib", "product_gflops")}
    return notebook, [{**row, "seconds": seconds, **about} for row in rows]


class PageFailed(RuntimeError):
    """A page stopped at a cell."""


def output_path(page):
    """Return where an executed page goes."""
    return OUTPUTS / f"{page.name}.ipynb"


def save(notebook, path):
    """Write an executed notebook without progress bars and time stamps.

    Figures are stored with a palette, which takes a third of the bytes. What can be
    read as Markdown, such as a quiz, is stored so, without its script.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
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
    replace_text(path, nbformat.writes(notebook) + "\n")


def _is_widget(output):
    return "application/vnd.jupyter.widget-view+json" in output.get("data", {})


def _closing_cell(name, seconds):
    """Make the cell in which the page's own kernel records what the run took."""
    return nbformat.v4.new_code_cell(
        "from helpers import backend, ledger\n"
        f"ledger.record({name!r}, 'run_seconds', {seconds}, unit='s')\n"
        f"ledger.record({name!r}, 'peak_mib', backend.peak_mib(), unit='MiB')\n"
        f"ledger.record({name!r}, 'product_gflops', backend.product_gflops(), "
        "unit='GFLOP/s')"
    )


def _describe(page, index, error, last_lines):
    """Say in one line which cell failed, and how."""
    name, kept = page.name, f"outputs/{page.name}.ipynb"
    if isinstance(error, CellExecutionError):
        told = f"cell {index + 1} raised {error.ename}: {error.evalue}"
        return f"{name}: {told} (see {kept})"
    told = "the kernel did not start"
    if index is not None:
        told = f"the kernel died in cell {index + 1}"
    if last_lines:
        told += f"; it wrote last: {last_lines}"
    return f"{name}: {told} (see {kept})"


def _last_lines(file):
    """Return the end of what a kernel wrote to stderr, its lines joined by slashes."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - 10_000))  # bytes
    lines = file.read().decode("utf-8", "replace").splitlines()
    lines = [line.strip() for line in lines if line.strip()]
    return " / ".join(lines[-LAST_LINES:])


def shrink_png(png):
    """Store a figure's PNG with a palette: a third of the bytes, the same to the eye.

    Args:
        png: bytes of a PNG file. What is see-through becomes white.

    Returns:
        bytes of a PNG file of the same width and height; `png` itself if that is
        smaller.
    """
    with Image.open(io.BytesIO(png)) as image:
        image = image.convert("RGBA")
    paper = Image.new("RGBA", image.size, "white")
    image = Image.alpha_composite(paper, image).convert("RGB")
    file = io.BytesIO()
    image.quantize(NUM_COLORS, dither=Image.Dither.NONE).save(
        file, "png", optimize=True
    )
    return min(png, file.getvalue(), key=len)
