"""Start a program as other users of this machine would."""

import os
import shlex
import sys

PLAIN = 12345  # the id of a user without rights, who need not have a name


def as_plain_user(command, *, folder):
    """Return the command line that root runs a command with as a user without rights.

    Args:
        command: list of str.
        folder: path that the user gets for its own.

    The user sees Python where it is, even where root keeps it in a folder of its own.
    """
    os.chown(folder, PLAIN, PLAIN)
    lines, prefix = [], sys.base_prefix
    top = "/" + prefix.strip("/").split("/")[0]
    if not os.stat(top).st_mode & 0o001:
        shown = shlex.quote(f"{folder}/python")
        prefix, top = shlex.quote(prefix), shlex.quote(top)
        lines = [
            f"mkdir {shown}; mount --bind {prefix} {shown}",
            f"mount -t tmpfs -o mode=755 none {top}",
            f"mkdir -p {prefix}; mount --move {shown} {prefix}",
        ]
    ids = f"--reuid {PLAIN} --regid {PLAIN} --clear-groups --inh-caps=-all"
    lines.append(f"exec setpriv {ids} {shlex.join(map(str, command))}")
    script = "set -e; mount --make-rprivate /; " + "; ".join(lines)
    return ["unshare", "--mount", "sh", "-c", script]
