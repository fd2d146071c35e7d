"""Grade a folder of submissions.

nbgrader restores the tests, keeps the gradebook and writes the feedback. What is added
here: a whole folder goes through in one command, and a submission that loops, breaks or
is no notebook stops no other. Marks and feedback are written after each of them.
"""

import concurrent.futures
import dataclasses
import datetime
import json
import pathlib
import shutil
import sys
import tempfile
import threading

from course.labs import intake, marks
from course.labs.command import GradingFailed, Stopped, nbgrader
from course.labs.platforms import unpack
from course.labs.rebound import rebound
from course.labs.release import build_folder, key_of, names, release, released
from course.labs.repair import repair
from course.labs.sandbox import bounds, start
from helpers.data.fetch import course_data

__all__ = [
    "GradingFailed",
    "build_folder",
    "collect",
    "grade",
    "names",
    "release",
    "unpack",
]
LEAST = {"seconds": 1, "cell_seconds": 1, "memory_mib": 256, "jobs": 1}
LIMITS = {"seconds": 300, "cell_seconds": 60, "memory_mib": 4096}  # of a submission


def collect(folder):
    """Find everything that was handed in, as `intake.collect` with the roster."""
    return intake.collect(folder, marks.roster())


def grade(
    folder,
    *,
    lab=None,
    isolated=True,
    seconds=LIMITS["seconds"],
    cell_seconds=LIMITS["cell_seconds"],
    memory_mib=LIMITS["memory_mib"],
    jobs=2,
    on_graded=None,
):
    """Grade a folder of submissions.

    Args:
        folder: path, as in `intake.collect`; for a zip, what `unpack` returns.
        lab: str, the name of the lab that was asked for, or `None` for all. A notebook
            of another lab is then not graded; its row says so.
        isolated: bool. Run student code in the sandbox. `False` runs it as an
            ordinary program of yours, with limits on time and memory alone.
        seconds: int ≥ 1. Time for a submission as a whole.
        cell_seconds: int ≥ 1. Time for one of its cells; beyond it, the cell is
            interrupted and the next ones are run. The teacher's cells before the
            first answer may take longer.
        memory_mib: int ≥ 256. Memory for its kernel with all that it starts, in MiB.
        jobs: int ≥ 1. Submissions graded at once.
        on_graded: function of `(student, lab)` and status, called as each thing that
            was handed in is done, or `None`.

    Returns:
        list of dicts with the keys `marks.COLUMNS`, for what lies in `folder`. The
        status begins with "graded" or says why not. Feedback is in
        `build/labs/feedback`, the marks of these and of all others that were ever
        graded in `build/labs/marks.csv`; both are whole after each submission.

    Raises:
        ValueError: a number is too small, `COURSE_DATA` is no folder, there is no
            submission, or isolation is asked for and one of its bounds is not to be
            had here.
    """
    given = (seconds, cell_seconds, memory_mib, jobs)
    for (name, least), value in zip(LEAST.items(), given, strict=True):
        if not value >= least:
            raise ValueError(f"{name} must be at least {least}, got {value}.")
    course_data()  # whoever grades hears at once of a folder that is not there
    handed_in = collect(folder)
    if isolated and bounds.missing_bounds():
        raise ValueError(
            f"Student code cannot be held here; missing: "
            f"{'; '.join(bounds.missing_bounds())}. Grade on a Linux machine with "
            "bubblewrap, inside a container, or accept the risk with --unsafe."
        )
    if lab is not None:
        handed_in = [_asked_for(each, lab) for each in handed_in]
    others = [each for each in handed_in if each.path is None]
    to_grade = [each for each in handed_in if each.path is not None]
    release(sorted({each.lab for each in to_grade}))
    stop = threading.Event()
    limits = {"seconds": seconds, "cell_seconds": cell_seconds}
    limits |= {"memory_mib": memory_mib, "isolated": isolated, "stop": stop}
    told = on_graded or (lambda submission, status: None)
    for each in others:
        told((each.student, each.lab), each.remark)
    marks.remember_others(folder, others)
    rows = marks.write()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        tasks = {pool.submit(grade_one, each, **limits): each for each in to_grade}
        try:
            for task in concurrent.futures.as_completed(tasks):
                each = tasks[task]
                marks.remember(each.student, each.lab, task.result())
                rows = marks.write()
                told((each.student, each.lab), task.result())
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    ours = {(each.student, each.lab) for each in handed_in}
    return [row for row in rows if (row["student"], row["lab"]) in ours]


def _asked_for(handed_in, lab):
    """Return a hand-in as it is, or as one that is not graded: another lab's."""
    if handed_in.path is None or handed_in.lab == lab:
        return handed_in
    remark = f"is another lab's notebook, not {lab}"
    return dataclasses.replace(handed_in, path=None, remark=remark)


def grade_one(handed_in, **limits):
    """Grade one submission of a lab that is released.

    Args:
        handed_in: `HandIn` with a path.
        limits: `isolated`, `seconds`, `cell_seconds` and `memory_mib`, as in `grade`,
            and `stop`, a `threading.Event` that ends it when set.

    Returns:
        str, its status, whatever happens.

    Raises:
        Stopped: `stop` was set.
    """
    try:
        status, remarks = _status_of(handed_in, **limits)
    except Stopped:
        raise
    except Exception as error:  # it is this submission's fault or bad luck alone
        said = " ".join(f"{type(error).__name__}: {error}".split())
        status, remarks = f"could not be graded: {said[-300:]}", []
    return "; ".join([status, *filter(None, [handed_in.remark]), *remarks])


def _status_of(handed_in, *, isolated, seconds, cell_seconds, memory_mib, stop):
    """Return what became of a submission, and remarks on what was handed in."""
    student, lab = key_of(handed_in.student), handed_in.lab
    try:
        notebook = intake.read(handed_in.path)
    except ValueError as error:
        return str(error), []
    except OSError as error:
        return f"cannot be read: {error.strerror}", []
    import nbformat

    copy = nbformat.read(released(lab), as_version=4)
    notebook, remarks = repair(notebook, copy)
    if names := rebound(notebook, copy):
        remarks.append(f"rebinds {', '.join(names)}: look at it by hand")
    submitted = build_folder() / "submitted" / student / lab
    shutil.rmtree(submitted, ignore_errors=True)
    submitted.mkdir(parents=True)
    nbformat.write(notebook, submitted / f"{lab}.ipynb")
    if handed_in.has_time:
        changed = handed_in.path.stat().st_mtime
        changed = datetime.datetime.fromtimestamp(changed, datetime.UTC)
        (submitted / "timestamp.txt").write_text(f"{changed:%Y-%m-%d %H:%M:%S} UTC")
    else:
        marks.forget_time(handed_in.student, lab)
    whose = (lab, f"--student={student}", "--force")
    with tempfile.TemporaryDirectory() as folder:
        _write_kernel(pathlib.Path(folder), memory_mib=memory_mib, isolated=isolated)
        try:
            nbgrader(
                *("autograde", *whose, "--Execute.kernel_name=lab"),
                # Messages go through files: the sandbox has no network of ours.
                *(
                    "--KernelManager.transport=ipc",
                    f"--KernelManager.ip={folder}/sockets/k",
                ),
                f"--KernelManager.connection_file={folder}/kernel.json",
                f"--Execute.timeout={cell_seconds}",
                f"--Execute.iopub_timeout={cell_seconds}",
                build=build_folder(),
                seconds=seconds,
                stop=stop,
                settings={"JUPYTER_PATH": folder},
            )
        except TimeoutError:
            return f"stopped after {seconds} s", remarks
        except GradingFailed as error:
            reason = pathlib.Path(folder) / "reason"
            if reason.exists():
                return reason.read_text("utf-8"), remarks
            return _explain(str(error)), remarks
    graded = build_folder() / "autograded" / student / lab / f"{lab}.ipynb"
    nbgrader("generate_feedback", *whose, build=build_folder(), stop=stop)
    return _what_happened(graded, cell_seconds), remarks


def _what_happened(path, cell_seconds):
    """Return the status of a graded notebook: "graded", and what was stopped in it."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    errors = [o.get("ename") for cell in cells for o in cell.get("outputs", [])]
    if "CellTimeoutError" in errors:
        return f"graded; a cell was stopped after {cell_seconds} s"
    if "MemoryError" in errors:
        return "graded; a cell asked for too much memory"
    return "graded"


def _explain(message):
    """Return the reason in nbgrader's log, in one line."""
    if "DeadKernelError" in message or "Kernel died" in message:
        return "its kernel died (a crash, or too much memory)"
    if "unresponsive" in message:
        return "its kernel did not answer"
    if "CellTimeoutError" in message:
        return "a cell could not be interrupted"
    lines = [line for line in message.splitlines() if "Error" in line]
    return f"could not be graded: {(lines or ['unknown reason'])[-1].strip()[:300]}"


def _write_kernel(folder, *, memory_mib, isolated):
    """Write the kernel specification that nbgrader starts student code with."""
    kernel = [sys.executable, "-m", "ipykernel_launcher", "-f", f"{folder}/kernel.json"]
    specification = {
        "argv": start.command(
            *kernel,
            folder=folder,
            memory_mib=memory_mib,
            mode="isolated" if isolated else "limited",
        ),
        "display_name": "lab",
        "language": "python",
        "interrupt_mode": "message",
    }
    (folder / "kernels" / "lab").mkdir(parents=True)
    path = folder / "kernels" / "lab" / "kernel.json"
    path.write_text(json.dumps(specification), "utf-8")
