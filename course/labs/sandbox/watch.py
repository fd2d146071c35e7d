"""Measure the memory of all processes of a sandbox together, from outside."""

import os
import re

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
OWN_KIB = re.compile(rb"^Pss_Anon: +(\d+) kB", re.M)


def exceeds(processes, num_bytes):
    """Return whether a sandbox's processes hold more memory than allowed.

    Args:
        processes: path of a `/proc` that shows the processes of the sandbox alone.
        num_bytes: int. What they may hold together. A page that several of them share
            counts once; pages of files do not count, since the system can drop them.

    Returns:
        bool. `False` where no process is left.

    Raises:
        PermissionError: the system does not let us look.

    Source: proc_pid_smaps(5), `Pss_Anon`. To add it up takes milliseconds a process,
    so it is done only where the resident pages, shared ones included, are too many.
    """
    if sum(_each(processes, "statm", _resident_bytes)) <= num_bytes:
        return False
    return sum(_each(processes, "smaps_rollup", _own_bytes)) > num_bytes


def _each(processes, name, measure):
    """Yield what a file says about each process that is there."""
    try:
        ids = [entry for entry in os.listdir(processes) if entry.isdigit()]
    except (FileNotFoundError, ProcessLookupError):
        return
    for process in ids:
        try:
            with open(os.path.join(processes, process, name), "rb") as file:
                yield measure(file.read())
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended


def _resident_bytes(statm):
    return int(statm.split()[1]) * PAGE_BYTES


def _own_bytes(smaps):
    return sum(int(kib) for kib in OWN_KIB.findall(smaps)) * 1024
