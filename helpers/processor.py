"""What this machine's processor is, asked without starting Keras."""

import os
import pathlib
import re


def num_cores():
    """Return the number of CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def processor_flags(cpuinfo="/proc/cpuinfo"):
    """Return the set of instruction sets that the processor has, such as `"avx2"`.

    Empty where the system does not list them in that file, as Linux does.
    """
    try:
        text = pathlib.Path(cpuinfo).read_text("utf-8")
    except OSError:
        return set()
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", text, flags=re.MULTILINE)
    return set(found[1].split()) if found else set()
