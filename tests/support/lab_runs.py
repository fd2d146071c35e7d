"""Run a lab's cells in this process: answers of one's own, the lab's own tests.

What counts as failed, and when a model answer stands in, is decided by the code that
grading uses; only the kernel and its sandbox are left out.
"""

import contextlib
import io
import runpy
import warnings

from course.labs import stand_in
from helpers.files import ROOT

import matplotlib.pyplot as plt
from submissions import code_cells, source_of

CHEATS = ROOT / "tests" / "course" / "labs" / "cheats"
BANK = ROOT / "tests" / "course" / "labs" / "bank"


def parts_of(lab):
    return stand_in.parts_of(source_of(lab))


def stub_of(part):
    """Return an answer in which nothing has been written."""
    return "\n".join(
        f"def {name}(*args, **settings):\n    raise NotImplementedError\n"
        for name in part["defines"]
    )


def run(lab, answers, *, namespace=None, start=None, stop=None):
    """Run a lab's code cells; return `{name: error}` of those that failed.

    Args:
        answers: dict of answer's name to code; the model answer where one is missing.
        namespace: dict that the cells run in, or `None` for a new one.
        start, stop: names of the first answer to run and of the first not to run.
    """
    namespace = {"__name__": "__main__"} if namespace is None else namespace
    parts, cells = parts_of(lab), code_cells(source_of(lab))
    names = [cell.metadata.nbgrader.grade_id for cell in cells]
    first = names.index(start) if start else 0
    last = names.index(stop) if stop else len(cells)
    models = {part["name"]: part["code"][0] for part in parts}
    errors, failed = {}, set()
    for name, cell in list(zip(names, cells, strict=True))[first:last]:
        if name in models:
            for part in stand_in.needed(parts, name, failed):
                for code in part["code"]:
                    execute(code, namespace)
                failed -= part["cells"]
        code = answers.get(name, models[name]) if name in models else cell.source
        error = execute(code, namespace)
        if error is not None:
            errors[name] = error
            failed.add(name)
    return errors


def execute(code, namespace):
    """Run code; return its error, or `None`. What it says goes nowhere."""
    quiet = io.StringIO()
    with (
        warnings.catch_warnings(action="ignore"),
        contextlib.redirect_stdout(quiet),
        contextlib.redirect_stderr(quiet),
    ):
        try:
            exec(compile(code, "<cell>", "exec"), namespace)
        except Exception as error:
            return error
        finally:
            plt.close("all")


def bank_of(lab):
    """Return a lab's bank: `RIGHT`, lists of code, and `WRONG`, by what is wrong."""
    found = runpy.run_path(str(BANK / f"{lab}.py"))
    return found["RIGHT"], found["WRONG"]


def cheats_of(lab):
    """Return answers, by name, that were written for the visible tests alone."""
    return runpy.run_path(str(CHEATS / f"{lab}.py"))["CELLS"]
