"""What this machine is: device, memory and versions."""

import importlib.metadata
import pathlib
import platform
import re
import sys

import helpers.quiet  # noqa: F401  (before keras)

import keras

from helpers.threads import num_cores

PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy")


def backend_name():
    """Return what Keras computes with: `"tensorflow"`, `"jax"` or `"torch"`."""
    return keras.backend.backend()


def has_gpu():
    """Return whether the Keras backend sees a GPU."""
    if backend_name() == "torch":
        import torch

        return torch.cuda.is_available()
    try:
        return bool(keras.distribution.list_devices("gpu"))
    except RuntimeError:  # JAX's way of saying none
        return False


def device_name():
    """Return what computes here, such as `"2 CPU cores"` or `"GPU"`."""
    if has_gpu():
        return "GPU"
    return f"{num_cores()} CPU cores"


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


def memory_mib():
    """Return the machine's memory in MiB."""
    import psutil

    return psutil.virtual_memory().total // 2**20


def peak_mib():
    """Return the largest memory that this process has held so far, in MiB."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        import psutil

        return psutil.Process().memory_info().peak_wset // 2**20
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // 2**20


def versions():
    """Return dict of name to version: Python and the packages that matter here."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
