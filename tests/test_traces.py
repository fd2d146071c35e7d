"""A run of the tests that changes the checkout fails."""

import os
import re
import shutil
import subprocess
import sys

from helpers.files import ROOT

import pytest


@pytest.fixture
def checkout(tmp_path):
    """A checkout without changes that holds conftest.py, and ignores `outputs/`."""
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / ".gitignore").write_text("outputs/\n__pycache__/\n")
    return tmp_path


def run_test(folder, statement):
    """Commit all there is, run one test, and return what pytest says of it."""
    source = f"import pathlib\n\n\ndef test_it():\n    {statement}\n"
    (folder / "test_it.py").write_text(source)
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    commit = [*who, "commit", "-q", "-m", "Begin"]
    for command in (["init", "-q"], ["add", "."], commit):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    plain = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # starts faster
    return subprocess.run(
        command, cwd=folder, env=plain, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "statement, name",
    [
        ("pathlib.Path('new').touch()", "new"),
        ("pathlib.Path('pytest.ini').write_text('[pytest]')", "pytest.ini"),
    ],
)
def test_a_trace_in_the_checkout_fails_the_run(checkout, statement, name):
    done = run_test(checkout, statement)
    assert done.returncode == 1 and "1 passed" in done.stdout
    assert re.search(rf"changed files of the checkout:\n.* {name}\n", done.stdout)


def test_what_git_ignores_is_no_trace(checkout):
    statement = "pathlib.Path('outputs').mkdir(); pathlib.Path('outputs/x').touch()"
    assert run_test(checkout, statement).returncode == 0
