"""Start Keras without the backend's start-up lines.

TensorFlow writes to file descriptor 2 while it is imported and while it finds its
devices, whatever the environment says. Importing this module before `keras` keeps
those lines off the page; Python errors still show.
"""

import contextlib
import logging
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")  # no INFO lines later on either


@contextlib.contextmanager
def _closed_stderr():
    """Point file descriptor 2 at nothing for the length of a `with` block."""
    kept = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


with _closed_stderr():
    import keras

    with contextlib.suppress(ImportError):
        import tensorflow  # noqa: F401  (Keras imports it later on any backend)

    keras.ops.zeros((1,))  # starts the device, which is when the lines appear

# Lessons compile a graph for each setting on purpose; TensorFlow would warn of it. Only
# now, since its import sets the level.
logging.getLogger("tensorflow").setLevel(logging.ERROR)
