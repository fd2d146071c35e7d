"""Each bound that is not there is named: a bubblewrap that forgets to set it."""

import functools
import shutil

from course.labs.sandbox import bounds, start, syscalls

import pytest

FORGETFUL = """\
#!{python}
import os, sys
words, forgotten = sys.argv[1:], {forgotten!r}
for first, length in forgotten:
    while first in words:
        place = words.index(first)
        del words[place : place + length]
os.execv({bwrap!r}, ["bwrap", *words])
"""


@pytest.fixture(autouse=True)
def tried_afresh():
    bounds.missing_bounds.cache_clear()
    yield
    bounds.missing_bounds.cache_clear()


@pytest.fixture
def forget(tmp_path, monkeypatch):
    """Return a function that makes bubblewrap forget words, as `[(word, how_many)]`."""
    real = shutil.which("bwrap")
    if bounds.missing_bounds():
        pytest.skip("no sandbox here")
    bounds.missing_bounds.cache_clear()

    def forget(*forgotten):
        script = FORGETFUL.format(
            python="/usr/bin/env python3", bwrap=real, forgotten=forgotten
        )
        (tmp_path / "bwrap").write_text(script, "utf-8")
        (tmp_path / "bwrap").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    return forget


@pytest.mark.parametrize(
    ("forgotten", "missing"),
    [
        ([("--seccomp", 2)], {"new namespaces", "memory that nothing counts"}),
        ([("--size", 2)], {"the size of folders"}),
        ([("--remount-ro", 2)], {"the size of folders"}),
    ],
)
def test_a_bound_that_bubblewrap_does_not_set_is_named(forgotten, missing, forget):
    forget(*forgotten)
    assert missing <= set(bounds.missing_bounds())


def test_a_network_that_stays_open_is_named(forget):
    forget(("--unshare-all", 1))
    missing = bounds.missing_bounds()
    assert {"network", "namespaces of its own"} <= set(missing) or "start" in missing[0]


def test_nothing_forgotten_misses_nothing(forget):
    forget()
    assert bounds.missing_bounds() == ()


def test_processes_without_a_limit_are_named(monkeypatch):
    monkeypatch.setattr(start, "NUM_TASKS", 3)  # fewer than the sandbox allows
    assert "the number of processes" in bounds.missing_bounds()


def test_memory_that_nobody_adds_up_is_named(monkeypatch):
    if bounds.missing_bounds():
        pytest.skip("no sandbox here")
    bounds.missing_bounds.cache_clear()
    limited = functools.partial(start.command, mode="limited")
    monkeypatch.setattr(start, "command", limited)
    assert "the memory of all processes together" in bounds.missing_bounds()


def test_a_sandbox_that_never_answers_is_named(tmp_path, monkeypatch):
    (tmp_path / "bwrap").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(bounds, "SECONDS", 0.5)
    (missing,) = bounds.missing_bounds()
    assert "did not answer within 0.5 seconds" in missing


def test_a_bubblewrap_that_does_not_start_says_why(tmp_path, monkeypatch):
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho no namespaces here >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (missing,) = bounds.missing_bounds()
    assert "no namespaces here" in missing


def test_a_system_without_bubblewrap_is_told_how_to_install_it(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    (missing,) = bounds.missing_bounds()
    assert "apt-get install bubblewrap" in missing


def test_a_machine_without_a_filter_is_named(monkeypatch):
    monkeypatch.setattr(syscalls.platform, "machine", lambda: "riscv64")
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/bwrap")
    (missing,) = bounds.missing_bounds()
    assert missing.startswith("system calls")
