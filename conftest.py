"""Tests and lessons run offline, at the smoke budget, and leave no trace in the files.

Tests write to tmp, lessons to `outputs/`, which git ignores. Where the checkout has no
changes before a whole run of the tests, it must have none after it.
"""

import os
import subprocess

import pytest

os.environ.setdefault("COURSE_BUDGET", "smoke")
os.environ.setdefault("COURSE_OFFLINE", "1")

BEFORE = pytest.StashKey()


def changes(config):
    """Return what git calls changed or new in the checkout, a file a line.

    `None` where git cannot say.
    """
    try:
        command = ["git", "-C", str(config.rootpath), "status", "--porcelain"]
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:  # git is not installed
        return None
    return done.stdout if done.returncode == 0 else None


def pytest_sessionstart(session):
    if not hasattr(session.config, "workerinput"):  # the workers' part is xdist's
        session.config.stash[BEFORE] = changes(session.config)


def pytest_sessionfinish(session):
    if session.config.stash.get(BEFORE, None) == "":
        after = changes(session.config)
        if after:
            report = session.config.pluginmanager.get_plugin("terminalreporter")
            report.write_line(f"\nThe tests changed files of the checkout:\n{after}")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
