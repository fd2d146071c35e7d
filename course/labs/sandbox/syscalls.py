"""The filter of system calls for student code, as the kernel's own small programs.

Refused are the calls that make memory which can outlive its mapping and lies in no
folder, so that nothing counts it; those that make or enter namespaces, in which a file
system without a size could be mounted; and doors into the kernel that no lab needs.
"""

import errno
import platform
import struct

# Columns: x86_64, aarch64. Source: the kernel's tables of system calls.
NUMBERS = {
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "unshare": (272, 97),
    "setns": (308, 268),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
}
CLONE, CLONE3, MMAP = (56, 220), (435, 435), (9, 222)
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_*
NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET
OTHER_ABI = 0x40000000  # x86_64's calls with 32-bit pointers
SHARED_WITHOUT_FILE = 0x21  # MAP_SHARED and MAP_ANONYMOUS
LOAD, AND, RETURN = 0x20, 0x54, 0x06
IF_EQUAL, IF_AT_LEAST, IF_ANY_BIT = 0x15, 0x35, 0x45
NUMBER, MACHINE, ARGUMENTS = 0, 4, 16  # offsets in the kernel's seccomp_data
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000


def is_known(machine=None):
    """Return whether there is a filter for a machine, by default for this one."""
    return (machine or platform.machine()) in MACHINES


def make_filter(machine=None):
    """Return the filter as bubblewrap reads it.

    Args:
        machine: str, one of `MACHINES`; `None` means this one.

    Returns:
        bytes, 8 an instruction.

    Raises:
        ValueError: the machine is not one of those.

    Seccomp and its data: linux/seccomp.h; instructions: linux/filter.h.
    """
    machine = machine or platform.machine()
    if machine not in MACHINES:
        raise ValueError(f"machine must be of {', '.join(MACHINES)}, got {machine!r}.")
    column = list(MACHINES).index(machine)
    not_permitted, not_there = REFUSE | errno.EPERM, REFUSE | errno.ENOSYS
    # Each line: code, instructions to skip if true, if false, value.
    lines = [(LOAD, 0, 0, MACHINE), (IF_EQUAL, 1, 0, MACHINES[machine])]
    lines += [(RETURN, 0, 0, KILL), (LOAD, 0, 0, NUMBER)]
    lines += [(IF_AT_LEAST, 0, 1, OTHER_ABI), (RETURN, 0, 0, not_there)]
    for numbers in NUMBERS.values():
        lines += [(IF_EQUAL, 0, 1, numbers[column]), (RETURN, 0, 0, not_permitted)]
    # Its flags lie in memory, out of a filter's sight; libraries then use clone.
    lines += [(IF_EQUAL, 0, 1, CLONE3[column]), (RETURN, 0, 0, not_there)]
    lines += [(IF_EQUAL, 0, 4, CLONE[column]), (LOAD, 0, 0, ARGUMENTS)]
    lines += [(IF_ANY_BIT, 0, 1, NEW_NAMESPACES), (RETURN, 0, 0, not_permitted)]
    lines += [(RETURN, 0, 0, ALLOW)]
    lines += [(IF_EQUAL, 0, 4, MMAP[column]), (LOAD, 0, 0, ARGUMENTS + 3 * 8)]
    lines += [(AND, 0, 0, SHARED_WITHOUT_FILE)]
    lines += [(IF_EQUAL, 0, 1, SHARED_WITHOUT_FILE), (RETURN, 0, 0, not_permitted)]
    lines += [(RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
