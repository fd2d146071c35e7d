"""Start the kernel that runs a student's code, where it can do no harm.

Bubblewrap (`bwrap`) gives the kernel namespaces of its own: no network, no other
processes to see, a file system in which only the installed software and the course's
`helpers` and `data` exist, read-only, and an empty scratch folder to write to. Limits
of the system hold its memory, its files and its number of processes.
"""

import os
import pathlib
import shutil
import subprocess
import sys

from helpers.files import ROOT

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/opt")
PASSED_ON = ("PATH", "LANG", "LC_ALL", "KERAS_BACKEND", "NBGRADER_EXECUTION")
FILE_BYTES = 512 * 2**20
NUM_OPEN_FILES = 1024


def is_available():
    """Return whether this system lets bubblewrap start a process."""
    if shutil.which("bwrap") is None:
        return False
    done = subprocess.run(
        [*isolation(writable=None), "true"], capture_output=True, check=False
    )
    return done.returncode == 0


def isolation(*, writable):
    """Return the command line prefix that isolates what follows it.

    Args:
        writable: path of the one folder that may be written to beside the scratch
            folder `/tmp`, or `None`.
    """
    readable = [*SYSTEM, sys.prefix, sys.base_prefix]
    readable += [ROOT / "helpers", ROOT / "data", ROOT / "pyproject.toml"]
    if os.environ.get("COURSE_DATA"):
        readable.append(os.environ["COURSE_DATA"])
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session"]
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    for path in dict.fromkeys(str(path) for path in readable):
        command += ["--ro-bind-try", path, path]
    if writable is not None:
        command += ["--bind", str(writable), str(writable)]
    command += ["--chdir", "/tmp", "--clearenv", "--setenv", "HOME", "/tmp"]
    for name, value in os.environ.items():
        if name in PASSED_ON or name.startswith("COURSE_"):
            command += ["--setenv", name, value]
    return [*command, "--"]


def limit_resources(*, memory_mib):
    """Limit this process, and whatever it starts, for good.

    Args:
        memory_mib: int. Memory that a process may allocate, in MiB. Beyond it,
            Python raises MemoryError.
    """
    import resource  # not on Windows

    memory = memory_mib * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (NUM_OPEN_FILES, NUM_OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main():
    """Become the kernel: `python -m course.labs.sandbox CONNECTION_FILE MIB MODE`."""
    connection_file, memory_mib, mode = sys.argv[1:]
    limit_resources(memory_mib=int(memory_mib))
    kernel = [sys.executable, "-m", "ipykernel_launcher", "-f", connection_file]
    if mode == "isolated":
        sockets = pathlib.Path(connection_file).parent
        kernel = [*isolation(writable=sockets), *kernel]
    os.execvp(kernel[0], kernel)


if __name__ == "__main__":
    main()
