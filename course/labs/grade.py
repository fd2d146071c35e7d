"""Release labs to students and grade what comes back, with nbgrader.

nbgrader strips the solutions, restores the tests, keeps the gradebook and writes the
feedback. What is added here: a whole folder of submissions goes through in one
command, and one that loops, breaks or is no notebook does not stop the others.
"""

import concurrent.futures
import csv
import importlib.util
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

from course.labs import sandbox
from helpers import catalogue
from helpers.files import ROOT

LARGEST_SUBMISSION = 20 * 2**20  # bytes


class GradingFailed(RuntimeError):
    """nbgrader could not do what it was asked for."""


def build_folder():
    """Return where nbgrader puts what it makes: `COURSE_LABS`, or `build/labs`."""
    return pathlib.Path(os.environ.get("COURSE_LABS") or ROOT / "build" / "labs")


def names():
    """Return the names of all labs in order, such as `"lab01_autoencoder"`."""
    return [page.stem for page in catalogue.pages("lab")]


def release(labs):
    """Make the students' copies, without solutions and hidden tests.

    Args:
        labs: list of full names.

    Returns:
        list of paths of the students' notebooks.

    Raises:
        GradingFailed: nbgrader refused a source; its words are in the message.
    """
    build_folder().mkdir(parents=True, exist_ok=True)
    for lab in labs:
        nbgrader("generate_assignment", lab, "--create", "--force")
    return [build_folder() / "release" / lab / f"{lab}.ipynb" for lab in labs]


def collect(folder):
    """Find the submissions in a folder.

    Args:
        folder: path. Holds a folder for each student, named as the student, with
            notebooks named as the labs anywhere below it.

    Returns:
        list of `(student, lab, path)` in order.

    Raises:
        ValueError: there is no such folder, or no submission in it.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise ValueError(f"No folder {str(folder)!r}.")
    known = set(names())
    found = [
        (student.name, path.stem, path)
        for student in sorted(folder.iterdir())
        if student.is_dir()
        for path in sorted(student.rglob("*.ipynb"))
        if path.stem in known and ".ipynb_checkpoints" not in path.parts
    ]
    if not found:
        raise ValueError(
            f"No submission in {str(folder)!r}: expected STUDENT/LAB.ipynb, LAB one of "
            f"{', '.join(sorted(known))}."
        )
    return found


def grade(
    folder,
    *,
    isolated=True,
    seconds=300,
    cell_seconds=60,
    memory_mib=4096,
    jobs=2,
    on_graded=None,
):
    """Grade a folder of submissions.

    Args:
        folder: path, as in `collect`.
        isolated: bool. Run student code in the sandbox. `False` runs it as an
            ordinary program of yours, with limits on time and memory alone.
        seconds: int. Time for a submission as a whole.
        cell_seconds: int. Time for one of its cells; beyond it, the cell is
            interrupted and the next ones are run.
        memory_mib: int. Memory for its kernel, in MiB.
        jobs: int. Submissions graded at once.
        on_graded: function of one row, called as submissions are done, or `None`.

    Returns:
        list of dicts with `student`, `lab`, `score`, `max_score`,
        `needs_manual_grade` and `status`, which begins with "graded" or says why not.
        Feedback is in `build/labs/feedback`, the marks also in `build/labs/marks.csv`.

    Raises:
        ValueError: no submission, or isolation asked for and not to be had here.
    """
    submissions = collect(folder)
    if isolated and not sandbox.is_available():
        raise ValueError(
            "Student code needs a sandbox, and this system gives none. Install "
            "bubblewrap (apt-get install bubblewrap), grade inside a container, or "
            "accept the risk with --unsafe."
        )
    labs = sorted({lab for _, lab, _ in submissions})
    release(labs)
    _write_kernel(memory_mib=memory_mib, isolated=isolated)
    status = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        tasks = {
            pool.submit(_grade_one, *submission, seconds, cell_seconds): submission[:2]
            for submission in submissions
        }
        for task in concurrent.futures.as_completed(tasks):
            status[tasks[task]] = task.result()
            if on_graded:
                on_graded(tasks[task], status[tasks[task]])
    for lab in labs:
        if any(
            said.startswith("graded") for key, said in status.items() if key[1] == lab
        ):
            nbgrader("generate_feedback", lab, "--force")
    return _write_marks(status)


def _grade_one(student, lab, path, seconds, cell_seconds):
    """Grade one submission; return "graded" or what was wrong with it."""
    problem = _problem_with(path)
    if problem:
        return problem
    submitted = build_folder() / "submitted" / student / lab
    shutil.rmtree(submitted, ignore_errors=True)
    submitted.mkdir(parents=True)
    shutil.copyfile(path, submitted / f"{lab}.ipynb")
    try:
        with tempfile.TemporaryDirectory() as folder:
            # Messages go through files: the sandbox has no network, not even its own.
            nbgrader(
                *("autograde", lab, f"--student={student}", "--force"),
                *("--Execute.kernel_name=lab", "--KernelManager.transport=ipc"),
                f"--KernelManager.connection_file={folder}/kernel.json",
                f"--Execute.timeout={cell_seconds}",
                f"--Execute.iopub_timeout={cell_seconds}",
                seconds=seconds,
            )
    except TimeoutError:
        return f"stopped after {seconds} s"
    except GradingFailed as error:
        return _explain(str(error))
    graded = build_folder() / "autograded" / student / lab / f"{lab}.ipynb"
    return _what_happened(graded, cell_seconds)


def _what_happened(path, cell_seconds):
    """Return the status of a graded notebook: "graded", and what was stopped in it."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    errors = [o.get("ename") for cell in cells for o in cell.get("outputs", [])]
    if "CellTimeoutError" in errors:
        return f"graded; a cell was stopped after {cell_seconds} s"
    if "MemoryError" in errors:
        return "graded; a cell asked for too much memory"
    return "graded"


def _problem_with(path):
    """Return why a file cannot be a submission, or `None`."""
    if path.is_symlink() or not path.is_file():
        return "is no plain file"
    if path.stat().st_size > LARGEST_SUBMISSION:
        return f"is larger than {LARGEST_SUBMISSION // 2**20} MiB"
    try:
        content = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError):
        return "is not valid JSON"
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        return "is no notebook of format 4"
    return None


def _explain(message):
    """Return the reason in nbgrader's log, in one line."""
    if "DeadKernelError" in message or "Kernel died" in message:
        return "its kernel died (a crash, or too much memory)"
    if "unresponsive" in message:
        return "its kernel did not answer"
    if "CellTimeoutError" in message:
        return "a cell could not be interrupted"
    lines = [line for line in message.splitlines() if "Error" in line]
    return f"could not be graded: {(lines or ['unknown reason'])[-1].strip()}"


def _write_kernel(*, memory_mib, isolated):
    """Write the kernel specification that nbgrader starts student code with."""
    folder = build_folder() / "kernels" / "lab"
    folder.mkdir(parents=True, exist_ok=True)
    mode = "isolated" if isolated else "limited"
    specification = {
        "argv": [
            *(sys.executable, "-m", "course.labs.sandbox"),
            *("{connection_file}", str(memory_mib), mode),
        ],
        "display_name": "lab",
        "language": "python",
        "interrupt_mode": "message",
    }
    (folder / "kernel.json").write_text(json.dumps(specification), "utf-8")


def nbgrader(command, *arguments, seconds=None):
    """Run nbgrader in the course's folder.

    Raises:
        TimeoutError: it took longer than `seconds`; it and its kernel are gone.
        GradingFailed: it ended with an error; the message is its log.
        ValueError: nbgrader is not installed.
    """
    scripts = pathlib.Path(sys.executable).parent  # nbgrader calls alembic by name
    settings = {
        "COURSE_LABS": str(build_folder()),
        "JUPYTER_PATH": str(build_folder()),
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
    }
    if importlib.util.find_spec("nbgrader") is None:
        raise ValueError(
            "Labs need nbgrader. Install it: uv sync --inexact --group teach."
        )
    process = subprocess.Popen(
        [sys.executable, "-m", "nbgrader", command, *arguments],
        cwd=ROOT,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        log, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        _kill_all(process)
        raise TimeoutError(command) from None
    except BaseException:
        _kill_all(process)
        raise
    if process.returncode != 0:
        raise GradingFailed(log)


def _kill_all(process):
    """Kill a process with the kernels that it has started."""
    import psutil

    for child in psutil.Process(process.pid).children(recursive=True):
        child.kill()
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _write_marks(status):
    """Write `marks.csv` from nbgrader's gradebook; return its rows."""
    from nbgrader.api import Gradebook

    rows = []
    with Gradebook(
        f"sqlite:///{build_folder() / 'gradebook.db'}", "generative-models"
    ) as book:
        for (student, lab), said in sorted(status.items()):
            row = {"student": student, "lab": lab, "score": 0.0}
            row["max_score"] = book.find_assignment(lab).max_score
            row["needs_manual_grade"] = False
            row["status"] = said
            if said.startswith("graded"):
                submission = book.find_submission(lab, student)
                row["score"] = submission.score
                row["needs_manual_grade"] = submission.needs_manual_grade
            rows.append(row)
    with open(build_folder() / "marks.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return rows
