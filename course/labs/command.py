"""Run nbgrader as a program of its own, which can be stopped with all its kernels."""

import importlib.util
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from helpers.data.fetch import course_data
from helpers.files import ROOT

SECONDS_BETWEEN_LOOKS = 0.1


class GradingFailed(RuntimeError):
    """nbgrader could not do what it was asked for."""


class Stopped(RuntimeError):
    """Somebody asked to stop before nbgrader was done."""


def nbgrader(*arguments, build, seconds=None, stop=None, settings=None):
    """Run nbgrader in the course's folder.

    Args:
        arguments: str, its command and the command's arguments.
        build: path, where it puts what it makes.
        seconds: number, the time it may take, or `None`.
        stop: `threading.Event` that ends it when set, or `None`.
        settings: dict of further environment variables, or `None`.

    Raises:
        TimeoutError: it took longer than `seconds`; it and its kernel are gone.
        Stopped: `stop` was set; it and its kernel are gone.
        GradingFailed: it ended with an error; the message is its log.
        ValueError: nbgrader is not installed, or `COURSE_DATA` is no folder.
    """
    if importlib.util.find_spec("nbgrader") is None:
        raise ValueError(
            "Labs need nbgrader. Install it: uv sync --inexact --group teach."
        )
    scripts = pathlib.Path(sys.executable).parent  # nbgrader calls alembic by name
    settings = {
        "COURSE_DATA": str(course_data() or ""),  # absolute: its kernels work elsewhere
        "COURSE_LABS": str(build),
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
    } | (settings or {})
    end = None if seconds is None else time.monotonic() + seconds
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=ROOT,
            env=os.environ | settings,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                if stop is not None and stop.is_set():
                    raise Stopped(arguments[0])
                if end is not None and time.monotonic() > end:
                    raise TimeoutError(arguments[0])
                try:
                    process.wait(SECONDS_BETWEEN_LOOKS)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            if process.returncode is None:
                _kill_all(process)
        log.seek(0)
        if process.returncode != 0:
            raise GradingFailed(log.read())


def _kill_all(process):
    """Kill a process with the kernels that it has started."""
    import psutil

    try:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
    except psutil.NoSuchProcess:
        pass  # it ended by itself
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
