"""Start the kernel that runs a student's code, where it can do no harm.

Bubblewrap (`bwrap`) gives it namespaces of its own: nobody's user without
capabilities, no network, no other processes to see, and a file system in which only
the installed software and the course's `helpers` and `data` exist, read-only, with an
empty scratch folder. Every place that can be written to has a size, `limits` holds
each process and their number, `syscalls` what could go round that, and this program
stays outside and ends all of it when the memory of all processes together is too much.

    python -m course.labs.sandbox.start isolated FOLDER MEMORY_MIB COMMAND…

`isolated` may be `limited`, which runs the command as an ordinary program with limits
for each process alone. `FOLDER/sockets` is where the command and its client outside
meet; a file `FOLDER/kernel.json` can be read, nothing else of the folder is seen.
"""

import contextlib
import ctypes
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

from course.labs.sandbox import limits, syscalls, watch
from helpers.data.fetch import course_data
from helpers.files import ROOT

NOBODY = 65534  # the user and the group, on every Linux
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
# Where shared libraries, time zone and local host are: /etc has secrets beside them.
SETTINGS = ("ld.so.cache", "alternatives", "localtime", "hosts", "fonts")
PASSED_ON = ("PATH", "LANG", "LC_ALL", "KERAS_BACKEND", "NBGRADER_EXECUTION")
LIMITS = "/run/limits.py"
MIB = 2**20
# Each folder that can be written to, beside `FOLDER/sockets`, and its size in bytes.
SIZES = {"/tmp": 512 * MIB, "/dev/shm": 64 * MIB}
SOCKETS_BYTES = MIB
NUM_TASKS = 128 + 8 * (os.cpu_count() or 1)  # libraries start some for each processor
SECONDS_BETWEEN_LOOKS = 0.1
TOO_MUCH_MEMORY = "its processes took more than {} MiB of memory together"
STAGE = "/sys"  # on every Linux, open to all, and without anything of ours
MS_NOSUID, MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE = 2, 4096, 8192, 16384, 1 << 18
CLONE_NEWNS = 0x20000


def command(*program, folder, memory_mib, mode="isolated"):
    """Return the command line that runs a program in the sandbox.

    Args:
        program: str, the program and its arguments.
        folder: path, a folder of this run alone, as in the module's description.
            If memory was too much, `folder/reason` says so afterwards.
        memory_mib: int. Memory for a process, and for all of them together, in MiB.
        mode: `"isolated"` or `"limited"`.
    """
    ours = [sys.executable, "-m", "course.labs.sandbox.start", mode]
    return [*ours, str(folder), str(memory_mib), *program]


def main(arguments=None):
    """Run a command as the module describes; return its exit status."""
    mode, folder, memory_mib, *program = arguments or sys.argv[1:]
    folder, memory_mib = pathlib.Path(folder), int(memory_mib)
    if mode == "limited":
        (folder / "sockets").mkdir(exist_ok=True)
        limits.limit_resources(memory_mib=memory_mib, num_tasks=0)
        os.execvp(program[0], program)
    readable = _readable(folder)
    user = {}
    if os.geteuid() == 0:
        readable = _staged(readable, folder)
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    limited = [sys.executable, "-I", LIMITS, str(memory_mib), str(NUM_TASKS), *program]
    with tempfile.TemporaryFile() as calls:
        calls.write(syscalls.make_filter())
        calls.seek(0)
        ours, theirs = os.pipe()
        isolated = _isolation(readable, folder, calls.fileno(), theirs)
        process = subprocess.Popen(
            [*isolated, *limited], pass_fds=(calls.fileno(), theirs), **user
        )
        os.close(theirs)
    with open(ours, encoding="utf-8") as facts:
        first = facts.read()
    if not first:  # bubblewrap has said why
        return process.wait()
    first = json.loads(first)["child-pid"]
    try:
        held = os.pidfd_open(first)  # its number alone may soon be another's
    except ProcessLookupError:
        return process.wait()  # it has ended
    try:
        return _watch(process, first, folder, memory_mib)
    finally:
        process.kill()
        # The first process inside would wait for ever if bubblewrap ended too early.
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(held, signal.SIGKILL)


def _readable(folder):
    """Return which places can be read inside, as `{inside: outside}`."""
    places = [*SYSTEM, *(f"/etc/{name}" for name in SETTINGS)]
    places += [sys.prefix, sys.base_prefix, folder / "kernel.json"]
    places += [ROOT / "helpers", ROOT / "data", ROOT / "pyproject.toml"]
    places += filter(None, [course_data()])
    places = {str(path): str(path) for path in places if os.path.exists(path)}
    return places | {LIMITS: limits.__file__}


def _isolation(readable, folder, calls, facts):
    """Return the command line of bubblewrap, up to the program.

    Args:
        readable: as `_readable` returns it.
        folder: path, as in `command`.
        calls, facts: file descriptors, of the filter of system calls and of the pipe
            to which bubblewrap writes what it has started.
    """
    words = ["bwrap", "--unshare-all", "--unshare-user", "--cap-drop", "ALL"]
    words += ["--uid", NOBODY, "--gid", NOBODY, "--die-with-parent", "--new-session"]
    words += ["--proc", "/proc", "--dev", "/dev"]
    for place, size in (SIZES | {folder / "sockets": SOCKETS_BYTES}).items():
        words += ["--size", size, "--tmpfs", place]
    for inside, outside in readable.items():
        words += ["--ro-bind", outside, inside]
    # A shared mapping of /dev/zero would be memory that nothing counts.
    words += ["--ro-bind", "/dev/null", "/dev/zero"]
    words += ["--remount-ro", "/dev", "--remount-ro", "/"]
    words += ["--seccomp", calls, "--info-fd", facts, "--chdir", "/tmp", "--clearenv"]
    words += ["--setenv", "HOME", "/tmp", "--setenv", "USER", "nobody"]
    settings = os.environ | {"COURSE_DATA": course_data() or ""}  # an absolute path
    for name, value in settings.items():
        if name in PASSED_ON or name.startswith("COURSE_"):
            words += ["--setenv", name, value]
    return [*map(str, words), "--"]


def _staged(readable, folder):
    """Show places where a user can open them who may not reach them.

    Started by root, the sandbox belongs to nobody, who may not pass `/root`, where
    Python itself may be. This process gets a view of its own of the file system, in
    which all that may be read lies in one open folder, `STAGE`.

    Returns:
        dict, `readable` with the places where they can be reached.
    """
    stage = pathlib.Path(tempfile.mkdtemp(prefix="stage", dir=folder))
    _call("unshare", CLONE_NEWNS)
    _call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    _call("mount", b"tmpfs", bytes(stage), b"tmpfs", MS_NOSUID, b"mode=755,size=1m")
    staged = {}
    for number, (inside, outside) in enumerate(readable.items()):
        place = stage / str(number)
        if inside == str(folder / "kernel.json"):  # readable for its owner alone
            place.write_bytes(pathlib.Path(outside).read_bytes())
        else:
            place.mkdir() if os.path.isdir(outside) else place.touch()
            flags = MS_BIND | MS_REC
            _call("mount", os.fsencode(outside), bytes(place), None, flags, None)
        staged[inside] = f"{STAGE}/{number}"
    _call("mount", bytes(stage), STAGE.encode(), None, MS_MOVE, None)
    return staged


def _call(name, *arguments):
    """Call the C library; raise OSError where it returns an error."""
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def _watch(process, first, folder, memory_mib):
    """Wait for bubblewrap to end, and end it when its processes take too much memory.

    Args:
        process: the `subprocess.Popen` of bubblewrap.
        first: int, the id of the first process in the sandbox.
        folder: path, as in `command`.
        memory_mib: int, for all processes together.

    Returns:
        int, the exit status.
    """
    # The sandbox's own folders, seen from outside as long as it lives.
    inside = f"/proc/{first}/root"
    (folder / "sockets").unlink(missing_ok=True)  # of a kernel before this one
    (folder / "sockets").symlink_to(f"{inside}{folder}/sockets")
    while process.poll() is None:
        if _is_ready(inside) and watch.exceeds(f"{inside}/proc", memory_mib * MIB):
            process.kill()
            (folder / "reason").write_text(TOO_MUCH_MEMORY.format(memory_mib), "utf-8")
        try:
            process.wait(SECONDS_BETWEEN_LOOKS)
        except subprocess.TimeoutExpired:
            continue
    return process.returncode


def _is_ready(inside):
    """Return whether a sandbox's `/` is its own, and no longer that of this machine."""
    try:
        return not os.path.samefile(inside, "/")
    except FileNotFoundError:
        return False  # it has just ended


if __name__ == "__main__":
    sys.exit(main())
