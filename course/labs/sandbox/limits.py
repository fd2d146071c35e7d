"""Limit this process and what it starts, then become another program.

Run as a file, `python -I limits.py MEMORY_MIB NUM_TASKS COMMAND…`, so that it needs
nothing of the course where student code runs. The limits cannot be raised again.
"""

import os
import resource  # not on Windows
import sys

FILE_BYTES = 512 * 2**20
NUM_OPEN_FILES = 512


def limit_resources(*, memory_mib, num_tasks):
    """Limit this process, and whatever it starts, for good.

    Args:
        memory_mib: int. Memory that one process may allocate, in MiB. Beyond it,
            Python raises MemoryError.
        num_tasks: int. Processes and threads of this user in this user namespace, or
            0 for no limit: outside a sandbox it would count all of the user's.
    """
    limits = {
        resource.RLIMIT_DATA: memory_mib * 2**20,
        resource.RLIMIT_FSIZE: FILE_BYTES,
        resource.RLIMIT_NOFILE: NUM_OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    if num_tasks:
        limits[resource.RLIMIT_NPROC] = num_tasks
    for what, most in limits.items():
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    limit_resources(memory_mib=int(sys.argv[1]), num_tasks=int(sys.argv[2]))
    os.execvp(sys.argv[3], sys.argv[3:])
