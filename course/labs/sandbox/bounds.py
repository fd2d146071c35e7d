"""Say which bounds on a student's code cannot be had on this system."""

import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from course.labs.sandbox import probe, start, syscalls

NAMESPACES = ("user", "pid", "net", "ipc", "mnt", "uts")
SECONDS = 60  # for a try; a busy machine takes some just to start it
HELD_SECONDS = 5  # as long as memory is kept that is too much
MEMORY_MIB = 128
# Each process stays below the bound, both together do not.
TWO_THIRDS_TWICE = f"""\
import os, time
os.fork()
held = b"1" * ({MEMORY_MIB * 2**20} * 2 // 3)
time.sleep({HELD_SECONDS})
"""


@functools.cache
def missing_bounds():
    """Try the sandbox, once for each process of ours.

    Returns:
        tuple of str, the bounds that do not hold here, such as `"capabilities"` or
        `"the number of processes"`; empty where student code can be held.
    """
    if shutil.which("bwrap") is None:
        return ("a sandbox (bubblewrap is not installed: apt-get install bubblewrap)",)
    if not syscalls.is_known():
        return (f"system calls (no filter for {os.uname().machine})",)
    try:
        return _try_all()
    except subprocess.TimeoutExpired:
        return (f"a sandbox (it did not answer within {SECONDS} seconds)",)


def _try_all():
    """Start the sandbox twice; return the bounds that do not hold."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = start.SIZES | {f"{folder}/sockets": start.SOCKETS_BYTES}
        expected = {
            "namespaces": {n: os.readlink(f"/proc/self/ns/{n}") for n in NAMESPACES},
            "num_tasks": start.NUM_TASKS,
            "sizes": sizes,
        }
        code = pathlib.Path(probe.__file__).read_text("utf-8")
        done = _run(code, json.dumps(expected), folder=folder)
    try:
        missing = json.loads(done.stdout)
    except ValueError:
        said = " ".join((done.stderr.strip() or "it ended").splitlines()[-1:])
        return (f"a sandbox (it does not start: {said})",)
    with tempfile.TemporaryDirectory() as folder:
        _run(TWO_THIRDS_TWICE, folder=folder)
        if not (pathlib.Path(folder) / "reason").exists():
            missing.append("the memory of all processes together")
    return tuple(missing)


def _run(code, *arguments, folder):
    """Run Python code in the sandbox."""
    program = (sys.executable, "-I", "-c", code, *arguments)
    return subprocess.run(
        start.command(*program, folder=folder, memory_mib=MEMORY_MIB),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
