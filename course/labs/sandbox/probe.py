"""Try from inside a sandbox whether its bounds hold; print those that do not.

Run by `bounds` as `python -I -c` with this file's text, so that it needs nothing of
the course, and with one argument in JSON: `{"namespaces": {"net": "net:[4026531840]"},
"num_tasks": 144, "sizes": {"/tmp": 536870912}}`, the namespaces being those outside.
"""

import ctypes
import json
import mmap
import os
import signal
import sys

NOBODY = 65534
CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1  # a child ends with its parent, whatever ends that
# File systems that take no content of one's own.
WITHOUT_CONTENT = ("proc", "devpts")


def has_no_rights():
    with open("/proc/self/status", encoding="utf-8") as file:
        status = dict(line.split(":", 1) for line in file)
    rights = [int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")]
    return not any(rights) and int(status["NoNewPrivs"]) == 1


def is_nobody():
    return (os.getresuid(), os.getresgid()) == ((NOBODY,) * 3, (NOBODY,) * 3)


def is_apart(namespaces):
    return all(os.readlink(f"/proc/self/ns/{k}") != v for k, v in namespaces.items())


def has_no_network():
    with open("/proc/net/dev", encoding="utf-8") as file:
        return {line.split(":")[0].strip() for line in file if ":" in line} == {"lo"}


def makes_no_namespace():
    return ctypes.CDLL(None).unshare(CLONE_NEWUSER) != 0


def hides_no_memory():
    try:
        os.close(os.memfd_create("probe"))
        return False
    except PermissionError:
        pass
    try:
        mmap.mmap(-1, mmap.PAGESIZE).close()  # shared and without a file
        return False
    except PermissionError:
        return True


def cannot_start_more(num_tasks):
    parent, children = os.getpid(), []
    try:
        for _ in range(num_tasks):
            child = os.fork()
            if child == 0:
                ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
                if os.getppid() == parent:  # it had not ended before
                    signal.pause()
                os._exit(0)
            children.append(child)
        return False
    except BlockingIOError:
        return True
    finally:
        for child in children:
            os.kill(child, 9)
            os.waitpid(child, 0)


def fills_no_disk(sizes):
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        mounts = [line.split() for line in file]
    for words in mounts:
        place, options, kind = words[4], words[5], words[words.index("-") + 1]
        if "ro" in options.split(",") or kind in WITHOUT_CONTENT:
            continue
        if os.path.isdir(place):
            found = os.statvfs(place)
            if found.f_blocks * found.f_frsize > sizes.get(place, 0):
                return False
    return True


def main():
    expected = json.loads(sys.argv[1])
    holds = {
        "capabilities": has_no_rights(),
        "a user without rights": is_nobody(),
        "namespaces of its own": is_apart(expected["namespaces"]),
        "network": has_no_network(),
        "new namespaces": makes_no_namespace(),
        "memory that nothing counts": hides_no_memory(),
        "the number of processes": cannot_start_more(expected["num_tasks"]),
        "the size of folders": fills_no_disk(expected["sizes"]),
    }
    print(json.dumps([name for name, held in holds.items() if not held]))


if __name__ == "__main__":
    main()
