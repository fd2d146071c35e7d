"""Measure how long one submission of each lab takes to grade."""

import contextlib
import os
import pathlib
import shutil
import tempfile
import threading
import time

from course import results
from course.labs import grade, intake, release
from course.labs.sandbox import bounds
from helpers import catalogue, ledger


def measure(labs):
    """Grade the model answers of labs in the sandbox, one after the other.

    Prints each. Nothing is kept of what grading makes; the class's gradebook is not
    touched.

    Args:
        labs: list of full names.

    Returns:
        list of rows for the ledger, one a lab: `grade_seconds`, from the hand-in to
        its feedback.

    Raises:
        ValueError: a model answer was not graded; the message says what became of it.
            Or student code cannot be held here.
    """
    from helpers import backend  # starts Keras

    if missing := bounds.missing_bounds():
        raise ValueError(f"Student code cannot be held here: {'; '.join(missing)}.")
    with tempfile.TemporaryDirectory() as folder, _environment(folder) as pending:
        release.release(labs)
        gflops = backend.product_gflops()
        for lab in labs:
            seconds = _seconds_of(lab, pathlib.Path(folder))
            about = {"unit": "s", "source": lab, "product_gflops": gflops}
            ledger.record("helpers", "grade_seconds", seconds, **about)
        return results.read_pending(pending)


@contextlib.contextmanager
def _environment(folder):
    """Let labs be released, graded and measured in a folder; yield the measurements."""
    pending = os.path.join(folder, "pending.jsonl")
    ours = {"COURSE_LABS": os.path.join(folder, "labs"), "COURSE_LEDGER": pending}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield pending
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _seconds_of(lab, folder):
    """Return how long a lab's source, which has all answers, takes to grade."""
    path = folder / f"{lab}.ipynb"
    shutil.copy(catalogue.find(lab, "lab").path, path)
    start = time.perf_counter()
    status = grade.grade_one(
        intake.HandIn("model", lab, path),
        isolated=True,
        stop=threading.Event(),
        **grade.LIMITS,
    )
    if status != "graded":
        raise ValueError(f"{lab}: the model answer should be graded, got {status!r}.")
    return time.perf_counter() - start
